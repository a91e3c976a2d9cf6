import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.transport import iterations, solvers, sweeps, sweeps_within
from tests import reference

RNG = np.random.default_rng(0)


def uniform(n):
    return jnp.full((n,), 1 / n)


def test_over_relaxation_knows_the_rate_of_a_linear_problem():
    # One mode of rate θ: at ω below the best its λ solves λ + ω - 1 = ω √(λ θ), and ω* = 2/(1 + √(1 - θ)).
    for theta in (0.3, 0.9, 0.99):
        best = 2 / (1 + np.sqrt(1 - theta))
        for omega in (1.0, 1 + 0.8 * (best - 1)):
            root = (omega * np.sqrt(theta) + np.sqrt(omega**2 * theta - 4 * (omega - 1))) / 2
            got = iterations.over_relaxation(jnp.asarray(omega), jnp.asarray(root**2))
            np.testing.assert_allclose(got, min(best, iterations.LARGEST_OMEGA), rtol=1e-4)
    assert iterations.over_relaxation(jnp.asarray(1.5), jnp.asarray(1.2)) == 1


@pytest.mark.slow
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
