"""Sorting columns of scalars, tuned for the platform: exact, stable, differentiable.

On CPU a comparison sort of floats takes most of the time of a one-dimensional distance, and three facts make it faster.

* The bits of a float, with those of negative numbers flipped, are an integer with the same order: integers sort faster.
* Many columns side by side go through a sorting network, whose every step is a minimum and a maximum of whole vectors.
* An integer that carries its index in its low bits brings the permutation along. Half of the bits of the value do not fit
  beside it, so two such sorts, first by the low half and then by the high half, give the order exactly (a radix sort).

Elsewhere, and for other types than float32, it is XLA's own sort.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import checks, loops

METHODS = ("auto", "plain", "keys")
"""How to sort: by platform, by XLA's sort of the values, or by integer keys."""

# The network's steps work on whole rows: with few columns, or so many rows that it compiles slowly, XLA's sort is faster.
NETWORK_COLUMNS = 16
NETWORK_ROWS = 1 << 16
LARGEST = jnp.iinfo(jnp.int32).max


def float_keys(x: Float[Array, "..."]) -> Int[Array, "..."]:
    """Integers in the order of float32 numbers; ``-0.0`` comes just before ``0.0``, and infinities at the ends."""
    return _flipped(jax.lax.bitcast_convert_type(x, jnp.int32))


def float_values(keys: Int[Array, "..."]) -> Float[Array, "..."]:
    """The float32 numbers of integer keys, bit for bit."""
    return jax.lax.bitcast_convert_type(_flipped(keys), jnp.float32)


def _flipped(bits: Array) -> Array:
    return bits ^ ((bits >> 31) & jnp.int32(LARGEST))


def _ordered(low: Array, high: Array) -> Array:
    return jnp.stack([jnp.minimum(low, high), jnp.maximum(low, high)], axis=1)


def _exchange(keys: Array, gap: int, mirrored: bool) -> Array:
    """Order each row of a block's first half against one of its second half: the one ``gap`` below, or its mirror image.

    The smaller always goes first, so that rows missing from the last block may be thought of as infinite and left out.
    """
    n, columns = keys.shape
    whole = n - n % (2 * gap)
    turn = (lambda rows: rows[:, ::-1]) if mirrored else (lambda rows: rows)
    parts = []
    if whole:
        blocks = keys[:whole].reshape(-1, 2, gap, columns)
        pairs = _ordered(blocks[:, 0], turn(blocks[:, 1]))
        if mirrored:
            pairs = jnp.stack([pairs[:, 0], pairs[:, 1, ::-1]], axis=1)
        parts.append(pairs.reshape(whole, columns))
    rest = keys[whole:]
    extra = len(rest) - gap
    if extra <= 0:
        parts.append(rest)
    else:
        first = gap - extra if mirrored else 0
        low, high = rest[first : first + extra], rest[gap:]
        high = high[::-1] if mirrored else high
        larger = jnp.maximum(low, high)
        parts += [rest[:first], jnp.minimum(low, high), rest[first + extra : gap], larger[::-1] if mirrored else larger]
    parts = [part for part in parts if len(part)]
    return jnp.concatenate(parts) if len(parts) > 1 else parts[0]


def _network(keys: Int[Array, "n k"]) -> Int[Array, "n k"]:
    """Batcher's bitonic network: merge sorted blocks of 1, 2, 4, ... rows, each time halving the distance compared."""
    size = 1
    while size < len(keys):
        keys, gap = _exchange(keys, size, mirrored=True), size // 2
        while gap:
            keys, gap = _exchange(keys, gap, mirrored=False), gap // 2
        size *= 2
    return keys


def sorted_integers(keys: Int[Array, "n k"]) -> Int[Array, "n k"]:
    """Each column of integers, ascending, by whichever way is fast for the shape."""
    if keys.shape[1] >= NETWORK_COLUMNS and len(keys) <= NETWORK_ROWS:
        return _network(keys)
    return jax.lax.sort(keys.T, dimension=1).T


