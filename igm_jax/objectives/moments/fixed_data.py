"""Squared MMDs against data that stay: what they do among themselves is computed once, and a step meets its samples alone.

``frozen`` of ``igm_jax.objectives.combinators`` is made of these; they are objectives that read no y.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Samples
from igm_jax.checks import Data, OfData
from igm_jax.kernels.kernel import Kernel, measured
from igm_jax.kernels.pairs import safe_sqrt
from igm_jax.lifts import stateless
from igm_jax.pairwise.budget import after
from igm_jax.pairwise.gram import MAX_SAMPLES, projected_means, projection
from igm_jax.pairwise.reductions import weighted_mean
from igm_jax.pairwise.sums import kernel_mean, kernel_mean_within, kernel_means, kernel_offset

# Eigenvalues of a matrix of landmarks below zero by more than this share of the largest are no rounding.
NEGATIVE = 1e-4


def mmd_to_fixed(kernel: Kernel, data: Data, weights: OfData) -> Objective:
    """The squared MMD, V-statistic, from fixed data, exact: a step takes n² + nN values of the kernel, in linear memory.

    Args:
        kernel: the kernel, also of minus a distance.
        data: (N, d), known.
        weights: (N,) of sum one.

    Returns:
        The objective, which takes weights of x.
    """
    known, height, y, _, _ = measured(kernel, data, data, weights, weights, compared=True)
    # A constant is taken off the kernel, the same for all samples: what the data do among themselves has the same one off.
    level = kernel_offset(known, y, y, weights, weights)
    within, level = height * kernel_mean_within(known, y, weights, level), height * level

    def frozen_mmd2(x: Array, y: Array | None, *, x_weights: Array | None = None) -> Array:
        del y
        x, seen, a, b = _met(x, x_weights, data, weights)
        known, height, x, seen, _ = measured(kernel, x, seen, a, b, compared=True)
        offset = level.astype(x.dtype) / height
        between = kernel_mean(known, x, seen, a, b, offset)
        (x,) = after(between, x)
        return height * (kernel_mean_within(known, x, a, offset) - 2 * between) + within.astype(x.dtype)

    def frozen_witness(points: Array, x: Array, y: Array | None, *, x_weights: Array | None = None) -> Array:
        del y
        x, seen, a, b = _met(x, x_weights, data, weights)
        points, _ = checks.pair(points, x, names=("points", "x"))
        known, height, x, seen, unit = measured(kernel, x, seen, a, b, compared=True)
        points = points / unit
        return 2 * height * (kernel_means(known, points, x, a) - kernel_means(known, points, seen, b))

    return stateless(frozen_mmd2, frozen_witness)


def nystrom_to_fixed(kernel: Kernel, data: Data, weights: OfData, count: int, key: Key) -> Objective:
    """The squared MMD from fixed data that are projected on landmarks: a step takes n² + nL values of the kernel.

    Args:
        kernel: positive definite.
        data: (N, d), known.
        weights: (N,) of sum one.
        count: L; at most N are used.
        key: of the landmarks, drawn from data that have a weight.

    Returns:
        The objective, which takes weights of x; its update reports the ``residual``: ``|√loss - MMD| ≤ residual``.

    Raises:
        ValueError: for more landmarks than a matrix may have, or a kernel that is not positive definite on them.
    """
    landmarks = landmarks_of(kernel, data, weights, count, key)
    known, height, y, places, _ = measured(kernel, data, landmarks, weights)
    found = projection(known, places, y, weights)
    lost = kernel_mean_within(known, y, weights) - 2 * found.overlap + found.square
    residual = height**0.5 * safe_sqrt(jnp.maximum(lost, 0))
    alpha, square = found.weights, height * found.square

    def met(x: Array, x_weights: Array | None) -> tuple:
        x, places, a, pull = _met(x, x_weights, landmarks, alpha)
        known, height, x, places, unit = measured(kernel, x, places, a)
        return known, height, x, places, a, pull, unit

    def projected_mmd2(x: Array, y: Array | None, *, x_weights: Array | None = None) -> Array:
        del y
        known, height, x, places, a, pull, _ = met(x, x_weights)
        attraction = weighted_mean(projected_means(known, x, places, pull), a)
        return height * (kernel_mean_within(known, x, a) - 2 * attraction) + square.astype(x.dtype)

    def projected_witness(points: Array, x: Array, y: Array | None, *, x_weights: Array | None = None) -> Array:
        del y
        known, height, x, places, a, pull, unit = met(x, x_weights)
        points, _ = checks.pair(points, x, names=("points", "x"))
        points = points / unit
        return 2 * height * (kernel_means(known, points, x, a) - projected_means(known, points, places, pull))

    return reporting(stateless(projected_mmd2, projected_witness), {"residual": residual})


def reporting(objective: Objective, told: Info) -> Objective:
    """An objective that learns nothing, with numbers that its updates report."""

    def update(key: Key, state: State, x: Samples, y: Samples | None) -> tuple[State, Info]:
        del key, x, y
        return state, told

    return Objective(objective.init, update, objective.loss, objective.witness)


def _met(x: Array, x_weights: Array | None, data: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Samples and fixed data in one type, and their weights; the data are checked by one row, as they were when frozen."""
    x, _ = checks.pair(x, data[:1], names=("x", "data"))
    # A compiler would compute at once, and slowly, whatever is made of a constant alone.
    data, weights = jax.lax.optimization_barrier((data, weights))
    return x, data.astype(x.dtype), checks.weights("x_weights", x_weights, x), weights.astype(x.dtype)


def landmarks_of(kernel: Kernel, data: Array, weights: Array, count: int, key: Key) -> Array:
    """Some of the data that have a weight, or an error for a kernel that is not positive definite on them."""
    counted = np.flatnonzero(np.asarray(weights))
    if min(count, len(counted)) > MAX_SAMPLES:
        raise ValueError(
            f"`landmarks` must be at most {MAX_SAMPLES}, as a matrix of them is kept, but is {count}; with `landmarks=None`"
            " all data are met in every step"
        )
    chosen = data[counted[np.asarray(jax.random.permutation(key, len(counted)))[:count]]]
    values = np.linalg.eigvalsh(np.asarray(kernel(chosen, chosen), np.float64))
    if values[-1] <= 0 or values[0] < -NEGATIVE * values[-1]:
        raise ValueError(
            "`landmarks` needs a positive definite kernel, but the matrix of this one over the landmarks has eigenvalues from"
            f" {values[0]:.3g} to {values[-1]:.3g}: minus a distance is none; take `landmarks=None`, which is exact"
        )
    return chosen
