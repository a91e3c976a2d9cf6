"""The log: whole lines, each step once, strict JSON."""

import errno
import json
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
