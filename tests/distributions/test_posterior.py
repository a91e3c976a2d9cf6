"""The posterior of a logistic regression: density and score as they are defined, exact draws against a grid."""

import jax
import numpy as np
import pytest
from scipy.special import expit

from igm_jax.distributions import logistic_posterior
from tests.distributions.laws import draws_fit_density, evaluate

RNG = np.random.default_rng(0)
FEATURES = np.stack([np.ones(20), RNG.normal(size=20)], axis=1)
LABELS = np.where(RNG.uniform(size=20) < expit(FEATURES @ [0.5, 1.5]), 1, -1)


def posterior(points, std=1.5):
    """The logarithm of prior times likelihood, up to a constant."""
    return np.log(expit(LABELS[:, None] * (FEATURES @ points.T))).sum(0) - (points**2).sum(1) / (2 * std**2)


def test_density_and_score_are_those_of_bayes(x64):
    target = logistic_posterior(FEATURES, LABELS, 1.5)
    points = np.array([[0.0, 0.0], [0.5, 1.5], [-3.0, 2.0]])
    log_density, score = evaluate(target, points)
    np.testing.assert_allclose(log_density, posterior(points), rtol=1e-12)
    wrong = expit(-LABELS[:, None] * (FEATURES @ points.T))
    np.testing.assert_allclose(score, (LABELS * wrong.T) @ FEATURES - points / 1.5**2, rtol=1e-10)


def test_draws_are_those_of_the_posterior():
    target = logistic_posterior(FEATURES, (LABELS + 1) // 2, 1.5)
    low, cells, refine = -6.0, 40, 4
    axis = low + 12 / (cells * refine) * (np.arange(cells * refine) + 0.5)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(posterior(grid))
    masses = (density / density.sum()).reshape(cells, refine, cells, refine).sum(axis=(1, 3))
    assert draws_fit_density(jax.jit(target, static_argnums=1), masses, low, -low) > 1e-3


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match=r"`labels` must have shape \(20,\)"):
        logistic_posterior(FEATURES, LABELS[:5])
    with pytest.raises(ValueError, match="0 and 1, but have shape"):
        logistic_posterior(FEATURES, np.arange(20))
    with pytest.raises(ValueError, match=r"would be accepted.*narrower prior"):
        logistic_posterior(np.tile(FEATURES, (200, 1)), np.tile(LABELS, 200), 50.0)
