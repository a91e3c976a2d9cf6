"""Run directories: what cannot work is said before any work, and nothing is left half written."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

from igm_jax.training import RunDirectoryError, RunMismatchError, plain, read_config, train
from igm_jax.training.directory import differences, opened, run_directory
from igm_jax.training.keys import loaded_key
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")
KEY = jax.random.key(3)


def entered(directory, config=None, room=0):
    with run_directory(directory, config, KEY, room) as path:
        return path


@dataclasses.dataclass(frozen=True)
class Adam:
    rate: float = 1e-3
    betas: tuple[float, ...] = (0.9, 0.999)


def test_plain_is_its_own_round_trip():
    config = {"optimizer": Adam(), "path": Path("data.npz"), "seed": np.int64(3), "deep": [{"a": None}, (True, 0.5)]}
    flat = plain(config)
    assert flat["optimizer"] == {"kind": "Adam", "rate": 1e-3, "betas": [0.9, 0.999]}
    assert flat["seed"] == 3
    assert type(flat["seed"]) is int
    assert json.loads(json.dumps(flat)) == flat == plain(flat)
    with pytest.raises(TypeError, match=r"a config may hold dataclasses.*but holds function"):
        plain({"optimizer": lambda: None})


def test_an_option_that_came_later_is_told_only_where_it_is_not_the_default():
    """So that a run whose config.json was written before goes on, and is another with another value."""
    new = dataclasses.field(default="old way", metadata={"later": True})
    made = dataclasses.make_dataclass("Made", [("rate", float, 0.1), ("way", str, new)], frozen=True)
    assert plain(made()) == {"kind": "Made", "rate": 0.1}
    assert plain([made(way="new way")]) == [{"kind": "Made", "rate": 0.1, "way": "new way"}]
    assert differences(plain(made()), plain(made(way="x"))) == ["way: stored nothing, now 'x'"]


def test_differences_name_the_place():
    stored = {"a": {"b": [1, 2]}, "gone": 1, "same": float("nan")}
    now = {"a": {"b": [1, 3]}, "same": float("nan"), "new": True}
    assert differences(stored, now) == [
        "a.b: stored [1, 2], now [1, 3]",
        "gone: stored 1, now nothing",
        "new: stored nothing, now True",
    ]
    assert differences({"flag": 1}, {"flag": True}) == ["flag: stored 1, now True"]
    assert differences({"package": "a", "rate": 1}, {"package": "b", "rate": 1}) == ["package: stored 'a', now 'b'"]


def test_what_a_function_of_another_version_holds_is_not_compared():
    stored, now = ({"function": "adam", "package": f"optax {v}", "holds": {"rate": v}} for v in (1, 2))
    assert differences(stored, now) == []
    assert differences(stored, now | {"function": "sgd"}) == ["function: stored 'adam', now 'sgd'"]


def test_the_config_says_what_the_run_is(tmp_path):
    path = entered(tmp_path / "deep" / "run", {"optimizer": Adam()})
    stored = read_config(path)
    assert sorted(stored) == ["config", "key", "provenance", "schema", "sha256"]
    assert (jax.random.key_data(loaded_key(stored["key"])) == jax.random.key_data(KEY)).all()
    assert entered(path, {"optimizer": Adam()}) == path


def test_a_directory_under_a_file_is_refused_before_any_work(tmp_path):
    """Also for root, who may write everywhere else."""
    (tmp_path / "file").write_text("precious")
    with pytest.raises(RunDirectoryError, match=r"file/run cannot be written \(.*\); choose another"):
        train(toys.still_run(), KEY, 10, directory=tmp_path / "file" / "run", progress=False)
    assert (tmp_path / "file").read_text() == "precious"
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        entered(tmp_path / "file")


def test_a_directory_of_several_processes_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(RunDirectoryError, match=r"written by one process, but this run has 2.*pass `directory=None`"):
        entered(tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_seen_before_any_work(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=3 << 20))
    assert entered(tmp_path, room=1 << 20)
    with pytest.raises(RunDirectoryError, match=r"has 3.0 MiB free, but the run needs about 6.0 MiB"):
        entered(tmp_path, room=5 << 20)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            '{"schema": 0, "config": {}}',
            "has schema 0, but this version of igm_jax reads and writes schema 1; continue",
        ),
        ("[]", "has schema None"),
        ('{"schema": 1, "con', "is not a run's config"),
        pytest.param("[" * 100_000, "is not a run's config: it is nested too deeply", id="deep"),
    ],
)
def test_another_schema_is_refused(tmp_path, content, text):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunMismatchError, match=text):
        entered(tmp_path)
    assert (tmp_path / "config.json").read_text() == content


def test_checkpoints_of_an_unknown_run_are_refused(tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    with pytest.raises(RunMismatchError, match=r"holds log.jsonl but no config.json"):
        entered(tmp_path)


def test_no_run_there(tmp_path):
    with pytest.raises(RunDirectoryError, match="give the directory of a run"):
        read_config(tmp_path)


def test_a_config_that_was_changed_is_refused(tmp_path):
    path = entered(tmp_path, {"rate": 0.1}) / "config.json"
    path.write_text(path.read_text().replace('"rate": 0.1', '"rate": 0.3'))
    with pytest.raises(RunDirectoryError, match=r"was changed since its run began.*Put back a copy"):
        read_config(tmp_path)
    path.write_text(path.read_text().replace('"rate": 0.3', '"rate": 0.1'))
    assert read_config(tmp_path)["config"] == {"rate": 0.1}


def test_a_null_character_is_no_path():
    with pytest.raises(ValueError, match=r"`directory` must be a path, but .* holds a null character"):
        train(toys.still_run(), KEY, 10, directory="a\0b", progress=False)


@pytest.mark.parametrize("name", ["samples.npz", "generator.json"])
def test_what_lies_where_a_run_would_write_is_not_written_over(tmp_path, name):
    (tmp_path / name).write_bytes(b"somebody's data")
    with (
        pytest.raises(RunMismatchError, match=f"holds {name} but no config.json"),
        run_directory(tmp_path, {}, jax.random.key(0), 10),
    ):
        pass
    assert (tmp_path / name).read_bytes() == b"somebody's data"
    with pytest.raises(RunDirectoryError, match="`directory` is empty"):
        read_config("")


def test_a_name_that_is_no_text_is_refused_before_anything_is_written(tmp_path):
    directory = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff"))
    with pytest.raises(RunDirectoryError, match=r"bad\\udcff is not text in UTF-8.*choose another"):
        entered(directory)
    assert not list(tmp_path.iterdir())


def test_a_config_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(RunDirectoryError, match="not a regular file"):
        read_config(tmp_path)


@pytest.mark.parametrize("name", ["a[b]", "a[b", "[x]/run"])
def test_brackets_in_which_checkpoints_would_be_lost_are_refused(name, tmp_path):
    with pytest.raises(
        RunDirectoryError, match="has a square bracket in its path, where checkpoints would be saved that nobody"
    ):
        opened(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
