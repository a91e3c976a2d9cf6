"""Means with their intervals over seeds, and ranks with ties.

Few seeds are the rule, so everything here says how little it knows: an interval from Student's t with n - 1 degrees of
freedom, none from a single seed, and ranks that many share. One rule gives the ranks and what is in bold.
"""

import math
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


class Standing(NamedTuple):
    """Where objectives stand under one metric.

    Attributes:
        ranks: the rank of each, with ties.
        told: whether enough can be told from the best: not if more than half of those with worse means are worse by no more
            than chance explains, nor from single seeds. Then there are too few seeds to tell.
    """

    ranks: dict[str, int]
    told: bool


def standing(
    values: Mapping[str, Sequence[float] | np.ndarray], better: str | None, *, level: float = 0.95
) -> Standing:
    """The ranks of objectives in the order of their means, with ties where a difference may be chance.

    From the best mean to the worst, each objective is compared with the best one of its rank so far. It shares that rank unless
    it is worse by more than chance explains, in Welch's one-sided test at ``(1 - level) / (k (k - 1))`` for k objectives::

        (worse mean - best mean) / √(s_w² / n_w + s_b² / n_b) > t_{1 - (1 - level) / (k (k - 1)), Welch's degrees of freedom}

    Then it opens the next rank, which is one more than how many have better means. So a rank never contradicts the order of
    the means. Which of them is called the best is up to chance, so all ordered pairs count (Bonferroni): among equally good
    objectives any rank but the first is given with probability at most ``1 - level``. An objective whose numbers scatter may
    stand behind one that is told from the best although it is not itself.

    Why Welch rather than pairs over seeds: with three seeds the paired test has 2 degrees of freedom, Welch's up to 4, and
    its tail is what limits us here. Seeds that share a start and a data order correlate positively at most, which makes
    Welch's test err on the careful side; and it neither needs equal variances, which a GAN beside a kernel loss does
    not have, nor the same seeds everywhere. Where numbers do not vary at all (24 of 25 modes at every seed against 25), the
    exact permutation test takes its place, ``p = n_w! n_b! / (n_w + n_b)!``: for counts it is not impossible by chance.

    Args:
        values: for each objective its values, one for each seed.
        better: ``"lower"``, ``"higher"``, or ``None``, for which there are no ranks.
        level: of all tests together.

    Returns:
        The ranks. Objectives with a failed seed come after all others, together. From single seeds nothing can be told about
        chance: then ranks follow the numbers, only equal ones tie, and ``told`` is false.

    Raises:
        ValueError: for an unknown direction, a level outside (0, 1) or an objective without values.

    Example:
        >>> from igm_jax.reporting import standing
        >>> values = {"a": [1.0, 1.1, 0.9], "b": [1.0, 1.2, 1.1], "c": [9.0, 9.1, 9.2], "d": [7.0, 7.1, 7.2]}
        >>> standing(values, "lower")
        Standing(ranks={'a': 1, 'b': 1, 'd': 3, 'c': 4}, told=True)

    Source: Welch (1947), "The generalization of 'Student's' problem".
    """
    checks.choice("better", better, ("lower", "higher", None))
    _level(level)
    arrays = {name: _values(f"values[{name!r}]", value) for name, value in values.items()}
    sound = {name: array for name, array in arrays.items() if np.isfinite(array).all()}
    if better is None or not sound:
        return Standing(dict.fromkeys(arrays, 1) if better else {}, False)
    sign = 1.0 if better == "lower" else -1.0
    costs = {name: sign * array for name, array in sound.items()}
    order = sorted(costs, key=lambda name: costs[name].mean())
    alpha = (1 - level) / max(len(costs) * (len(costs) - 1), 1)
    found = {order[0]: 1}
    best = order[0]
    for number, name in enumerate(order[1:], 2):
        if _is_worse(costs[name], costs[best], alpha):
            best = name
            found[name] = number
        else:
            found[name] = found[best]
    first = costs[order[0]].mean()
    worse = [name for name in order if not np.isclose(costs[name].mean(), first, rtol=1e-12)]
    open_ones = [name for name in worse if found[name] == 1]
    broken = {name: 1 + len(sound) for name in arrays if name not in sound}
    several = min(len(array) for array in costs.values()) > 1
    return Standing(found | broken, several and 2 * len(open_ones) <= len(worse))


def ranks(values: Mapping[str, Sequence[float] | np.ndarray], better: str, *, level: float = 0.95) -> dict[str, int]:
    """Each objective's rank (see ``standing``).

    Args:
        values: for each objective its values, one for each seed.
        better: ``"lower"`` or ``"higher"``.
        level: of all tests together.

    Returns:
        The ranks, from 1; those that share one cannot be told apart.

    Raises:
        ValueError: for an unknown direction, a level outside (0, 1) or an objective without values.

    Example:
        >>> from igm_jax.reporting import ranks
        >>> ranks({"a": [1.0, 2.0, 3.0], "b": [1.1, 1.9, 3.0], "c": [29.0, 29.5, 31.0]}, "lower")
        {'a': 1, 'b': 1, 'c': 3}
    """
    checks.choice("better", better, ("lower", "higher"))
    return standing(values, better, level=level).ranks


def ties_with_best(
    values: Mapping[str, Sequence[float] | np.ndarray], better: str | None, *, level: float = 0.95
) -> frozenset[str]:
    """The objectives of rank 1 (see ``standing``): the best mean, and those after it up to the first that is told from it.

    Args:
        values: for each objective its values, one for each seed.
        better: ``"lower"``, ``"higher"``, or ``None``, for which nothing is best.
        level: of all tests together.

    Returns:
        The names, the best included. Objectives with a failed seed are never among them.

    Raises:
        ValueError: for an unknown direction, a level outside (0, 1) or an objective without values.

    Example:
        >>> from igm_jax.reporting import ties_with_best
        >>> values = {"a": [1.0, 1.1, 0.9], "b": [1.0, 1.2, 1.1], "c": [9.0, 9.1, 9.2]}
        >>> sorted(ties_with_best(values, "lower"))
        ['a', 'b']
    """
    found = standing(values, better, level=level).ranks
    return frozenset(name for name, rank in found.items() if rank == 1 and np.isfinite(np.asarray(values[name])).all())


def _is_worse(candidate: np.ndarray, best: np.ndarray, alpha: float) -> bool:
    """Whether ``candidate`` has the larger mean, by Welch's one-sided test at level ``alpha``."""
    gap = candidate.mean() - best.mean()
    if gap <= 0:
        return False
    if len(candidate) < 2 or len(best) < 2:
        return True
    parts = [array.var(ddof=1) / len(array) for array in (candidate, best)]
    # Values that do not vary at all, up to rounding, have no t.
    if sum(parts) <= (np.finfo(float).eps * max(np.abs(candidate).max(), np.abs(best).max())) ** 2:
        return 1 / math.comb(len(candidate) + len(best), len(best)) <= alpha
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