def _order_of_keys(keys: Int[Array, "n k"]) -> Int[Array, "n k"]:
    """The stable order of each column: a radix sort whose digits share an integer with the row they come from."""
    n = len(keys)
    width = max(n - 1, 1).bit_length()
    digit, row = 32 - width, jnp.arange(n, dtype=jnp.int32)[:, None]
    order = jnp.broadcast_to(row, keys.shape)
    # From the lowest digit to the highest, which keeps the sign; a digit is moved to the top, and its lowest bits go.
    shifts = [max(32 - digit * (k + 1), 0) for k in range(-(-32 // digit))]
    for step, shift in enumerate(shifts):
        current = jnp.take_along_axis(keys, order, axis=0) if step else keys
        lifted = current << shift
        if shift:
            lifted ^= jnp.int32(-LARGEST - 1)  # an unsigned digit, in the order of signed integers
        packed = sorted_integers((lifted & jnp.int32(-(1 << width))) | row)
        from_row = packed & jnp.int32((1 << width) - 1)
        order = jnp.take_along_axis(order, from_row, axis=0) if step else from_row
    return order


def _keyed_values(x: Float[Array, "n k"]) -> Float[Array, "n k"]:
    return float_values(sorted_integers(float_keys(x)))


def _keyed_order(x: Float[Array, "n k"]) -> Int[Array, "n k"]:
    keys = float_keys(x)
    return _order_of_keys(jnp.where(keys == -1, 0, keys))  # -0.0 and 0.0 are equal: they keep their order


def _plain_values(x: Float[Array, "n k"]) -> Float[Array, "n k"]:
    return jnp.sort(x, axis=0)


def _plain_order(x: Float[Array, "n k"]) -> Int[Array, "n k"]:
    return jnp.argsort(x, axis=0).astype(jnp.int32)


def _on_platform(x: Array, keyed: Callable, plain: Callable, method: str) -> Array:
    if x.dtype != jnp.float32 or len(x) >= 1 << 24 or method == "plain":
        return plain(x)
    return keyed(x) if method == "keys" else loops.on_platform(x, cpu=keyed, default=plain)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _sorted_columns(x: Float[Array, "n k"], method: str) -> Float[Array, "n k"]:
    return _on_platform(x, _keyed_values, _plain_values, method)


@_sorted_columns.defjvp
def _sorted_columns_jvp(method: str, primals, tangents):
    # Only here, where derivatives are asked for, is the order needed.
    values, order = _sorted_with_order(primals[0], method)
    return values, _rows(tangents[0], order)


def _rows(x: Array, order: Array) -> Array:
    columns = jnp.broadcast_to(jnp.arange(x.shape[1], dtype=order.dtype)[None], order.shape)
    return x.at[order, columns].get(unique_indices=True, mode="promise_in_bounds")


def _sorted_with_order(x: Array, method: str) -> tuple[Array, Array]:
    order = _on_platform(jax.lax.stop_gradient(x), _keyed_order, _plain_order, method)
    return _rows(x, order), order


def _as_columns(x: Array, axis: int) -> tuple[Array, Callable[[Array], Array]]:
    """The array with one sorted axis as (n, k), and the way back."""
    moved = jnp.moveaxis(x, axis, 0)
    return moved.reshape(len(moved), -1), lambda columns: jnp.moveaxis(columns.reshape(moved.shape), 0, axis)


def sort(x: Float[Array, "..."], axis: int = -1, method: str = "auto") -> Float[Array, "..."]:
    """The numbers along an axis in ascending order, with derivatives.

    On CPU ``-0.0`` comes before ``0.0``. Where NaN goes is left open.

    Args:
        x: (..., n, ...) numbers.
        axis: the axis to sort along, of n ≥ 1.
        method: one of ``METHODS``.

    Returns:
        The sorted numbers, of the same shape, bit for bit those that came.

    Raises:
        ValueError: for an unknown method.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.line.sort import sort
        >>> sort(jnp.array([2.0, -1.0, 0.5])).tolist()
        [-1.0, 0.5, 2.0]

    Source: Batcher, Sorting networks and their applications, AFIPS 32 (1968).
    """
    columns, back = _as_columns(x, axis)
    return back(_sorted_columns(columns, checks.choice("method", method, METHODS)))


def sort_with_order(
    x: Float[Array, "..."], axis: int = -1, method: str = "auto"
) -> tuple[Float[Array, "..."], Int[Array, "..."]]:
    """The numbers along an axis in ascending order, and where each came from; equal numbers keep their order.

    ``sorted[i] = x[order[i]]``

    Args:
        x: (..., n, ...) numbers.
        axis: the axis to sort along, of n ≥ 1.
        method: one of ``METHODS``.

    Returns:
        The sorted numbers, and their places in ``x`` along the axis (int32), both of the same shape.

    Raises:
        ValueError: for an unknown method.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.line.sort import sort_with_order
        >>> sort_with_order(jnp.array([2.0, -1.0, 0.5]))[1].tolist()
        [1, 2, 0]

    Source: Knuth, The Art of Computer Programming, vol. 3, section 5.2.5 (the radix sort).
    """
    columns, back = _as_columns(x, axis)
    values, order = _sorted_with_order(columns, checks.choice("method", method, METHODS))
    return back(values), back(order)
