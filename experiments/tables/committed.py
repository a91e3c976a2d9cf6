"""The cells of the tables that are committed with this project, and how many of another run's equal them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

COMMITTED = Path(__file__).parents[2] / "results" / "tables"
NAMED = 3

Entries = Sequence[Mapping[str, Any]]
Key = tuple[str, str, str]


class Agreement(NamedTuple):
    """How a table's cells stand beside the committed ones.

    Attributes:
        equal: how many are equal, to all digits that a page shows.
        cells: how many there are.
        others: the names of those that differ, or that only one of the two has.
        reason: why they were not compared; empty if they were.
    """

    equal: int = 0
    cells: int = 0
    others: tuple[str, ...] = ()
    reason: str = ""

    def told(self) -> str:
        """A line that says so."""
        if self.reason:
            return self.reason
        text = f"{self.equal} of {self.cells} cells equal the committed ones, to all digits shown"
        more = f" and {len(self.others) - NAMED} more" if len(self.others) > NAMED else ""
        return f"{text}; others: {'; '.join(self.others[:NAMED])}{more}." if self.others else f"{text}."


def read_entries(directory: Path) -> list[dict[str, Any]]:
    """The cells in a directory of a table; none where there are none."""
    path = directory / "entries.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def agreement(ours: Entries, committed: Entries) -> Agreement:
    """How cells stand beside the committed ones, if they were made with the same settings.

    Args:
        ours: cells, each with the ``digits`` that a page shows.
        committed: those that are committed.

    Returns:
        How many are equal, or why they were not compared.
    """
    if not ours or not committed:
        return Agreement(reason="There are no committed cells of this preset with which these could be compared.")
    here, there = ours[0]["config"], committed[0]["config"]
    if here != there:
        names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
        told = ", ".join(f"{name} {here.get(name)} here, {there.get(name)} there" for name in names)
        return Agreement(reason=f"Not compared with the committed cells, whose settings are others: {told}.")
    mine, known = ({_key(entry): entry for entry in entries} for entries in (ours, committed))
    equal = [key for key in mine if key in known and _equal(mine[key], known[key])]
    names = dict.fromkeys((*mine, *known))
    return Agreement(len(equal), len(names), tuple(f"{line}, {column}" for table, line, column in names
                                                   if (table, line, column) not in equal))  # fmt: skip


def _key(entry: Mapping[str, Any]) -> Key:
    return entry["table"], entry["line"], entry["column"]


def _equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    digits = one["digits"]
    return _shown(one["ours"], digits) == _shown(other["ours"], digits)


def _shown(values: Sequence[float | None], digits: int) -> list[str]:
    """Numbers as a page rounds them; small ones keep two digits."""
    return [
        "not finite"
        if value is None
        else f"{value:.1e}"
        if 0 < abs(value) < 0.5 * 10.0**-digits
        else f"{value:z.{digits}f}"
        for value in values
    ]
