"""The benchmark of scores: everybody computes the same number, and a small run writes everything."""

import json

import jax
import numpy as np
import pytest

from benchmarks import scores


@pytest.mark.parametrize(("k", "d"), [(2, 3), (5, 1)])
def test_all_compute_the_same(k, d):
    x, y = jax.random.normal(jax.random.key(0), (6, k, d)), jax.random.normal(jax.random.key(1), (6, d))
    known = scores.peers(k, d, 6)
    values = [float(one(x, y)) for name, one in known.items() if "CRPS" not in name and name != "scoringrules"]
    np.testing.assert_allclose(values, values[0], rtol=1e-5)


def test_what_would_not_fit_is_left_out():
    assert scores.peers(64, 256, 4096)["plain JAX"] is None
    assert scores.peers(64, 16, 4096)["plain JAX"] is not None


def test_a_small_run_writes_tables_and_rows(tmp_path, capsys):
    assert scores.main(["--smoke", "--directory", str(tmp_path / "x")]) == 0
    text = (tmp_path / "x-smoke" / "scores.md").read_text()
    assert "pair loss by hand" in text
    assert "Scratch memory" in text
    lines = (tmp_path / "x-smoke" / "scores.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert {(row["k"], row["d"]) for row in rows} == {(2, 1), (5, 1), (2, 9), (5, 9)}
    assert all(row["seconds"] and row["commit"] for row in rows)


def test_bad_sizes_are_told(capsys):
    assert scores.main(["--draws", "1"]) == 2
    assert "must be at least 2" in capsys.readouterr().out
