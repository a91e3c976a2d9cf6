"""Means with their intervals over seeds, and which objectives tie with the best.

Few seeds are the rule, so everything here says how little it knows: an interval from Student's t with n - 1 degrees of
freedom, none from a single seed, and a set of the best that is a confidence set rather than one winner.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from igm_jax import checks


class Interval(NamedTuple):
    """A mean over seeds and the half width of its confidence interval.

    Args:
        mean: the mean; NaN if any seed gave no finite number.
        half_width: half the interval's width; NaN if there is none (one seed, or a failed one).
        seeds: how many values went in.
        failed: how many of them are NaN or infinite.
    """

    mean: float
    half_width: float
    seeds: int
    failed: int


def interval(values: Sequence[float] | np.ndarray, *, level: float = 0.95) -> Interval:
    """The mean of some values and its Student interval.

    ``mean ± t_{(1 + level) / 2, n - 1} s / √n``

    Args:
        values: (n,) one number for each seed.
        level: the probability that the interval covers the mean of normal values, between 0 and 1.

    Returns:
        The interval. A single value has no half width (NaN). A failed seed (NaN or infinity) fails the mean: leaving it
        out would make an objective look better for having diverged.

    Raises:
        ValueError: for no values, another shape or a level outside (0, 1).

    Example:
        >>> from igm_jax.reporting import interval
        >>> result = interval([1.0, 2.0, 3.0])
        >>> f"{result.mean:.2f} ± {result.half_width:.2f} over {result.seeds} seeds"
        '2.00 ± 2.48 over 3 seeds'

    Source: Student (1908), "The probable error of a mean".
    """
    array = _values("values", values)
    _level(level)
    failed = int((~np.isfinite(array)).sum())
    n = len(array)
    if failed:
        return Interval(float("nan"), float("nan"), n, failed)
    if n == 1:
        return Interval(float(array[0]), float("nan"), n, 0)
    half_width = stats.t.ppf((1 + level) / 2, n - 1) * array.std(ddof=1) / np.sqrt(n)
    return Interval(float(array.mean()), float(half_width), n, 0)


def ties_with_best(
    values: Mapping[str, Sequence[float] | np.ndarray], better: str | None, *, level: float = 0.95
) -> frozenset[str]:
    """The objectives that cannot be told from the best: a confidence set for the truly best one.

    The best is the one with the best mean. Another of the k objectives is left out if it is worse by more than chance
    explains, in Welch's one-sided test at ``(1 - level) / (k - 1)``::

        (worse mean - best mean) / √(s_w² / n_w + s_b² / n_b) > t_{1 - (1 - level) / (k - 1), Welch's degrees of freedom}

    So the truly best objective is left out with probability at most ``1 - level``: leaving it out takes at least one of
    k - 1 false rejections (Bonferroni), whichever objective happened to come out best. Two objectives that are both in
    the set may still differ from each other.

    Why Welch rather than pairs over seeds: with three seeds the paired test has 2 degrees of freedom, Welch's up to 4, and
    its tail is what limits us here. Seeds that share a start and a data order correlate positively at most, which makes
    Welch's test err on the careful side; and it neither needs equal variances, which a GAN beside a kernel loss does
    not have, nor the same seeds everywhere.

    Args:
        values: for each objective its values, one for each seed.
        better: ``"lower"``, ``"higher"``, or ``None``, for which nothing is best.
        level: the probability that the truly best objective is in the set.

    Returns:
        The names, the best included. Objectives with a failed seed are never in it. From single seeds nothing can be
        told about chance, so then it is the best alone (with exact ties).

    Raises:
        ValueError: for an unknown direction, a level outside (0, 1) or an objective without values.

    Example:
        >>> from igm_jax.reporting import ties_with_best
        >>> values = {"a": [1.0, 1.1, 0.9], "b": [1.0, 1.2, 1.1], "c": [9.0, 9.1, 9.2]}
        >>> sorted(ties_with_best(values, "lower"))
        ['a', 'b']

    Source: Welch (1947), "The generalization of 'Student's' problem"; confidence sets for the best: Hsu (1981),
    "Simultaneous confidence intervals for all distances from the 'best'".
    """
    checks.choice("better", better, ("lower", "higher", None))
    _level(level)
    arrays = {name: _values(f"values[{name!r}]", value) for name, value in values.items()}
    arrays = {name: array for name, array in arrays.items() if np.isfinite(array).all()}
    if better is None or not arrays:
        return frozenset()
    sign = 1.0 if better == "lower" else -1.0
    costs = {name: sign * array for name, array in arrays.items()}
    best = min(costs, key=lambda name: costs[name].mean())
    alpha = (1 - level) / max(len(costs) - 1, 1)
    return frozenset(name for name in costs if name == best or not _is_worse(costs[name], costs[best], alpha))


def _is_worse(candidate: np.ndarray, best: np.ndarray, alpha: float) -> bool:
    """Whether ``candidate`` has the larger mean, by Welch's one-sided test at level ``alpha``."""
    gap = candidate.mean() - best.mean()
    if gap <= 0:
        return False
    if len(candidate) < 2 or len(best) < 2:
        return True
    parts = [array.var(ddof=1) / len(array) for array in (candidate, best)]
    # Values that do not vary at all (25 of 25 modes at every seed) up to rounding: any gap is a difference.
    if sum(parts) <= (np.finfo(float).eps * max(np.abs(candidate).max(), np.abs(best).max())) ** 2:
        return True
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(array) - 1) for part, array in zip(parts, (candidate, best), strict=True)
    )
    return bool(gap / np.sqrt(sum(parts)) > stats.t.ppf(1 - alpha, freedom))


def _values(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"`{name}` must hold one number for each seed, but has shape {array.shape}; pass at least one")
    return array


def _level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1, but is {level!r}; 0.95 is the usual one")
