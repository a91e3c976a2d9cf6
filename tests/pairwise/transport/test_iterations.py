import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import sinkhorn_potentials
from igm_jax.pairwise import budget
from igm_jax.pairwise.transport import iterations, solvers, sweeps, sweeps_within
from igm_jax.pairwise.transport.problem import Relaxation
from tests import reference

RNG = np.random.default_rng(0)


def uniform(n):
    return jnp.full((n,), 1 / n)


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (257, 10), (4096, 4096), (1000, 10**6)])
def test_tiles_cover_all_rows_and_few_more(n, m, odd):
    tiles, rows = budget.tiling(n, m, odd=odd)
    assert n <= tiles * rows < n + tiles
    assert rows <= 256
    assert not odd or tiles % 2 == 1
    assert tiles * rows * m <= max(n, 1) * m + tiles * m


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("n", [1, 5, 257, 700])
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


def test_a_plain_sweep_is_one_update_of_each_side(x64):
    x, y, epsilon = RNG.normal(size=(300, 2)), RNG.normal(size=(7, 2)), 0.5
    g = RNG.normal(size=7)
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(y), uniform(300), uniform(7), keep=False)
    one = jnp.asarray(1.0)
    swept = sweeps.swept(pairs, jnp.zeros(pairs.a.shape), jnp.asarray(g), Relaxation(jnp.asarray(epsilon), one, one))
    cost = reference.squared_distances(x, y)
    f = -epsilon * np.log(np.exp((g[None] - cost) / epsilon).mean(1))
    np.testing.assert_allclose(swept.f.reshape(-1)[:300], f, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(swept.g, -epsilon * np.log(np.exp((f[:, None] - cost) / epsilon).mean(0)), rtol=1e-9)
    assert not swept.lost


def test_over_relaxation_knows_the_rate_of_a_linear_problem():
    # One mode of rate θ: at ω below the best its λ solves λ + ω - 1 = ω √(λ θ), and ω* = 2/(1 + √(1 - θ)).
    for theta in (0.3, 0.9, 0.99):
        best = 2 / (1 + np.sqrt(1 - theta))
        for omega in (1.0, 1 + 0.8 * (best - 1)):
            root = (omega * np.sqrt(theta) + np.sqrt(omega**2 * theta - 4 * (omega - 1))) / 2
            got = iterations.over_relaxation(jnp.asarray(omega), jnp.asarray(root**2))
            np.testing.assert_allclose(got, min(best, iterations.LARGEST_OMEGA), rtol=1e-4)
    assert iterations.over_relaxation(jnp.asarray(1.5), jnp.asarray(1.2)) == 1


def test_a_lost_start_is_found_again():
    # Potentials so wrong that every mass overflows or vanishes: the solver must notice, not creep back step by step.
    x, y = RNG.normal(size=(50, 2)).astype(np.float32), RNG.normal(size=(40, 2)).astype(np.float32)
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(y), uniform(50), uniform(40), keep=False)
    epsilon, solver = jnp.asarray(0.5), solvers.sweeps(1e-4, 200)
    _, _, plain = iterations.solve(pairs, epsilon, None, solver)
    for wrong in (-1e4, 1e4):
        start = (jnp.full(50, wrong), jnp.where(jnp.arange(40) < 20, -wrong, wrong))
        _, g, updates = iterations.solve(pairs, epsilon, None, solver, start)
        _, error = iterations.finished(pairs, g, epsilon, None)
        assert error < 2e-3
        assert updates < plain + 30


def test_within_a_sample_few_updates_suffice(x64):
    solver = solvers.sweeps(1e-8, 100)
    for epsilon in (0.01, 1.0, 100.0):
        x = jnp.asarray(RNG.normal(size=(60, 2)))
        pairs = sweeps_within.self_tiles(x, uniform(60), keep=False)
        f, updates = iterations.solve_within(pairs, jnp.asarray(epsilon), None, solver)
        plan = np.exp((f[0][:, None] + f[0][None] - reference.squared_distances(x, x)) / epsilon) / 60
        np.testing.assert_allclose(plan.sum(1), np.ones(60), atol=1e-6)
        assert updates <= 20


@pytest.mark.parametrize("precision", [None, "bfloat16"])
def test_the_default_precision_of_products_does_not_matter(precision):
    x, y = (RNG.normal(size=(300, 20)).astype(np.float32) for _ in range(2))
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(y), uniform(300), uniform(300), keep=False)
    with jax.default_matmul_precision(precision):
        epsilon = jnp.asarray(3.0)
        f = jax.jit(lambda: iterations.solve(pairs, epsilon, None, solvers.sweeps(1e-6, 500))[0])()
    cost = reference.squared_distances(x, y)
    wide = sweeps.cross_tiles(*(jnp.asarray(s) for s in (x, y)), uniform(300), uniform(300), keep=True)
    np.testing.assert_allclose(wide.costs.reshape(-1, 300)[:300], cost, rtol=1e-4, atol=1e-4)
    assert np.isfinite(f).all()


@pytest.mark.parametrize("epsilon", [1.0, 0.05])
def test_scalings_of_a_kept_kernel_and_sweeps_find_the_same_potentials(epsilon, x64):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), 0.5 + rng.normal(size=(80, 2))
    kept, swept = (
        sinkhorn_potentials(x, y, epsilon, solver=make(1e-9, 5000)) for make in (solvers.scalings, solvers.sweeps)
    )
    # Potentials are determined up to a constant that moves from one side to the other.
    np.testing.assert_allclose(kept.f[:, None] + kept.g[None], swept.f[:, None] + swept.g[None], atol=1e-7)
