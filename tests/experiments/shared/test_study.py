"""What studies share: short forms of words, places of results, rows, and the time that is left."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from experiments.shared import study
from igm_jax.reporting import check_row


def test_smoke_is_short_for_a_preset():
    assert study.with_preset(["--seeds", "2", "--smoke"]) == ["--seeds", "2", "--preset", "smoke"]
    assert study.with_preset(["--preset", "full"]) == ["--preset", "full"]
    for words in (["--smoke", "--preset", "cpu"], ["--preset=smoke", "--smoke"]):
        with pytest.raises(ValueError, match="exclude each other"):
            study.with_preset(words)


def test_results_of_a_trial_lie_beside_the_others(tmp_path):
    assert study.aside(tmp_path / "failures", True) == tmp_path / "failures-smoke"
    assert study.aside(tmp_path / "failures", False) == tmp_path / "failures"


def test_a_row_says_where_it_comes_from():
    row = study.row_maker("failures", {"steps": 3})("healthy", "energy", 1, {"left": 0.5}, 2.0, None, broken="")
    assert check_row(row)["config"] == {"steps": 3, "broken": ""}
    told = study.origin([row])
    assert "python -m experiments.failures" in told
    assert row["commit"][:10] in told


def test_changes_on_top_of_a_commit_are_told():
    assert study.short("0123456789abcdef") == "0123456789"
    assert study.short("0123456789abcdef+changes") == "0123456789+changes"


def test_a_directory_that_cannot_be_written_is_told_before_the_work(tmp_path):
    study.writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="choose a directory"):
        study.writable(tmp_path / "file" / "new")
    (tmp_path / "new" / "rows.jsonl").mkdir()
    with pytest.raises(IsADirectoryError, match=r"rows\.jsonl: it is a directory; move it"):
        study.writable(tmp_path / "new")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "runs").write_text("mine")
    with pytest.raises(NotADirectoryError, match=r"runs: it is a file; move it"):
        study.writable(tmp_path / "other", ["runs"])
    assert (tmp_path / "other" / "runs").read_text() == "mine"


def test_numbers_that_results_would_name_alike_are_told():
    study.distinct("widths", (0.5, 1.0))
    study.distinct("weights", (0.0, 1.0), least=0.0)
    for values, least, text in (
        ((), None, "at least one number"),
        ((1.0, 1.0000001), None, "each once"),
        ((0.0,), None, "must be positive and finite, but is 0.0"),
        ((-1.0,), 0.0, "must be at least 0 and finite, but is -1.0"),
        ((float("nan"),), 0.0, "but is nan"),
    ):
        with pytest.raises(ValueError, match=text):
            study.distinct("weights", values, least=least)


def test_the_time_that_is_left_is_judged_by_all_that_was_done(monkeypatch):
    now = 0.0
    bar = study.progress()
    bar._tasks.clear()
    bar.get_time = lambda: now
    task = bar.add_task("", total=10)
    for now in (100.0, 200.0, 300.0):  # noqa: B007  (each run takes longer than rich's half minute)
        bar.advance(task)
    assert bar.tasks[0].time_remaining == pytest.approx(700, rel=0.01)
    assert isinstance(bar.console, Console)
    assert bar.console.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_help_that_cannot_be_printed_ends_in_a_sentence():
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "experiments.tables.dirac_gan", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("what was to be printed could not be (")
