"""Two runs beside each other: what got slower."""

from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.peers import OURS
from benchmarks.rows import OK, Results, Row

MANY = 1.25


class Change(NamedTuple):
    """How one implementation's time changed between two runs."""

    row: Row
    """As it is now."""
    before: float
    """Seconds in the old run."""
    ratio: float
    """Seconds now, over seconds then."""
    against_floor: float
    """The same where each run counts in its own floor: what a faster or busier machine changes, this does not."""

    def slower(self, threshold: float) -> bool:
        """Whether it is slower however one counts."""
        return min(self.ratio, self.against_floor) > threshold


def changes(old: Results, new: Results) -> list[Change]:
    """Every measurement that both runs have, with its change; the worst first.

    ``ratio = t_new / t_old`` and ``against_floor = (t_new / floor_new) / (t_old / floor_old)``

    Raises:
        ValueError: if they measured nothing in common.
    """
    earlier = {row.key: row for row in old.rows if row.status == OK and row.seconds}
    pairs = [(earlier[row.key], row) for row in new.rows if row.status == OK and row.seconds and row.key in earlier]
    if not pairs:
        raise ValueError("the two runs must have cases, sizes and implementations in common, but they have none")
    return sorted((_change(*pair) for pair in pairs), key=lambda change: -change.ratio)


def _change(old: Row, new: Row) -> Change:
    before, now = old.seconds or 0.0, new.seconds or 0.0  # `changes` asks only for what has a time
    ratio = now / before
    floors = (old.floor_seconds, new.floor_seconds)
    scale = floors[0] / floors[1] if floors[0] and floors[1] else 1.0
    return Change(new, before, ratio, ratio * scale)


def lost(old: Results, new: Results) -> list[str]:
    """What igm_jax measured well in the old run and fails or gets wrong in the new one, a line for each."""
    earlier = {row.key for row in old.rows if row.status == OK}
    return [
        f"{row.case} n={row.n} d={row.d}: {row.status}, {row.reason}"
        for row in new.rows
        if row.implementation == OURS and row.status != OK and row.key in earlier
    ]


def told(found: Iterable[Change], threshold: float) -> tuple[list[str], bool]:
    """The changes beyond a ratio of times as lines to print, and whether igm_jax got slower anywhere.

    Peers that got slower are told too, but do not count.
    """
    lines, worse = [], False
    for change in found:
        if not change.slower(threshold):
            continue
        row = change.row
        worse |= row.implementation == OURS
        lines.append(
            f"slower: {row.case} n={row.n} d={row.d} {row.implementation}: {1000 * change.before:.3g} ms ->"
            f" {1000 * (row.seconds or 0):.3g} ms, {change.ratio:.2f} times"
            f" ({change.against_floor:.2f} times against the floor)"
        )
    return lines or [f"nothing got slower by more than {threshold:g} times"], worse
