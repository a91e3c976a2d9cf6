"""Entropic transport of small samples: scalings of a kernel that stays in the cache.

Updates in the log domain are safe and slow, an exponential for each pair and update; updates of scalings are matrix-vector
products and overflow. So both are used: one exponential a pair makes a kernel around the present potentials, whose rows have
maximum one; a few scalings of it are products; then they are absorbed into the potentials. ε falls on a schedule on the way.
Where a kernel does not stay in the cache, reading it costs as much as an exponential, and sweeps (``iterations``) are faster.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import loops
from igm_jax.checks import OfData, OfSamples
from igm_jax.kernels.pairs import matmul
from igm_jax.pairwise.transport.iterations import SCHEDULE
from igm_jax.pairwise.transport.solvers import Scalings

# Scalings between two absorptions: enough to pay for the exponentials, few enough to stay near the kernel.
SCALINGS = 10

# The schedule begins at this share of the largest cost, where no entry of a kernel is below exp(-16) of its row's largest.
FIRST = 16.0

# More levels than this no schedule has.
MOST_LEVELS = 20


class _Progress(NamedTuple):
    epsilon: Array
    g: Array
    error: Array
    iterations: Array


Absorption = Callable[[Array, Array], tuple[Array, Array]]
"""``(ε, g) -> (g, error)``: some scalings at one ε, absorbed, and the marginal error before the last of them."""


def _anneal(absorption: Absorption, costs: Array, seen: Array, epsilon: Array, solver: Scalings) -> _Progress:
    """Absorptions down the ε-schedule, then at the target ε until the error is small or the updates are spent."""
    largest = jnp.max(costs, where=seen, initial=0)
    # Below this, the rounding of (f + g - C)/ε is all that the error measures.
    attainable = jnp.maximum(solver.tolerance, 4 * jnp.finfo(costs.dtype).eps * largest / epsilon)

    def unfinished(progress: _Progress) -> Array:
        going = (progress.epsilon > epsilon) | (progress.error > attainable)
        return going & (progress.iterations < solver.max_iterations)

    def advance(progress: _Progress) -> _Progress:
        now = jnp.maximum(progress.epsilon * SCHEDULE, epsilon)
        g, error = absorption(now, progress.g)
        return _Progress(now, g, error, progress.iterations + SCALINGS)

    # However few updates there may be, the last ten are at the target: what comes before is worth nothing without them.
    tens = min(-(-solver.max_iterations // SCALINGS), MOST_LEVELS)
    start = jnp.clip(largest / (FIRST * SCHEDULE), epsilon, epsilon / SCHEDULE**tens).astype(costs.dtype)
    g = jnp.zeros(costs.shape[1], costs.dtype)
    error = jnp.full((), jnp.inf, costs.dtype)
    return loops.while_loop(unfinished, advance, _Progress(start, g, error, jnp.zeros((), int)))


def _inverse(masses: Array) -> Array:
    """``1 / masses``, finite where a mass has underflowed: its potential then takes a long step and is met again."""
    return 1 / jnp.maximum(masses, jnp.finfo(masses.dtype).tiny * 64)


def _error(weights: Array, masses: Array) -> Array:
    return jnp.sum(weights * jnp.abs(masses - 1))


def _alternating(costs: Array, a: Array, b: Array, epsilon: Array, g: Array) -> tuple[Array, Array]:
    scores = (g[None, :] - costs) / epsilon
    # Every row's maximum is one, so no row's mass can underflow or overflow.
    kernel = jnp.exp(scores - jnp.max(scores, axis=1, keepdims=True))

    def scale(_: int | Array, scalings: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        u, v, _error_before = scalings
        masses = matmul(kernel, b * v)
        error = _error(a, u * masses)
        u = _inverse(masses)
        return u, _inverse(matmul(a * u, kernel)), error

    zero = jnp.zeros((), costs.dtype)
    _, v, error = loops.fori_loop(0, SCALINGS, scale, (jnp.ones_like(a), jnp.ones_like(b), zero))
    return g + epsilon * jnp.log(v), error


def solve(
    costs: Float[Array, "n m"], a: OfSamples, b: OfData, epsilon: Array, solver: Scalings
) -> tuple[OfData, Int[Array, ""]]:
    """The columns' potential between two weighted samples, by alternating scalings.

    ``g_j = -ε log Σ_i a_i exp((f_i - C_ij)/ε)`` and the same for f.

    Args:
        costs: (n, m) costs C of all pairs.
        a: (n,) weights of the rows, summing to one; zeros are exact.
        b: (m,) weights of the columns, likewise.
        epsilon: ε > 0, in the units of the costs.
        solver: when to stop; updates come in tens.

    Returns:
        (m,) the potential, and the number of updates; no derivative should be taken through them.

    Source: Schmitzer, Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport Problems, arXiv 1610.06519.
    """
    seen = (a > 0)[:, None] & (b > 0)[None, :]
    progress = _anneal(partial(_alternating, costs, a, b), costs, seen, epsilon, solver)
    return progress.g, progress.iterations
