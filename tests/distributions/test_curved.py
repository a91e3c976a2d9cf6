"""The banana and the funnel: densities against SciPy, scores by finite differences, draws against moments and density."""

import jax
import numpy as np
import pytest
from scipy import stats

from igm_jax.distributions import banana, funnel
from tests.distributions.laws import cell_masses, draws_fit_density, evaluate, finite_differences

POINTS = np.array([[0.3, -0.5], [-2.0, 1.0], [1.5, 3.0]])


def test_banana_s_density_is_that_of_its_two_steps(x64):
    target = banana(0.4, 1.5)
    log_density, score = evaluate(target, POINTS)
    first, second = POINTS.T
    expected = stats.norm(0, 1.5).logpdf(first) + stats.norm(0.4 * (first**2 - 2.25), 1).logpdf(second)
    np.testing.assert_allclose(log_density, expected, rtol=1e-12)
    np.testing.assert_allclose(score, finite_differences(jax.jit(target.log_density), POINTS), rtol=1e-6, atol=1e-8)


def test_funnel_s_density_is_that_of_its_two_steps(x64):
    target = funnel(3, 2.0)
    points = np.concatenate([POINTS, POINTS[:, :1] - 1], axis=1)
    log_density, score = evaluate(target, points)
    widths = np.exp(points[:, :1] / 2)
    expected = stats.norm(0, 2.0).logpdf(points[:, 0]) + stats.norm(0, widths).logpdf(points[:, 1:]).sum(1)
    np.testing.assert_allclose(log_density, expected, rtol=1e-12)
    np.testing.assert_allclose(score, finite_differences(jax.jit(target.log_density), points), rtol=1e-6, atol=1e-8)


def test_banana_s_draws_fit_its_density():
    target = banana(0.4, 1.5)
    assert draws_fit_density(target, cell_masses(target, -8.0, 8.0, 30, 8), -8.0, 8.0) > 1e-3


def test_funnel_s_draws_are_normal_once_their_width_is_taken_off(key):
    x = np.asarray(funnel(3, 2.0)(key, 4000), np.float64)
    assert stats.kstest(x[:, 0] / 2, "norm").pvalue > 1e-3
    assert stats.kstest((x[:, 1:] / np.exp(x[:, :1] / 2)).ravel(), "norm").pvalue > 1e-3


def test_without_curvature_the_banana_is_a_gaussian(x64):
    expected = -POINTS / np.array([4.0, 1.0])
    np.testing.assert_allclose(banana(0.0, 2.0).score(POINTS), expected, rtol=1e-12)


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`dim` must be at least 2"):
        funnel(1)
    with pytest.raises(ValueError, match="`curvature` must be finite"):
        banana(float("nan"))
    with pytest.raises(ValueError, match="`std` must be positive"):
        banana(std=0.0)
