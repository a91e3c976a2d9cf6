"""Entropic optimal transport between two samples: dual potentials by stabilised Sinkhorn scaling.

Updates in the log domain are safe and slow, an exponential for each pair and update; updates of scalings are matrix-vector
products and overflow. So both are used: one exponential a pair makes a kernel around the present potentials, whose rows have
maximum one; a few scalings of it are products; then they are absorbed into the potentials. ε falls on a schedule on the way.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax.pairwise.costs import matmul
from igm_jax.pairwise.reductions import soft_minimum

# Each step of the schedule divides ε by four, which halves the length scale.
SCHEDULE = 0.25

# Scalings between two absorptions: enough to pay for the exponentials, few enough to stay near the kernel.
SCALINGS = 10


class Potentials(NamedTuple):
    """Dual potentials of an entropic optimal transport problem, and how far it was solved.

    ``π_ij = a_i b_j exp((f_i + g_j - C_ij)/ε)`` has exactly the first marginal ``a``.

    Attributes:
        f: (n,) potential of the rows.
        g: (m,) potential of the columns.
        marginal_error: ``Σ_j |Σ_i π_ij - b_j|``, measured, between 0 and 2.
        iterations: how often both potentials were updated.
    """

    f: Float[Array, " n"]
    g: Float[Array, " m"]
    marginal_error: Float[Array, ""]
    iterations: Int[Array, ""]


class _Progress(NamedTuple):
    epsilon: Array
    g: Array
    error: Array
    iterations: Array


Absorption = Callable[[Array, Array], tuple[Array, Array]]
"""``(ε, g) -> (g, error)``: some scalings at one ε, absorbed, and the marginal error before the last of them."""


def _anneal(absorption: Absorption, costs: Array, epsilon: Array, tolerance: float, most: int) -> _Progress:
    """Absorptions down the ε-schedule, then at the target ε until the error is small or ``most`` updates were made."""
    largest = jnp.max(costs)
    # Below this, the rounding of (f + g - C)/ε is all that the error measures.
    attainable = jnp.maximum(tolerance, 4 * jnp.finfo(costs.dtype).eps * largest / epsilon)

    def unfinished(progress: _Progress) -> Array:
        going = (progress.epsilon > epsilon) | (progress.error > attainable)
        return going & (progress.iterations < most)

    def advance(progress: _Progress) -> _Progress:
        now = jnp.maximum(progress.epsilon * SCHEDULE, epsilon)
        g, error = absorption(now, progress.g)
        return _Progress(now, g, error, progress.iterations + SCALINGS)

    start = jnp.maximum(largest / SCHEDULE, epsilon).astype(costs.dtype)
    g = jnp.zeros(costs.shape[1], costs.dtype)
    error = jnp.full((), jnp.inf, costs.dtype)
    return jax.lax.while_loop(unfinished, advance, _Progress(start, g, error, jnp.zeros((), int)))


def _inverse(masses: Array) -> Array:
    """``1 / masses``, finite where a mass has underflowed: its potential then takes a long step and is met again."""
    return 1 / jnp.maximum(masses, jnp.finfo(masses.dtype).tiny * 64)


def _error(weights: Array, masses: Array) -> Array:
    return jnp.sum(weights * jnp.abs(masses - 1))


def _alternating(costs: Array, a: Array, b: Array, epsilon: Array, g: Array) -> tuple[Array, Array]:
    scores = (g[None, :] - costs) / epsilon
    # Every row's maximum is one, so no row's mass can underflow or overflow.
    kernel = jnp.exp(scores - jnp.max(scores, axis=1, keepdims=True))

    def scale(_: Array, scalings: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        u, v, _error_before = scalings
        masses = matmul(kernel, b * v)
        error = _error(a, u * masses)
        u = _inverse(masses)
        return u, _inverse(matmul(a * u, kernel)), error

    zero = jnp.zeros((), costs.dtype)
    _, v, error = jax.lax.fori_loop(0, SCALINGS, scale, (jnp.ones_like(a), jnp.ones_like(b), zero))
    return g + epsilon * jnp.log(v), error


def _averaged(costs: Array, a: Array, epsilon: Array, f: Array) -> tuple[Array, Array]:
    kernel = jnp.exp((f[:, None] + f[None, :] - costs) / epsilon)

    def scale(_: Array, scalings: tuple[Array, Array]) -> tuple[Array, Array]:
        u, _error_before = scalings
        masses = u * matmul(kernel, a * u)
        return u * jnp.sqrt(_inverse(masses)), _error(a, masses)

    u, error = jax.lax.fori_loop(0, SCALINGS, scale, (jnp.ones_like(a), jnp.zeros((), costs.dtype)))
    return f + epsilon * jnp.log(u), error


def _finished(costs: Array, log_b: Array, g: Array, log_a: Array, epsilon: Array, iterations: Array) -> Potentials:
    """One exact update of f, in the log domain, and the marginal error that is left."""
    f = soft_minimum(costs, g, log_b, epsilon)
    repaired = soft_minimum(costs.T, f, log_a, epsilon)
    error = jnp.sum(jnp.exp(log_b) * jnp.abs(jnp.expm1((g - repaired) / epsilon)))
    return Potentials(f, g, error, iterations)


def solve(
    costs: Float[Array, "n m"],
    a: Float[Array, " n"],
    b: Float[Array, " m"],
    epsilon: Array,
    tolerance: float,
    most: int,
) -> Potentials:
    """Potentials between two weighted samples, by alternating scalings.

    ``f_i = -ε log Σ_j b_j exp((g_j - C_ij)/ε)`` and the same for g.

    Args:
        costs: (n, m) costs C of all pairs.
        a: (n,) weights of the rows, summing to one; zeros are exact.
        b: (m,) weights of the columns, likewise.
        epsilon: ε > 0, in the units of the costs.
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        most: stop after about this many updates, solved or not.

    Returns:
        The potentials and the marginal error; no derivative should be taken through them.

    Source: Schmitzer, Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport Problems, arXiv 1610.06519.
    """
    progress = _anneal(partial(_alternating, costs, a, b), costs, epsilon, tolerance, most)
    return _finished(costs, jnp.log(b), progress.g, jnp.log(a), epsilon, progress.iterations)


def solve_symmetric(
    costs: Float[Array, "n n"], a: Float[Array, " n"], epsilon: Array, tolerance: float, most: int
) -> Potentials:
    """Potentials of a weighted sample against itself, ``f = g``, by averaged scalings: they converge in a few steps.

    ``f ← (f + T f)/2`` with T the soft minimum of ``solve``.

    Args:
        costs: (n, n) symmetric costs, zero on the diagonal.
        a: (n,) weights, summing to one.
        epsilon: ε > 0, in the units of the costs.
        tolerance: as in ``solve``.
        most: as in ``solve``.

    Returns:
        The potentials: ``g`` the average and ``f`` one exact update of it, and the marginal error.

    Source: Feydy et al., arXiv 1810.08278, Section 3.1.
    """
    progress = _anneal(partial(_averaged, costs, a), costs, epsilon, tolerance, most)
    return _finished(costs, jnp.log(a), progress.g, jnp.log(a), epsilon, progress.iterations)
