import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.temperatures import MOST_POWER, temperatures_of


@pytest.mark.parametrize(
    ("values", "powers"),
    [
        ((0.02, 0.05, 0.2), ((2, 10), (2, 4), (2, 1))),
        ((1.0,), ((0, 1),)),
        ((0.3, 1.0), ((0, 1), (1, 1))),
        ((2.0, 1.0, 2.0), ((0, 1), (0, 2), (0, 1))),
        ((1.0, 1.0 * (MOST_POWER + 1)), ((0, 1), (1, 1))),
    ],
)
def test_whole_fractions_of_another_temperature_are_powers(values, powers):
    assert temperatures_of(values, "float32").powers == powers


@pytest.mark.parametrize("values", [(0.02, 0.05, 0.2), (0.3, 1.0, 0.125, 7.0)])
def test_kernels_are_exponentials_at_each_temperature(values, x64):
    scores = -np.random.default_rng(0).exponential(size=(3, 4))
    found = temperatures_of(values, float).kernels(jnp.asarray(scores))
    for kernel, value in zip(found, values, strict=True):
        np.testing.assert_allclose(kernel, np.exp(scores / value), rtol=1e-12, atol=1e-300)


def test_scores_above_zero_stay_finite():
    found = temperatures_of((0.02, 0.05, 0.2), "float32").kernels(jnp.full((1, 1), 1e6))
    assert all(np.isfinite(kernel).all() for kernel in found)


def test_traced_temperatures_have_exponentials_of_their_own():
    @jax.jit
    def of(value):
        temperatures = temperatures_of((value, 2.0), "float32")
        assert temperatures.powers == ((0, 1), (1, 1))
        return temperatures.over(2.0).kernels(-jnp.ones((1, 1)))

    np.testing.assert_allclose(jnp.stack(of(1.0)).ravel(), np.exp([-2, -1]), rtol=1e-6)
