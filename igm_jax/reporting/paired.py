"""Differences between objectives that ran with the same seeds: bootstrap intervals, corrected tests."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from igm_jax import checks

EXACT = 6
"""Up to so many seeds all resamples are enumerated (6⁶ = 46 656); beyond, they are drawn."""

RESAMPLES = 20_000
"""How many are drawn."""


class Difference(NamedTuple):
    """Two objectives compared seed by seed.

    Attributes:
        first, second: their names.
        mean: of ``first - second`` over the seeds.
        low, high: the ends of its bootstrap interval.
        p_value: of the paired t-test that the mean is zero.
        adjusted: the same, corrected for the number of pairs (Holm).
    """

    first: str
    second: str
    mean: float
    low: float
    high: float
    p_value: float
    adjusted: float


def paired_bootstrap(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """The bootstrap interval of a mean difference over seeds that both share.

    Seeds are drawn with replacement, a seed's two numbers together; the interval goes between quantiles of the means::

        d̄ + √(n / (n - 1)) · (quantile_{(1 ± level) / 2}(mean of n drawn d) - d̄),   d = first - second

    The root widens it by what a standard deviation over n rather than n - 1 lacks: with few seeds the plain interval is too
    short. Up to six seeds every resample is enumerated, so the answer does not depend on chance.

    Args:
        first: (n,) numbers of one objective, a seed each, n ≥ 2.
        second: (n,) numbers of the other, in the same order of seeds.
        level: the probability that the interval is to cover the mean difference.
        resamples: how many are drawn where there are more than six seeds.
        seed: of those draws.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: for different numbers of seeds, fewer than two, or numbers that are not finite.

    Example:
        >>> from igm_jax.reporting import paired_bootstrap
        >>> paired_bootstrap([3.0, 4.0], [1.0, 2.0])
        (2.0, 2.0)

    Source: Efron (1979), "Bootstrap methods: another look at the jackknife"; the root: Hesterberg, arXiv 1411.5279, Section 4.
    """
    gaps, level = _gaps(first, second), _checked(level)
    return _interval(gaps, _resampled(len(gaps), checks.count("resamples", resamples), seed), level)


def _gaps(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> np.ndarray:
    """The differences seed by seed, or an error."""
    first, second = (np.asarray(values, float) for values in (first, second))
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(
            f"`first` and `second` must hold one number for each of the same seeds, at least two, but have shapes"
            f" {first.shape} and {second.shape}; run both objectives with the same seeds"
        )
    if not np.isfinite([first, second]).all():
        raise ValueError("`first` and `second` must be finite; a run that broke has no difference")
    return first - second


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1, but is {level!r}; 0.95 is the usual one")
    return level


def _resampled(n: int, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray | int]:
    """Resamples of n seeds, (r, n) indices, and how often each of them counts."""
    if n > EXACT:
        return np.random.default_rng(seed).integers(n, size=(resamples, n)), 1
    # The order of a resample does not matter to its mean: 462 for 6 seeds stand for all 6⁶.
    drawn = np.array(list(itertools.combinations_with_replacement(range(n), n)))
    counts = [np.bincount(one, minlength=n).tolist() for one in drawn]
    return drawn, np.array([math.factorial(n) // math.prod(map(math.factorial, one)) for one in counts])


def _interval(gaps: np.ndarray, resampled: tuple[np.ndarray, np.ndarray | int], level: float) -> tuple[float, float]:
    drawn, times = resampled
    means, n = np.repeat(gaps[drawn].mean(axis=1), times), len(gaps)
    ends = gaps.mean() + np.sqrt(n / (n - 1)) * (np.quantile(means, [(1 - level) / 2, (1 + level) / 2]) - gaps.mean())
    return float(ends[0]), float(ends[1])


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values corrected for their number, so that the chance of any false rejection stays at the level.

    Of k in ascending order, ``adjusted_(i) = max_{j ≤ i} min(1, (k - j + 1) p_(j))``

    Args:
        p_values: (k,) between 0 and 1.

    Returns:
        (k,) adjusted, in the order given.

    Raises:
        ValueError: for another shape, or numbers outside [0, 1].

    Example:
        >>> from igm_jax.reporting import holm
        >>> holm([0.01, 0.5, 0.02]).tolist()
        [0.03, 0.5, 0.04]

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    values = np.asarray(p_values, float)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"`p_values` must be a list of numbers between 0 and 1, but is {p_values!r}")
    order = np.argsort(values, kind="stable")
    steps = np.minimum(1.0, np.arange(len(values), 0, -1) * values[order])
    adjusted = np.empty_like(values)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def pairwise_tests(values: Mapping[str, Sequence[float] | np.ndarray], *, level: float = 0.95) -> list[Difference]:
    """Every pair of objectives, compared over the seeds that both share.

    ``t = d̄ / (s_d / √n)`` with n - 1 degrees of freedom, two-sided, and Holm's correction over all pairs. Where a difference is
    the same at every seed, the exact test of signs takes its place, ``p = 2^(1 - n)``: for counts it is not impossible by chance.

    Args:
        values: for each objective its numbers, one for each seed, in the same order of seeds; at least two seeds.
        level: of the bootstrap intervals.

    Returns:
        The differences, in the order of the names. Objectives with a seed that is not finite are left out.

    Raises:
        ValueError: for different numbers of seeds, or a single one.

    Example:
        >>> from igm_jax.reporting import pairwise_tests
        >>> tests = pairwise_tests({"a": [1.0, 2.0, 3.0], "b": [2.1, 3.0, 3.9], "c": [9.0, 9.5, 11.0]})
        >>> [(t.first, t.second, t.adjusted < 0.05) for t in tests]
        [('a', 'b', True), ('a', 'c', True), ('b', 'c', True)]
    """
    _checked(level)
    tested = _tested(values)
    if not tested:
        return []
    # All pairs have the same seeds, so that one set of resamples serves them all.
    resampled = _resampled(len(tested[0].gaps), RESAMPLES, 0)
    return [
        Difference(a, b, float(gaps.mean()), *_interval(gaps, resampled, level), p, adjusted)
        for a, b, gaps, p, adjusted in tested
    ]


class _Tested(NamedTuple):
    """A pair's differences, one for each seed, with the p-value of their mean, and the same corrected."""

    first: str
    second: str
    gaps: np.ndarray
    p_value: float
    adjusted: float


def _tested(values: Mapping[str, Sequence[float] | np.ndarray]) -> list[_Tested]:
    """Every pair of objectives whose seeds are all finite."""
    arrays = {name: np.asarray(value, float) for name, value in values.items()}
    pairs = list(itertools.combinations([name for name, value in arrays.items() if np.isfinite(value).all()], 2))
    gaps = [_gaps(arrays[a], arrays[b]) for a, b in pairs]
    p_values = [_paired_t(gap) for gap in gaps]
    found = zip(pairs, gaps, p_values, holm(p_values), strict=True)
    return [_Tested(a, b, gap, p, float(adjusted)) for (a, b), gap, p, adjusted in found]


def _paired_t(gaps: np.ndarray) -> float:
    spread = gaps.std(ddof=1)
    # Gaps that do not vary (24 of 25 modes at every seed against 25) have no t: the exact test of signs, all of them alike.
    if spread <= np.finfo(float).eps * np.abs(gaps).max():
        return 2.0 ** (1 - len(gaps)) if gaps.any() else 1.0
    statistic = abs(gaps.mean()) / (spread / np.sqrt(len(gaps)))
    return float(2 * stats.t.sf(statistic, len(gaps) - 1))
