"""What every diagnostic of forecasts does first: check data and draws, and know which of them belong together."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.objectives.moments.estimate import Estimate


class Forecasts(NamedTuple):
    """Data and draws, in double precision.

    Attributes:
        real: (c, d) what was observed under each of c conditions.
        draws: (c, k, d) draws under the same conditions.
    """

    real: Float[np.ndarray, "c d"]
    draws: Float[np.ndarray, "c k d"]


def forecasts(real: Any, draws: Any, *, least: int = 2) -> Forecasts:
    """Data (c, d) and draws (c, k, d), k ≥ ``least``, or an error."""
    shapes = np.shape(real), np.shape(draws)
    if len(shapes[0]) != 2 or len(shapes[1]) != 3 or shapes[1][::2] != shapes[0] or 0 in shapes[1]:
        raise ValueError(
            "`real` must have shape (c, d), one datum for each of c conditions, and `draws` (c, k, d), k draws of each, but they"
            f" have {shapes[0]} and {shapes[1]}; draw several times under each condition and stack along axis 1;"
            " there must be a condition and a feature"
        )
    if shapes[1][1] < least:
        raise ValueError(f"`draws` must hold at least {least} draws under each condition, but has shape {shapes[1]}")
    with jax.enable_x64(True):
        data = np.asarray(checks.samples("real", real), float)
        flat = np.asarray(checks.samples("draws", np.reshape(draws, (-1, shapes[1][2]))), float)
    return Forecasts(data, flat.reshape(shapes[1]))


def in_blocks(blocks: Any, number: int) -> np.ndarray:
    """(number,) the number of the block of each condition; each a block by itself where None."""
    if blocks is None:
        return np.arange(number)
    given = np.asarray(blocks)
    if given.dtype.kind == "f" and np.isnan(given).any():
        raise ValueError("`blocks` must name the block of each condition, but some are NaN")
    if given.shape != (number,):
        raise ValueError(
            f"`blocks` must have shape ({number},), a label for each condition, but has {given.shape}; conditions of one place or"
            " day share a label"
        )
    return np.unique(given, return_inverse=True)[1].ravel()


def mean_over(values: Float[np.ndarray, " c"], blocks: Any = None) -> Estimate:
    """The mean over conditions and its standard error; conditions of one block hang together, blocks do not.

    ``√(B/(B − 1) Σ_b (Σ_{i ∈ b} (v_i − mean))²) / n``, which is the usual one where each is a block by itself.
    """
    label = in_blocks(blocks, len(values))
    number = int(label.max()) + 1
    if number < 2:
        raise ValueError(
            f"a standard error takes at least two blocks of conditions that do not hang together, but there is {number}"
        )
    sums = np.bincount(label, values - values.mean(), number)
    error = np.sqrt(number / (number - 1) * np.sum(np.square(sums))) / len(values)
    return Estimate(float(values.mean()), float(error))


def resampled(blocks: Any, number: int, repeats: int, seed: int) -> Float[np.ndarray, "r c"]:
    """How often each condition comes in each of some bootstrap samples of whole blocks."""
    label = in_blocks(blocks, number)
    count = int(label.max()) + 1
    if count < 2:
        raise ValueError(
            "a bootstrap takes at least two blocks of conditions that do not hang together, but there is one; judge more"
            " conditions"
        )
    rng = np.random.default_rng(seed)
    times = rng.multinomial(count, np.full(count, 1 / count), size=checks.count("repeats", repeats))
    return times[:, label].astype(float)
