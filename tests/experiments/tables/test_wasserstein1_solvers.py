"""Solvers of Wasserstein-1: scores of critics that are known, bounds that every critic of slope one keeps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.tables.wasserstein1_pairs import Cell, drawn
from experiments.tables.wasserstein1_solvers import assigned, judged, learned, measured, sinkhorn_critic
from igm_jax.distributions import ray_pair


def test_the_best_critic_has_the_best_scores(x64):
    rays = ray_pair(*drawn(Cell(4, 4), 0))
    scores = jax.jit(lambda key, scale: judged(rays, lambda p: -scale * rays.potential(p), key, 500))
    best, half = (scores(jax.random.key(1), scale) for scale in (1.0, 0.5))
    x = rays.source(jax.random.key(1), 500)
    cost = np.linalg.norm(x - jax.jit(rays.transported)(x).y, axis=1).mean()
    np.testing.assert_allclose(best, [1, 0, cost], atol=1e-6)
    np.testing.assert_allclose(half, [1, 0.25, cost / 2], atol=1e-6)


@pytest.mark.slow
def test_discrete_transport_is_biased_upwards():
    pair, key = drawn(Cell(4, 8), 0), jax.random.key(0)
    true, _ = measured(pair, key, draws=2**15)
    few, more = assigned(pair, key, 128), assigned(pair, key, 512)
    assert few > more > float(true) + 0.3


def test_the_sinkhorn_critic_has_slope_at_most_one_and_nearly_the_exact_gap():
    rays = ray_pair([[0.0]], [0.0])

    @jax.jit
    def solved(key_x, key_y):
        x, y = rays.source(key_x, 200), rays.target(key_y, 200)
        critic, error = sinkhorn_critic(x, y, 0.02, 300)
        slopes = jax.grad(lambda p: jnp.sum(critic(p)))(jnp.concatenate([x, y]))
        return x[:, 0], y[:, 0], slopes, error, jnp.mean(critic(y)) - jnp.mean(critic(x))

    x, y, slopes, error, gap = map(np.asarray, solved(*jax.random.split(jax.random.key(0))))
    assert np.abs(slopes).max() <= 1 + 1e-5
    assert error < 1e-2
    exact = np.abs(np.sort(x) - np.sort(y)).mean()
    assert 0.9 * exact < gap <= exact + 1e-4


@pytest.mark.slow
def test_a_penalised_critic_finds_the_direction():
    pair, sizes = drawn(Cell(4, 8), 0), {"solver": "Lipschitz penalty", "batch": 128, "points": 512}
    with jax.numpy_dtype_promotion("standard"):
        before, after = (learned(pair, jax.random.key(0), steps=steps, **sizes) for steps in (1, 300))
    assert before.cos < 0.5 < 0.8 < after.cos
    assert after.l2 < 0.5 < before.l2
