"""Wasserstein distances in one dimension, exactly, and the sliced distance: their mean over random directions."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Objective
from igm_jax.checks import ArrayLike, Rows, Scalar, Weights
from igm_jax.kernels.pairs import centred, matmul
from igm_jax.lifts import of_arrays
from igm_jax.objectives.transport.sliced_directions import Directions, drawn, random_directions
from igm_jax.pairwise.line.divergences import Transport, mean_over_directions
from igm_jax.records import recorded

__all__ = ["sliced", "sliced_wasserstein", "sliced_witness", "wasserstein_1d"]


def _exponent(p: float) -> float:
    checks.positive("p", p)
    if p < 1:
        raise ValueError(f"`p` must be at least 1, where the monotone coupling is optimal, but is {p}")
    return float(p)


def _checked_weights(x: Array, y: Array, x_weights, y_weights) -> tuple[Array | None, Array | None]:
    if x_weights is None and y_weights is None:
        return None, None
    return checks.weights("x_weights", x_weights, x), checks.weights("y_weights", y_weights, y)


def _column(name: str, value: ArrayLike) -> np.ndarray | Array:
    """Scalars as (n, 1), given as (n,) or (n, 1), in the precision in which they came."""
    array = checks.column(name, value)
    if array.ndim == 2 and array.shape[1] > 1:
        raise ValueError(
            f"`{name}` must be one-dimensional, of shape (n,) or (n, 1), but has shape {array.shape};"
            " for vectors use `sliced_wasserstein` or `sinkhorn_divergence`"
        )
    return array


def scalar_pair(x: ArrayLike, y: ArrayLike, x_weights, y_weights) -> tuple[Array, Array, Array | None, Array | None]:
    """Checked scalars as centred (n, 1) and (m, 1), and their weights, None where both are uniform."""
    x, y = checks.pair(_column("x", x), _column("y", y))
    return *centred(x, y), *_checked_weights(x, y, x_weights, y_weights)


def wasserstein_1d(
    x: ArrayLike, y: ArrayLike, p: float = 1, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The Wasserstein distance of two weighted samples of scalars, to the power p, exactly.

    ``W_p^p = ∫_0^1 |F_x^{-1}(u) - F_y^{-1}(u)|^p du``

    Args:
        x: (n,) or (n, 1) generated scalars.
        y: (m,) or (m, 1) data; n and m may differ.
        p: exponent ≥ 1.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the samples to the power p (for p = 1 it is the distance itself).

    Raises:
        ValueError: for an exponent below one, vectors instead of scalars, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax import wasserstein_1d
        >>> float(wasserstein_1d([0.0, 1.0], [2.0, 3.0], p=2))
        4.0

    Source: Peyré and Cuturi, Computational Optimal Transport, arXiv 1803.00567, Remark 2.30.
    """
    p = _exponent(p)
    x, y, a, b = scalar_pair(x, y, x_weights, y_weights)
    return mean_over_directions(Transport(p), jnp.ones((1, 1), x.dtype), x, y, a, b)


def _project(directions: Array, *samples: Array) -> list[Array]:
    return [matmul(directions, some.T) for some in samples]


def projection_input(
    key: Key,
    x: Rows,
    y: Rows,
    num_projections: int,
    x_weights: Weights,
    y_weights: Weights,
    directions: Directions = random_directions,
) -> tuple[Array, Array, Array, Array | None, Array | None]:
    """Directions, checked and centred samples, and their weights, None where both are uniform."""
    key = checks.key("key", key)
    x, y = checks.pair(x, y)
    a, b = _checked_weights(x, y, x_weights, y_weights)
    x, y = centred(x, y)
    return drawn(directions, key, x.shape[1], num_projections, x.dtype), x, y, a, b


