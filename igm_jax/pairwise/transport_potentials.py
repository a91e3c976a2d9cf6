"""Potentials of entropic optimal transport, and their values at any point."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.pairwise.budget import tiling
from igm_jax.pairwise.costs import Pairs
from igm_jax.pairwise.reductions import soft_minimum
from igm_jax.pairwise.scaling import Potentials, finished, solve_within, strength
from igm_jax.pairwise.transport import between, in_tiles
from igm_jax.pairwise.transport_divergence import Problem, Settings, solved
from igm_jax.pairwise.transport_within import within


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
