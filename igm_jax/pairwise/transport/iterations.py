"""Entropic optimal transport between two samples: dual potentials, by sweeps down a schedule of ε.

Near the solution alternating updates contract by some factor θ, close to one for small ε. Over-relaxed ones, with the ω that
θ implies, contract by ω - 1: where 1000 updates were needed, about 60 are. θ is measured on the way.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import loops
from igm_jax.checks import OfData, Scalar
from igm_jax.pairwise.branch import seldom
from igm_jax.pairwise.transport.problem import Relaxation, strength
from igm_jax.pairwise.transport.solvers import FixedSweeps, Solver, Sweeps
from igm_jax.pairwise.transport.sweeps import (
    CrossTiles,
    Swept,
    cross_tiles,
    in_tiles,
    plan_moments,
    relaxed,
    soft_minima,
    swept,
)
from igm_jax.pairwise.transport.sweeps_within import SelfTiles, swept_within

# Each step of the schedule divides ε by four, which halves the length scale.
SCHEDULE = 0.25

# The marginal error, between 0 and 2, below which ε falls on.
SETTLED = 0.5

# ω is chosen anew after this many sweeps, and θ measured over the last of them: a change of ω makes errors jump at first.
PERIOD = 8
SETTLING = 2

# Over-relaxation is bounded: a larger ω helps only where θ > 0.999, and forgets its start too slowly.
LARGEST_OMEGA = 1.95

# A sample against itself: an update with ω multiplies errors by 1 - ω (1 + μ), with μ between 0 and 1. The first half step
# solves for samples far from each other (μ = 1) at once; then the two steps of Chebyshev's polynomial for the whole range
# take turns, and a pair of them divides errors by 17.
FIRST_STEP = 0.5
STEPS = (0.5396, 0.8722)


class _Progress(NamedTuple):
    epsilon: Array
    omega: Array
    now: Swept
    base: Array  # the error at the start of this period
    age: Array  # sweeps at the target ε and at this ω
    iterations: Array


def over_relaxation(omega: Array, rate: Array) -> Array:
    """The best ω, from the rate at which errors shrink at the present one.

    ``θ = (λ + ω - 1)²/(λ ω²)`` and ``ω* = 2/(1 + √(1 - θ))``, where ``λ > ω - 1``; else ω is large enough already.

    Args:
        omega: the present ω.
        rate: λ, the factor by which one sweep at ω multiplies the error.

    Returns:
        ω*, never below ω unless errors grow: then 1.

    Source: Hageman and Young, Applied Iterative Methods, Section 9; Lehmann et al., arXiv 2012.12562.
    """
    safe = jnp.clip(rate, 1e-6, 1)
    theta = jnp.clip(jnp.square(safe + omega - 1) / (safe * jnp.square(omega)), 0, 1)
    best = jnp.clip(2 / (1 + jnp.sqrt(1 - theta)), omega, LARGEST_OMEGA)
    return jnp.where(rate > 1, 1, jnp.where(safe > omega - 1, best, omega)).astype(omega.dtype)


def _repeated(advance: Callable, begun: Any, error: Callable, largest: Array, epsilon: Array, solver: Solver) -> Any:
    """Updates until the error is small or they are spent, or so many as there must be; the last entry of a state counts them."""
    if isinstance(solver, FixedSweeps):
        return loops.fori_loop(0, solver.iterations, lambda _, progress: advance(progress), begun)
    # Below this, the rounding of (f + g - C)/ε is all that the error measures.
    attainable = jnp.maximum(solver.tolerance, 2 * jnp.finfo(largest.dtype).eps * largest / epsilon)

    def unfinished(progress: Any) -> Array:
        return ~(error(progress) <= attainable) & (progress[-1] < solver.max_iterations)

    return loops.while_loop(unfinished, advance, begun)


def _advance(pairs: CrossTiles, epsilon: Array, rho: Array | None, safe: bool, progress: _Progress) -> _Progress:
    """One sweep at the next ε of the schedule, or at the target with a measured ω."""
    # A level that has not settled would leave its errors to the next, in units of a smaller ε.
    settled = (progress.now.error <= SETTLED) & ~progress.now.lost
    now = jnp.where(settled, jnp.maximum(progress.epsilon * SCHEDULE, epsilon), progress.epsilon)
    relaxation = Relaxation(now, progress.omega, strength(rho, now))
    one = partial(swept, pairs, relaxation=relaxation)
    if safe:
        back = partial(_found_again, pairs, relaxation=relaxation)
        after = seldom(progress.now.lost, back, one, progress.now.f, progress.now.g)
    else:
        after = one(progress.now.f, progress.now.g)
    age = jnp.where((progress.epsilon > epsilon) | after.lost, 0, progress.age + 1)
    due = (age > 0) & (age % PERIOD == 0)
    rate = (after.error / jnp.maximum(progress.base, jnp.finfo(now.dtype).tiny)) ** (1 / (PERIOD - SETTLING))
    omega = jnp.where(due, over_relaxation(progress.omega, rate), progress.omega)
    omega = jnp.where(after.lost, 1, omega).astype(progress.omega.dtype)
    base = jnp.where(age % PERIOD == SETTLING, after.error, progress.base)
    return _Progress(now, omega, after, base, age, progress.iterations + 1)


def _found_again(pairs: CrossTiles, f: Array, g: Array, relaxation: Relaxation) -> Swept:
    """Plain updates by log-sum-exp, which no potential can make overflow."""
    epsilon, _, kappa = relaxation
    d = pairs.x.shape[2]
    f = kappa * soft_minima(pairs, g, epsilon)
    turned = cross_tiles(pairs.y, pairs.x.reshape(-1, d), pairs.b, pairs.a.reshape(-1), keep=False)
    g = kappa * soft_minima(turned, f.reshape(-1), epsilon).reshape(-1)[: len(g)]
    # A constant may have wandered from one side to the other, and large potentials have large rounding errors.
    shift = (jnp.sum(pairs.b * g) / jnp.sum(pairs.b) - jnp.sum(pairs.a * f) / jnp.sum(pairs.a)) / 2
    return Swept(f + shift, g - shift, jnp.full((), jnp.inf, g.dtype), jnp.zeros((), bool))


def solve(
    pairs: CrossTiles,
    epsilon: Array,
    rho: Array | None,
    solver: Sweeps | FixedSweeps,
    start: tuple[Array, Array] | None = None,
) -> tuple[Float[Array, "t r"], OfData, Int[Array, ""]]:
    """Potentials between two weighted samples, by alternating over-relaxed updates.

    ``f_i = -κ ε log Σ_j b_j exp((g_j - C_ij)/ε)`` and the same for g, with ``κ = ρ/(ρ + ε)``, or 1 without ρ.

    Args:
        pairs: the two samples.
        epsilon: ε > 0, in the units of the costs.
        rho: strength ρ > 0 of the penalty on the marginals, or None where they must be met.
        solver: when to stop.
        start: (f (n,), g (m,)) to start from, at ε itself; else from those of ε = ∞, down a schedule.

    Returns:
        The potentials f, in tiles, and g, and the number of updates; no derivative should be taken through them.

    Source: Lehmann et al., A note on overrelaxation in the Sinkhorn algorithm, arXiv 2012.12562.
    """
    dtype, (tiles, rows, _) = pairs.y.dtype, pairs.x.shape
    of_x, of_y = pairs.x_norms.squares, pairs.y_norms.squares
    largest_x, largest_y = (jnp.max(n, where=w > 0, initial=0) for n, w in ((of_x, pairs.a), (of_y, pairs.b)))
    largest = jnp.square(jnp.sqrt(largest_x) + jnp.sqrt(largest_y))
    zero, inf = jnp.zeros((), dtype), jnp.full((), jnp.inf, dtype)
    if start is None:
        # The solution at ε = ∞, up to a constant. The schedule comes down from there to a quarter of the mean cost at once.
        f, g = of_x, of_y
        first = jnp.maximum(jnp.sum(pairs.a * f) / jnp.sum(pairs.a) + jnp.sum(pairs.b * g) / jnp.sum(pairs.b), epsilon)
    else:
        first, f, g = epsilon, in_tiles(start[0].astype(dtype), tiles, rows), start[1].astype(dtype)
    count = jnp.zeros((), int)
    begun = _Progress(first, zero + 1, Swept(f, g, inf, jnp.zeros((), bool)), inf, count, count)
    advance = partial(_advance, pairs, epsilon, rho, isinstance(solver, Sweeps))

    def error(progress: _Progress) -> Array:
        return jnp.where(progress.epsilon > epsilon, inf, progress.now.error)

    done = _repeated(advance, begun, error, largest, epsilon, solver)
    return done.now.f, done.now.g, done.iterations


def solve_within(
    pairs: SelfTiles, epsilon: Array, rho: Array | None, solver: Solver
) -> tuple[Float[Array, "t r"], Int[Array, ""]]:
    """Potential of a weighted sample against itself, ``f = g``, by averaged updates: they converge in a few steps.

    ``f ← f + ω (κ T f - f)`` with T the soft minimum of ``solve`` and ω between ½ and 1. The solution lies within ε of zero, up
    to logarithms, so no schedule is needed.

    Args:
        pairs: the sample.
        epsilon: ε > 0, in the units of the costs.
        rho: as in ``solve``.
        solver: when to stop.

    Returns:
        The potential, in tiles, and the number of updates.

    Source: Feydy et al., arXiv 1810.08278, Section 3.1.
    """
    largest = 4 * jnp.max(pairs.norms.squares, where=pairs.a > 0, initial=0)

    def update(f: Array, omega: Array) -> tuple[Array, Array]:
        after = swept_within(pairs, f, Relaxation(epsilon, omega, strength(rho, epsilon)))
        return after.f, after.error

    return _averaged(update, jnp.zeros_like(pairs.a), epsilon, largest, solver)


def of_itself(masses: Callable[[Array], Array], a: Array, epsilon: Array, largest: Array, solver: Solver) -> Array:
    """The potential of ``solve_within`` where marginals are met, from any way to sum a plan's masses.

    Args:
        masses: ``f -> Σ_j a_j exp((f_i + f_j - C_ij)/ε)`` at each sample.
        a: (n,) weights.
        epsilon: ε > 0.
        largest: the largest cost.
        solver: when to stop.

    Returns:
        (n,) potential.
    """

    def update(f: Array, omega: Array) -> tuple[Array, Array]:
        f, _, error, _ = relaxed(f, masses(f), a, Relaxation(epsilon, omega, strength(None, epsilon)))
        return f, error

    return _averaged(update, jnp.zeros_like(a), epsilon, largest, solver)[0]


def _averaged(
    update: Callable[[Array, Array], tuple[Array, Array]], f: Array, epsilon: Array, largest: Array, solver: Solver
) -> tuple[Array, Int[Array, ""]]:
    """Updates of a sample against itself, ``(f, ω) -> (f, error)``, until the error is small, and their number."""

    def advance(progress: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        f, _, iterations = progress
        omega = jnp.where(iterations == 0, FIRST_STEP, jnp.where(iterations % 2 == 1, *STEPS)).astype(f.dtype)
        f, error = update(f, omega)
        return f, error, iterations + 1

    begun = (f, jnp.full((), jnp.inf, f.dtype), jnp.zeros((), int))
    f, _, iterations = _repeated(advance, begun, lambda progress: progress[1], largest, epsilon, solver)
    return f, iterations


def finished(pairs: CrossTiles, g: OfData, epsilon: Array, rho: Array | None) -> tuple[Float[Array, "t r"], Scalar]:
    """One exact update of f, and the marginal error that is left.

    Args:
        pairs: the two samples.
        g: (m,) potential of the columns.
        epsilon: ε > 0.
        rho: as in ``solve``.

    Returns:
        The potential f, in tiles, and the error.
    """
    relaxation = Relaxation(epsilon, jnp.ones_like(epsilon), strength(rho, epsilon))
    last = plan_moments(pairs, g, relaxation, jnp.zeros((len(g), 0), g.dtype), jnp.zeros((*pairs.a.shape, 0), g.dtype))
    expected = pairs.b if rho is None else pairs.b * jnp.exp(-g / rho)
    return last.f, jnp.sum(jnp.abs(last.columns[0] - expected))