def sliced_wasserstein(
    key: Key,
    x: Rows,
    y: Rows,
    *,
    num_projections: int = 128,
    p: float = 2,
    directions: Directions = random_directions,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Scalar:
    """The sliced Wasserstein distance of two weighted samples, to the power p, over random directions.

    ``SW_p^p = mean_θ W_p^p(θ·x, θ·y)``, θ uniform on the unit sphere.

    OTT's number is the same; POT's is the p-th root.

    Args:
        key: random key of the directions.
        x: (n, d) generated samples.
        y: (m, d) data; n and m may differ.
        num_projections: how many directions.
        p: exponent ≥ 1.
        directions: ``(key, dim, num_projections, dtype) -> (k, d)`` unit vectors: ``random_directions``,
            ``orthogonal_directions``, ``quasi_random_directions`` or your own.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the samples to the power p.

    Raises:
        TypeError: if ``directions`` is no function.
        ValueError: for counts or an exponent below one, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> import jax
        >>> from igm_jax import sliced_wasserstein
        >>> round(float(sliced_wasserstein(jax.random.key(0), [[0.0]], [[3.0]])), 3)
        9.0

    Source: Bonneel et al., Sliced and Radon Wasserstein Barycenters, JMIV 51 (2015).
    """
    p = _exponent(p)
    along, x, y, a, b = projection_input(key, x, y, num_projections, x_weights, y_weights, directions)
    return mean_over_directions(Transport(p), along, x, y, a, b)


def _potential_1d(points: Array, x: Array, y: Array, p: float) -> Array:
    """A potential on the line whose derivative at each sample is that of ``n W_p^p``.

    Between samples the derivative is interpolated; beyond them samples go where the outermost one goes.
    """
    order = jnp.argsort(x)
    x = x[order]
    slope = len(x) * jax.grad(lambda x: Transport(p)(x[:, None], y[:, None], None, None)[0])(x)
    height = jnp.concatenate([jnp.zeros(1, x.dtype), jnp.cumsum(jnp.diff(x) * (slope[1:] + slope[:-1]) / 2)])
    left = jnp.clip(jnp.searchsorted(x, points, side="right") - 1, 0, max(len(x) - 2, 0))
    right = jnp.minimum(left + 1, len(x) - 1)
    below, above = points < x[0], points > x[-1]
    inside = jnp.where(below, x[0], jnp.where(above, x[-1], points))
    gap, into, beyond = x[right] - x[left], inside - x[left], points - inside
    bend = jnp.where(gap > 0, (slope[right] - slope[left]) / jnp.where(gap > 0, gap, 1), 0)
    # Where the potential is quadratic, p = 2, its slope keeps growing by 2 beyond the ends; at p = 1 it stays.
    outside = jnp.where(above, slope[-1], slope[0]) * beyond + (jnp.square(beyond) if p == 2 else 0)
    return height[left] + into * slope[left] + jnp.square(into) * bend / 2 + outside


def sliced_witness(points: Rows, x: Rows, y: Rows, directions: Float[Array, "k d"], p: float = 2) -> Float[Array, " q"]:
    """The first variation of the sliced distance over given directions, in the distribution of ``x``.

    ``w(p) = mean_θ φ_θ(θ·p)``, φ_θ the Kantorovich potential between the projections.

    At every sample its gradient is exactly ``n ∂SW_p^p/∂x_i``; between samples, where a potential of two finite samples is not
    unique, the slope is interpolated along each line.

    Args:
        points: (q, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        directions: (k, d) unit vectors.
        p: exponent, 1 or 2.

    Returns:
        (q,) heights, fixed up to a constant.

    Raises:
        ValueError: for an exponent other than 1 or 2, wrong shapes or non-finite numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import sliced_witness
        >>> sliced_witness([[0.0], [2.0]], [[0.0]], [[2.0]], jnp.ones((1, 1))).tolist()
        [0.0, -4.0]

    Source: Bonnotte, Unidimensional and evolution methods for optimal transportation (2013), Proposition 5.1.7.
    """
    checks.choice("p", p, (1, 2))
    x, y = checks.pair(x, y)
    points, _ = checks.pair(points, y, names=("points", "y"))
    points, _ = centred(points, y)
    x, y = centred(x, y)
    potentials = jax.vmap(partial(_potential_1d, p=p))(*_project(directions, points, x, y))
    return jnp.mean(potentials, axis=0)


class SlicedState(NamedTuple):
    """The key of the directions, drawn anew at every update and shared by the loss and the witness."""

    key: Key


@recorded
def sliced(num_projections: int = 128, p: float = 2, *, directions: Directions = random_directions) -> Objective:
    """Sliced Wasserstein distance as an objective; each inner step draws new directions.

    ``loss = mean_θ W_p^p(θ·x, θ·y)``

    The directions belong to the state, so that the loss and the witness see the same ones; a loop of your own calls
    ``update`` before each step, as the project's does.

    Args:
        num_projections: how many directions.
        p: exponent, 1 or 2.
        directions: how they are drawn, as in ``sliced_wasserstein``.

    Returns:
        The objective.

    Raises:
        ValueError: for no directions or an exponent other than 1 or 2.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import sliced
        >>> objective = sliced(num_projections=16)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> state = objective.init(jax.random.key(1), x)
        >>> bool(objective.loss(jax.random.key(2), state, x, y) > 0)
        True

    Source: Deshpande et al., Generative Modeling using the Sliced Wasserstein Distance, arXiv 1803.11188.
    """
    checks.count("num_projections", num_projections)
    checks.choice("p", p, (1, 2))

    def init(key: Key, x: Array) -> SlicedState:
        del x
        return SlicedState(key)

    def update(key: Key, state: SlicedState, x: Array, y: Array) -> tuple[SlicedState, Info]:
        del state, x, y
        return SlicedState(key), {}

    def loss(key: Key, state: SlicedState, x: Array, y: Array) -> Array:
        del key
        return sliced_wasserstein(state.key, x, y, num_projections=num_projections, p=p, directions=directions)

    def witness(state: SlicedState, points: Array, x: Array, y: Array) -> Array:
        along = drawn(directions, state.key, jnp.shape(x)[1], num_projections, jnp.asarray(x).dtype)
        return sliced_witness(points, x, y, along, p)

    return of_arrays(init, update, loss, witness)
