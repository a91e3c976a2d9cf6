"""The Sinkhorn divergence and its slopes, computed together: the sweep that measures the value sums the gradient, too.

By the envelope theorem the solved potentials count as constants. So a derivative needs no way back through the iterations, and
only the slopes that somebody asks for are summed.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array

from igm_jax.checks import OfSamples, Scalar
from igm_jax.kernels.pairs import Norms, matmul
from igm_jax.pairwise.reductions import weighted_mean
from igm_jax.pairwise.tables import middle
from igm_jax.pairwise.transport import few
from igm_jax.pairwise.transport.iterations import solve_within
from igm_jax.pairwise.transport.potentials import solved
from igm_jax.pairwise.transport.problem import Problem, Relaxation, no_second_derivative, strength
from igm_jax.pairwise.transport.solvers import Scalings, Solver, keeps_costs
from igm_jax.pairwise.transport.sweeps import cross_tiles, plan_moments
from igm_jax.pairwise.transport.sweeps_within import plan_sums, self_tiles


class Wanted(NamedTuple):
    """Which parts of a ``Problem`` the divergence is differentiated in."""

    x: bool = False
    y: bool = False
    a: bool = False
    b: bool = False
    epsilon: bool = False
    rho: bool = False


Slopes = tuple[Array | None, ...]
"""The derivatives in the parts of a ``Problem``, None where nobody asked."""


class _Side(NamedTuple):
    """What one sample sees of a plan: its old and its new potential, where its mass goes, and its share of ∂OT/∂ε."""

    before: OfSamples
    after: OfSamples
    pull: Any  # (n, d), or None where nobody asked
    entropy: Any  # scalar, or None


def _masses(potential: Array, rho: Array | None) -> Array:
    """The plan's marginal relative to the weight, ``exp(-f/ρ)``: one where marginals are met."""
    return jnp.ones_like(potential) if rho is None else jnp.exp(-potential / rho)


def _dual_value(potential: Array, rho: Array | None) -> Array:
    """``ρ (1 - exp(-f/ρ))``, the potential's worth in the dual problem: f itself where marginals are met."""
    return potential if rho is None else -rho * jnp.expm1(-potential / rho)


def _entropy(a: Array, f: Array, mean_g: Array, mean_cost: Array, epsilon: Array, rho: Array | None) -> Array:
    """``Σ π_ij (log(π_ij / a_i b_j) - 1)``."""
    return jnp.sum(a * _masses(f, rho) * ((f + mean_g - mean_cost) / epsilon - 1))


