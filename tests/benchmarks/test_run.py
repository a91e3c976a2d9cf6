import json

import numpy as np
import pytest

from benchmarks import run
from benchmarks.rows import Results, Row, read_results, timing, write_results

CASES = ("mmd", "sinkhorn", "sliced")
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


def results(**seconds):
    rows = [
        Row(
            "mmd",
            8,
            8,
            2,
            name.replace("_jax", " jax").replace("igm jax", "igm_jax"),
            "ok",
            seconds=value,
            floor_seconds=1.0,
        )
        for name, value in seconds.items()
    ]
    return Results(rows, {}, {}, {})


def compared(tmp_path, old, new, *words):
    for name, content in (("old.json", old), ("new.json", new)):
        write_results(tmp_path / name, content)
    return run.main(["--compare", str(tmp_path / "old.json"), "--against", str(tmp_path / "new.json"), *words])


def test_what_got_slower_is_printed_and_ends_with_status_1(tmp_path, capsys):
    assert compared(tmp_path, results(igm_jax=1.0, plain_jax=1.0), results(igm_jax=1.5, plain_jax=1.0)) == 1
    printed = capsys.readouterr().out
    assert "slower: mmd n=8 d=2 igm_jax" in printed
    assert "1.50 times" in printed
    assert "plain jax" not in printed


def test_noise_and_slower_peers_are_no_failure(tmp_path, capsys):
    assert compared(tmp_path, results(igm_jax=1.0), results(igm_jax=1.2)) == 0
    assert compared(tmp_path, results(igm_jax=1.0), results(igm_jax=1.2), "--threshold", "1.1") == 1
    assert compared(tmp_path, results(igm_jax=1.0, plain_jax=1.0), results(igm_jax=1.0, plain_jax=9.0)) == 0
    assert "plain jax" in capsys.readouterr().out


def test_a_slower_machine_is_no_failure(tmp_path):
    slow = results(igm_jax=2.0)
    slow = slow._replace(rows=[row._replace(floor_seconds=2.0) for row in slow.rows])
    assert compared(tmp_path, results(igm_jax=1.0), slow) == 0


def test_runs_with_nothing_in_common_cannot_be_compared(tmp_path, capsys):
    assert compared(tmp_path, results(igm_jax=1.0), results(plain_jax=1.0)) == 1
    assert "in common" in capsys.readouterr().out


def test_what_fails_now_counts_as_lost(tmp_path, capsys):
    broken = results(igm_jax=1.0, plain_jax=1.0)
    broken.rows[0] = broken.rows[0]._replace(status="failed", reason="killed", seconds=None)
    assert compared(tmp_path, results(igm_jax=1.0, plain_jax=1.0), broken) == 1
    assert "lost: mmd n=8 d=2: failed, killed" in capsys.readouterr().out


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


def test_a_file_of_something_else_is_refused(tmp_path, capsys):
    (tmp_path / "old.json").write_text('{"rows": [{"case": 1}]}')
    assert run.main(["--compare", str(tmp_path / "old.json"), "--directory", str(tmp_path / "run")]) == 2
    assert "must be a results.json" in " ".join(capsys.readouterr().err.split())
