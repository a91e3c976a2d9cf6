import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels, velocity
from igm_jax.objectives import spectral_score, stein_reverse_kl, stein_score

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 2)) @ np.array([[1.0, 0.4], [0.0, 0.6]]) + np.array([0.5, -1.0])


def gaussian_score(x):
    """The score of the Gaussian with the samples' own mean and covariance."""
    return -np.linalg.solve(np.cov(x.T, bias=True), (x - x.mean(0)).T).T


@pytest.mark.parametrize("estimate", [pytest.param("ridge", marks=pytest.mark.slow), "spectral"])
def test_with_a_kernel_of_degree_one_it_is_the_score_of_the_fitted_gaussian(estimate, x64):
    # The kernel's functions are affine, and so is the field that fulfils Stein's identity for all of them.
    kernel = kernels.polynomial(1, 1.0)
    got = stein_score(X, kernel, 1e-9) if estimate == "ridge" else spectral_score(X, kernel, 3)
    np.testing.assert_allclose(got, gaussian_score(X), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "inverse_multiquadric"])
def test_estimates_solve_the_regularised_identity_of_stein(name, x64):
    kernel, scalar = {
        "gaussian": (kernels.gaussian(0.9), lambda r2: np.exp(-r2 / (2 * 0.81))),
        "inverse_multiquadric": (kernels.inverse_multiquadric(0.9), lambda r2: (1 + r2 / 0.81) ** -0.5),
    }[name]
    offsets = X[None] - X[:, None]  # x_j - x_i
    matrix = scalar((offsets**2).sum(-1))
    shape = -matrix / 0.81 if name == "gaussian" else -(matrix**3) / 0.81
    slopes = (shape[..., None] * offsets).sum(1)
    ridge = np.linalg.solve(matrix + 0.05 * 12 * np.eye(12), -slopes)
    np.testing.assert_allclose(stein_score(X, kernel, 0.05), ridge, rtol=1e-9)
    values, vectors = np.linalg.eigh(matrix)
    largest = vectors[:, -5:] / values[-5:] @ vectors[:, -5:].T
    np.testing.assert_allclose(spectral_score(X, kernel, 5), -largest @ slopes, rtol=1e-8)


@pytest.mark.slow
def test_many_gaussian_samples_show_their_score():
    x = np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    got = stein_score(x, kernels.gaussian(1.7), 0.003)
    assert np.sqrt(np.mean((got + x) ** 2)) < 0.35 * np.sqrt(np.mean(x**2))


def test_reverse_kl_is_at_rest_where_the_samples_have_the_target_s_moments(x64):
    # As seen by a kernel of degree one, that is all there is to a Gaussian.
    kernel = kernels.polynomial(1, 1.0)
    mean, covariance = X.mean(0), np.cov(X.T, bias=True)

    def score(points):
        return -jnp.linalg.solve(covariance, (points - mean[None]).T).T

    x, key = jnp.asarray(X), jax.random.key(0)
    objective = stein_reverse_kl(score, kernel, 1e-9)
    np.testing.assert_allclose(velocity(objective, key, (), x, x), 0, atol=1e-6)
    moved = velocity(objective, key, (), x + 0.5, x)
    np.testing.assert_allclose(
        moved, np.broadcast_to(-0.5 * np.linalg.solve(covariance, np.ones(2)), (12, 2)), rtol=1e-4
    )


def test_bad_arguments_are_explained():
    kernel = kernels.gaussian(1.0)
    with pytest.raises(ValueError, match="for at most 8192 samples, but `x` has 8193; use a random subset"):
        stein_score(np.zeros((8193, 1), np.float32), kernel)
    with pytest.raises(ValueError, match="`ridge` must be positive"):
        stein_reverse_kl(lambda points: -points, kernel, 0.0)
    with pytest.raises(ValueError, match="`components` must be at most the number of samples, 12, but is 13"):
        spectral_score(X, kernel, 13)
    with pytest.raises(TypeError):
        stein_score(X, None)
