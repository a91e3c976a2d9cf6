import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax.evaluation import frechet_distance
from igm_jax.objectives import bures_distance, bures_witness
from tests import reference

RNG = np.random.default_rng(0)


def exact(gaussian, n=8):
    """Samples that have exactly a Gaussian's mean and covariance."""
    mean, covariance = gaussian
    z = RNG.normal(size=(n, len(mean)))
    z -= z.mean(axis=0)
    whitened = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / n)).T
    return mean + whitened @ np.linalg.cholesky(covariance).T


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 2e-6), (np.float64, 1e-12)])
def test_closed_form_of_two_gaussians(dtype, rtol, x64):
    x, y = (exact(gaussian).astype(dtype) for gaussian in (reference.GAUSSIAN_A, reference.GAUSSIAN_B))
    np.testing.assert_allclose(bures_distance(x, y), 4.0751307011203854, rtol=rtol)
    np.testing.assert_allclose(bures_distance(np.repeat(x, 2, 0), y), 4.0751307011203854, rtol=rtol)


@pytest.mark.parametrize("n", [30, 4])
def test_it_is_the_frechet_distance_of_covariances_with_one_over_n(n, x64):
    # The metric divides by n - 1: deviations from the mean are stretched by √(n / (n - 1)) to make up for it.
    x, y = RNG.normal(size=(n, 6)), 1 + RNG.normal(size=(n, 6)) @ RNG.normal(size=(6, 6))
    stretched = [s.mean(0) + np.sqrt(n / (n - 1)) * (s - s.mean(0)) for s in (x, y)]
    np.testing.assert_allclose(bures_distance(*stretched), frechet_distance(real=y, fake=x), rtol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_float32_matches_float64_also_for_covariances_that_are_nearly_singular(offset):
    scales = np.array([1.0, 1e-2, 1e-4])
    x, y = (np.float32(RNG.normal(size=(50, 3)) * scales + offset) for _ in range(2))
    double = [s.astype(np.float64) for s in (x, y)]
    expected = frechet_distance(real=double[1], fake=double[0])
    shift = np.sum((double[0].mean(0) - double[1].mean(0)) ** 2)
    expected = shift + (expected - shift) * 49 / 50
    np.testing.assert_allclose(jax.jit(bures_distance)(x, y), expected, rtol=1e-5 if offset == 0 else 1e-3)


def test_gradients_in_samples_and_weights_by_finite_differences(x64):
    x, y, a = RNG.normal(size=(6, 2)), 1 + 2 * RNG.normal(size=(7, 2)), RNG.uniform(1, 2, size=6)
    check_grads(
        jax.jit(lambda x, y, a: bures_distance(x, y, x_weights=a)), (x, y, a), order=1, modes=["rev"], rtol=1e-5
    )


def test_the_witness_s_gradient_is_twice_the_way_back_from_the_optimal_map(x64):
    (a, cov_a), (b, cov_b) = reference.GAUSSIAN_A, reference.GAUSSIAN_B
    x, y, points = exact(reference.GAUSSIAN_A), exact(reference.GAUSSIAN_B), RNG.normal(size=(5, 2))

    def root(m):
        values, vectors = np.linalg.eigh(m)
        return vectors * np.sqrt(values) @ vectors.T

    half = root(cov_a)
    turn = np.linalg.inv(half) @ root(half @ cov_b @ half) @ np.linalg.inv(half)
    slopes = jax.grad(lambda points: jnp.sum(bures_witness(points, x, y)))(jnp.asarray(points))
    np.testing.assert_allclose(slopes, 2 * (points - b - (points - a) @ turn), rtol=1e-9)
