import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.transport import sweeps, sweeps_within
from igm_jax.pairwise.transport.problem import Relaxation
from tests import reference

RNG = np.random.default_rng(0)


def uniform(n):
    return jnp.full((n,), 1 / n)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("n", [1, 257, *(pytest.param(n, marks=pytest.mark.slow) for n in (5, 700))])
def test_circulant_windows_meet_every_pair_once(n, keep, x64):
    x, f, epsilon = RNG.normal(size=(n, 3)), RNG.normal(size=n), 0.7
    pairs = sweeps_within.self_tiles(jnp.asarray(x), uniform(n), keep=keep)
    potential = sweeps.in_tiles(jnp.asarray(f), *pairs.a.shape)

    def of(x, norms, a, f):
        return jnp.stack([a, a * f], axis=1)

    got = sweeps_within.plan_sums(pairs, potential, jnp.asarray(epsilon), of)
    features = np.stack([np.ones(n), f], axis=1) / n
    expected = np.exp((f[:, None] + f[None] - reference.squared_distances(x, x)) / epsilon) @ features
    np.testing.assert_allclose(got.reshape(-1, 2)[:n], expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("dim", [2, 64])
def test_a_sample_is_exactly_no_distance_from_itself(dim):
    x = RNG.normal(size=(256, dim)).astype(np.float32)
    costs = np.asarray(sweeps_within.self_tiles(jnp.asarray(x), uniform(256), keep=True).costs)
    rows = np.arange(costs.shape[1])
    np.testing.assert_array_equal(costs[:, rows, rows], np.zeros(costs.shape[:2]))


@pytest.mark.slow
def test_a_plain_update_is_the_soft_minimum_of_the_sample_itself(x64):
    x, f, epsilon = RNG.normal(size=(100, 3)), RNG.normal(size=100), 0.7
    pairs = sweeps_within.self_tiles(jnp.asarray(x), uniform(100), keep=False)
    relaxation = Relaxation(*(jnp.asarray(value) for value in (epsilon, 0.5, 1.0)))
    swept = sweeps_within.swept_within(pairs, sweeps.in_tiles(jnp.asarray(f), *pairs.a.shape), relaxation)
    soft = -epsilon * np.log(np.exp((f[None] - reference.squared_distances(x, x)) / epsilon).mean(1))
    np.testing.assert_allclose(swept.f.reshape(-1)[:100], (f + soft) / 2, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(swept.error, np.abs(np.exp((f - soft) / epsilon) - 1).mean(), rtol=1e-9)
