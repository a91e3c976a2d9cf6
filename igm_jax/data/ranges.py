"""The range that the values of images are meant in, found from their type and what they are."""

from typing import NamedTuple

import numpy as np

from igm_jax.distributions.splits import Scaling

BLOCK = 1 << 22
"""So many numbers are scaled at a time, since that goes through float64."""


class Range(NamedTuple):
    """How values are taken to [-1, 1].

    Attributes:
        scaling: from the data's own units to the model's, and back.
        found: the least and the greatest value.
        told: a sentence on it.
        note: a sentence of warning where the values may be meant otherwise; empty for none.
    """

    scaling: Scaling
    found: tuple[float, float]
    told: str
    note: str = ""


def ranged(values: np.ndarray, what: str, value_range: tuple[float, float] | None = None) -> Range:
    """The range that values are meant in, and the scaling from it to [-1, 1].

    Bytes are meant from 0 to 255, 16 bits from 0 to 65535, booleans from 0 to 1. Other numbers are meant from 0 to 1, from -1
    to 1 or from 0 to 255, whichever is the first that holds them, else from the least to the greatest.

    Args:
        values: numbers of any shape, at least one.
        what: what they are called in errors.
        value_range: the range that they are meant in; None to find it.

    Returns:
        The range.

    Raises:
        ValueError: for NaN or infinity, a range that is none, or values beyond it.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data.ranges import ranged
        >>> ranged(np.array([0.0, 0.9]), "x").told
        'The values are taken from 0 ... 1 to -1 ... 1.'
    """
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        wrong = int(values.size - np.isfinite(values).sum())
        raise ValueError(f"{what} holds {wrong} values of {values.size} that are NaN or infinite; clean them first")
    if value_range is not None:
        bounds = _asked(value_range, what, low, high)
    else:
        bounds = _meant(values.dtype, low, high)
    scaling = Scaling.of_range(*bounds, dtype=_kept(values.dtype))
    told = f"The values are taken from {bounds[0]:g} ... {bounds[1]:g} to -1 ... 1."
    if bounds == (-1.0, 1.0):
        told = "The values are within -1 ... 1, and are kept as they are."
    note = _doubt(values.dtype, bounds, high) if value_range is None else ""
    return Range(scaling, (low, high), told, note)


def _asked(value_range: tuple[float, float], what: str, low: float, high: float) -> tuple[float, float]:
    asked = tuple(float(bound) for bound in value_range)
    if len(asked) != 2 or not np.isfinite(asked).all() or asked[0] >= asked[1]:
        raise ValueError(f"`value_range` must be two numbers, the least and the greatest, but is {value_range}")
    if low < asked[0] or high > asked[1]:
        raise ValueError(
            f"`value_range` must hold all values of {what}, but is {asked[0]:g} ... {asked[1]:g}, and they are from"
            f" {low:g} to {high:g}; widen it, or leave it out"
        )
    return asked[0], asked[1]


def _meant(dtype: np.dtype, low: float, high: float) -> tuple[float, float]:
    known = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0), "bool": (0.0, 1.0)}
    if dtype.name in known:
        return known[dtype.name]
    for bounds in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if bounds[0] <= low and high <= bounds[1]:
            return bounds
    return low, high


def _doubt(dtype: np.dtype, bounds: tuple[float, float], high: float) -> str:
    """A sentence where the values fill less than half of what their type can hold."""
    if dtype.name not in ("uint8", "uint16") or high > bounds[1] / 2:
        return ""
    return (
        f"The greatest value is {high:g}, where {dtype.name} goes to {bounds[1]:g}; if the values are meant to end at {high:g},"
        f" say `value_range=(0, {high:g})`."
    )


def _kept(dtype: np.dtype) -> str:
    """The type that values come back in."""
    if dtype.kind in "iub":
        return "uint8" if dtype.kind == "b" else dtype.newbyteorder("=").name
    return "float32"


def scaled(scaling: Scaling, values: np.ndarray) -> np.ndarray:
    """Values in the model's units, some at a time.

    Args:
        scaling: from the data's own units.
        values: (n, d) values in them.

    Returns:
        (n, d) values as float32.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data.ranges import scaled
        >>> from igm_jax.distributions import Scaling
        >>> scaled(Scaling.of_range(0, 255), np.array([[0, 255]])).tolist()
        [[-1.0, 1.0]]
    """
    made = np.empty(values.shape, np.float32)
    step = max(1, BLOCK // max(1, values.shape[1]))
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is refused where it is used
        for start in range(0, len(values), step):
            made[start : start + step] = scaling.scaled(values[start : start + step])
    return made
