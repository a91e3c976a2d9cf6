"""Solved problems of entropic transport: potentials, their values at any point, and what a plan costs."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax.checks import Data, OfData, OfPoints, OfSamples, Points, Scalar
from igm_jax.kernels.pairs import Pairs, matmul
from igm_jax.pairwise.budget import by_rows, tiling
from igm_jax.pairwise.reductions import block_sum, soft_minimum, weighted_mean
from igm_jax.pairwise.transport import small
from igm_jax.pairwise.transport.iterations import finished, solve, solve_within
from igm_jax.pairwise.transport.problem import Potentials, Problem, strength
from igm_jax.pairwise.transport.solvers import Scalings, Solver, keeps_costs
from igm_jax.pairwise.transport.sweeps import CrossTiles, cross_tiles, in_tiles
from igm_jax.pairwise.transport.sweeps_within import self_tiles


def solved(
    solver: Solver, pairs: CrossTiles, problem: Problem, start: tuple[Array, Array] | None
) -> tuple[OfData, Int[Array, ""]]:
    """The columns' potential between two samples, and the number of updates, by the solver that was asked for.

    Args:
        solver: which algorithm runs, and when it stops.
        pairs: the problem's tiles.
        problem: what to solve.
        start: potentials to start from, or None.

    Returns:
        (m,) potential, and the number of updates.
    """
    x, y, a, b, epsilon, rho = problem
    if isinstance(solver, Scalings):
        return small.solve(Pairs(x, y, b).squared, a, b, epsilon, solver)
    _, g, iterations = solve(pairs, epsilon, rho, solver, start)
    return g, iterations


@partial(jax.jit, static_argnums=0)
def potentials(solver: Solver, problem: Problem, start: tuple[Array, Array] | None) -> Potentials:
    """The potentials of x against y.

    Args:
        solver: which algorithm runs, and when it stops.
        problem: what to solve.
        start: potentials of x and y to start from, or None.

    Returns:
        The potentials; no derivative should be taken through them.
    """
    x, y, a, b, epsilon, rho = problem
    pairs = cross_tiles(x, y, a, b, keep=keeps_costs(solver, len(x), len(y), x))
    g, iterations = solved(solver, pairs, problem, start)
    f, error = finished(pairs, g, epsilon, rho)
    return Potentials(f.reshape(-1)[: len(x)], g, error, iterations, solver)


@partial(jax.jit, static_argnums=0)
def potentials_within(solver: Solver, x: Array, a: Array, epsilon: Array, rho: Array | None) -> OfSamples:
    """The potential of a sample against itself, before its last update.

    Args:
        solver: which algorithm runs, and when it stops.
        x: (n, d) samples.
        a: (n,) weights.
        epsilon: ε > 0.
        rho: ρ > 0 or None.

    Returns:
        (n,) potential.
    """
    pairs = self_tiles(x, a, keep=keeps_costs(solver, len(x), len(x) // 2, x))
    return solve_within(pairs, epsilon, rho, solver)[0].reshape(-1)[: len(x)]


@jax.jit
def extended(points: Points, y: Data, g: Array, b: Array, epsilon: Array, rho: Array | None) -> OfPoints:
    """The potential at any point, from the other side's: ``-κ ε log Σ_j b_j exp((g_j - ‖p - y_j‖²)/ε)``.

    Args:
        points: (p, d) where; the result is differentiable in them, any number of times.
        y: (m, d) the other side.
        g: (m,) its potential.
        b: (m,) its weights.
        epsilon: ε > 0.
        rho: ρ > 0 or None.

    Returns:
        (p,) values of the potential.
    """

    @jax.checkpoint
    def tile(some: Array) -> Array:
        return soft_minimum(Pairs(some, y).squared, g, jnp.log(b), epsilon)

    tiles, rows = tiling(len(points), len(y))
    soft = jax.lax.map(tile, in_tiles(points, tiles, rows)).reshape(-1)[: len(points)]
    return strength(rho, epsilon) * soft


@jax.jit
def plan_means(points: Points, y: Data, g: Array, b: Array, epsilon: Array) -> Float[Array, "p d"]:
    """Where the plan sends any points on average: ``Σ_j q_j y_j`` with ``q_j ∝ b_j exp((g_j - ‖p - y_j‖²)/ε)``.

    ``‖p‖²`` is the same for all y_j and left out, so that points far from all data keep the digits that tell these apart.

    Args:
        points: (p, d) where.
        y: (m, d) the other side.
        g: (m,) its potential.
        b: (m,) its weights.
        epsilon: ε > 0.

    Returns:
        (p, d) means of y, within their hull.
    """
    middle = jnp.sum(b[:, None] * y, axis=0, keepdims=True)
    away = y - middle
    heights = g - jnp.sum(jnp.square(away), axis=1) + epsilon * jnp.log(b)

    def visit(carry: tuple, block: tuple[Array], index: Array) -> tuple[tuple, Array]:
        scores = (heights[None, :] + 2 * matmul(block[0] - middle, away.T)) / epsilon
        shares = jnp.exp(scores - jnp.max(scores, axis=1, keepdims=True))
        return carry, matmul(shares, away) / jnp.sum(shares, axis=1, keepdims=True)

    _, means = by_rows(visit, (), (points,), len(points), len(y))
    return middle + means


@partial(jax.jit, static_argnums=0)
def transport_cost(solver: Solver, problem: Problem) -> Scalar:
    """``OT_ε = min_π Σ π_ij ‖x_i - y_j‖² + ε KL(π ‖ a⊗b)``, where marginals are met.

    Args:
        solver: which algorithm runs, and when it stops.
        problem: what to solve; its ρ must be None.

    Returns:
        The dual value, which errs in second order of the marginal error; differentiable once in x, y and ε.
    """
    x, y, a, b, epsilon, _ = problem
    g = potentials(solver, jax.lax.stop_gradient(problem), None).g
    return weighted_mean(extended(x, y, g, b, epsilon, None), a) + weighted_mean(g, b)


@partial(jax.jit, static_argnums=0)
def plan_cost(solver: Solver, problem: Problem) -> Scalar:
    """``Σ π_ij ‖x_i - y_j‖²`` under the plan π of entropic transport, without its entropy.

    Args:
        solver: which algorithm runs, and when it stops.
        problem: what to solve; its ρ must be None.

    Returns:
        The cost; differentiable once in x and y, with the plan held, which is also the derivative of ``transport_cost``.
    """
    x, y, a, b, epsilon, _ = problem
    bias = potentials(solver, jax.lax.stop_gradient(problem), None).g / epsilon + jnp.log(b)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        costs = Pairs(rows, y).squared
        plan = jax.lax.stop_gradient(jax.nn.softmax(bias[None, :] - costs / epsilon, axis=1))
        return carry, block_sum(plan * costs)

    return weighted_mean(by_rows(visit, (), x, len(x), len(y))[1], a)
