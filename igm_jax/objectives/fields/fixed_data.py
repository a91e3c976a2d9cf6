"""Fields towards data that stay: the whole data set in every step, or few landmarks with weights in their place.

``frozen`` of ``igm_jax.objectives.combinators`` is made of these; they are objectives that read no y.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import nnls

from igm_jax import checks, kernels
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Batch, Samples
from igm_jax.checks import Scalar
from igm_jax.kernels.kernel import Kernel, measured
from igm_jax.kernels.pairs import safe_sqrt
from igm_jax.objectives.fields.drifting_presets import checked_temperatures
from igm_jax.objectives.moments.fixed_data import landmarks_of
from igm_jax.pairwise.sums import kernel_mean, kernel_mean_within, kernel_means
from igm_jax.pairwise.tables import middle

MOST = 2048
"""Landmarks at most: their weights take the cube of them in operations, a few seconds."""

HEAVY = 1e3
"""How much more the sum of weights counts than all else: it is one to some 1e-6."""


class Landmarks(NamedTuple):
    """Few places with weights in the place of many data.

    Attributes:
        places: (l, d) some of the data.
        weights: (l,) from 0, of sum one.
        residual: how far the two are apart, their MMD.
    """

    places: np.ndarray
    weights: np.ndarray
    residual: Scalar


def compressed(kernel: Kernel, data: np.ndarray, weights: np.ndarray | None, count: int, key: Key) -> Landmarks:
    """The landmarks whose weights bring them nearest to all data.

    ``argmin ‖Σ_l w_l k(·, z_l) - Σ_j b_j k(·, y_j)‖`` over w ≥ 0 of sum one

    Weights that are not negative keep a density that is smoothed by them positive, wherever it is asked for.

    Args:
        kernel: positive definite.
        data: (N, d).
        weights: (N,) of them; uniform if None.
        count: landmarks, drawn from data that have a weight.
        key: of the draw.

    Returns:
        The landmarks.

    Raises:
        ValueError: for too many landmarks, or a kernel that is not positive definite on them.
    """
    known = jnp.asarray(data)
    shares = checks.weights("weights", weights, known)
    if min(count, int(np.count_nonzero(shares))) > MOST:
        raise ValueError(
            f"`landmarks` must be at most {MOST} for a field, as their weights take the cube of them in operations, but is"
            f" {count}; with `landmarks=None` all data are met in every step"
        )
    places = landmarks_of(kernel, known, shares, count, key)
    gram = np.asarray(kernel(places, places), np.float64)
    scaled, height, y, z, _ = measured(kernel, known, places, shares)
    seen = np.asarray(height * kernel_means(scaled, z, y, shares), np.float64)
    # min ‖Rw - R⁻ᵀs‖ with RᵀR = K, whose smallest eigenvalues get back what rounding takes; a heavy row asks for the sum.
    size = np.trace(gram)
    root = np.linalg.cholesky(gram + 10 * float(jnp.finfo(known.dtype).eps) * size * np.eye(len(gram))).T
    heavy = HEAVY * np.sqrt(size)
    rows = np.concatenate([root, np.full((1, len(gram)), heavy)])
    found = nnls(rows, np.append(np.linalg.solve(root.T, seen), heavy))[0]
    share = jnp.asarray(found / found.sum(), y.dtype)
    lost = kernel_mean_within(scaled, y, shares) - 2 * kernel_mean(scaled, z, y, share, shares)
    squared = height * (lost + kernel_mean_within(scaled, z, share))
    return Landmarks(np.asarray(places), np.asarray(share), safe_sqrt(jnp.maximum(squared, 0)))


def field_to_fixed(
    objective: Objective, data: np.ndarray, weights: np.ndarray | None, told: Info | None = None
) -> Objective:
    """An objective that is made of a field, against data that stay.

    Args:
        objective: the field's.
        data: (N, d), known.
        weights: (N,) of them; uniform if None.
        told: numbers that its updates report besides its own.

    Returns:
        The objective.
    """

    def seen() -> Samples:
        # A compiler would compute at once, and slowly, whatever is made of a constant alone.
        y, b = jax.lax.optimization_barrier((jnp.asarray(data), None if weights is None else jnp.asarray(weights)))
        return y if b is None else Batch(y, weights=b)

    def update(key: Key, state: State, x: Samples, y: Any) -> tuple[State, Info]:
        del y
        state, info = objective.update(key, state, x, seen())
        return state, {**info, **(told or {})}

    def loss(key: Key, state: State, x: Samples, y: Any) -> Array:
        del y
        return objective.loss(key, state, x, seen())

    def witness(state: State, points: Samples, x: Samples, y: Any) -> Array:
        del y
        return objective.witness(state, points, x, seen())

    return Objective(objective.init, update, loss, witness)


def of_temperatures(temperatures: Any, preset: str, data: Float[np.ndarray, "n d"], weights: Any = None) -> Kernel:
    """The kernel of drifting's attraction: a sum of Laplace's at its temperatures, which "released" has in mean distances."""
    values = np.asarray(checked_temperatures(temperatures, preset), float).tolist()
    unit = 1.0
    if preset == "released":
        y = jnp.asarray(data)
        share = checks.weights("weights", weights, y)
        unit = float(-kernel_mean_within(kernels.distance(), y - middle(y, share), share)) or 1.0
    first, *others = (kernels.laplace(value * unit) for value in values)
    return sum(others, first)
