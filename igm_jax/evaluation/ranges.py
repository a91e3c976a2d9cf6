"""Ranges and spreads that do not fit: samples in other units give numbers like any others, so somebody has to say it."""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

from igm_jax.evaluation import _inputs

# So many times as wide is no fault of a model any more, but another unit.
WIDER = 10.0

# A feature that varies so many times as much as a typical one is all that distances see.
DOMINATING = 1000.0


class UnlikeSamplesWarning(UserWarning):
    """Real and fake samples look as if they were in different units, or one feature as if it were in another than the rest."""


def unlike_ranges(*, real: Any, fake: Any) -> str:
    """What does not fit in the ranges of real and fake samples, in one line, or nothing.

    Named are values in two of [0, 1], [-1, 1] and bytes of 0 to 255, sets of which one is more than 10 times as wide as the
    other, and a feature of the real samples that varies more than 1000 times as much as a typical one. Each may be as it should
    be; no metric can know.

    Args:
        real: (n, d) data.
        fake: (m, d) generated samples.

    Returns:
        A sentence, or the empty text.

    Raises:
        ValueError: for wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import unlike_ranges
        >>> unlike_ranges(real=[[-1.0], [0.9]], fake=[[0.0], [0.8]])
        'real values lie in [-1, 1], generated ones in [0, 1]: if these are other units, scale one of them'
    """
    real, fake = _inputs.pair(real, fake)
    ranges = _range(real), _range(fake)
    if None not in ranges and ranges[0] != ranges[1]:
        return f"real values lie in {ranges[0]}, generated ones in {ranges[1]}: if these are other units, scale one of them"
    widths = np.array([_width(real), _width(fake)])
    if widths.min() > 0 and widths.max() > WIDER * widths.min():
        return (
            f"real values are about {widths[0]:.2g} wide (the root mean variance of a feature), generated ones {widths[1]:.2g}:"
            " if these are other units, scale one of them"
        )
    return _dominating(real)


def warn_of_unlike_ranges(*, real: Any, fake: Any) -> None:
    """Warn of what does not fit (see ``unlike_ranges``)."""
    if told := unlike_ranges(real=real, fake=fake):
        warnings.warn(told, UnlikeSamplesWarning, stacklevel=3)


def _range(x: Float[np.ndarray, "n d"]) -> str | None:
    """The range that images are kept in, if the samples fill one."""
    low, high = x.min(), x.max()
    if low >= 0 and 25 < high <= 255 and np.array_equal(x, np.rint(x)):
        return "0 to 255 (bytes)"
    if low >= 0 and 0.5 < high <= 1:
        return "[0, 1]"
    if -1 <= low < -0.5 and high <= 1:
        return "[-1, 1]"
    return None


def _width(x: Float[np.ndarray, "n d"]) -> float:
    return float(np.sqrt(np.mean(np.var(x, axis=0))))


def _dominating(real: Float[np.ndarray, "n d"]) -> str:
    spread = np.std(real, axis=0)
    varying = spread[spread > 0]
    if len(varying) < 2 or spread.max() <= DOMINATING * np.median(np.delete(varying, varying.argmax())):
        return ""
    return (
        f"feature {int(spread.argmax())} of the real samples has a standard deviation of {spread.max():.2g}, a typical one"
        f" {np.median(varying):.2g}, so that it alone decides all distances: if units differ, divide each feature by its own"
    )
