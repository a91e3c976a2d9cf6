"""Cached gradients are those of one pass, hold less, and a small run writes everything."""

import json

import jax
import numpy as np
import pytest

from experiments import large_batches


@pytest.fixture(autouse=True)
def optax_types():
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.slow
def test_a_small_run_says_that_both_gradients_are_equal(tmp_path):
    config = large_batches.prepared(large_batches.Config(output=tmp_path / "x", smoke=True))
    large_batches.run(config)
    output = tmp_path / "x-smoke"
    assert {path.name for path in output.iterdir()} == {"report.md", "rows.jsonl", "memory.png"}
    rows = [json.loads(line) for line in (output / "rows.jsonl").read_text().splitlines()]
    found = {row["objective"]: row["metrics"] for row in rows}
    assert found["energy, difference"]["difference"] < 1e-6
    size = found["energy, n = 16"]
    assert size["cached_mb"] < size["whole_mb"]
    assert np.isfinite(size["seconds"])


@pytest.mark.parametrize(
    ("wrong", "text"), [({"sizes": (100,)}, "multiples of `chunk` = 64"), ({"sizes": (128, 64)}, "ascending")]
)
def test_bad_settings_are_told_before_any_work(wrong, text, tmp_path):
    with pytest.raises(ValueError, match=text):
        large_batches.prepared(large_batches.Config(output=tmp_path, **wrong))
