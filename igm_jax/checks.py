"""Checks of a user's input: each error says what was expected, what came and what to do.

Shapes are checked always, also while tracing; values only where they are known, so that nothing is lost under ``jax.jit``.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import jax.typing
import numpy as np
from jaxtyping import Array, Float

from igm_jax import digits
from igm_jax.digits import is_concrete as is_concrete

ArrayLike = jax.typing.ArrayLike | list | tuple
"""What a user may hand in for an array: arrays, numbers, and nested lists or tuples of them."""

Rows = ArrayLike
"""What a user may hand in for samples, data or places, (n, d): one a row."""

Weights = ArrayLike | None
"""What a user may hand in for the weights of samples (n,): non-negative numbers, or None for uniform ones."""

# Arrays in signatures: x are n samples and y m data of d features, points p places in their space; and one number for each.
Scalar = Float[Array, ""]
Samples = Float[Array, "n d"]
Data = Float[Array, "m d"]
Points = Float[Array, "p d"]
OfSamples = Float[Array, " n"]
OfData = Float[Array, " m"]
OfPoints = Float[Array, " p"]


def finite(name: str, value: Any) -> None:
    """Raise ``ValueError`` if known numbers hold NaN or infinity."""
    if not is_concrete(value):
        return
    good = np.isfinite(np.asarray(value))
    if not good.all():
        where = tuple(int(i) for i in np.argwhere(~good)[0])
        raise ValueError(
            f"`{name}` must hold finite numbers, but {int((~good).sum())} of {good.size} are NaN or infinite"
            f" (the first at index {where}); clean the data or look for the step that diverged"
        )


def samples(name: str, value: Any, *, least: int = 1) -> jax.Array:
    """``value`` as an array of samples (n, d) in the type to compute in, or an error.

    Half precision is for storing: a mean of samples, a squared distance or a weight of 1/n has few digits in it.

    Args:
        name: the argument's name, for the error's text.
        value: array-like of shape (n, d).
        least: the smallest n that makes sense.

    Returns:
        The array; half precision becomes float32, integers and booleans the default float type.

    Raises:
        TypeError: for values that are not numbers.
        ValueError: for another number of dimensions, too few samples, no features, NaN or infinity, or numbers of 64 bits
            that would lose the digits by which they differ (see ``igm_jax.digits``).
    """
    given, array = _samples(name, value, least)
    digits.check_kept([name], [given], [array])
    return array


def _samples(name: str, value: Any, least: int) -> tuple[Any, jax.Array]:
    """The samples as they were given, and as ``samples`` has them but for the digits that they lose."""
    given, array = numbers(name, value)
    if array.ndim != 2:
        raise ValueError(
            f"`{name}` must have shape (n, d), one sample a row, but has shape {array.shape};"
            " reshape it, e.g. `x.reshape(len(x), -1)`, or `x[:, None]` for scalars"
        )
    n, d = array.shape
    if n < least:
        samples = "sample" if least == 1 else "samples"
        raise ValueError(f"`{name}` must hold at least {least} {samples}, but has shape {array.shape}")
    if d < 1:
        raise ValueError(f"`{name}` must have at least one feature, but has shape {array.shape}")
    finite(name, array)
    return given, array.astype(jnp.float32) if jnp.finfo(array.dtype).bits < 32 else array


def numbers(name: str, value: Any) -> tuple[Any, jax.Array]:
    """The numbers as they were given, and as a floating array of JAX."""
    given = digits.as_given(name, value)
    if jnp.iscomplexobj(given):
        raise TypeError(
            f"`{name}` must be real, but has dtype {given.dtype}; pass its real and imaginary parts as features"
        )
    return given, digits.cut(name, given)


def column(name: str, value: Any) -> Any:
    """Numbers (n,) as samples (n, 1), in the precision in which they came; what has another shape stays as it is."""
    given = digits.as_given(name, value)
    return given[:, None] if given.ndim == 1 else given


def pair(x: Any, y: Any, *, least: int = 1, names: tuple[str, str] = ("x", "y")) -> tuple[jax.Array, jax.Array]:
    """Two sets of samples with the same number of features and one float type, or an error (see ``samples``)."""
    (x_given, x), (y_given, y) = _samples(names[0], x, least), _samples(names[1], y, least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same number of features,"
            f" but have shapes {x.shape} and {y.shape}; compare samples of one space"
        )
    digits.check_kept(names, (x_given, y_given), (x, y))
    dtype = max(x.dtype, y.dtype, key=lambda dtype: jnp.finfo(dtype).bits)
    return x.astype(dtype), y.astype(dtype)


def key(name: str, value: Any) -> Any:
    """``value``, if it is one random key, new or old (``jax.random.PRNGKey``), or an error: samples are often put there."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        typed = jnp.issubdtype(dtype, jax.dtypes.prng_key)
        if (typed and shape == ()) or (dtype == jnp.uint32 and len(shape) == 1):
            return value
    what = type(value).__name__ if shape is None else f"an array of type {dtype} and shape {shape}"
    raise TypeError(
        f"`{name}` must be one random key, such as `jax.random.key(0)`, but is {what}; it comes before the samples"
    )


