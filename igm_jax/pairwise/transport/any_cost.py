"""Entropic transport under a cost of the user's own: a function of two points, whose matrix of all pairs is kept.

What makes other problems small does not hold here: a cost that is no squared distance has no sums by which a tile's costs can
be forgotten. So memory is that of a few n × m matrices, and the solver is the one that keeps its kernel, scalings.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import loops
from igm_jax.kernels.points import OfPoints, matrix_of
from igm_jax.pairwise.reductions import block_sum, soft_minimum, weighted_mean
from igm_jax.pairwise.transport import small
from igm_jax.pairwise.transport.problem import Potentials, Problem, no_second_derivative
from igm_jax.pairwise.transport.solvers import Scalings


class _Solved(NamedTuple):
    """A solved problem: its value, which is exact to second order, and the value's slopes, by the envelope theorem."""

    value: Float[Array, ""]
    plan: Float[Array, "n m"]
    f: Float[Array, " n"]
    g: Float[Array, " m"]
    entropy: Float[Array, ""]
    iterations: Int[Array, ""]


def _between(solver: Scalings, costs: Array, a: Array, b: Array, epsilon: Array) -> tuple[Array, Array]:
    """The columns' potential and the number of updates."""
    # A constant may be taken off the costs, and negative ones would hide how large they are.
    least = jnp.min(costs, where=_seen(a, b), initial=jnp.inf)
    return small.solve(costs - least, a, b, epsilon, solver)


def _within(solver: Scalings, costs: Array, a: Array, epsilon: Array) -> tuple[Array, Array]:
    """A sample's potential against itself, by averaged updates, and their number.

    Alternating ones meet the marginals long before f = g, where the plan is nearly the identity. An average of old and new
    contracts for every symmetric cost; the faster steps of ``solve_within`` take one whose kernel is positive definite.
    """

    def advance(progress: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        f, _, iterations = progress
        new = soft_minimum(costs, f, jnp.log(a), epsilon)
        # Where a is zero nothing bounds f - new, and 0 · ∞ would end the loop.
        error = jnp.sum(jnp.where(a > 0, a * jnp.abs(jnp.expm1((f - new) / epsilon)), 0))
        return (f + new) / 2, error, iterations + 1

    largest = jnp.max(jnp.abs(costs), where=_seen(a, a), initial=0)
    attainable = jnp.maximum(solver.tolerance, 4 * jnp.finfo(costs.dtype).eps * largest / epsilon)

    def unfinished(progress: tuple[Array, Array, Array]) -> Array:
        return (progress[1] > attainable) & (progress[2] < solver.max_iterations)

    begun = (jnp.zeros_like(a), jnp.full((), jnp.inf, costs.dtype), jnp.zeros((), int))
    f, _, iterations = loops.while_loop(unfinished, advance, begun)
    return f, iterations


def _seen(a: Array, b: Array) -> Array:
    return (a > 0)[:, None] & (b > 0)[None, :]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
@partial(jax.jit, static_argnums=(0, 1))
def _solved(solver: Scalings, within: bool, costs: Array, a: Array, b: Array, epsilon: Array) -> _Solved:
    g, iterations = _within(solver, costs, a, epsilon) if within else _between(solver, costs, a, b, epsilon)
    f = soft_minimum(costs, g, jnp.log(b), epsilon)
    seen = _seen(a, b)
    scores = jnp.where(seen, (f[:, None] + g[None, :] - costs) / epsilon, 0)
    plan = jnp.where(seen, a[:, None] * b[None, :] * jnp.exp(scores), 0)
    entropy = jnp.sum(block_sum(plan * scores))
    return _Solved(weighted_mean(f, a) + weighted_mean(g, b), plan, f, g, entropy, iterations)


_solved.defjvp(no_second_derivative)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def entropic_cost(
    solver: Scalings,
    within: bool,
    costs: Float[Array, "n m"],
    a: Float[Array, " n"],
    b: Float[Array, " m"],
    epsilon: Array,
) -> Float[Array, ""]:
    """``OT_ε = min_π Σ π_ij C_ij + ε KL(π ‖ a⊗b)`` of a matrix of costs.

    Args:
        solver: when to stop.
        within: whether the costs are those of a sample with itself, and b is a: the potentials are then one.
        costs: (n, m) costs C of all pairs, of any sign.
        a: (n,) weights that sum to one.
        b: (m,) likewise.
        epsilon: ε > 0, in the units of the costs.

    Returns:
        The cost, differentiable once in everything.
    """
    return _solved(solver, within, costs, a, b, epsilon).value


@entropic_cost.defjvp
def _derivative(solver: Scalings, within: bool, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    found = _solved(solver, within, *primals)
    slopes = (found.plan, found.f, found.g, found.entropy)
    along = [jnp.sum(slope * tangent) for slope, tangent in zip(slopes, tangents, strict=True)]
    return found.value, sum(along, jnp.zeros_like(found.value))


def cost_divergence(solver: Scalings, cost: OfPoints, problem: Problem) -> Float[Array, ""]:
    """``OT(x, y) - ½ OT(x, x) - ½ OT(y, y)`` under a cost of two points.

    Args:
        solver: when to stop.
        cost: ``(x (d,), y (d,)) -> scalar``, symmetric.
        problem: what to solve; its ρ must be None.

    Returns:
        The divergence, differentiable once in the problem and in what the cost closes over.
    """
    x, y, a, b, epsilon, _ = problem

    def of(x: Array, y: Array, a: Array, b: Array, within: bool) -> Array:
        return entropic_cost(solver, within, matrix_of(cost, x, y, "cost"), a, b, epsilon)

    return of(x, y, a, b, False) - (of(x, x, a, a, True) + of(y, y, b, b, True)) / 2


def _at_rest(solver: Scalings, within: bool, cost: OfPoints, problem: Problem) -> _Solved:
    """The solution, out of reach of every derivative."""
    x, y, a, b, epsilon, _ = problem
    given = jax.lax.stop_gradient((matrix_of(cost, x, y, "cost"), a, b, epsilon))
    return jax.lax.stop_gradient(_solved(solver, within, *given))


def cost_potentials(solver: Scalings, cost: OfPoints, problem: Problem) -> Potentials:
    """The potentials of x against y under a cost of two points.

    Args:
        solver: when to stop.
        cost: ``(x (d,), y (d,)) -> scalar``.
        problem: what to solve; its ρ must be None.

    Returns:
        The potentials; no gradient flows through them.
    """
    found = _at_rest(solver, False, cost, problem)
    error = jnp.sum(jnp.abs(jnp.sum(found.plan, axis=0) - problem.b))
    return Potentials(found.f, found.g, error, found.iterations, solver)


def cost_witness(solver: Scalings, cost: OfPoints, points: Float[Array, "p d"], problem: Problem) -> Float[Array, " p"]:
    """``f_{x→y}(p) - f_{x→x}(p)``, the potentials extended to any point by their soft minimum under a cost of two points.

    Args:
        solver: when to stop.
        cost: ``(x (d,), y (d,)) -> scalar``, symmetric.
        points: (p, d) where; the result is differentiable in them.
        problem: what to solve; its ρ must be None.

    Returns:
        (p,) values of the witness.
    """
    x, y, a, b, epsilon, _ = problem

    def extended(other: Array, weights: Array, within: bool) -> Array:
        g = _at_rest(solver, within, cost, Problem(x, other, a, weights, epsilon, None)).g
        return soft_minimum(matrix_of(cost, points, other, "cost"), g, jnp.log(weights), epsilon)

    return extended(y, b, False) - extended(x, a, True)
