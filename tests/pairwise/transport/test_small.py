import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.transport import small
from igm_jax.pairwise.transport.solvers import scalings
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), 0.5 + 0.8 * RNG.normal(size=(30, 2))


@pytest.mark.parametrize("epsilon", [0.05, 1.0])
def test_scalings_find_the_potentials_of_plain_updates(epsilon, x64):
    costs = jnp.asarray(reference.squared_distances(X, Y))
    g, updates = small.solve(
        costs, jnp.full(40, 1 / 40), jnp.full(30, 1 / 30), jnp.asarray(epsilon), scalings(1e-11, 5000)
    )
    _, expected = reference.entropic_potentials(X, Y, epsilon)
    np.testing.assert_allclose(g - g.mean(), expected - expected.mean(), atol=1e-8)
    assert updates % small.SCALINGS == 0


def test_marginals_are_met_and_points_without_weight_do_not_count(x64):
    costs, b = jnp.asarray(reference.squared_distances(X, Y)), np.where(np.arange(30) % 3, 1 / 20, 0)
    g, _ = small.solve(costs, jnp.full(40, 1 / 40), jnp.asarray(b), jnp.asarray(0.3), scalings(1e-11, 5000))
    plan = b * np.exp((g[None] - costs) / 0.3)
    plan = plan / plan.sum(1, keepdims=True) / 40
    np.testing.assert_allclose(plan.sum(0), b, atol=1e-11)


def test_an_epsilon_at_which_plain_scalings_underflow(x64):
    # exp(-C/ε) is zero in every float type for whole rows: only absorption keeps masses in range.
    costs, epsilon = jnp.asarray(reference.squared_distances(X, X + 3)), 2e-3
    uniform = jnp.full(40, 1 / 40)
    assert (np.exp(-costs / epsilon).max(axis=1) == 0).any()
    g, updates = small.solve(costs, uniform, uniform, jnp.asarray(epsilon), scalings(1e-3, 20_000))
    plan = np.exp((g[None] - costs) / epsilon - np.max((g[None] - costs) / epsilon, axis=1, keepdims=True))
    plan = plan / plan.sum(1, keepdims=True) / 40
    assert np.abs(plan.sum(0) - 1 / 40).sum() < 2e-3
    assert updates < 20_000


@pytest.mark.parametrize(("epsilon", "most", "error"), [(1.0, 10, 0.01), (1.0, 1, 0.01), (0.3, 20, 0.05)])
def test_few_updates_are_made_at_the_target(epsilon, most, error, x64):
    # All ten of the updates once went into a schedule that had not come down to ε: what came out was no solution at all.
    costs, a, b = jnp.asarray(reference.squared_distances(X, Y)), jnp.full(40, 1 / 40), jnp.full(30, 1 / 30)
    g, updates = small.solve(costs, a, b, jnp.asarray(epsilon), scalings(1e-11, most))
    assert updates == max(most, small.SCALINGS)
    plan = np.exp((g[None] - costs) / epsilon)
    plan = plan / plan.sum(1, keepdims=True) / 40
    assert np.abs(plan.sum(0) - b).sum() < error
