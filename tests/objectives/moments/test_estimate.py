import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import evaluation, objectives
from igm_jax.objectives.moments.estimate import mean_of


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
