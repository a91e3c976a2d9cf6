"""A comparison's report while the comparison goes on: what there is so far, and how long the rest should take."""

import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from experiments.configs import Problem
from experiments.shared.left import Left, words
from experiments.shared.runs import Group
from experiments.shared.summary import summarise, title
from igm_jax.reporting import FLOOR, read_jsonl
from igm_jax.reporting.report import Section

SHARE = 0.04
"""Of the time, about this is spent at most on reports of what there is so far."""

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "updates" / "rows.jsonl"
JUDGING = 12.0
"""Seconds for one objective's looks through training and for its judges, about, on two cores."""

Gathered = tuple[list[dict[str, Any]], dict[str, dict[str, Group]]]


class Growing:
    """The report of what there is so far, written anew as objectives end; it says in words that it is unfinished.

    Args:
        gathered: rows and groups, of the groups that were found, by the number of their task.
        problems: the targets.
        number: of the objectives.
        directory: where.
    """

    def __init__(
        self,
        gathered: Callable[[Mapping[int, Group]], Gathered],
        problems: Mapping[str, Problem],
        number: int,
        directory: Path,
    ) -> None:
        self.gathered, self.problems, self.number, self.directory = gathered, problems, number, directory
        self.known: dict[tuple[str, ...], Section] = {}
        self.begin, self.spent = time.monotonic(), 0.0

    def __call__(self, found: Mapping[int, Group], left: Left) -> None:
        """Write the report, unless its share of the time is spent already; the first one is written in any case."""
        begin = time.monotonic()
        if self.spent > SHARE * (begin - self.begin):
            return
        rows, groups = self.gathered(found)
        measured = time.monotonic()  # what the floors took is used in the end, too
        where = summarise(rows, groups, self.problems, self.directory, self.told(groups, left), self.known)
        if not self.spent:
            print(f"the report so far, which grows: {where.path}", file=sys.stderr)
        self.spent += time.monotonic() - measured

    def told(self, groups: Mapping[str, Mapping[str, Group]], left: Left) -> str:
        """How far it is, in words."""
        parts = [f"{len(groups.get(one, ()))} of {self.number} objectives on {title(one)}" for one in self.problems]
        ahead = words(left())
        return f"Unfinished: {', '.join(parts)}{f'; {ahead}' if ahead else ''}."


def expected(target: str, objective: str, seeds: int) -> float:
    """Seconds that an objective should take.

    Args:
        target: the target's title.
        objective: its name.
        seeds: how many are trained side by side.

    Returns:
        What it took in the published comparison; for one that was not in it what the others took on average.
    """
    known = _published()
    training, compiling = known.get((target, objective)) or np.mean(list(known.values()), axis=0)
    return JUDGING + float(training) * seeds + float(compiling)


@cache
def _published() -> dict[tuple[str, str], tuple[float, float]]:
    """Seconds of training for a seed, and of compiling, by target and objective."""
    rows = [row for row in read_jsonl(PUBLISHED) if row["objective"] != FLOOR] if PUBLISHED.exists() else []
    known = {(row["target"], row["objective"]): (row["seconds"], row["compile_seconds"]) for row in rows}
    return known or {("", ""): (5.0, 3.0)}
