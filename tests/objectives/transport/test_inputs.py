"""What problems of transport are made of, and which solvers serve a cost of the user's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import sinkhorn_divergence, velocity
from igm_jax.objectives import fixed_sweeps, scalings, sinkhorn, sinkhorn_potentials
from igm_jax.objectives.transport.inputs import solver_of_a_cost, transport_problem

X, Y = jax.random.normal(jax.random.key(0), (2, 10, 2))


def cost(x, y):
    return jnp.sum(jnp.sqrt(1 + jnp.square(x - y)))


def test_masses_are_kept_where_marginals_are_penalised_and_normalised_where_not():
    weights = np.full(10, 2.0)
    assert transport_problem(X, Y, 0.1, weights, None, None).a.sum() == pytest.approx(1)
    assert transport_problem(X, Y, 0.1, weights, None, 1.0).a.sum() == pytest.approx(20)


def test_a_cost_is_solved_by_scalings_of_the_tolerance_asked_for():
    assert solver_of_a_cost(cost, {"tolerance": 1e-3, "max_iterations": 7}, None, None) == scalings(1e-3, 7)
    assert solver_of_a_cost(cost, {"solver": scalings(1e-5)}, None, None) == scalings(1e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rho", {"rho": 1.0}),
        ("solver", {"solver": fixed_sweeps(3)}),
        ("start", {"start": sinkhorn_potentials(X, Y, 0.1)}),
    ],
)
def test_what_does_not_go_with_a_cost_is_named(name, options):
    with pytest.raises(ValueError, match=rf"`{name}` does not go with `cost`.*leave `{name}` out"):
        sinkhorn_divergence(X, Y, cost=cost, **options)
    if name != "start":
        with pytest.raises(ValueError, match=f"`{name}` does not go with `cost`"):
            sinkhorn(cost=cost, **options)


def test_an_objective_of_a_cost_moves_samples_along_its_witness(key):
    objective = sinkhorn(0.5, cost=cost, tolerance=1e-5, max_iterations=2000)
    moved = jax.jit(lambda x: velocity(objective, key, (), x, Y))(X)
    slope = jax.jit(jax.grad(lambda points: jnp.sum(objective.witness((), points, X, Y))))(X)
    np.testing.assert_allclose(moved, -slope, atol=1e-3)


def test_a_cost_of_more_than_one_number_is_explained():
    with pytest.raises(ValueError, match="`cost` must give one number for two points"):
        sinkhorn_divergence(X, Y, cost=lambda x, y: jnp.abs(x - y))
