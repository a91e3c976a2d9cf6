import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import mmd2_unbiased
from igm_jax.kernels import gaussian, laplace
from igm_jax.objectives import (
    kernel_bank,
    median_scale,
    mmd2_estimate,
    mmd_power,
    power_bandwidth,
    power_scale,
    spread_scale,
)
from tests.objectives.combinators.samples import draws

KEY = jax.random.key(0)


def test_data_without_a_median_have_a_spread_and_equal_data_have_one():
    x = jnp.zeros((3, 1))
    y = jnp.asarray([[0.0]] * 5 + [[6.0]])  # 10 of 15 pairs coincide; variance (5 · 1 + 25) / 5
    np.testing.assert_allclose(median_scale(x, y), np.sqrt(12.0), rtol=1e-6)
    assert median_scale(x, x) == median_scale(x, x[:1]) == spread_scale(x, x) == 1


@pytest.mark.slow
def test_the_power_is_the_statistic_over_its_standard_error(x64):
    x, y = draws()
    kernel = gaussian(0.7)
    k_xx, k_yy, k_xy = (np.asarray(kernel(u, v)) for u, v in ((x, x), (y, y), (x, y)))
    at_x, at_y = k_xx.mean(1) - k_xy.mean(1), k_xy.mean(0) - k_yy.mean(1)
    noise = 4 * at_x.var() / len(x) + 4 * at_y.var() / len(y)
    expected = mmd2_unbiased(x, y, kernel) / np.sqrt(noise)
    np.testing.assert_allclose(mmd_power(x, y, kernel, floor=1e-9), expected, rtol=1e-10)


@pytest.mark.slow
def test_the_standard_error_is_that_of_repeated_draws(x64):
    def both(key):
        key_x, key_y = jax.random.split(key)
        x, y = jax.random.normal(key_x, (60, 2)), 1 + jax.random.normal(key_y, (60, 2))
        value = mmd2_unbiased(x, y, gaussian(1.0))
        return value, value / mmd_power(x, y, gaussian(1.0))

    values, errors = jax.jit(lambda keys: jax.lax.map(both, keys))(jax.random.split(KEY, 400))
    # The spread of 400 draws is itself known to 1/√800 = 3.5 %.
    np.testing.assert_allclose(jnp.sqrt(jnp.mean(errors**2)), values.std(ddof=1), rtol=0.14)


@pytest.mark.slow
def test_the_most_powerful_scale_is_as_small_as_the_structure(x64):
    # Of one mean and variance; what differs are two narrow modes that a kernel as wide as the data cannot see.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    y = np.where(rng.uniform(size=(200, 1)) < 0.5, -1, 1) * np.sqrt(0.99) + 0.1 * rng.normal(size=(200, 1))
    factors = (0.001, 0.1, 2.0)
    rule = power_scale(gaussian, factors)
    unit = median_scale(x, y)
    found = [float(mmd_power(x, y, gaussian(factor * unit))) for factor in factors]
    assert rule(jnp.asarray(x), jnp.asarray(y)) / unit == pytest.approx(factors[int(np.argmax(found))])
    assert np.argmax(found) == 1


def test_the_most_powerful_bandwidth_has_the_largest_ratio(x64):
    x, y = draws(50, 60)
    widths = [0.05, 1.0, 2.0, 50.0]
    choose = jax.jit(lambda x, y: power_bandwidth(x, y, gaussian, widths))
    estimate = jax.jit(lambda width: mmd2_estimate(x, y, gaussian(width)))
    choice, ratios = choose(x, y), [value / error for value, error in map(estimate, widths)]
    np.testing.assert_allclose(choice.ratios, ratios, rtol=1e-8)
    assert choice.bandwidth == widths[int(np.argmax(ratios))]
    constant = choose(np.ones((50, 2)), np.ones((60, 2)))
    np.testing.assert_array_equal(constant.ratios, 0)


def test_a_bank_is_the_sum_over_the_multiples_of_its_scale(x64):
    x, y = draws(5, 4)
    expected = sum(
        np.exp(-np.linalg.norm(x[:, None] - y[None], axis=-1) / (2.0 * factor)) for factor in (0.5, 1.0, 3.0)
    )
    np.testing.assert_allclose(kernel_bank(laplace, 2.0, (0.5, 1.0, 3.0))(x, y), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: power_scale(gaussian, ()), "at least one"),
        (lambda: kernel_bank(gaussian, 1.0, (-1.0,)), "positive"),
        (lambda: power_bandwidth(*draws(6, 6), gaussian, [1.0, -1.0]), "`candidates` must be positive"),
        (lambda: power_bandwidth(*draws(3, 6), gaussian, [1.0]), "at least 4 samples"),
    ],
)
def test_what_cannot_be_is_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_spread_is_told_far_from_the_origin():
    y = (np.random.default_rng(0).normal(size=(6, 2)) * 30 + 1e8).astype(np.float32)
    expected = np.sqrt(2 * np.trace(np.cov(y.astype(float).T)))
    np.testing.assert_allclose(spread_scale(y, y), expected, rtol=1e-5)
