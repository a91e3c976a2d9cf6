"""Entropic transport under a cost of two points: the same as ours for the squared distance, and true for others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from igm_jax import sinkhorn_divergence
from igm_jax.kernels import gaussian
from igm_jax.objectives import sinkhorn, sinkhorn_potentials, sinkhorn_witness
from igm_jax.objectives.transport.inputs import solver_of_a_cost
from igm_jax.pairwise.transport.any_cost import entropic_cost
from igm_jax.pairwise.transport.solvers import scalings

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 2)), 0.5 + 0.8 * RNG.normal(size=(9, 2))
A = np.where(np.arange(12) % 4, 1.0, 0.0)
PRECISE = {"tolerance": 1e-10, "max_iterations": 20_000}


def squared(x, y):
    return jnp.sum(jnp.square(x - y))


def manhattan(x, y):
    return jnp.sum(jnp.abs(x - y))


def test_the_squared_distance_gives_our_divergence_and_all_its_slopes(x64):
    def of(cost):
        def value(x, y, a, epsilon):
            return sinkhorn_divergence(x, y, epsilon, x_weights=a, cost=cost, **PRECISE)

        return jax.jit(jax.value_and_grad(value, argnums=(0, 1, 2, 3)))(X, Y, A, 0.3)

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), of(squared), of(None))


@pytest.mark.parametrize(("place", "epsilon"), [(5.0, 0.05), (100.0, 1.0)])
def test_padding_without_weight_changes_nothing_under_costs_of_any_sign(place, epsilon, x64):
    x, y = X[:6], Y[:6]
    padded, weights = np.concatenate([x, np.full((2, 2), place)]), np.array([1.0] * 6 + [0.0] * 2)

    def of(x, a):
        return sinkhorn_divergence(x, y, epsilon, x_weights=a, cost=lambda p, q: -jnp.dot(p, q), **PRECISE)

    value, slope = jax.value_and_grad(of)(x, np.ones(6))
    with_padding, slopes = jax.value_and_grad(of)(padded, weights)
    np.testing.assert_allclose(with_padding, value, rtol=1e-7)
    np.testing.assert_allclose(slopes[:6], slope, atol=1e-6)


def test_potentials_and_witness_are_ours_for_the_squared_distance(x64):
    mine = sinkhorn_potentials(X, Y, 0.3, cost=squared, **PRECISE)
    assert mine.marginal_error < 1e-9
    rows = np.exp((mine.f[:, None] + mine.g[None] - ((X[:, None] - Y[None]) ** 2).sum(-1)) / 0.3).mean(1)
    np.testing.assert_allclose(rows, 1, atol=1e-9)
    assert isinstance(mine.solver, type(scalings()))
    mine, ours = (sinkhorn_witness(X + 1, X, Y, 0.3, cost=cost, **PRECISE) for cost in (squared, None))
    np.testing.assert_allclose(mine - mine.mean(), ours - ours.mean(), atol=1e-7)


def test_at_small_epsilon_it_is_the_exact_transport_cost_of_the_assignment(x64):
    x, y = X[:9], Y
    costs = np.abs(x[:, None] - y[None]).sum(-1)
    exact = costs[scipy.optimize.linear_sum_assignment(costs)].mean()
    uniform = jnp.full(9, 1 / 9)
    got = entropic_cost(scalings(1e-6, 20_000), False, jnp.asarray(costs), uniform, uniform, jnp.asarray(2e-3))
    np.testing.assert_allclose(got, exact, atol=2e-3 * np.log(9) + 1e-6)


def test_the_gradient_is_that_of_finite_differences_in_the_samples_and_in_what_the_cost_holds(x64):
    def value(x, scale):
        cost = lambda p, q: jnp.sum(jnp.sqrt(1 + jnp.square(scale * (p - q))))  # noqa: E731
        return sinkhorn_divergence(x, Y, 0.5, cost=cost, **PRECISE)

    value = jax.jit(value)
    slope, of_scale = jax.grad(value, argnums=(0, 1))(X, 1.3)
    way, h = RNG.normal(size=X.shape), 1e-5
    np.testing.assert_allclose(
        jnp.sum(slope * way), (value(X + h * way, 1.3) - value(X - h * way, 1.3)) / (2 * h), rtol=1e-6
    )
    np.testing.assert_allclose(of_scale, (value(X, 1.3 + h) - value(X, 1.3 - h)) / (2 * h), rtol=1e-6)


def test_a_sample_is_at_distance_zero_of_itself_and_a_constant_cost_changes_nothing(x64):
    np.testing.assert_allclose(sinkhorn_divergence(X, X[::-1], 1.0, cost=manhattan, **PRECISE), 0, atol=1e-9)
    shifted = sinkhorn_divergence(X, Y, 1.0, cost=lambda p, q: manhattan(p, q) - 5, **PRECISE)
    np.testing.assert_allclose(shifted, sinkhorn_divergence(X, Y, 1.0, cost=manhattan, **PRECISE), rtol=1e-7)


def test_second_derivatives_are_refused():
    with pytest.raises(NotImplementedError, match="no second derivatives here"):
        jax.hessian(lambda s: sinkhorn_divergence(s * X, Y, cost=squared))(1.0)


def test_a_kernel_is_no_cost():
    with pytest.raises(TypeError, match=r"`cost` must be a function of two points.* but is gaussian"):
        sinkhorn(0.1, cost=gaussian(1.0))
    with pytest.raises(TypeError, match=r"`cost` must be a function of two points.* but is 'abs'"):
        solver_of_a_cost("abs", {}, None, None)
