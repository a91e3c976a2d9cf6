"""The flow of sharp drifting: its field is that of its witness, and the divergence is the integral that it is called."""

import jax.numpy as jnp
import numpy as np
import pytest

from experiments import sharp_drifting
from igm_jax.kernels import gaussian, laplace
from igm_jax.reporting import read_jsonl


def test_the_divergence_of_two_smoothed_points_is_that_of_two_normal_laws(x64):
    for width in (0.1, 0.5, 20.0):
        places = sharp_drifting.places_of(width)
        found = sharp_drifting.divergence(jnp.zeros((1, 1)), jnp.full((1, 1), 1.5), gaussian(width), places)
        np.testing.assert_allclose(found, 1.5**2 / (2 * width**2), rtol=1e-9)


@pytest.mark.parametrize("leave_one_out", [True, False])
def test_the_field_is_minus_the_slope_of_the_witness_all_along(leave_one_out):
    config = sharp_drifting.Config(samples=10, steps=40)
    found = sharp_drifting.flow(config, laplace(0.5), leave_one_out)
    assert found.gap < 1e-10
    assert found.divergences[-1] < found.divergences[0]
    assert (found.end > -3).all()


def test_quantiles_have_the_law_s_mean_and_nearly_its_spread():
    points = np.asarray(sharp_drifting.quantiles(2.0, 3.0, 400))
    assert points.mean() == pytest.approx(2.0, abs=1e-5)
    assert points.std() == pytest.approx(3.0, rel=0.01)


def test_a_small_run_writes_a_table_and_a_picture(tmp_path):
    sharp_drifting.main(["--smoke", "--output", str(tmp_path / "x")])
    directory = tmp_path / "x-smoke"
    assert (directory / "divergences.png").stat().st_size > 1000
    rows = read_jsonl(directory / "rows.jsonl")
    assert len(rows) == 6
    assert all(row["metrics"]["gap"] < 1e-10 for row in rows)
    assert all(row["metrics"]["last"] < row["metrics"]["first"] for row in rows)


@pytest.mark.parametrize(
    "words", [["--samples", "1"], ["--steps", "1"], ["--width", "0"], ["--width", "1000"], ["--rate", "-1"]]
)
def test_bad_settings_are_refused(refusal, words, tmp_path):
    assert words[0].strip("-") in refusal(sharp_drifting.main, [*words, "--output", str(tmp_path / "x")])
