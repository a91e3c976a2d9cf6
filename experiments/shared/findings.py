"""What a comparison found on one target, in sentences, from its rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from igm_jax.evaluation import MEASURES, Measure
from igm_jax.reporting import FLOOR, standing

Rows = Sequence[Mapping[str, Any]]


def findings(rows: Rows, decisive: Measure, columns: Sequence[str]) -> list[str]:
    """What came out on one target.

    Args:
        rows: of the target, with the floor's.
        decisive: the measure that the first sentence is about.
        columns: names of the measures of the table.

    Returns:
        Sentences: who is best, as far as seeds tell, and how far that is from real data; the modes that were found, where
        there are any; which runs broke; what was quick.
    """
    trained = [row for row in rows if row["objective"] != FLOOR]
    floor = _values([row for row in rows if row["objective"] == FLOOR], decisive.name).get(FLOOR, ())
    values = {name: found for name, found in _values(trained, decisive.name).items() if np.isfinite(found).all()}
    said = []
    if values:
        said.append(_best(values, floor, decisive))
        if "modes" in columns and (modes := _finite_means(trained, "modes")):
            said.append(_modes(modes))
    if broken := sorted({row["objective"] for row in trained} - set(values)):
        said.append(f"{_all(broken)} broke, in at least one seed.")
    seconds = {name: float(np.mean(found)) for name, found in _costs(trained).items()}
    if len(set(seconds.values())) > 1:
        quick, slow = min(seconds, key=seconds.__getitem__), max(seconds, key=seconds.__getitem__)
        said.append(
            f"{quick} is the quickest, with {seconds[quick]:.2g} s a seed, {slow} the slowest, with {seconds[slow]:.2g} s."
        )
    return said


def _best(values: Mapping[str, Sequence[float]], floor: Sequence[float], measure: Measure) -> str:
    means = {name: float(np.mean(found)) for name, found in values.items()}
    order = sorted(means, key=means.__getitem__, reverse=measure.better == "higher")
    best, digits = order[0], measure.digits
    text = f"By {measure.label}, {best} has the best mean, {means[best]:.{digits}f}"
    if len(floor):
        text += f"; real data in the place of samples have {np.mean(floor):.{digits}f}"
    if len(order) == 1:
        return f"{text}."
    seeds = min(map(len, values.values()))
    found = standing(values, measure.better)
    if not found.told:
        return f"{text}. {_number(seeds)} too few to tell the others from it."
    tied = [name for name in order[1:] if found.ranks.get(name) == 1]
    rest = f"{_all(tied)} cannot be told from it" if tied else "no other is of its rank"
    return f"{text}. Over {seeds} seeds, {rest}."


def _modes(means: Mapping[str, float]) -> str:
    most, fewest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    label = MEASURES["modes"].label
    if means[most] == means[fewest]:
        return f"All find {means[most]:.1f} {label} on average."
    return f"{most} finds the most {label}, {means[most]:.1f} on average, {fewest} the fewest, {means[fewest]:.1f}."


def _number(seeds: int) -> str:
    return "One seed is" if seeds == 1 else f"The {seeds} seeds are"


def _values(rows: Rows, metric: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if metric in row["metrics"]:
            found.setdefault(row["objective"], []).append(row["metrics"][metric])
    return found


def _finite_means(rows: Rows, metric: str) -> dict[str, float]:
    means = {name: float(np.mean(found)) for name, found in _values(rows, metric).items()}
    return {name: mean for name, mean in means.items() if np.isfinite(mean)}


def _costs(rows: Rows) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.get("seconds") is not None and np.isfinite(row["seconds"]):
            found.setdefault(row["objective"], []).append(row["seconds"])
    return found


def _all(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