def _within(solver: Solver, x: Array, a: Array, epsilon: Array, rho: Array | None, wanted: tuple[bool, bool]) -> _Side:
    slope, entropy = wanted
    if isinstance(solver, Scalings) and rho is None and not entropy:
        return _Side(*few.within(x, a, epsilon, solver, slope), None)
    n, d = x.shape
    pairs = self_tiles(x, a, keep=keeps_costs(solver, n, n // 2, x))
    f, _ = solve_within(pairs, epsilon, rho, solver)

    def features(x: Array, norms: Norms, a: Array, f: Array) -> Array:
        some = [jnp.ones_like(a)[:, None]]
        some += [x] if slope or entropy else []
        some += [norms.squares[:, None], f[:, None]] if entropy else []
        return a[:, None] * jnp.concatenate(some, axis=1)

    total = plan_sums(pairs, f, epsilon, features)
    masses = jnp.maximum(total[:, :, 0], jnp.finfo(f.dtype).tiny)
    mean = total[:, :, 1:] / masses[:, :, None]
    after = strength(rho, epsilon) * (f - epsilon * jnp.log(masses))
    share = None
    if entropy:
        cost = pairs.norms.squares - 2 * jnp.sum(pairs.x * mean[:, :, :d], axis=2) + mean[:, :, d]
        share = _entropy(pairs.a, after, mean[:, :, d + 1], cost, epsilon, rho)
    pull = (pairs.x - mean[:, :, :d]).reshape(-1, d)[:n] if slope else None
    return _Side(f.reshape(-1)[:n], after.reshape(-1)[:n], pull, share)


def _between(
    solver: Solver, problem: Problem, wanted: Wanted, start: tuple[Array, Array] | None
) -> tuple[_Side, _Side]:
    x, y, a, b, epsilon, rho = problem
    if isinstance(solver, Scalings) and rho is None and not wanted.epsilon:
        of_x, of_y = few.between(problem, solver, (wanted.x, wanted.y))
        return _Side(*of_x, None), _Side(*of_y, None)
    n, d = x.shape
    pairs = cross_tiles(x, y, a, b, keep=keeps_costs(solver, n, len(y), x))
    g, _ = solved(solver, pairs, problem, start)
    of_columns = [jnp.zeros((len(y), 0), y.dtype)]
    of_columns += [pairs.y] if wanted.x or wanted.epsilon else []
    of_columns += [pairs.y_norms.squares[:, None], g[:, None]] if wanted.epsilon else []
    relaxation = Relaxation(epsilon, jnp.ones_like(epsilon), strength(rho, epsilon))
    of_rows = pairs.x if wanted.y else pairs.x[:, :, :0]
    last = plan_moments(pairs, g, relaxation, jnp.concatenate(of_columns, axis=1), of_rows)
    entropy = None
    if wanted.epsilon:
        cost = pairs.x_norms.squares - 2 * jnp.sum(pairs.x * last.rows[:, :, :d], axis=2) + last.rows[:, :, d]
        entropy = _entropy(pairs.a, last.f, last.rows[:, :, d + 1], cost, epsilon, rho)
    f = last.f.reshape(-1)[:n]
    pull_x = (pairs.x - last.rows[:, :, :d]).reshape(-1, d)[:n] if wanted.x else None
    masses = jnp.maximum(last.columns[:1], jnp.finfo(g.dtype).tiny)
    pull_y = pairs.y - (last.columns[1:] / masses).T if wanted.y else None
    return _Side(f, f, pull_x, entropy), _Side(g, g, pull_y, None)


def _value(problem: Problem, sides: tuple[_Side, _Side, _Side, _Side]) -> Array:
    """The dual objective, which errs in second order of the marginal error, as one of the potentials is exact."""
    _, _, a, b, epsilon, rho = problem
    f, g, f_x, f_y = sides
    # A new potential is a maximum of the dual objective given the old one, and so weighs more by its own entropy.
    new = 1 if rho is None else 1 + epsilon / rho

    def debiased(value: Array, own: _Side) -> Array:
        return value - (_dual_value(own.before, rho) + new * _dual_value(own.after, rho)) / 2

    value = weighted_mean(debiased(new * _dual_value(f.after, rho), f_x), a)
    value = value + weighted_mean(debiased(_dual_value(g.after, rho), f_y), b)
    return value if rho is None else value - epsilon * (jnp.sum(a) - jnp.sum(b)) / 2


def _unless_smooth(problem: Problem, value: Array) -> Array:
    """The value, or its limit where ε is so large that rounding of the potentials, some units of ε, would be most of it.

    ``OT_ε = Σ a_i b_j C_ij + O(C²/ε)``, so the divergence tends to that of the means alone. (Slopes are sums over the plan, and
    keep their digits.)
    """
    x, y, a, b, epsilon, _ = problem
    place = middle(y, b)
    x, y = x - place, y - place
    gap = matmul(a[None], x) - matmul(b[None], y)
    size = jnp.sum(a * jnp.sum(jnp.square(x), axis=1)) + jnp.sum(b * jnp.sum(jnp.square(y), axis=1))
    smooth = 4 * epsilon * float(jnp.finfo(value.dtype).eps) ** 0.5 > size
    return jnp.where(smooth, jnp.sum(jnp.square(gap)), value)


def _slopes(problem: Problem, wanted: Wanted, sides: tuple[_Side, _Side, _Side, _Side]) -> Slopes:
    """The derivatives of the divergence that were asked for, and None for the others."""
    _, _, a, b, epsilon, rho = problem
    f, g, f_x, f_y = sides
    of_mass = 1 if rho is None else 1 + epsilon / rho

    def of_samples(weights: Array, side: _Side, own: _Side) -> Array:
        force = _masses(side.after, rho)[:, None] * side.pull - _masses(own.after, rho)[:, None] * own.pull
        return 2 * weights[:, None] * force

    def of_weights(side: _Side, own: _Side) -> Array:
        return of_mass * (_dual_value(side.after, rho) - _dual_value((own.before + own.after) / 2, rho))

    def of_rho(potential: Array) -> Array:
        assert rho is not None
        return -jnp.expm1(-potential / rho) - potential / rho * jnp.exp(-potential / rho)

    def penalty(weights: Array, side: _Side, own: _Side) -> Array:
        return weighted_mean(of_rho(side.after) - (of_rho(own.before) + of_rho(own.after)) / 2, weights)

    return (
        of_samples(a, f, f_x) if wanted.x else None,
        of_samples(b, g, f_y) if wanted.y else None,
        of_weights(f, f_x) if wanted.a else None,
        of_weights(g, f_y) if wanted.b else None,
        f.entropy - (f_x.entropy + f_y.entropy) / 2 if wanted.epsilon else None,
        penalty(a, f, f_x) + penalty(b, g, f_y) if wanted.rho else None,
    )


def _once_known(side: _Side, x: Array) -> Array:
    """``x``, but not before a side is known: at the same time, problems contend for the cache and add up their memory.

    The compiler drops barriers before it orders the work; a zero that it cannot foresee holds.
    """
    return x + jnp.isnan(side.after[:1, None]).astype(x.dtype)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
@partial(jax.jit, static_argnums=(0, 1))
def _evaluated(
    solver: Solver, wanted: Wanted, problem: Problem, start: tuple[Array, Array] | None
) -> tuple[Array, Slopes]:
    x, y, a, b, epsilon, rho = problem
    f, g = _between(solver, problem, wanted, start)
    f_x = _within(solver, _once_known(f, x), a, epsilon, rho, (wanted.x, wanted.epsilon))
    f_y = _within(solver, _once_known(f_x, y), b, epsilon, rho, (wanted.y, wanted.epsilon))
    sides = (f, g, f_x, f_y)
    value = _value(problem, sides)
    return value if rho is not None else _unless_smooth(problem, value), _slopes(problem, wanted, sides)


_evaluated.defjvp(no_second_derivative)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def divergence(solver: Solver, problem: Problem, start: tuple[Array, Array] | None) -> Scalar:
    """``OT(x, y) - ½ OT(x, x) - ½ OT(y, y)``, differentiable once, forwards and backwards, in all of the problem.

    Args:
        solver: which algorithm runs between x and y, and when it stops.
        problem: what to solve.
        start: potentials of x and y to start from, or None; no derivative flows through them.

    Returns:
        The divergence.
    """
    return _evaluated(solver, Wanted(), problem, start)[0]


@partial(divergence.defjvp, symbolic_zeros=True)
def _derivative(solver: Solver, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    problem, start = primals
    moved = tangents[0]
    wanted = Wanted(*(t is not None and not isinstance(t, SymbolicZero) for t in moved))
    value, slopes = _evaluated(solver, wanted, problem, start)
    along = [jnp.sum(slope * t) for slope, t, want in zip(slopes, moved, wanted, strict=True) if want]
    return value, sum(along, jnp.zeros_like(value))
