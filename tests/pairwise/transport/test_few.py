"""Transport of few samples by one table: the sides are those of sweeps over tiles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import scalings, sinkhorn_divergence, sweeps
from igm_jax.pairwise.transport.few import between, within
from igm_jax.pairwise.transport.problem import Problem

RNG = np.random.default_rng(0)
TIGHT = scalings(tolerance=1e-11, max_iterations=5000)


def problem(n, m, d, epsilon):
    x, y, a, b = RNG.normal(size=(n, d)), 0.5 + RNG.normal(size=(m, d)), RNG.random(n), RNG.random(m)
    a[0] = 0.0
    return Problem(*map(jnp.asarray, (x, y, a / a.sum(), b / b.sum(), epsilon)), None)


@pytest.mark.parametrize("epsilon", [0.05, 5.0])
def test_both_plans_meet_their_marginals(epsilon, x64):
    x, y, a, b, _, _ = given = problem(6, 9, 3, epsilon)
    of_x, of_y = between(given, TIGHT, (True, True))
    costs = ((x[:, None] - y[None]) ** 2).sum(-1)
    plan = a[:, None] * b[None] * np.exp((of_x.after[:, None] + of_y.after[None] - costs) / epsilon)
    np.testing.assert_allclose(plan.sum(1), a, atol=1e-9)
    np.testing.assert_allclose(plan.sum(0), b, atol=1e-9)
    np.testing.assert_allclose(of_x.pull[1:], (x - plan @ y / plan.sum(1)[:, None])[1:], atol=1e-8)
    np.testing.assert_allclose(of_y.pull, y - plan.T @ x / plan.sum(0)[:, None], atol=1e-8)
    own = within(x, a, jnp.asarray(epsilon), TIGHT, True)
    costs = ((x[:, None] - x[None]) ** 2).sum(-1)
    plan = a[:, None] * a[None] * np.exp((own.after[:, None] + own.after[None] - costs) / epsilon)
    np.testing.assert_allclose(plan.sum(1), a, atol=1e-9)
    np.testing.assert_allclose(own.pull[1:], (x - plan @ x / plan.sum(1)[:, None])[1:], atol=1e-8)


def test_divergence_and_slopes_are_those_of_sweeps(x64):
    x, y, a, b, _, _ = problem(7, 5, 11, 0.5)

    def value(solver, x, y, a, b):
        return sinkhorn_divergence(x, y, 0.5, x_weights=a, y_weights=b, solver=solver)

    few, many = (
        jax.value_and_grad(value, argnums=(1, 2, 3, 4))(solver, x, y, a, b)
        for solver in (TIGHT, sweeps(tolerance=1e-11, max_iterations=5000))
    )
    np.testing.assert_allclose(few[0], many[0], rtol=1e-9)
    for one, other in zip(few[1], many[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
