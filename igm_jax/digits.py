"""What numbers lose on their way to the type that is computed in, and the errors that say so.

JAX makes 32-bit arrays unless it is told otherwise (``jax.enable_x64``): a 64-bit integer is then taken modulo 2³², and a
float64 rounded to float32. Here integers become floats on the host, in their own precision, and what would be left with too
few digits is refused.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.batches import Batch, plain_rows

# Rounding may take this much of the range of a feature: three digits of differences are left.
SHARE = 1e-3

# A feature that varies by less than this, relative to its size, is constant but for the rounding of float64.
CONSTANT = 64 * np.finfo(np.float64).eps


def as_given(name: str, value: Any) -> np.ndarray | jax.Array:
    """``value`` as an array that has lost nothing yet: JAX's own and traced ones as they are, all others as NumPy has them.

    Args:
        name: the argument's name, for the error's text.
        value: array-like.

    Returns:
        The array; a nested list with JAX's arrays in it becomes one of them.

    Raises:
        TypeError: for what is no array of numbers.

    Example:
        >>> from igm_jax.digits import as_given
        >>> as_given("x", [[3_000_000_000]]).dtype.name
        'int64'
    """
    if isinstance(value, jax.Array):
        return _no_key(name, value)
    if isinstance(value, Batch):  # as a bare array, unless something comes with it that would be passed over
        return as_given(name, plain_rows(name, value))
    if np.ma.is_masked(value):
        raise ValueError(
            f"`{name}` is a masked array, and {int(np.ma.count_masked(value))} of its numbers are masked, which nothing here"
            " would know; leave their samples out, e.g. `x[~x.mask.any(axis=1)].data`"
        )
    try:
        if isinstance(value, list | tuple) and any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value)):
            return _no_key(name, jnp.asarray(value))
        array = np.asarray(value)
        if told := _no_numbers(array):
            raise TypeError(f"`{name}` must be an array of numbers, but is {type(value).__name__} {told}")
        array = array.astype(array.dtype.newbyteorder("="), copy=False)  # JAX knows no foreign byte order
        # NumPy and JAX know numbers of other kinds, such as bfloat16.
        return array if array.dtype.kind in "iufbc" else jnp.asarray(array)
    except (ValueError, OverflowError) as error:
        raise TypeError(f"`{name}` must be an array of numbers, but is {type(value).__name__}: {error}") from error


# What can be done about arrays that hold no numbers, by the kind of their type.
_WAYS = {
    "O": "make numbers of its objects, e.g. with `numpy.asarray(x, float)`, and all rows of one length",
    "U": "make numbers of its texts, e.g. with `numpy.asarray(x, float)`",
    "M": "make numbers of its dates, e.g. with `(x - x.min()) / numpy.timedelta64(1, 's')`",
    "m": "make numbers of its times, e.g. with `x / numpy.timedelta64(1, 's')`",
    "V": "say what numbers its bytes are, e.g. with `x.view(numpy.float32)`",
}
_WAYS |= {"S": _WAYS["U"], "T": _WAYS["U"]}


def _no_numbers(array: np.ndarray) -> str:
    """The type of an array that holds no numbers, and what to do; else an empty text."""
    dtype = array.dtype
    # NumPy counts bfloat16 and its like, of other packages, as of no kind that it knows.
    if dtype.kind not in _WAYS or (dtype.kind == "V" and dtype.type is not np.void):
        return ""
    if dtype.kind == "O" and array.ndim == 0:
        return "of no shape; give an array, or nested lists of numbers"
    named = "give its fields as features, with `numpy.lib.recfunctions.structured_to_unstructured(x)`"
    return f"of dtype {dtype}; {named if dtype.names is not None else _WAYS[dtype.kind]}"


def _no_key(name: str, array: jax.Array) -> jax.Array:
    """The array, or an error if it is a random key or several."""
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        raise TypeError(
            f"`{name}` must be an array of numbers, but is a random key, of dtype {array.dtype}; give the samples here, and a"
            " key only to functions that take one, before the samples"
        )
    return array


def check_range(name: str, value: Any) -> None:
    """An error for one positive number that is zero or infinite, or another one, in the types that JAX computes in.

    Args:
        name: the argument's name, for the error's text.
        value: a number of Python or NumPy; others are as they are.

    Raises:
        ValueError: for an integer that is too large, or a float beyond the range of the default float type.

    Example:
        >>> from igm_jax.digits import check_range
        >>> check_range("bandwidth", 2**40)
        Traceback (most recent call last):
        ValueError: `bandwidth` is an integer that int32 cannot hold, which ends at 2147483647; write it as a float, 1.1e+12
    """
    if isinstance(value, jax.Array):
        return
    kept, whole = np.finfo(jnp.result_type(float)), np.iinfo(jnp.result_type(int))
    try:
        size = float(value)
    except OverflowError:
        size = np.inf
    if size > float(kept.max) or size < float(kept.smallest_subnormal):
        told = f"{size:.3g}" if 0 < size < np.inf else "beyond all floats"
        raise ValueError(
            f"`{name}` is {told}, but {kept.dtype} goes from {kept.smallest_subnormal:.2g} to {kept.max:.2g}; choose other units,"
            " or compute in float64 under `jax.enable_x64(True)`"
        )
    if isinstance(value, int | np.integer) and value > whole.max:
        raise ValueError(
            f"`{name}` is an integer that {whole.dtype} cannot hold, which ends at {whole.max}; write it as a float, {size:.2g}"
        )


def cut(name: str, array: np.ndarray | jax.Array) -> jax.Array:
    """The array in JAX: integers and booleans as the default float type, and floats no wider than it.

    Args:
        name: the argument's name, for the error's text.
        array: numbers.

    Returns:
        The array.

    Raises:
        TypeError: for what is no number.
        ValueError: for finite numbers that the type cannot hold.

    Example:
        >>> import numpy as np
        >>> from igm_jax.digits import cut
        >>> cut("x", np.array([3_000_000_000])).tolist()
        [3000000000.0]
    """
    default = jnp.result_type(float)
    if isinstance(array, jax.Array):
        floating = jnp.issubdtype(array.dtype, jnp.inexact)
        return array if floating else array.astype(default)
    if array.dtype.kind not in "iufb" or (array.dtype.kind == "f" and array.dtype.itemsize <= 4):
        array = jnp.asarray(array)
        return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(default)
    with np.errstate(over="ignore"):
        narrow = array.astype(default)
    if array.dtype.kind == "f" and array.dtype.itemsize > narrow.dtype.itemsize:
        _check_range(name, array, narrow)
    return jnp.asarray(narrow)


def _check_range(name: str, array: np.ndarray, narrow: np.ndarray) -> None:
    beyond = np.isinf(narrow) & np.isfinite(array)
    if beyond.any():
        raise ValueError(
            f"`{name}` holds numbers of size {np.abs(array[beyond]).max():.3g}, but {narrow.dtype} ends at"
            f" {np.finfo(narrow.dtype).max:.3g}; divide all samples by a common scale, or compute in float64 under"
            " `jax.enable_x64(True)`"
        )


def check_kept(names: Sequence[str], given: Sequence[Any], arrays: Sequence[Any]) -> None:
    """An error if rounding takes the digits by which samples differ.

    A feature is judged by its range over all of the given sets together, since these are compared with each other. Only
    numbers of 32-bit integers, or of 64 bits, are looked at; others lose nothing.

    Args:
        names: the arguments' names, for the error's text.
        given: the sets (n, d) as ``as_given`` has them.
        arrays: the same as they are computed with.

    Raises:
        ValueError: where fewer than three digits of a feature's differences would be left, or a lone integer is changed.

    Example:
        >>> import jax.numpy as jnp, numpy as np
        >>> from igm_jax.digits import check_kept
        >>> x = np.array([[1.7e9], [1.7e9 + 2]])
        >>> check_kept(["x"], [x], [jnp.asarray(x, jnp.float32)])
        Traceback (most recent call last):
        ValueError: `x` loses digits as float32: feature 0 has numbers of size 1.7e+09 that differ by 2 at most, ...
    """
    wide = [_wider(value, array) for value, array in zip(given, arrays, strict=True)]
    if not any(wide):
        return
    known = [np.asarray(value) for value in given if is_concrete(value)]
    low = np.min([rows.min(axis=0) for rows in known], axis=0).astype(np.longdouble)
    high = np.max([rows.max(axis=0) for rows in known], axis=0).astype(np.longdouble)
    size = np.maximum(np.abs(low), np.abs(high))
    for name, value, array, cutting in zip(names, given, arrays, wide, strict=True):
        if cutting:
            _check_one(name, np.asarray(value), array.dtype, high - low, size, len(known) == 1)


def _check_one(name: str, value: np.ndarray, dtype: Any, spread: Any, size: Any, alone: bool) -> None:
    kept = value.astype(dtype)  # on the host: inside of ``jit`` the array is traced, and its numbers are still known
    info = np.finfo(kept.dtype)
    # Integers are compared exactly; that a set of floats is one number, such as 0.1, says nothing of what it is for.
    constant = spread <= (0 if value.dtype.kind in "iu" else CONSTANT * size)
    allowed = np.where(constant, np.inf, SHARE * spread)
    if alone and value.dtype.kind in "iu":
        allowed = np.where(constant, 0, allowed)
    if (size * float(info.eps) / 2 + float(info.smallest_subnormal) <= allowed).all():
        return
    lost = np.abs(value.astype(np.longdouble) - kept.astype(np.longdouble)).max(axis=0)
    if not (lost > allowed).any():
        return
    worst = int(np.argmax(lost > allowed))
    raise ValueError(
        f"`{name}` loses digits as {kept.dtype}: feature {worst} has numbers of size {float(size[worst]):.3g} that differ by"
        f" {float(spread[worst]):.3g} at most, and rounding changes them by {float(lost[worst]):.2g}; subtract a common offset"
        f" from all samples first, or {_way_out(kept)}"
    )


def _way_out(kept: np.ndarray) -> str:
    return "scale them" if kept.dtype.itemsize == 8 else "compute in float64 under `jax.enable_x64(True)`"


def is_concrete(value: Any) -> bool:
    """Whether the numbers in ``value`` are known here and now: it is not being traced, nor spread over other processes.

    Args:
        value: an array, or anything else.

    Returns:
        Whether they are.

    Example:
        >>> import jax
        >>> from igm_jax.digits import is_concrete
        >>> is_concrete(jax.numpy.ones(2)), jax.jit(is_concrete)(1.0).item()
        (True, False)
    """
    return not isinstance(value, jax.core.Tracer) and getattr(value, "is_fully_addressable", True)


def _wider(value: Any, array: Any) -> bool:
    """Whether known numbers have more digits than the type that is computed in."""
    if value is array or not is_concrete(value) or value.dtype.kind not in "iuf":
        return False
    digits = 8 * value.dtype.itemsize if value.dtype.kind in "iu" else np.finfo(value.dtype).nmant
    return digits > jnp.finfo(array.dtype).nmant + 1
