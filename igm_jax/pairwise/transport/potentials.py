"""Potentials of entropic optimal transport, and their values at any point."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.kernels.pairs import Pairs
from igm_jax.pairwise.budget import by_rows, tiling
from igm_jax.pairwise.reductions import block_sum, soft_minimum, weighted_mean
from igm_jax.pairwise.transport.divergence import solved
from igm_jax.pairwise.transport.iterations import finished, solve_within
from igm_jax.pairwise.transport.problem import Potentials, Problem, Settings, strength
from igm_jax.pairwise.transport.sweeps import between, in_tiles
from igm_jax.pairwise.transport.sweeps_within import within


@partial(jax.jit, static_argnums=0)
def potentials(settings: Settings, problem: Problem, start: tuple[Array, Array] | None) -> Potentials:
    """The potentials of x against y.

    Args:
        settings: how to solve.
        problem: what to solve.
        start: potentials of x and y to start from, or None.

    Returns:
        The potentials; no derivative should be taken through them.
    """
    x, y, a, b, epsilon, rho = problem
    pairs = between(x, y, a, b, keep=settings.keeps(len(x), len(y), x))
    g, iterations = solved(settings, pairs, problem, start)
    return finished(pairs, g, len(x), epsilon, rho, iterations)


@partial(jax.jit, static_argnums=0)
def potentials_within(settings: Settings, x: Array, a: Array, epsilon: Array, rho: Array | None) -> Float[Array, " n"]:
    """The potential of a sample against itself, before its last update.

    Args:
        settings: how to solve.
        x: (n, d) samples.
        a: (n,) weights.
        epsilon: ε > 0.
        rho: ρ > 0 or None.

    Returns:
        (n,) potential.
    """
    pairs = within(x, a, keep=settings.keeps(len(x), len(x) // 2, x))
    return solve_within(pairs, epsilon, rho, settings.stopping)[0].reshape(-1)[: len(x)]


@jax.jit
def extended(
    points: Float[Array, "p d"], y: Float[Array, "m d"], g: Array, b: Array, epsilon: Array, rho: Array | None
) -> Float[Array, " p"]:
    """The potential at any point, from the other side's: ``-κ ε log Σ_j b_j exp((g_j - ‖p - y_j‖²)/ε)``.

    Args:
        points: (p, d) where; the result is differentiable in them, any number of times.
        y: (m, d) the other side.
        g: (m,) its potential.
        b: (m,) its weights.
        epsilon: ε > 0.
        rho: ρ > 0 or None.

    Returns:
        (p,) heights.
    """

    @jax.checkpoint
    def tile(some: Array) -> Array:
        return soft_minimum(Pairs(some, y).squared, g, jnp.log(b), epsilon)

    tiles, rows = tiling(len(points), len(y))
    soft = jax.lax.map(tile, in_tiles(points, tiles, rows)).reshape(-1)[: len(points)]
    return strength(rho, epsilon) * soft


@partial(jax.jit, static_argnums=0)
def transport_cost(settings: Settings, problem: Problem) -> Float[Array, ""]:
    """``OT_ε = min_π Σ π_ij ‖x_i - y_j‖² + ε KL(π ‖ a⊗b)``, where marginals are met.

    Args:
        settings: how to solve.
        problem: what to solve; its ρ must be None.

    Returns:
        The dual value, which errs in second order of the marginal error; differentiable once in x, y and ε.
    """
    x, y, a, b, epsilon, _ = problem
    g = potentials(settings, jax.lax.stop_gradient(problem), None).g
    return weighted_mean(extended(x, y, g, b, epsilon, None), a) + weighted_mean(g, b)


@partial(jax.jit, static_argnums=0)
def plan_cost(settings: Settings, problem: Problem) -> Float[Array, ""]:
    """``Σ π_ij ‖x_i - y_j‖²`` under the plan π of entropic transport, without its entropy.

    Args:
        settings: how to solve.
        problem: what to solve; its ρ must be None.

    Returns:
        The cost; differentiable once in x and y, with the plan held, which is also the derivative of ``transport_cost``.
    """
    x, y, a, b, epsilon, _ = problem
    bias = potentials(settings, jax.lax.stop_gradient(problem), None).g / epsilon + jnp.log(b)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        costs = Pairs(rows, y).squared
        plan = jax.lax.stop_gradient(jax.nn.softmax(bias[None, :] - costs / epsilon, axis=1))
        return carry, block_sum(plan * costs)

    return weighted_mean(by_rows(visit, (), x, len(x), len(y))[1], a)