def at_least_single(dtype: Any) -> Any:
    """The float type to compute in: ``dtype``, or float32 for half precision."""
    return jnp.dtype(jnp.float32) if jnp.finfo(dtype).bits < 32 else dtype


Function = TypeVar("Function", bound=Callable[..., Any])


def needs(least: int) -> Callable[[Function], Function]:
    """Mark a function of weighted samples that needs so many positive weights on each side."""

    def mark(function: Function) -> Function:
        setattr(function, "least_weights", least)  # noqa: B010  no function is known to have it
        return function

    return mark


def least_weights(function: Any) -> int:
    """How many weights must be positive for a function of weighted samples, as it is marked or what it is made of is; or 1."""
    while not hasattr(function, "least_weights"):
        inner = getattr(function, "func", None) or getattr(function, "__wrapped__", None)
        if inner is None:
            return 1
        function = inner
    return function.least_weights


def weights(name: str, value: Any, like: jax.Array, *, least: int = 1) -> jax.Array:
    """Weights of the samples ``like``, normalised to sum one; uniform for ``None``.

    Args:
        name: the argument's name, for the error's text.
        value: (n,) non-negative numbers with a positive sum, or None.
        like: (n, ...) the samples that are weighted.
        least: how many weights must not be zero, if known.

    Returns:
        (n,) weights that sum to one, in the dtype of ``like``.

    Raises:
        ValueError: for another shape, negative, NaN or infinite weights, a sum of zero, or too few that are positive.
    """
    n = len(like)
    if value is None:
        return jnp.full((n,), 1 / n, like.dtype)
    given, array = numbers(name, value)
    array = array.astype(like.dtype)
    if array.shape != (n,):
        raise ValueError(f"`{name}` must have shape ({n},), one weight a sample, but has shape {array.shape}")
    finite(name, array)
    if is_concrete(array):
        known = np.asarray(array)
        _check_kept(name, given, known)
        if (known < 0).any() or known.sum() <= 0:
            raise ValueError(
                f"`{name}` must be non-negative with a positive sum, but ranges from {known.min()} to {known.max()}"
                f" and sums to {known.sum()}"
            )
        if (nonzero := np.count_nonzero(known / known.sum())) < least:
            raise ValueError(
                f"`{name}` must be positive for at least {least} samples, since each is compared with others, but is for"
                f" {nonzero}"
            )
    return array / jnp.sum(array)


def _check_kept(name: str, given: Any, known: np.ndarray) -> None:
    """An error if the sum of weights, or all that is in it, is lost in the type that is computed in."""
    told = f"`{name}` ranges from {np.min(given)} to {np.max(given)}, but"
    way = "divide all weights by the largest one"
    with np.errstate(over="ignore"):
        total = np.abs(known).sum()
    if np.isinf(total):
        raise ValueError(f"{told} their sum is infinite in {known.dtype}; {way}")
    # Below the smallest normal number, compiled programs take zero.
    if total < jnp.finfo(known.dtype).smallest_normal and np.any(given):
        raise ValueError(f"{told} their sum is zero in {known.dtype}; {way}")


