"""Tables of ranks and of differences, from rows of results."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from igm_jax.evaluation import Measure as Metric
from igm_jax.reporting.paired import Difference, pairwise_tests
from igm_jax.reporting.rows import FLOOR, Row
from igm_jax.reporting.statistics import Standing, standing
from igm_jax.reporting.tables import Cell, Line, Table


def rank_table(rows: Iterable[Row], metrics: Sequence[Metric], target: str, *, level: float = 0.95) -> Table:
    """Each objective's rank under each metric, with ties, and the mean of its ranks.

    Args:
        rows: rows of results (see ``check_row``).
        metrics: the columns; those without a better direction, or that no row has, are left out.
        target: the target's name.
        level: of the tests behind the ranks (see ``standing``).

    Returns:
        The table, the best mean rank first. Where more than half of those with worse means cannot be told from the best, a
        question mark stands for their rank.

    Raises:
        ValueError: for an unknown direction.

    Example:
        >>> from igm_jax.reporting import Metric, rank_table
        >>> rows = [{"target": "ring", "objective": o, "seed": s, "metrics": {"w2": v * (1 + s / 100)}}
        ...         for o, v in (("gan", 0.5), ("energy", 0.1)) for s in range(3)]
        >>> [(line.name, line.cells[0].text) for line in rank_table(rows, [Metric("w2", "W2", "lower", 2)], "ring").lines]
        [('energy', '1'), ('gan', '2')]
    """
    rows = [row for row in rows if row["target"] == target and row["objective"] != FLOOR]
    found = {
        metric: standing(values, metric.better, level=level)
        for metric in metrics
        if metric.better is not None and (values := by_seed(rows, metric.name))
    }
    names = dict.fromkeys(row["objective"] for row in rows)
    # Columns in which hardly anything is told would give everybody the same.
    told = [one.ranks for one in found.values() if one.told]
    means = {name: float(np.mean([of[name] for of in told if name in of] or [np.nan])) for name in names}
    lines = tuple(
        Line(name, (*(_rank(of, name) for of in found.values()), Cell(_mean(means[name]))))
        for name in sorted(names, key=lambda name: np.nan_to_num(means[name], nan=np.inf))
    )
    return Table(
        f"{target}: ranks",
        _caption(found.values(), level),
        ("objective", *(metric.label for metric in found), "mean rank"),
        lines,
    )


def _mean(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1f}"


def _rank(of: Standing, name: str) -> Cell:
    if name not in of.ranks:
        return Cell("–")
    rank = of.ranks[name]
    return Cell(str(rank), rank == 1) if of.told or rank > 1 else Cell("?")


def _caption(found: Collection[Standing], level: float) -> str:
    text = (
        "Ranks follow the means. An objective shares the rank of the ones above it unless it is worse than the best of them"
        f" beyond chance (Welch's test, Bonferroni, at {100 * level:g} %): what is in bold here is in bold in the table of means."
    )
    if all(one.told for one in found):
        return text
    return f"{text} ?: too few seeds to tell, for most from the best; the mean of the ranks leaves such a column out."


def difference_table(rows: Iterable[Row], metric: Metric, target: str, *, level: float = 0.95) -> Table:
    """Every pair of objectives under one metric: the mean difference, its bootstrap interval and corrected p-value.

    Args:
        rows: rows of results (see ``check_row``), every objective with the same seeds, at least two.
        metric: the metric.
        target: the target's name.
        level: of the intervals.

    Returns:
        The table, a pair a line, the clearest first; those that differ beyond chance are marked.

    Raises:
        ValueError: for a single seed, or objectives with different ones.
    """
    rows = [row for row in rows if row["target"] == target and row["objective"] != FLOOR]
    tests = sorted(pairwise_tests(by_seed(rows, metric.name), level=level), key=lambda test: test.p_value)
    caption = (
        f"First minus second, the mean over seeds that both share; its {100 * level:g} % paired bootstrap interval; the p-value"
        f" of the paired t-test, and the same with Holm's correction for {len(tests)} pairs. In bold: differ beyond chance. Ranks"
        " ask for less, not for all pairs at once, and tell more apart."
    )
    headings = ("pair", "difference", f"{100 * level:g} % interval", "p", "corrected p")
    lines = tuple(_difference(test, metric.digits, 1 - level) for test in tests)
    return Table(f"{target}: differences in {metric.label}", caption, headings, lines)


def _difference(test: Difference, digits: int, threshold: float) -> Line:
    texts = (
        f"{test.mean:+.{digits}f}",
        f"[{test.low:z.{digits}f}, {test.high:z.{digits}f}]",
        f"{test.p_value:.2g}",
        f"{test.adjusted:.2g}",
    )
    differs = test.adjusted <= threshold
    return Line(f"{test.first} – {test.second}", tuple(Cell(text, differs and text == texts[0]) for text in texts))


def by_seed(rows: Iterable[Row], metric: str) -> Mapping[str, list[float]]:
    """A metric's numbers for each objective in the order of the seeds; a broken run's are NaN."""
    rows = sorted(rows, key=lambda row: row["seed"])
    if not any(metric in row["metrics"] for row in rows):
        return {}
    values: dict[str, list[float]] = {}
    for row in rows:
        values.setdefault(row["objective"], []).append(row["metrics"].get(metric, float("nan")))
    return values
