import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from igm_jax import energy_distance, kernels, mmd2_biased, velocity
from igm_jax.objectives import log_energy, log_energy_distance
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 3)), 1 + 0.5 * RNG.normal(size=(11, 3))


def cauchy_pairs(scale_sum, shift, bandwidth):
    """``E log(1 + (shift + c)²/σ²)`` of a Cauchy c of this scale: the logarithm is harmonic, so it is its value at i·scale."""
    return np.log((shift**2 + (bandwidth + scale_sum) ** 2) / bandwidth**2)


def test_closed_form_of_two_cauchy_laws_whose_energy_distance_is_infinite(x64):
    levels = (np.arange(4000) + 0.5) / 4000
    x, y = 0.5 * stats.cauchy.ppf(levels), 1.5 + 1.2 * stats.cauchy.ppf(levels)
    got = jax.jit(log_energy_distance)(x[:, None], y[:, None], 0.8)
    expected = 2 * cauchy_pairs(1.7, 1.5, 0.8) - cauchy_pairs(1.0, 0, 0.8) - cauchy_pairs(2.4, 0, 0.8)
    np.testing.assert_allclose(got, expected, rtol=2e-3)


def test_it_is_a_mixture_of_gaussian_mmds(x64):
    def at(log_t):  # dt/t is the differential of log t
        t = np.exp(log_t)
        return float(mmd2(X, Y, (0.5 / t) ** 0.5)) * np.exp(-t * 1.3**2)

    mmd2 = jax.jit(lambda x, y, width: mmd2_biased(x, y, kernels.gaussian(width)))
    expected, _ = integrate.quad(at, -25, 5, epsrel=1e-9)
    np.testing.assert_allclose(log_energy_distance(X, Y, 1.3), expected, rtol=1e-7)


def test_units_do_not_matter_and_a_wide_one_sees_means_alone(x64):
    np.testing.assert_allclose(log_energy_distance(7 * X, 7 * Y, 7.0), log_energy_distance(X, Y, 1.0), rtol=1e-12)
    wide = 1e4
    np.testing.assert_allclose(wide**2 * log_energy_distance(X, Y, wide), energy_distance(X, Y, beta=2), rtol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_float32_matches_float64(offset):
    x, y = ((s + offset).astype(np.float32) for s in (np.tile(X, (30, 1)), Y))
    expected = reference.mmd2(x, y, lambda a, b: -np.log1p(reference.squared_distances(a, b) / 0.49))
    np.testing.assert_allclose(jax.jit(log_energy_distance)(x, y, 0.7), expected, rtol=1e-5)


def test_one_datum_pulls_hardest_at_a_bandwidth(x64):
    def pull(r):
        return velocity(log_energy(2.0), jax.random.key(0), (), jnp.zeros((1, 1)), jnp.full((1, 1), r))[0, 0]

    np.testing.assert_allclose([pull(r) for r in (0.0, 1.0, 2.0, 1e3)], [0, 4 / 5, 1, 4e3 / (4 + 1e6)], rtol=1e-12)


def test_velocity_is_minus_the_gradient_of_the_witness(x64):
    objective, x, y = log_energy(0.7), jnp.asarray(X), jnp.asarray(Y)
    slope = jax.grad(lambda points: objective.witness((), points, x, y).sum())(x)
    np.testing.assert_allclose(velocity(objective, jax.random.key(0), (), x, y), -slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, float("nan")])
def test_bad_bandwidths_are_explained(bandwidth):
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        log_energy(bandwidth)
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        log_energy_distance(X, Y, bandwidth)
