"""Divergences on the line by sorting, many lines side by side, and their mean over projections on directions.

A divergence here takes two sets of columns, (n, k) and (m, k), with weights (n,) and (m,) that sum to one, or None for uniform
ones on both sides, and gives one number for each column. No n × m array is made.
"""

from collections.abc import Callable
from functools import partial
from math import gcd
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from igm_jax import loops
from igm_jax.checks import Data, OfData, OfSamples, Samples, Scalar
from igm_jax.kernels.pairs import matmul
from igm_jax.pairwise.line.sort import sort, sort_with_order

Divergence = Callable[[Array, Array, Array | None, Array | None], Array]

# Projected scalars held at once: a dozen arrays of this size, of which the gradient keeps four, stay well below 150 MB.
SCALARS_AT_ONCE = 1 << 20


def column_sums(terms: Float[Array, "n k"], block: int = 32) -> Float[Array, " k"]:
    """Sums down each column, first within blocks of rows, which keeps the rounding error small."""
    terms = jnp.pad(terms, ((0, -len(terms) % block), (0, 0)))
    return jnp.sum(jnp.sum(terms.reshape(-1, block, terms.shape[1]), axis=1), axis=0)


def _rows(x: Array, index: Array | np.ndarray) -> Array:
    """``x[index]``: the same rows of every column, or each column's own."""
    if index.ndim == 1:
        return x[jnp.asarray(index)]
    if x.ndim == 1:
        return x[index]
    return jnp.take_along_axis(x, index, axis=0)


class Pieces(NamedTuple):
    """The monotone coupling of two sorted samples: piece i moves mass ``width`` from ``x[x_rank]`` to ``y[y_rank]``."""

    x_rank: Array | np.ndarray
    y_rank: Array | np.ndarray
    width: Array