def weighted_pair(
    x: Any, y: Any, x_weights: Any = None, y_weights: Any = None, *, least: int = 1
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Two sets of samples and their weights, or an error (see ``pair`` and ``weights``)."""
    x, y = pair(x, y, least=least)
    return x, y, weights("x_weights", x_weights, x, least=least), weights("y_weights", y_weights, y, least=least)


def positive(name: str, value: Any) -> Any:
    """``value`` if it is a positive finite number (or is being traced), else an error."""
    a_key = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
    if isinstance(value, str) or value is None or a_key:
        raise TypeError(f"`{name}` must be a positive number, but is {value!r}")
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        digits.check_range(name, value)  # before NumPy, for which too large an integer is an object
    if is_concrete(value):
        known = np.asarray(value)
        real = jnp.issubdtype(known.dtype, np.integer) or jnp.issubdtype(known.dtype, np.floating)
        if known.ndim != 0 or not real:
            raise TypeError(f"`{name}` must be one positive number, but is {value!r}")
        if not (np.isfinite(known) and known > 0):
            raise ValueError(f"`{name}` must be positive and finite, but is {value!r}")
        digits.check_range(name, value)
    return value


def count(name: str, value: Any, *, least: int = 1) -> int:
    """``value`` if it is an integer of at least ``least``, else an error."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"`{name}` must be an integer, but is {value!r}")
    if value < least:
        raise ValueError(f"`{name}` must be at least {least}, but is {value}")
    return int(value)


def labels(name: str, value: Any, classes: int, number: int | None = None) -> jax.Array:
    """Integers from 0 to ``classes - 1``, one a sample, or an error; while tracing only their type and shape are looked at."""
    given = value if isinstance(value, jax.Array) else np.asarray(value)
    if given.ndim != 1 or number not in (None, len(given)) or not jnp.issubdtype(given.dtype, jnp.integer):
        many = "" if number is None else f"{number} "
        raise TypeError(
            f"`{name}` must be {many}integers from 0 to {classes - 1}, one a sample, but is of type {given.dtype} and shape"
            f" {given.shape}"
        )
    if is_concrete(given) and (wrong := (np.asarray(given) < 0) | (np.asarray(given) >= classes)).any():
        raise ValueError(
            f"`{name}` must hold integers from 0 to {classes - 1}, but {int(wrong.sum())} of {len(given)} are others, such as"
            f" {np.asarray(given)[wrong][0]}; relabel them, or raise the number of classes"
        )
    return jnp.asarray(given).astype(jnp.int32)


def seed(name: str, value: Any) -> int:
    """``value`` if it is a seed that JAX takes as it is: larger ones it takes modulo 2³², so that they would repeat others."""
    if count(name, value, least=0) >= 2**32:
        raise ValueError(
            f"`{name}` must be below 2**32 = {2**32}, but is {value}; JAX would take it for {value % 2**32}"
        )
    return int(value)


def choice(name: str, value: Any, options: Any) -> Any:
    """``value`` if it is one of ``options``, else an error that lists them and names the nearest."""
    options = list(options)
    if value not in options:
        import difflib

        near = difflib.get_close_matches(str(value), [str(option) for option in options], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"`{name}` must be one of {', '.join(map(str, options))}, but is {value!r}{hint}")
    return value


def choices(name: str, values: Any, options: Any) -> None:
    """An error unless each of ``values`` is one of ``options``, there is at least one, and none comes twice."""
    for value in values:
        choice(name, value, options)
    if not values or len(set(values)) < len(values):
        raise ValueError(f"`{name}` must name at least one, each once, but is {' '.join(values) or 'empty'}")
