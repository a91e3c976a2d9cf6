import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import evaluation, kernels, mmd2_unbiased, objectives
from igm_jax.objectives import mmd2_estimate
from igm_jax.objectives.moments.estimate import mean_of
from tests import reference


def test_objectives_and_metrics_share_one_estimate():
    assert evaluation.Estimate is objectives.Estimate


def test_the_squared_standard_error_is_without_bias_for_the_variance_of_the_mean(x64):
    # Of 12 exponential variables the mean is 1 ± √(1/12); the variance of a sample variance is (κ - (k - 3)/(k - 1))/k, κ = 9.
    terms = jax.random.exponential(jax.random.key(0), (4000, 12))
    values, errors = jax.vmap(mean_of)(terms)
    np.testing.assert_allclose(values, np.mean(terms, axis=1), rtol=1e-12)
    np.testing.assert_allclose(errors, np.std(terms, axis=1, ddof=1) / np.sqrt(12), rtol=1e-12)
    spread = np.sqrt((9 - 9 / 11) / 12 / 4000)
    assert abs(12 * np.mean(errors**2) - 1) < 4 * spread


def test_equal_terms_have_no_error_and_no_slope():
    value, error = mean_of(jnp.full(5, 2.0))
    assert (value, error) == (2, 0)
    np.testing.assert_array_equal(jax.grad(lambda terms: mean_of(terms).standard_error)(jnp.full(5, 2.0)), 0)


KERNEL = kernels.gaussian(1.0)


def matrix(x, y):
    return np.exp(-reference.squared_distances(x, y) / 2)


def pair(n, m):
    rng = np.random.default_rng(0)
    return reference.draw(rng, reference.GAUSSIAN_A, n), reference.draw(rng, reference.GAUSSIAN_B, m)


def spread_of(k):
    """The variance of k(x, x') without its row and column means, from all its entries off the diagonal."""
    n, off = len(k), k - np.diag(np.diag(k))
    sums, mask = off.sum(1), 1 - np.eye(len(k))
    centred = off - (sums[:, None] + sums[None]) / (n - 2) + off.sum() / ((n - 1) * (n - 2))
    return (centred**2 * mask).sum() / (n * (n - 3))


def test_the_complete_estimate_and_its_error_from_whole_matrices(x64):
    x, y = pair(13, 17)
    (n, m), across = (13, 17), matrix(x, y)
    residual = across - across.mean(1, keepdims=True) - across.mean(0, keepdims=True) + across.mean()
    both = (residual**2).sum() / ((n - 1) * (m - 1))
    variance = 4 * both / (n * m)
    for k, seen, size, other in ((matrix(x, x), across.mean(1), n, m), (matrix(y, y), across.mean(0), m, n)):
        slope = (k.sum(1) - 1) / (size - 2) - seen
        first = slope.var(ddof=1) - spread_of(k) / (size - 2) - both / other
        assert first > 0
        variance += 4 * first / size + 2 * spread_of(k) / (size * (size - 1))
    found, value = jax.jit(lambda x, y: (mmd2_estimate(x, y, KERNEL), mmd2_unbiased(x, y, KERNEL)))(x, y)
    np.testing.assert_allclose(found, (value, np.sqrt(variance)), rtol=1e-10)


def test_single_precision_far_from_the_origin_keeps_the_error():
    x, y = pair(300, 200)
    kernel, place = kernels.distance(), np.array([[1e4, -1e4]])
    far = [(some + place).astype(np.float32) for some in (x, y)]
    got = jax.jit(functools.partial(mmd2_estimate, kernel=kernel))(*far)
    with jax.enable_x64(True):
        expected = jax.jit(functools.partial(mmd2_estimate, kernel=kernel))(*(some.astype(np.float64) for some in far))
    np.testing.assert_allclose(got.value, expected.value, rtol=1e-5)
    np.testing.assert_allclose(got.standard_error, expected.standard_error, rtol=1e-4)


def test_three_samples_have_no_error():
    with pytest.raises(ValueError, match="at least 4 samples"):
        mmd2_estimate(np.ones((3, 2)), np.ones((6, 2)), KERNEL)