def _uniform_pieces(n: int, m: int, dtype) -> Pieces:
    """The coupling of two uniform samples. It depends on their sizes alone, so it is worked out before tracing, in integers."""
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    starts = np.concatenate([[0], ends[:-1]])
    return Pieces(starts // m, starts // n, jnp.asarray((ends - starts) / (n * m), dtype)[:, None])


def _ends(weights: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """The values of a distribution function, from 0 to 1, which do not move at a sample of weight zero.

    Sums are made in a tree, where adding zero can change the last bit: that much mass, times the square of a long way, is seen.
    """
    sums = jnp.cumsum(weights, axis=0)
    level = jax.lax.cummax(jnp.where(weights > 0, jax.lax.stop_gradient(sums), 0), axis=0)
    # The value of one and the derivative of the other: a weight of zero may grow.
    sums = sums + jax.lax.stop_gradient(level - sums)
    return sums / sums[-1:]


def _weighted_pieces(a: Float[Array, "n k"], b: Float[Array, "m k"]) -> Pieces:
    """The coupling of weighted samples, already sorted: merge the steps of their distribution functions.

    Where each step came from tells the ranks: before it, so many of the steps were of x, and the others of y.
    """
    ends, order = sort_with_order(jnp.concatenate([_ends(a), _ends(b)]), axis=0)
    from_x = (order < len(a)).astype(order.dtype)
    x_rank = jnp.cumsum(from_x, axis=0) - from_x
    y_rank = jnp.arange(len(ends), dtype=order.dtype)[:, None] - x_rank
    width = jnp.concatenate([ends[:1], jnp.diff(ends, axis=0)])
    return Pieces(jnp.minimum(x_rank, len(a) - 1), jnp.minimum(y_rank, len(b) - 1), width)


def _power(gap: Array, p: float) -> Array:
    """``|gap|^p`` with derivative 0 at 0 for every p ≥ 1."""
    if p == 2:
        return jnp.square(gap)
    size = jnp.abs(gap)
    return size if p == 1 else jnp.where(size <= 0, 0, jnp.where(size <= 0, 1, size) ** p)  # NaN stays


class Transport(NamedTuple):
    """The divergence ``W_p^p``: mass moves monotonically, which is optimal on the line for p ≥ 1."""

    p: float

    def __call__(
        self, x: Float[Array, "n k"], y: Float[Array, "m k"], a: Array | None, b: Array | None
    ) -> Float[Array, " k"]:
        if a is None or b is None:
            # Derivatives need the order of what is differentiated, and ``sort`` works out that order alone.
            x, y = sort(x, axis=0), sort(y, axis=0)
            if len(x) == len(y):
                return column_sums(_power(x - y, self.p)) / len(x)
            pieces = _uniform_pieces(len(x), len(y), x.dtype)
        else:
            (x, x_order), (y, y_order) = sort_with_order(x, axis=0), sort_with_order(y, axis=0)
            pieces = _weighted_pieces(_rows(a, x_order), _rows(b, y_order))
        return column_sums(pieces.width * _power(_rows(x, pieces.x_rank) - _rows(y, pieces.y_rank), self.p))


@jax.custom_jvp
def _area(z: Float[Array, "n k"], step: Float[Array, "n k"], height: Float[Array, "n k"]) -> Float[Array, " k"]:
    """``2 ∫ H²`` for the function that jumps by ``step``, to ``height``, at the sorted ``z``."""
    del step
    return 2 * column_sums(jnp.diff(z, axis=0) * jnp.square(height[:-1]))


@_area.defjvp
def _area_jvp(primals, tangents):
    # The area to the left of z_i minus that to the right is h_{i-1}² - h_i²: a small difference, unless it is factored.
    (z, step, height), (z_dot, _, height_dot) = primals, tangents
    before = jnp.pad(height[:-1], ((1, 0), (0, 0)))
    moved = -2 * step * (before + height) * z_dot
    raised = 4 * jnp.diff(z, axis=0) * height[:-1] * height_dot[:-1]
    return _area(z, step, height), column_sums(moved) + column_sums(raised)


def _uniform_steps(order: Int[Array, "l k"], n: int, m: int, dtype) -> tuple[Array, Array]:
    """The jumps of ``F_x - F_y`` and its values. In units of 1/lcm(n, m) both are integers, exact where they fit."""
    common = gcd(n, m)
    from_x, unit = order < n, common / (n * m)
    step = jnp.where(from_x, jnp.asarray(1 / n, dtype), jnp.asarray(-1 / m, dtype))
    if n // common * m < 2**31:
        return step, jnp.cumsum(jnp.where(from_x, m // common, -(n // common)), axis=0).astype(dtype) * unit
    of_x = jnp.cumsum(from_x.astype(jnp.int32), axis=0)
    of_y = jnp.arange(1, n + m + 1, dtype=jnp.int32)[:, None] - of_x
    return step, of_x.astype(dtype) / n - of_y.astype(dtype) / m


def energy(x: Float[Array, "n k"], y: Float[Array, "m k"], a: Array | None, b: Array | None) -> Float[Array, " k"]:
    """``2 ∫ (F_x - F_y)²``, the energy distance of scalars: the divergence of the distribution functions themselves."""
    z, order = sort_with_order(jnp.concatenate([x, y]), axis=0)
    if a is None or b is None:
        return _area(z, *_uniform_steps(order, len(x), len(y), x.dtype))
    step = _rows(jnp.concatenate([a, -b]), order)
    return _area(z, step, jnp.cumsum(step, axis=0))


def along_directions(
    divergence: Divergence, directions: Float[Array, "k d"], x: Samples, y: Data, a: OfSamples | None, b: OfData | None
) -> Float[Array, " k"]:
    """The divergence of the projections on each direction, all at once, with derivatives in the directions, too."""
    return divergence(matmul(x, directions.T), matmul(y, directions.T), a, b)


def _total(divergence: Divergence, directions: Array, x: Array, y: Array, a: Array | None, b: Array | None) -> Array:
    return jnp.sum(along_directions(divergence, directions, x, y, a, b))


def _chunks(directions: Float[Array, "k d"], scalars: int) -> Float[Array, "c l d"]:
    """The directions in equal chunks, padded with zeros: onto a zero everything projects alike, and nothing is added."""
    k = len(directions)
    most = max(1, min(k, SCALARS_AT_ONCE // scalars))
    chunks = -(-k // most)
    size = -(-k // chunks)
    return jnp.pad(directions, ((0, chunks * size - k), (0, 0))).reshape(chunks, size, -1)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _chunked_total(divergence: Divergence, chunks: Float[Array, "c l d"], samples: tuple) -> Array:
    return jnp.sum(jax.lax.map(lambda directions: _total(divergence, directions, *samples), chunks))


def _chunked_total_forward(divergence: Divergence, chunks, samples):
    """The value and the gradients asked for in one pass, so that no chunk is kept, nor done twice."""
    asked = [s is not None and s.perturbed for s in samples]
    values: list[Any] = [None if s is None else s.value for s in samples]

    def total(wanted: list[Array], directions: Array) -> Array:
        given = iter(wanted)
        all_values: list[Any] = [next(given) if w else value for value, w in zip(values, asked, strict=True)]
        return _total(divergence, directions, *all_values)

    def body(sums, directions):
        return jax.tree.map(jnp.add, sums, jax.value_and_grad(total)(wanted, directions)), None

    wanted = [value for value, w in zip(values, asked, strict=True) if w]
    start = jax.tree.map(jnp.zeros_like, (samples[0].value[0, 0], wanted))
    (value, gradients), _ = loops.scan(body, start, chunks.value)
    of_wanted = iter(gradients)
    return value, tuple(next(of_wanted) if w else None for w in asked)


def _chunked_total_backward(divergence: Divergence, gradients, scale):
    del divergence
    return None, tuple(None if g is None else scale * g for g in gradients)


_chunked_total.defvjp(_chunked_total_forward, _chunked_total_backward, symbolic_zeros=True)


@partial(jax.jit, static_argnums=0)
def mean_over_directions(
    divergence: Divergence,
    directions: Float[Array, "k d"],
    x: Samples,
    y: Data,
    a: OfSamples | None = None,
    b: OfData | None = None,
) -> Scalar:
    """The mean over directions of a divergence of the projections, with derivatives in the samples and the weights.

    ``mean_θ D(θ·x, θ·y)``

    So many directions are done at once as fit a fixed memory. Where they are more than one chunk, the gradient comes from the
    same pass as the value, and forward-mode derivatives of the first order are not available.

    Args:
        divergence: of columns; hashable, as ``energy`` and ``Transport(p)`` are.
        directions: (k, d) unit vectors, taken as constants.
        x: (n, d) samples.
        y: (m, d) samples.
        a: (n,) weights that sum to one, or None with ``b``.
        b: (m,) likewise.

    Returns:
        Scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.line.divergences import Transport, mean_over_directions
        >>> float(mean_over_directions(Transport(2), jnp.eye(2), jnp.zeros((3, 2)), jnp.ones((3, 2))))
        1.0
    """
    chunks = _chunks(jax.lax.stop_gradient(directions), len(x) + len(y))
    if len(chunks) == 1:
        return _total(divergence, chunks[0], x, y, a, b) / len(directions)
    return _chunked_total(divergence, chunks, (x, y, a, b)) / len(directions)
