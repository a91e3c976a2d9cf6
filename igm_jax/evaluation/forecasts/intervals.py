"""How often data lie in the intervals that draws give."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.evaluation.forecasts.inputs import forecasts, resampled_means


class Coverage(NamedTuple):
    """How often data lay in their intervals, feature by feature.

    Attributes:
        share: (d,) of the conditions.
        low: (d,) lower end of the bootstrap's 95 % interval.
        high: (d,) upper end.
        width: (d,) mean length of the intervals.
    """

    share: Float[np.ndarray, " d"]
    low: Float[np.ndarray, " d"]
    high: Float[np.ndarray, " d"]
    width: Float[np.ndarray, " d"]


def interval_coverage(
    *, real: Any, draws: Any, level: float = 0.9, blocks: Any = None, repeats: int = 2000, seed: int = 0
) -> Coverage:
    """The coverage of central intervals: how often data lie between two quantiles of the draws.

    Quantiles stand at ranks ``(k + 1)(1 ± level)/2`` of the draws, k ≥ (1 + level)/(1 − level). Where these are whole, as of 19
    or 99 draws at 90 %, data of the draws' own law lie between them with probability ``level``, whatever the law. Between whole
    ranks they are interpolated, and cover about a hundredth more.

    Cost: c · k log k · d, and repeats · blocks for the interval.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions.
        level: how often data should lie between them, e.g. 0.9, for which k must be at least 19.
        blocks: (c,) labels: conditions of one label hang together, such as those of one region or day, and the bootstrap draws
            whole blocks. None where none do.
        repeats: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Shares with 95 % bootstrap intervals, and mean widths.

    Raises:
        ValueError: for a level outside (0, 1), too few draws for it, wrong shapes or non-finite numbers.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import interval_coverage
        >>> rng = np.random.default_rng(0)
        >>> found = interval_coverage(real=rng.normal(size=(400, 1)), draws=rng.normal(size=(400, 19, 1)))
        >>> bool(found.low[0] < 0.9 < found.high[0])
        True

    Source: Gneiting, Balabdaoui and Raftery, JRSS B 69 (2007); block bootstrap, Künsch, Annals of Statistics 17 (1989).
    """
    of = forecasts(real, draws)
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1, but is {level!r}")
    k, ends = of.draws.shape[1], ((1 - level) / 2, (1 + level) / 2)
    if (k + 1) * ends[0] < 1 - 1e-9:
        needed = int(np.ceil((1 + level) / (1 - level) - 1e-9))
        raise ValueError(
            f"`draws` must hold at least {needed} draws under each condition for an interval of {level:g}, whose ends lie beyond"
            f" the outermost of {k}; draw more, or lower `level`"
        )
    low, high = np.quantile(of.draws, ends, axis=1, method="weibull")
    inside = ((of.real >= low) & (of.real <= high)).astype(float)
    shares = resampled_means(inside, blocks, repeats, checks.count("seed", seed, least=0))
    bottom, top = np.quantile(shares, (0.025, 0.975), axis=0)
    return Coverage(inside.mean(axis=0), bottom, top, (high - low).mean(axis=0))
