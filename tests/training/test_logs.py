"""The log: whole lines, each step once, strict JSON."""

import contextlib
import errno
import json
import shutil
import sys
import types

import numpy as np
import pytest

from igm_jax.training import RunDirectoryError, read_log
from igm_jax.training.logs import Log, rows_of


def rows(*steps):
    return [{"step": step, "loss": step / 10} for step in steps]


def written(directory, last, *steps):
    log = Log(directory, last)
    log.append(rows(*steps))
    log.sync()
    log.close()
    return log.rows


def begun(directory, last, told=None):
    """What a session finds in the log."""
    with contextlib.closing(Log(directory, last, told)) as log:
        return log.rows, log.told()


def test_rows_come_back(tmp_path):
    assert read_log(tmp_path) == []
    written(tmp_path, 0, 10, 20)
    assert read_log(tmp_path) == read_log(tmp_path / "log.jsonl") == rows(10, 20)
    assert read_log(tmp_path, last=10) == rows(10)


def test_lost_work_is_removed_and_torn_lines_are_mended(tmp_path):
    """A crash after step 40 with a checkpoint at step 20, in the middle of a line, and one null byte block before."""
    written(tmp_path, 0, 10, 20, 30, 40)
    with open(tmp_path / "log.jsonl", "ab") as file:
        file.write(b'\0\0\0\n{"step": 45}\n[1]\n{"loss": 1}\n{"step": 50, "lo')
    assert [row["step"] for row in read_log(tmp_path)] == [10, 20, 30, 40, 45]
    assert written(tmp_path, 20, 30) == rows(10, 20, 30)
    assert (tmp_path / "log.jsonl").read_text() == "".join(json.dumps(row) + "\n" for row in rows(10, 20, 30))


def test_repeated_steps_are_read_once(tmp_path):
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(10, 20, 10, 20, 30)))
    assert read_log(tmp_path) == rows(10, 20, 30)


def test_a_full_disk_leaves_no_half_line(tmp_path, monkeypatch):
    log = Log(tmp_path, 0)
    log.append(rows(10))

    class Full:
        def fileno(self):
            return log_file.fileno()

        def write(self, data):
            log_file.write(data[:7])
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            log_file.close()

    log_file = log._file
    monkeypatch.setattr(log, "_file", Full())
    with pytest.raises(RunDirectoryError, match=r"log.jsonl cannot be written \(No space left on device\); free some"):
        log.append(rows(20))
    log.close()
    assert read_log(tmp_path) == rows(10)
    assert (tmp_path / "log.jsonl").read_text().endswith("}\n")


@pytest.mark.parametrize(
    "line",
    [
        '{"step": "text", "loss": 1}',
        '{"step": null}',
        '{"step": 15.5}',
        '{"step": true}',
        '{"loss": 1}',
        '"step"',
        "[" * 100_000,
        "{" * 100_000,
        "1" * 5000,
    ],
    ids=lambda line: line[:20],
)
def test_what_is_no_row_is_skipped(tmp_path, line):
    (tmp_path / "log.jsonl").write_text(
        f'{{"step": 10}}\n{line}\n{{"step": 20, "loss": NaN, "gap": -Infinity, "w": 1e999}}\n'
    )
    assert read_log(tmp_path) == [{"step": 10}, {"step": 20, "loss": None, "gap": None, "w": None}]


def test_a_log_that_is_a_directory_is_named(tmp_path):
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(RunDirectoryError, match=r"log.jsonl cannot be read as a log .*move it away"):
        read_log(tmp_path)


