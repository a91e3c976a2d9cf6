"""The command: a small run writes rows and tables, bad words are told."""

import json

import jax
import pytest

from benchmarks import steps


@pytest.fixture(autouse=True)
def optax_types():
    """Optax mixes Python's numbers into arrays."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def test_a_small_run_writes_rows_and_tables(tmp_path):
    words = [
        "--smoke",
        "--directory",
        str(tmp_path / "x"),
        "--cases",
        "energy",
        "--objectives",
        "energy",
        "--dims",
        "3",
    ]
    assert steps.main(words) == 0
    rows = [json.loads(line) for line in (tmp_path / "x-smoke" / "steps.jsonl").read_text().splitlines()]
    assert {row["group"] for row in rows} == {"divergences", "steps"}
    assert all(len(row["seconds"]["plain JAX"]) >= 2 and row["first"]["igm_jax"] > 0 and row["commit"] for row in rows)
    text = (tmp_path / "x-smoke" / "steps.md").read_text()
    for title in ("Divergences beside plain JAX", "Whole training steps", "First calls", "In all"):
        assert title in text


def test_bad_words_are_told(capsys, tmp_path):
    assert steps.main(["--cases", "mmmd", "--directory", str(tmp_path)]) == 2
    assert "did you mean 'mmd'" in capsys.readouterr().out
    assert steps.main(["--sizes", "1", "--directory", str(tmp_path)]) == 2
    assert "must be at least 2" in capsys.readouterr().out
