"""Problems for models with a density: what is told in nats is what closed forms say."""

import jax
import numpy as np
import pytest

from experiments.shared import densities
from igm_jax.distributions import digits, gaussian, normal


def test_divergences_of_two_gaussians_are_their_closed_forms():
    problem = densities.of_law(normal(2))
    model = gaussian([1.0, 0.0], np.diag([4.0, 4.0]))
    x = np.asarray(model(jax.random.key(5), densities.HELD))
    found = densities.judged(problem, np.asarray(model.log_density(problem.held)), np.asarray(model.log_density(x)), x)
    # KL(N(0, I) ‖ N(μ, s²I)) = log s² + (2 + ‖μ‖²) / (2 s²) - 1 in two dimensions, and the other way round.
    assert found["KL(p‖q)"] == pytest.approx(np.log(4) + 3 / 8 - 1, abs=0.04)
    assert found["KL(q‖p)"] == pytest.approx(-np.log(4) + (8 + 1) / 2 - 1, abs=0.3)
    assert found["log-likelihood"] == pytest.approx(-np.log(2 * np.pi) - 1 - found["KL(p‖q)"], abs=0.06)


def test_a_law_is_at_no_divergence_from_itself():
    problem = densities.of_law(normal(2))
    x = np.asarray(normal(2)(jax.random.key(5), 1000))
    heights = np.asarray(normal(2).log_density(problem.held)), np.asarray(normal(2).log_density(x))
    found = densities.judged(problem, *heights, x)
    assert found["KL(p‖q)"] == pytest.approx(0, abs=1e-5)
    assert found["KL(q‖p)"] == pytest.approx(0, abs=1e-5)
    assert found["energy distance"] == pytest.approx(0, abs=0.01)


def test_the_naive_rival_is_exact_where_the_law_is_gaussian():
    first = densities.naive(densities.of_law(normal(2)), 2)[0]
    assert abs(first["KL(p‖q)"]) < 1e-3
    assert abs(first["KL(q‖p)"]) < 1e-3


def test_noise_stays_within_the_grey_level_and_the_offset_makes_a_uniform_density_a_uniform_probability():
    problem = densities.of_digits()
    assert -1 <= problem.held.min() < problem.held.max() <= 1
    levels = np.floor((problem.held + 1) * densities.LEVELS / 2)
    np.testing.assert_array_equal(levels, np.rint((digits().test.values + 1) * 8))
    # Of density 2^-64 on [-1, 1]^64 every one of 17^64 images has the same probability.
    assert problem.offset - 64 * np.log(2) == pytest.approx(-64 * np.log(17))