DAMAGE = {
    "emptied": lambda text: "",
    "halved": lambda text: text[: len(text) // 2],
    "one digit": lambda text: text.replace("2.0", "2.1"),
    "a row less": lambda text: text.split("\n", 1)[1],
    "a foreign row": lambda text: text.replace('{"step": 20', '{"step": 15, "loss": 0.5}\n{"step": 20'),
    "another run's": lambda text: text.replace("1.0", "7.0"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_log_that_its_checkpoint_contradicts_is_named(tmp_path, damage):
    written(tmp_path, 0, 10, 20)
    _, told = begun(tmp_path, 20)
    path = tmp_path / "log.jsonl"
    path.write_text(damaged := damage(path.read_text()))
    with pytest.raises(
        RunDirectoryError, match=r"is not the log that this run wrote: up to step 20 it had 2 rows.*move it away"
    ):
        begun(tmp_path, 20, told)
    assert path.read_text() == damaged
    path.unlink()  # the way out
    with pytest.warns(
        UserWarning, match=r"log.jsonl is gone, which had 2 rows up to step 20; the run goes on, and its"
    ):
        begun(tmp_path, 20, told)


def test_a_log_in_other_words_is_the_same_log(tmp_path):
    """Also with rows of lost work after it, and a torn line."""
    written(tmp_path, 0, 10, 20)
    (_, told), path = begun(tmp_path, 20), tmp_path / "log.jsonl"
    path.write_text(path.read_text().replace(": ", ":") + '{"step": 30}\n{"step": 40, "lo')
    assert begun(tmp_path, 20, told) == (rows(10, 20), told)


@pytest.mark.parametrize("loss", ["deleted", "replaced", "moved"])
def test_a_log_that_is_lost_while_it_is_written_is_said(tmp_path, loss):
    directory = tmp_path / "run"
    directory.mkdir()
    log = Log(directory, 0)
    log.append(rows(10))
    shutil.rmtree(directory) if loss == "deleted" else directory.rename(tmp_path / "elsewhere")
    if loss == "replaced":
        written(directory, 0, 20) if directory.mkdir() is None else None
    for last in (lambda: log.append(rows(20)), log.sync):
        with pytest.raises(
            RunDirectoryError, match=r"log.jsonl was deleted, moved or replaced while the run was going on"
        ):
            last()
    log.close()


def test_the_log_never_goes_through_a_link(tmp_path):
    (tmp_path / "precious").write_text("old")
    (tmp_path / "log.jsonl").symlink_to("precious")
    written(tmp_path, 0, 10)
    assert (tmp_path / "precious").read_text() == "old"
    assert read_log(tmp_path) == rows(10)


@pytest.mark.parametrize(("first", "length", "steps"), [(1, 10, [5, 10]), (3, 2, []), (5, 1, [5]), (6, 9, [10])])
def test_which_steps_are_logged_does_not_depend_on_the_chunk(first, length, steps):
    infos = {"loss": np.arange(first, first + length, dtype=np.float32)}
    assert [(row["step"], row["loss"]) for row in rows_of(infos, first, 5, 0.0)] == [(step, step) for step in steps]


def test_numbers_that_json_does_not_know_become_null():
    infos = {"loss": np.array([[1.0, np.nan], [np.inf, 2.0]]), "gap": np.array([np.nan, 3.0])}
    first, second = rows_of(infos, 1, 1, 0.5)
    assert first == {"step": 1, "seconds": 0.5, "loss": [1.0, None], "gap": None}
    assert second == {"step": 2, "seconds": 0.5, "loss": [None, 2.0], "gap": 3.0}


def test_tensorboard_gets_the_numbers(tmp_path, monkeypatch):
    """Where tensorboardX is installed; here a stand-in that writes down what it is told."""
    told = []

    class SummaryWriter:
        def __init__(self, folder, purge_step):
            told.append((folder, purge_step))

        def add_scalar(self, *arguments):
            told.append(arguments)

        def close(self):
            told.append("closed")

    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = SummaryWriter
    module.__spec__ = types.SimpleNamespace(name="tensorboardX")
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    log = Log(tmp_path, 7)
    log.append([{"step": 10, "loss": 0.5, "gap": None, "each": [1.0, None]}])
    log.close()
    assert told == [(str(tmp_path / "tensorboard"), 8), ("loss", 0.5, 10), ("each/0", 1.0, 10), "closed"]


@pytest.mark.parametrize("where", ["import", "begin", "row", "end"])
def test_a_broken_tensorboard_stops_nothing(tmp_path, monkeypatch, where):
    """Whatever it raises, and whenever: a warning names it, and the log is written."""

    def fail(*args, **kwargs):
        raise TypeError("Descriptors cannot be created directly.")

    good = types.SimpleNamespace(add_scalar=lambda *args: None, close=lambda: None)
    writer = fail if where == "begin" else lambda *args, **kwargs: good
    if where in ("row", "end"):
        setattr(good, {"row": "add_scalar", "end": "close"}[where], fail)
    module = types.ModuleType("tensorboardX")
    module.__spec__ = types.SimpleNamespace(name="tensorboardX")
    if where != "import":
        module.SummaryWriter = writer
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    with pytest.warns(
        UserWarning, match=r"the package tensorboardX fails \((Type|Attribute)Error: .*the run goes on without"
    ):
        written(tmp_path, 0, 10)
    assert read_log(tmp_path) == rows(10)
