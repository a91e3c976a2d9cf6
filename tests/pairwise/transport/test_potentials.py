from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import sinkhorn_divergence
from igm_jax.objectives import scalings, sinkhorn_potentials
from igm_jax.pairwise.transport.potentials import extended, plan_cost, transport_cost
from igm_jax.pairwise.transport.problem import Problem
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), 0.5 + 0.8 * RNG.normal(size=(30, 2))


def test_entropic_closed_form_of_two_gaussians(x64):
    rng = np.random.default_rng(0)
    values = []
    for _ in range(8):
        x, y = (reference.draw(rng, gaussian, 400) for gaussian in (reference.GAUSSIAN_A, reference.GAUSSIAN_B))
        potentials = sinkhorn_potentials(x, y, 1.0)
        values.append(float(jnp.mean(potentials.f) + jnp.mean(potentials.g)))
    assert abs(np.mean(values) - 5.654458992917423) < 4 * np.std(values, ddof=1) / np.sqrt(8)


def test_marginal_error_is_the_plan_s_own(x64):
    potentials = sinkhorn_potentials(X, Y, 0.1, max_iterations=20)
    cost = reference.squared_distances(X, Y)
    plan = np.exp((potentials.f[:, None] + potentials.g[None, :] - cost) / 0.1) / (len(X) * len(Y))
    np.testing.assert_allclose(plan.sum(1), np.full(len(X), 1 / len(X)), rtol=1e-9)
    np.testing.assert_allclose(potentials.marginal_error, np.abs(plan.sum(0) - 1 / len(Y)).sum(), rtol=1e-6)
    assert potentials.iterations == 20
    assert potentials.marginal_error > 1e-6
    assert sinkhorn_potentials(X, Y, 0.1).marginal_error < 1e-4


@pytest.mark.slow
def test_a_warm_start_needs_fewer_updates_for_the_same_potentials(x64):
    options = {"epsilon": 0.1, "tolerance": 1e-9, "max_iterations": 3000}
    before = sinkhorn_potentials(X, Y, **options)
    cold, warm = (sinkhorn_potentials(X + 1e-3 * X[::-1], Y, start=start, **options) for start in (None, before))
    assert 5 * int(warm.iterations) < 4 * int(cold.iterations)
    assert sinkhorn_potentials(X, Y, start=before, **options).iterations <= 2
    np.testing.assert_allclose(warm.f - warm.f.mean(), cold.f - cold.f.mean(), atol=1e-7)
    value, again = (sinkhorn_divergence(X, Y, start=start, **options) for start in (None, before))
    np.testing.assert_allclose(again, value, rtol=1e-10)
    with pytest.raises(ValueError, match="`start` must hold potentials of shapes"):
        sinkhorn_potentials(X[:-1], Y, start=before, **options)


@pytest.mark.parametrize("rho", [pytest.param(0.5, marks=pytest.mark.slow), 20.0])
def test_parity_with_unbalanced_ott(rho, x64):
    from ott.geometry import geometry
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn as ott

    # Theirs is the entropy of π against counting: against a⊗b it is the same with costs higher by ε log(n m).
    epsilon, tau = 0.3, rho / (rho + 0.3)
    cost = reference.squared_distances(X, Y) + epsilon * np.log(len(X) * len(Y))
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        shifted = geometry.Geometry(cost_matrix=jnp.asarray(cost), epsilon=epsilon)
        problem = linear_problem.LinearProblem(shifted, tau_a=tau, tau_b=tau)
        theirs = ott.Sinkhorn(threshold=1e-10, max_iterations=20_000)(problem)
    ours = sinkhorn_potentials(X, Y, epsilon, rho=rho, tolerance=1e-11, max_iterations=20_000)
    np.testing.assert_allclose(ours.f, theirs.f, atol=1e-6)
    np.testing.assert_allclose(ours.g, theirs.g, atol=1e-6)


def problem(epsilon):
    weights = (jnp.asarray(reference.uniform(s)) for s in (X, Y))
    return Problem(jnp.asarray(X), jnp.asarray(Y), *weights, jnp.asarray(epsilon), None)


def test_at_the_samples_an_extended_potential_is_the_potential_itself(x64):
    x, y, _, b, epsilon, _ = problem(0.3)
    solved = sinkhorn_potentials(X, Y, 0.3, solver=scalings(1e-11))
    potential = partial(extended, y=y, g=solved.g, b=b, epsilon=epsilon, rho=None)
    np.testing.assert_allclose(potential(x), solved.f, rtol=1e-9, atol=1e-9)
    # Its gradient is the way from the barycentre of the plan.
    slope = jax.grad(lambda points: jnp.sum(potential(points)))(x)
    np.testing.assert_allclose(slope, 2 * (X - reference.barycentres(X, Y, 0.3)), rtol=1e-6, atol=1e-8)


def test_costs_of_a_problem_and_of_its_plan_differ_by_the_entropy_and_not_in_slope(x64):
    given, solver = problem(0.5), scalings(1e-12)
    f, g = reference.entropic_potentials(X, Y, 0.5)
    costs = reference.squared_distances(X, Y)
    plan = np.exp((f[:, None] + g[None] - costs) / 0.5) / costs.size
    np.testing.assert_allclose(transport_cost(solver, given), reference.entropic(X, Y, 0.5), rtol=1e-9)
    np.testing.assert_allclose(plan_cost(solver, given), np.sum(plan * costs), rtol=1e-9)
    slopes = [
        jax.grad(lambda x, cost=cost: cost(solver, given._replace(x=x)))(given.x)
        for cost in (transport_cost, plan_cost)
    ]
    np.testing.assert_allclose(*slopes, rtol=1e-8, atol=1e-10)
