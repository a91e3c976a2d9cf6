import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import guidance
from experiments.configs import TARGETS
from igm_jax.evaluation import Judge
from igm_jax.objectives import Guided
from igm_jax.reporting import read_jsonl


def test_the_code_is_class_and_strength():
    found = guidance.code(3, 4.0, Guided(jnp.array([2, 0]), jnp.array([1.0, 2.0])))
    np.testing.assert_allclose(found, [[0, 0, 1, 0], [1, 0, 0, 0.5]], atol=1e-6)


def test_real_images_have_all_of_the_variety_and_one_of_them_none():
    splits = TARGETS["digits"]().build().splits
    test, labels = np.asarray(splits.test.values), np.asarray(splits.test.labels)
    reader = np.linalg.lstsq(np.asarray(splits.train.values), np.eye(10)[np.asarray(splits.train.labels)], rcond=None)[
        0
    ]
    judge = Judge("linear", lambda x: np.asarray(x, float)[:, 10:30], lambda x: np.asarray(x, float) @ reader)
    real = np.stack([test[labels == c][:14] for c in range(10)])
    same = np.repeat(real[:, :1], 14, axis=1)
    of_real, of_one = (guidance.measured(judge, splits, samples) for samples in (real, same))
    assert of_real["variety"] == pytest.approx(1)
    assert of_one["variety"] == 0
    assert of_one["recall"] < of_real["recall"]


def test_a_small_run_writes_a_curve_and_a_picture_for_each_strength(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        guidance.main(["--smoke", "--strengths", "1", "2", "--output", str(tmp_path / "x")])
    directory = tmp_path / "x-smoke"
    for name in ("curve.png", "strength-1.png", "strength-2.png"):
        assert name in (directory / "report.md").read_text()
        assert (directory / name).stat().st_size > 1000
    assert [row["objective"] for row in read_jsonl(directory / "rows.jsonl")] == ["strength 1", "strength 2"]


def test_strengths_below_one_are_refused(refusal):
    assert "`strengths` must be at least one number from 1" in refusal(guidance.main, ["--strengths", "0.5"])
