"""Noisy curves and boxes against adaptive quadrature and SciPy's normal distribution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from igm_jax.distributions import moons, swiss_roll
from igm_jax.distributions.curves import log_blurred_box


def integral(curve, point, noise):
    def integrand(u):
        return np.exp(-np.sum((np.array(curve(u)) - point) ** 2) / (2 * noise**2)) / (2 * np.pi * noise**2)

    return integrate.quad(integrand, 0, 1, epsabs=0, epsrel=1e-11, limit=500, points=np.linspace(0.05, 0.95, 19))[0]


def roll(u):
    t = (0.5 + 4 * u) * np.pi
    return t * np.cos(t) / (4.5 * np.pi), t * np.sin(t) / (4.5 * np.pi)


def outer(u):
    return np.cos(np.pi * u), np.sin(np.pi * u)


def inner(u):
    return 1 - np.cos(np.pi * u), 0.5 - np.sin(np.pi * u)


def test_swiss_roll_density(x64):
    noise = 0.03
    points = np.array([roll(0.0), roll(0.3), roll(0.777), roll(1.0), (0.1, 0.1), (-0.5, 0.3), (1.05, 0.1)])
    expected = [np.log(integral(roll, point, noise)) for point in points]
    np.testing.assert_allclose(jax.jit(swiss_roll(noise).log_density)(points), expected, rtol=1e-9)


def test_moons_density(x64):
    noise = 0.05
    points = np.array([outer(0.0), outer(0.4), inner(0.5), inner(1.0), (0.5, 0.25), (1.2, 0.1), (0.0, 1.2)])
    expected = [np.log(0.5 * integral(outer, p, noise) + 0.5 * integral(inner, p, noise)) for p in points]
    np.testing.assert_allclose(jax.jit(moons(noise).log_density)(points), expected, rtol=1e-9)


def test_far_from_the_curve(x64):
    # Twenty noises out, on the convex side, where the integrand is narrower than the noise.
    point = np.array([0.0, 2.0])
    expected = np.log(0.5 * integral(outer, point, 0.05) + 0.5 * integral(inner, point, 0.05))
    np.testing.assert_allclose(float(moons(0.05).log_density(point[None])[0]), expected, atol=1e-3)


@pytest.mark.parametrize("noise", [0.05, 0.5, 20.0])
def test_blurred_box(noise, x64):
    x = np.linspace(-3, 3, 41)
    law = stats.norm(scale=noise)
    near = np.abs(x) < 0.25 + 6 * noise
    expected = np.log((law.cdf(x + 0.25) - law.cdf(x - 0.25)) / 0.5, where=near, out=np.zeros_like(x))
    np.testing.assert_allclose(
        np.asarray(jax.jit(log_blurred_box, static_argnums=(1, 2))(jnp.asarray(x), 0.25, noise))[near],
        expected[near],
        rtol=1e-6,
    )


def test_blurred_box_has_no_underflow_in_the_tails():
    x = jnp.array([-30.0, 30.0])
    expected = stats.norm.logsf((30 - 0.25) / 0.05) - np.log(0.5)
    np.testing.assert_allclose(log_blurred_box(x, 0.25, 0.05), expected, rtol=1e-5)
