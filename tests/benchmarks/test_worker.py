"""A worker asked in this process: the order of questions, and what the answers hold."""

import jax
import numpy as np
import pytest

from benchmarks.problems import save
from benchmarks.references import mmd
from benchmarks.worker import Worker
from igm_jax.objectives import random_directions
from tests.benchmarks.small import small


def test_answers_of_one_implementation(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.worker.REST", 0.0)
    worker, chosen = Worker(), small("mmd", n=20)
    with pytest.raises(ValueError, match="ask to `prepare` a problem first"):
        worker.time()
    save(tmp_path / "problem.npz", chosen)
    assert worker.prepare("plain jax", str(tmp_path / "problem.npz"))["compile_seconds"] > 0
    answer = worker.check(str(tmp_path / "gradient.npy"))
    value, gradient = mmd(chosen)
    assert answer["value"] == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose(np.load(tmp_path / "gradient.npy"), gradient, atol=1e-5)
    assert worker.memory()["memory_mb"] >= 0
    assert 0 < worker.time()["seconds"] < 1


def test_directions_are_those_that_the_sliced_distance_draws(tmp_path):
    Worker().directions(dim=3, count=5, seed=7, path=str(tmp_path / "directions.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "directions.npy"), random_directions(jax.random.key(7), 3, 5))
