"""Scores of forecasts with their standard errors, and spread beside skill."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from igm_jax.evaluation.forecasts.inputs import forecasts, mean_over
from igm_jax.objectives.moments.estimate import Estimate
from igm_jax.objectives.scores.crps import crps
from igm_jax.objectives.scores.energy_score import energy_score

AT_ONCE = 2**22


class SpreadSkill(NamedTuple):
    """How far draws lie from each other, and their mean from the data, feature by feature.

    Attributes:
        spread: (d,) root of the mean variance of the draws of a condition.
        error: (d,) root mean square of datum minus mean of the draws.
        ratio: (d,) ``√((k + 1)/k) · spread / error``: 1 where data are as one more draw, below where draws are too sure.
    """

    spread: Float[np.ndarray, " d"]
    error: Float[np.ndarray, " d"]
    ratio: Float[np.ndarray, " d"]


def spread_skill(*, real: Any, draws: Any) -> SpreadSkill:
    """The spread of draws beside the error of their mean.

    Cost: c · k · d.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions, k ≥ 2.

    Returns:
        Both, and their ratio with the factor that makes it 1 for every k; infinite where the mean is always right, and NaN where
        draws are sure, too.

    Raises:
        ValueError: for one draw, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.evaluation import spread_skill
        >>> found = spread_skill(real=[[2.0], [-2.0]], draws=[[[-1.0], [1.0]], [[-1.0], [1.0]]])
        >>> found.spread.round(3).tolist(), found.error.tolist(), found.ratio.round(3).tolist()
        ([1.414], [2.0], [0.866])

    Source: Fortin et al., Why should ensemble spread match the RMSE of the ensemble mean?, J. Hydrometeorology 15 (2014).
    """
    of = forecasts(real, draws)
    k = of.draws.shape[1]
    spread = np.sqrt(of.draws.var(axis=1, ddof=1).mean(axis=0))
    error = np.sqrt(np.square(of.real - of.draws.mean(axis=1)).mean(axis=0))
    beyond = np.where(spread > 0, np.inf, np.nan)
    ratio = np.divide(np.sqrt((k + 1) / k) * spread, error, out=beyond, where=error > 0)
    return SpreadSkill(spread, error, ratio)


# Compiled once for draws of one shape, however often they are called.
_crps, _energy_score = jax.jit(crps), jax.jit(energy_score)


def _scored(score: Any, real: Any, draws: Any, blocks: Any) -> Estimate:
    of = forecasts(real, draws)
    at_once = max(1, AT_ONCE // of.draws[0].size)
    with jax.enable_x64(True):
        parts = [score(of.draws[i : i + at_once], of.real[i : i + at_once]) for i in range(0, len(of.real), at_once)]
    return mean_over(np.concatenate([np.asarray(part) for part in parts]), blocks)


def mean_crps(*, real: Any, draws: Any, blocks: Any = None) -> Estimate:
    """The fair continuous ranked probability score, its mean over conditions and features, with a standard error.

    ``mean_c mean_l (mean_i |x_cil − y_cl| − ½ mean_{i≠j} |x_cil − x_cjl|)``

    Cost: c · k² · d for up to 64 draws, else c · k log k · d.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions, k ≥ 2.
        blocks: (c,) labels of conditions that hang together; None where none do.

    Returns:
        The mean and its standard error over conditions, in the units of the data.

    Raises:
        ValueError: for one draw, a single block, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.evaluation import mean_crps
        >>> round(mean_crps(real=[[6.0], [2.0]], draws=[[[1.0], [3.0]], [[1.0], [3.0]]]).value, 6)
        1.5

    Source: Gneiting and Raftery, JASA 102 (2007), Section 4.2.
    """
    return _scored(_crps, real, draws, blocks)


def mean_energy_score(*, real: Any, draws: Any, blocks: Any = None) -> Estimate:
    """The fair energy score, its mean over conditions, with a standard error.

    ``mean_c (mean_i ‖x_ci − y_c‖ − ½ mean_{i≠j} ‖x_ci − x_cj‖)``

    Cost: c · k² · d.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions, k ≥ 2.
        blocks: (c,) labels of conditions that hang together; None where none do.

    Returns:
        The mean and its standard error over conditions, in the units of the data.

    Raises:
        ValueError: for one draw, a single block, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.evaluation import mean_energy_score
        >>> round(mean_energy_score(real=[[6.0], [2.0]], draws=[[[1.0], [3.0]], [[1.0], [3.0]]]).value, 6)
        1.5

    Source: Gneiting and Raftery, JASA 102 (2007), Section 4.3.
    """
    return _scored(_energy_score, real, draws, blocks)
