import json

import numpy as np
import pytest

from benchmarks import run
from benchmarks.rows import Row, read_results, timing

CASES = ("sinkhorn", "sliced")
WORDS = ["--smoke", "--cases", *CASES, "--peers", "igm_jax", "plain jax"]


def test_a_small_run_is_checked_timed_and_written(tmp_path):
    """One test, as the run takes a while: what is always there, and a peer that never is."""
    assert run.main([*WORDS, "flash-sinkhorn", "--directory", str(tmp_path / "run")]) == 0
    results = read_results(tmp_path / "run-smoke" / "results.json")
    assert {(row.case, row.implementation) for row in results.rows} == {
        (case, name) for case in CASES for name in ("igm_jax", "plain jax")
    }
    for row in results.rows:
        assert_complete(row)
    transport = [row.facts for row in results.rows if row.case == "sinkhorn"]
    assert all(0 < facts["marginal_error"] <= 1e-2 and facts["iterations"] > 0 for facts in transport)
    assert "flash-sinkhorn" in results.absent
    assert_written(tmp_path / "run-smoke", results)


def assert_complete(row):
    assert row.status == "ok", row
    assert row.seconds_min <= row.seconds
    assert min(row.seconds_min, row.compile_seconds, row.floor_seconds) > 0
    assert row.memory_mb >= 0
    assert row.commit
    assert row.versions["jax"]
    assert row.device["platform"]


def assert_written(directory, results):
    lines = (directory / "rows.jsonl").read_text().splitlines()
    assert [Row(**json.loads(line)) for line in lines] == results.rows
    page = (directory / "results.md").read_text().replace("\\", "")
    for text in (
        "to the floor",
        "to the best peer",
        "This machine",
        "flash-sinkhorn: ",
        "Sinkhorn divergence, details",
    ):
        assert text in page
    for name in ("time.png", "memory.png"):
        assert (directory / name).read_bytes().startswith(b"\x89PNG")


def test_an_interrupted_run_keeps_what_it_has(tmp_path, monkeypatch):
    def once(case, size, *rest):
        if case == "energy":
            raise KeyboardInterrupt
        return [
            Row(
                case,
                *size,
                "igm_jax",
                "ok",
                **timing([1.0, 2.0, 4.0]),
                value_error=0.0,
                gradient_error=0.0,
                memory_mb=1.0,
            )
        ]

    monkeypatch.setattr(run, "measured", once)
    words = ["--smoke", "--cases", "mmd", "energy", "--peers", "igm_jax", "--directory", str(tmp_path / "run")]
    assert run.main(words) == 130
    (row,) = read_results(tmp_path / "run-smoke" / "results.json").rows
    assert (row.seconds, row.seconds_min, row.repeats) == (2.0, 1.0, 3)
    assert np.isclose(row.seconds_iqr, 1.5)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--cases", "mdm"], "did you mean 'mmd'"),
        (["--peers", "GeomLos"], "`peers` must be one of"),
        (["--cases", "mmd", "mmd"], "each once"),
        (["--sizes", "1"], "`sizes` must be at least 2"),
        (["--against", "new.json"], "must come with `--compare"),
        (["--compare", "nowhere.json"], "nowhere.json"),
    ],
)
def test_wrong_wishes_are_explained_before_any_work(words, expected, capsys, tmp_path):
    assert run.main([*words, "--directory", str(tmp_path / "run")]) == 2
    assert expected in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()
