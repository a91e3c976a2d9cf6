from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import velocity
from igm_jax.objectives import (
    denoiser_difference,
    denoiser_difference_field,
    kernel_denoiser,
    score_difference,
    score_difference_field,
)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 1 + RNG.normal(size=(12, 2))
A, B = RNG.uniform(size=9), RNG.uniform(size=12)
KEY = jax.random.key(0)


@pytest.mark.parametrize("leave_out", [True, False])
def test_with_kernel_denoisers_it_is_the_score_difference_of_kernel_densities(leave_out, x64):
    data = partial(kernel_denoiser, weights=B)
    model = partial(kernel_denoiser, weights=A, leave_one_out=leave_out)
    got = denoiser_difference_field(X, X, Y, 0.7, data=data, model=model)
    expected = score_difference_field(X, Y, 0.7, leave_one_out=leave_out, x_weights=A, y_weights=B)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_its_default_is_the_score_difference_objective(x64):
    x, y = jnp.asarray(X), jnp.asarray(Y)
    got, expected = (velocity(of(0.7), KEY, (), x, y) for of in (denoiser_difference, score_difference))
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_exact_denoisers_of_two_gaussians_give_the_difference_of_their_smoothed_scores(x64):
    def of_gaussian(mean, variance):
        return lambda points, samples, sigma: (variance * points + sigma**2 * mean) / (variance + sigma**2)

    objective = denoiser_difference(0.5, of_gaussian(1.0, 0.25), of_gaussian(0.0, 1.0))
    x = jnp.asarray(X)
    expected = (1 - X) / (0.25 + 0.25) - (0 - X) / (1 + 0.25)
    np.testing.assert_allclose(velocity(objective, KEY, (), x, jnp.asarray(Y)), expected, rtol=1e-12)


def test_a_kernel_denoiser_is_the_mean_of_the_samples_given_a_noisy_one(x64):
    points = np.array([[0.3, -0.2], [2.0, 1.0]])
    weights = B * np.exp(-((points[:, None] - Y[None]) ** 2).sum(-1) / (2 * 0.7**2))
    expected = weights @ Y / weights.sum(1, keepdims=True)
    np.testing.assert_allclose(kernel_denoiser(points, Y, 0.7, weights=B), expected, rtol=1e-10)


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`sigma` must be positive"):
        denoiser_difference(0.0)
    with pytest.raises(TypeError):
        denoiser_difference(1.0, data=1.0)
    with pytest.raises(ValueError, match="one vector a point"):
        denoiser_difference_field(X, X, Y, 1.0, model=lambda points, samples, sigma: samples[:3])
    with pytest.raises(ValueError, match="there are 9 points and 12 samples"):
        kernel_denoiser(X, Y, 1.0, leave_one_out=True)
