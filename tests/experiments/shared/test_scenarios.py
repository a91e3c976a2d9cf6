"""Scenarios are as they say: their unit, their points, their scores."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared.scenarios import SCENARIOS, judged, log_density, median_distance, scenario


@pytest.mark.parametrize("name", SCENARIOS)
def test_data_have_a_median_distance_of_one_and_fresh_data_are_others(name):
    scene = scenario(name, 2000, 3)
    if name == "Dirac pair":
        assert median_distance(scene.data) == 0
        np.testing.assert_array_equal(scene.start - scene.data, np.tile([1.0, 0.0], (2000, 1)))
        return
    # A median of 2000 distances that are not independent, and of a law with gaps: within 15 %.
    assert median_distance(scene.data) == pytest.approx(1.0, rel=0.15)
    assert (scene.data != scene.fresh).any()


def test_duplicated_data_are_ten_points_on_both_sides():
    scene = scenario("duplicated data", 500, 0)
    assert len(np.unique(np.concatenate([scene.data, scene.fresh]), axis=0)) == 10


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_score_of_a_scenario_is_that_of_its_data(name):
    """Stein: the mean of the score is 0, and that of the score times the place is -1 in each coordinate."""
    scene = scenario(name, 20_000, 3)
    if np.isnan(scene.law.centres).any():
        assert name in ("duplicated data", "thin manifold", "Dirac pair")
        return
    x = jnp.asarray(scene.data, jnp.float32)
    score = np.asarray(jax.vmap(jax.grad(lambda point: log_density(scene.law, point[None])[0]))(x), float)
    for terms, mean in ((score, 0.0), (score * scene.data, -1.0)):
        np.testing.assert_array_less(np.abs(terms.mean(0) - mean), 5 * terms.std(0) / np.sqrt(len(x)))


def test_the_outcome_is_zero_for_the_data_and_one_for_the_start():
    scene = scenario("unequal weights", 50, 0)
    assert judged(scene, scene.data)["left"] == 0
    assert judged(scene, scene.start)["left"] == 1
    assert np.isnan(judged(scene, scene.start * np.inf)["left"])
