from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import integrate, stats

from igm_jax import energy_distance, kernels, mmd2_biased, velocity
from igm_jax.objectives import energy, log_energy, log_energy_distance
from tests import reference
from tests.objectives.moments import single_precision

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 3)), 1 + 0.5 * RNG.normal(size=(11, 3))


@single_precision.of_samples
def test_float32_matches_float64(n, m, dim, offset, precision):
    x, y = single_precision.draws(n, m, dim, offset)
    with jax.default_matmul_precision(precision):
        got = jax.jit(energy_distance)(x, y)
    np.testing.assert_allclose(got, reference.energy(x, y), rtol=1e-6)


def test_scipy_gives_its_square_root_in_one_dimension(x64):
    rng = np.random.default_rng(0)
    x, y, a, b = rng.normal(size=20), rng.normal(1, 2, size=30), rng.uniform(size=20), rng.uniform(size=30)
    got = energy_distance(x[:, None], y[:, None], x_weights=a, y_weights=b)
    np.testing.assert_allclose(got, stats.energy_distance(x, y, a, b) ** 2, rtol=1e-10)


def test_closed_form_of_two_gaussians(x64):
    rng = np.random.default_rng(0)
    mean_a, mean_b, n = np.array([0.5, -1.0]), np.array([-0.25, 0.75]), 500
    pairs = [(mean_a + rng.normal(size=(n, 2)), mean_b + 0.7 * rng.normal(size=(n, 2))) for _ in range(20)]
    values = np.array([jax.jit(energy_distance)(x, y) for x, y in pairs])
    # E[ED of samples] = ED + (E‖x-x'‖ + E‖y-y'‖)/n, and E‖x-x'‖ = √π for two standard normals in the plane.
    expected = 1.6726524132998963 + np.sqrt(np.pi) * 1.7 / n
    assert abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(20)


def test_one_dimensional_closed_form(x64):
    quantiles = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)[:, None]
    got = jax.jit(energy_distance)(0.3 + 0.8 * quantiles, -0.5 + 1.3 * quantiles)
    np.testing.assert_allclose(got, 0.39332281350059, rtol=2e-3)


def test_is_mmd_of_the_distance_kernel_and_twice_that_of_half_of_it(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 15, 3))
    value = energy_distance(x, y)
    origin = kernels.Kernel(
        "‖x‖ + ‖y‖ - ‖x - y‖",
        lambda p: (p.x**2).sum(1, keepdims=True) ** 0.5 + (p.y**2).sum(1)[None] ** 0.5 - p.distance,
    )
    np.testing.assert_allclose(value, mmd2_biased(x, y, kernels.distance()), rtol=1e-14)
    np.testing.assert_allclose(value, mmd2_biased(x, y, origin), rtol=1e-12)
    np.testing.assert_allclose(value, 2 * mmd2_biased(x, y, 0.5 * origin), rtol=1e-12)


def test_at_exponent_two_it_is_twice_the_squared_distance_of_means(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 15, 3))
    expected = 2 * np.sum((x.mean(0) - y.mean(0)) ** 2)
    np.testing.assert_allclose(energy_distance(x, y, beta=2), expected, rtol=1e-10)


def test_gradient_by_finite_differences(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 6, 3))
    check_grads(jax.jit(lambda x, y: energy_distance(x, y, beta=1.5)), (x, y), order=1, modes=["rev"], rtol=1e-5)


def test_bad_exponents_are_explained():
    with pytest.raises(ValueError, match="\\(0, 2\\]"):
        energy(3.0)
    with pytest.raises(ValueError, match="`beta` must be positive"):
        energy_distance(np.ones((2, 1)), np.ones((2, 1)), beta=0.0)


def cauchy_pairs(scale_sum, shift, bandwidth):
    """``E log(1 + (shift + c)²/σ²)`` of a Cauchy c of this scale: the logarithm is harmonic, so it is its value at i·scale."""
    return np.log((shift**2 + (bandwidth + scale_sum) ** 2) / bandwidth**2)


def test_closed_form_of_two_cauchy_laws_whose_energy_distance_is_infinite(x64):
    levels = (np.arange(4000) + 0.5) / 4000
    x, y = 0.5 * stats.cauchy.ppf(levels), 1.5 + 1.2 * stats.cauchy.ppf(levels)
    got = jax.jit(log_energy_distance)(x[:, None], y[:, None], 0.8)
    expected = 2 * cauchy_pairs(1.7, 1.5, 0.8) - cauchy_pairs(1.0, 0, 0.8) - cauchy_pairs(2.4, 0, 0.8)
    np.testing.assert_allclose(got, expected, rtol=2e-3)


@pytest.mark.slow
def test_log_energy_is_a_mixture_of_gaussian_mmds(x64):
    def at(log_t):  # dt/t is the differential of log t
        t = np.exp(log_t)
        return float(mmd2(X, Y, (0.5 / t) ** 0.5)) * np.exp(-t * 1.3**2)

    mmd2 = jax.jit(lambda x, y, width: mmd2_biased(x, y, kernels.gaussian(width)))
    expected, _ = integrate.quad(at, -25, 5, epsrel=1e-9)
    np.testing.assert_allclose(log_energy_distance(X, Y, 1.3), expected, rtol=1e-7)


def test_units_of_log_energy_do_not_matter_and_a_wide_one_sees_means_alone(x64):
    np.testing.assert_allclose(log_energy_distance(7 * X, 7 * Y, 7.0), log_energy_distance(X, Y, 1.0), rtol=1e-12)
    wide = 1e4
    np.testing.assert_allclose(wide**2 * log_energy_distance(X, Y, wide), energy_distance(X, Y, beta=2), rtol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_log_energy_float32_matches_float64(offset):
    x, y = ((s + offset).astype(np.float32) for s in (np.tile(X, (30, 1)), Y))
    expected = reference.mmd2(x, y, lambda a, b: -np.log1p(reference.squared_distances(a, b) / 0.49))
    np.testing.assert_allclose(jax.jit(log_energy_distance)(x, y, 0.7), expected, rtol=1e-5)


@pytest.mark.slow
def test_one_datum_pulls_hardest_at_a_bandwidth(x64):
    def pull(r):
        return velocity(log_energy(2.0), jax.random.key(0), (), jnp.zeros((1, 1)), jnp.full((1, 1), r))[0, 0]

    np.testing.assert_allclose([pull(r) for r in (0.0, 1.0, 2.0, 1e3)], [0, 4 / 5, 1, 4e3 / (4 + 1e6)], rtol=1e-12)


def test_velocity_of_log_energy_is_minus_the_gradient_of_the_witness(x64):
    objective, x, y = log_energy(0.7), jnp.asarray(X), jnp.asarray(Y)
    slope = jax.grad(lambda points: objective.witness((), points, x, y).sum())(x)
    np.testing.assert_allclose(velocity(objective, jax.random.key(0), (), x, y), -slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("call", [log_energy, partial(log_energy_distance, X, Y)])
def test_bad_bandwidths_are_explained(call, bandwidth):
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        call(bandwidth)
