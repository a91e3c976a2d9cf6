"""Where data rank among draws: ranks of a model whose draws are as good as data are uniform."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from igm_jax import checks
from igm_jax.evaluation.forecasts.inputs import Forecasts, forecasts


class RankHistogram(NamedTuple):
    """How often data had each rank.

    Attributes:
        counts: (d, bins) for each feature.
        statistic: (d,) ``Σ (count − c/bins)²/(c/bins)``.
        p_value: (d,) of the χ² test with bins − 1 degrees of freedom that all ranks are equally frequent. It takes conditions
            that do not hang together.
    """

    counts: Int[np.ndarray, "d bins"]
    statistic: Float[np.ndarray, " d"]
    p_value: Float[np.ndarray, " d"]


def _ranks(of: Forecasts, rng: np.random.Generator) -> Int[np.ndarray, "c d"]:
    """How many draws are below each datum, ties broken at random."""
    below = (of.draws < of.real[:, None]).sum(axis=1)
    ties = (of.draws == of.real[:, None]).sum(axis=1)
    return below + rng.integers(0, ties + 1)


def rank_histogram(*, real: Any, draws: Any, bins: int | None = None, seed: int = 0) -> RankHistogram:
    """The rank histogram (Talagrand diagram) of data among draws, feature by feature, with a test that it is flat.

    ``rank = #{i: x_i < y} + a random share of the ties``, from 0 to k. A hollow says that draws are spread too little, a hill too
    much, a slope that they lie to one side.

    Cost: c · k · d.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions.
        bins: a divisor of k + 1, ranks next to each other in one bin; k + 1 by default.
        seed: of how ties are broken.

    Returns:
        Counts, and the test.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or bins that do not divide k + 1.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import rank_histogram
        >>> draws = np.random.default_rng(0).normal(size=(500, 9, 1))
        >>> fair = rank_histogram(real=np.random.default_rng(1).normal(size=(500, 1)), draws=draws)
        >>> narrow = rank_histogram(real=np.random.default_rng(1).normal(size=(500, 1)), draws=0.3 * draws)
        >>> bool(fair.p_value[0] > 0.05), bool(narrow.p_value[0] < 1e-6), narrow.counts[0, 0] > 2 * fair.counts[0, 0]
        (True, True, True)

    Source: Hamill, Interpretation of Rank Histograms for Verifying Ensemble Forecasts, Monthly Weather Review 129 (2001).
    """
    of = forecasts(real, draws, least=1)
    (c, d), k = of.real.shape, of.draws.shape[1]
    bins = k + 1 if bins is None else checks.count("bins", bins, least=2)
    if (k + 1) % bins:
        raise ValueError(f"`bins` must divide k + 1 = {k + 1}, the number of ranks, but is {bins}")
    rank = _ranks(of, np.random.default_rng(checks.count("seed", seed, least=0))) // ((k + 1) // bins)
    counts = np.stack([np.bincount(rank[:, i], minlength=bins) for i in range(d)])
    statistic = np.sum(np.square(counts - c / bins), axis=1) / (c / bins)
    return RankHistogram(counts, statistic, np.asarray(stats.chi2.sf(statistic, bins - 1), float))


def pit(*, real: Any, draws: Any, seed: int = 0) -> Float[np.ndarray, "c d"]:
    """The probability integral transform of data among draws, made continuous: uniform on [0, 1] where both have one law.

    ``(rank + U)/(k + 1)``, U uniform

    Cost: c · k · d.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions.
        seed: of U and of how ties are broken.

    Returns:
        (c, d) numbers in [0, 1].

    Raises:
        ValueError: for wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.evaluation import pit
        >>> bool(0.5 < pit(real=[[2.5]], draws=[[[1.0], [2.0], [3.0]]])[0, 0] < 0.75)
        True

    Source: Gneiting, Balabdaoui and Raftery, Probabilistic forecasts, calibration and sharpness, JRSS B 69 (2007).
    """
    of = forecasts(real, draws, least=1)
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    return (_ranks(of, rng) + rng.random(of.real.shape)) / (of.draws.shape[1] + 1)
