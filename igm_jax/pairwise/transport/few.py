"""Entropic transport of samples whose pairs stay in the cache: one table of costs, and products with it.

A sample against itself needs no schedule and no logarithms: its plan is ``u_i K_ij u_j`` with ``K = exp(-C/ε)``, whose diagonal
is one, so that no row sum underflows and every u is between one over the largest weight and the number of samples. So the
exponentials are taken once, and updates are products.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.checks import OfSamples, Samples
from igm_jax.kernels.pairs import matmul
from igm_jax.pairwise.reductions import LARGEST_EXPONENT
from igm_jax.pairwise.tables import middle, squared
from igm_jax.pairwise.transport import small
from igm_jax.pairwise.transport.iterations import of_itself
from igm_jax.pairwise.transport.problem import Problem
from igm_jax.pairwise.transport.solvers import Scalings


class Side(NamedTuple):
    """What one sample sees of a plan: its old and its new potential, and how far its mass goes, where that is asked for."""

    before: OfSamples
    after: OfSamples
    pull: Any


def within(x: Samples, a: OfSamples, epsilon: Array, solver: Scalings, slope: bool) -> Side:
    """The plan of a weighted sample with itself.

    Args:
        x: (n, d) samples.
        a: (n,) weights.
        epsilon: ε > 0.
        solver: when to stop.
        slope: whether the pulls are needed.

    Returns:
        The potential before and after its last update, and ``x_i`` minus the mean place that its mass goes to.
    """
    x = x - middle(x, a)
    costs = squared(x, x)
    kernel = jnp.exp(costs * (-1 / epsilon))

    def masses(f: Array) -> Array:
        scaling = jnp.exp(jnp.minimum(f / epsilon, LARGEST_EXPONENT))
        return scaling * jnp.sum(kernel * (a * scaling)[None, :], axis=1)

    seen = (a > 0)[:, None] & (a > 0)[None, :]
    f = of_itself(masses, a, epsilon, jnp.max(costs, where=seen, initial=0), solver)
    scaling = jnp.exp(jnp.minimum(f / epsilon, LARGEST_EXPONENT))
    found = masses(f)
    alone = found <= 0  # without weight, and far from all that has some: nothing pulls at it
    total = jnp.where(alone, 1, found)
    after = f - epsilon * jnp.log(total)
    if not slope:
        return Side(f, after, None)
    places = (scaling / total)[:, None] * matmul(kernel, (a * scaling)[:, None] * x)
    return Side(f, after, jnp.where(alone[:, None], 0, x - places))


def between(problem: Problem, solver: Scalings, slopes: tuple[bool, bool]) -> tuple[Side, Side]:
    """The plan of two weighted samples whose marginals are met.

    Args:
        problem: what to solve, without ρ.
        solver: when to stop.
        slopes: whether the pulls are needed at x, and at y.

    Returns:
        For each sample its potential, that of the first an exact soft minimum, and the pulls that are asked for.
    """
    x, y, a, b, epsilon, _ = problem
    place = middle(y, b)
    x, y = x - place, y - place
    costs = squared(x, y)
    g, _ = small.solve(costs, a, b, epsilon, solver)
    scores = (g / epsilon + jnp.log(b))[None, :] - costs / epsilon
    largest = jnp.max(scores, axis=1, keepdims=True)
    plan = jnp.exp(scores - largest)
    rows = jnp.sum(plan, axis=1)
    f = -epsilon * (jnp.log(rows) + largest[:, 0])
    pull_x = x - matmul(plan, y) / rows[:, None] if slopes[0] else None
    pull_y = None
    if slopes[1]:
        share = a / rows
        columns = jnp.maximum(jnp.sum(plan * share[:, None], axis=0), jnp.finfo(f.dtype).tiny)
        pull_y = y - matmul((x * share[:, None]).T, plan).T / columns[:, None]
    return Side(f, f, pull_x), Side(g, g, pull_y)
