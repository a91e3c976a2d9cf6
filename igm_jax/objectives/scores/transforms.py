"""What a score of margins should see besides: sums over neighbours, differences of neighbours, and spectra."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.records import recorded

__all__ = ["differences", "pooled", "spectrum"]


def _shape(shape: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(shape, tuple | list) or not shape:
        raise TypeError(f"`shape` must be the lengths of the axes of a sample, such as (8, 8), but is {shape!r}")
    return tuple(checks.count("shape", length) for length in shape)


def _on_grid(shape: tuple[int, ...], function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of grids (n, *shape) as one of rows."""

    def seen(x: Array) -> Array:
        if x.ndim != 2 or x.shape[1] != int(np.prod(shape)):
            raise ValueError(
                f"samples must be rows of {int(np.prod(shape))} numbers, which stand on a grid {shape}, but are {x.shape}"
            )
        made = function(x.reshape(-1, *shape))
        return made.reshape(len(x), -1)

    return seen


@recorded
def pooled(shape: Sequence[int], size: int) -> Callable[[Array], Array]:
    """Means over blocks of neighbours on a grid, as a function of samples.

    Args:
        shape: the axes of one sample, e.g. ``(h, w)`` or ``(length,)``.
        size: neighbours along each axis; a divisor of each of its lengths.

    Returns:
        ``(n, Π shape) -> (n, Π shape / size^axes)``.

    Raises:
        TypeError, ValueError: for a shape that is none, or a size that does not divide it; when called, for other rows.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import pooled
        >>> pooled((4,), 2)(jnp.array([[1.0, 3.0, 0.0, 2.0]])).tolist()
        [[2.0, 1.0]]
    """
    shape, size = _shape(shape), checks.count("size", size)
    if any(length % size for length in shape):
        raise ValueError(f"`size` must divide every axis of {shape}, but is {size}")
    split = [part for length in shape for part in (length // size, size)]

    def pool(grid: Array) -> Array:
        axes = tuple(range(2, 2 * len(shape) + 1, 2))
        return jnp.mean(grid.reshape(-1, *split), axis=axes)

    return _on_grid(shape, pool)


@recorded
def differences(shape: Sequence[int]) -> Callable[[Array], Array]:
    """Differences of neighbours along each axis of a grid, as a function of samples.

    Args:
        shape: the axes of one sample.

    Returns:
        ``(n, Π shape) -> (n, e)``, the differences along the first axis first.

    Raises:
        TypeError, ValueError: for a shape that is none, or one with a single number; when called, for other rows.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import differences
        >>> differences((3,))(jnp.array([[1.0, 3.0, 0.0]])).tolist()
        [[2.0, -3.0]]
    """
    shape = _shape(shape)
    if max(shape) < 2:
        raise ValueError(f"`shape` must have an axis of two numbers or more, but is {shape}")

    def between(grid: Array) -> Array:
        along = [jnp.diff(grid, axis=1 + axis).reshape(len(grid), -1) for axis, size in enumerate(shape) if size > 1]
        return jnp.concatenate(along, axis=1)

    return _on_grid(shape, between)


@recorded
def spectrum(length: int) -> Callable[[Array], Array]:
    """The amplitudes of the waves in a sample, as a function of samples.

    ``|Σ_t x_t e^{−2πi f t/length}| / √length`` for f = 0 … ⌊length/2⌋; its slope is 0 where an amplitude is.

    Args:
        length: numbers in a sample, which follow each other in time.

    Returns:
        ``(n, length) -> (n, ⌊length/2⌋ + 1)``.

    Raises:
        TypeError, ValueError: for a length that is no positive integer; when called, for other rows.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import spectrum
        >>> spectrum(4)(jnp.array([[1.0, -1.0, 1.0, -1.0]])).tolist()
        [[0.0, 0.0, 2.0]]
    """
    length = checks.count("length", length)

    def amplitudes(grid: Array) -> Array:
        waves = jnp.fft.rfft(grid, axis=1) / length**0.5
        squared = jnp.square(waves.real) + jnp.square(waves.imag)
        there = squared > 0
        return jnp.where(there, jnp.sqrt(jnp.where(there, squared, 1)), 0)

    return _on_grid((length,), amplitudes)
