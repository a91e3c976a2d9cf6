"""What every diagnostic of forecasts does first: check data and draws, and know which of them belong together."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.objectives.moments.estimate import Estimate

# So many bootstrap samples at a time.
AT_ONCE = 100


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
    shapes = _shape("real", real), _shape("draws", draws)
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


def _shape(name: str, value: Any) -> tuple[int, ...]:
    try:
        return np.shape(value)
    except ValueError as error:
        told = f"`{name}` must hold as many numbers in each row, but does not; pad or leave out what is shorter"
        raise ValueError(told) from error


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


def resampled_means(values: Float[np.ndarray, "c d"], blocks: Any, repeats: int, seed: int) -> Float[np.ndarray, "r d"]:
    """The means over conditions in bootstrap samples of whole blocks, some samples at a time."""
    label = in_blocks(blocks, len(values))
    number = int(label.max()) + 1
    if number < 2:
        raise ValueError(
            "a bootstrap takes at least two blocks of conditions that do not hang together, but there is one; judge more"
            " conditions"
        )
    sums = np.stack([np.bincount(label, column, number) for column in values.T], axis=1)
    sizes, rng, means = np.bincount(label, minlength=number), np.random.default_rng(seed), []
    for begin in range(0, checks.count("repeats", repeats), AT_ONCE):
        times = rng.multinomial(number, np.full(number, 1 / number), size=min(AT_ONCE, repeats - begin))
        means.append(times @ sums / (times @ sizes)[:, None])
    return np.concatenate(means)
