"""A published number, ours beside it, and the rule by which they agree."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from igm_jax.reporting.tables import Cell, Line, Table


class Rule(NamedTuple):
    """When two numbers agree.

    Attributes:
        text: the rule in words.
        holds: ``(published, spread, ours) -> bool``; the spread is the published ±, or None.
    """

    text: str
    holds: Callable[[float, float | None, Sequence[float]], bool | np.bool]


class Entry(NamedTuple):
    """One cell of a published table.

    Attributes:
        line: the name of its row.
        column: the name of its column.
        published: the number in the paper; None where it has none and ours stands alone.
        ours: one number for each seed; empty where nothing was run.
        rule: when they agree; None where they are shown without a judgement.
        spread: the published ±, as printed.
        digits: decimals that are shown.
    """

    line: str
    column: str
    published: float | None
    ours: tuple[float, ...]
    rule: Rule | None = None
    spread: float | None = None
    digits: int = 3

    @property
    def agrees(self) -> bool | None:
        """Whether they agree; None if there is nothing to judge."""
        if self.published is None or self.rule is None or not self.ours:
            return None
        return bool(np.isfinite(self.ours).all() and self.rule.holds(self.published, self.spread, self.ours))


def within(tolerance: float) -> Rule:
    """The mean of ours is at most ``tolerance`` away."""
    return Rule(f"mean within {tolerance:g}", lambda published, _, ours: abs(np.mean(ours) - published) <= tolerance)


def within_factor(factor: float) -> Rule:
    """The mean of ours is between ``published / factor`` and ``published · factor``."""
    return Rule(
        f"mean within a factor {factor:g}",
        lambda published, _, ours: published / factor <= np.mean(ours) <= published * factor,
    )


def within_errors(count: float) -> Rule:
    """The means differ by at most ``count`` standard errors: the published ±, and ours over the seeds, in quadrature."""

    def holds(published: float, spread: float | None, ours: Sequence[float]) -> bool | np.bool:
        own = np.std(ours, ddof=1) / math.sqrt(len(ours)) if len(ours) > 1 else 0.0
        return abs(np.mean(ours) - published) <= count * math.hypot(spread or 0.0, own)

    return Rule(f"within {count:g} standard errors", holds)


def one_draw(count: float, what: str, of: str) -> Rule:
    """The published number is one more draw of ours: at most ``count`` standard deviations of such a difference away.

    ``|mean(ours) - published| ≤ count · s √(1 + 1/n)`` with the standard deviation s of our n draws, n ≥ 2.

    Args:
        count: how many.
        what: is published, e.g. "pair".
        of: what ours differ by, e.g. "pairs".

    Returns:
        The rule; for a single draw of ours, which has no spread, there is none.
    """

    def holds(published: float, _: float | None, ours: Sequence[float]) -> bool | np.bool:
        return abs(np.mean(ours) - published) <= count * np.std(ours, ddof=1) * math.sqrt(1 + 1 / len(ours))

    return Rule(f"the published {what}, as one more, within {count:g} standard deviations over our {of}", holds)


def same_sign() -> Rule:
    """The mean of ours has the sign of the published number."""
    return Rule("mean of the published sign", lambda published, _, ours: np.sign(np.mean(ours)) == np.sign(published))


def within_binomial(count: float, repetitions: int, published_repetitions: int) -> Rule:
    """Two shares differ by at most ``count`` standard errors of a difference of binomials.

    Agresti and Caffo's two added successes and failures keep the error from vanishing at shares of 0 and 1.
    """

    def holds(published: float, _: float | None, ours: Sequence[float]) -> bool | np.bool:
        variance = 0.0
        for share, n in ((published, published_repetitions), (float(np.mean(ours)), repetitions * len(ours))):
            smoothed = (share * n + 1) / (n + 2)
            variance += smoothed * (1 - smoothed) / (n + 2)
        return abs(np.mean(ours) - published) <= count * math.sqrt(variance)

    return Rule(f"within {count:g} binomial standard errors", holds)


def tabulated(title: str, caption: str, entries: Sequence[Entry], heading: str = "") -> Table:
    """Entries as a table: in each cell ours, the published number in brackets, and whether they agree.

    Args:
        title: of the table.
        caption: what it shows; how to read the cells, and the rules, are added.
        entries: in order; lines and columns come in the order in which they are first seen.
        heading: above the names of the lines.

    Returns:
        The table.
    """
    lines, columns = (list(dict.fromkeys(names)) for names in zip(*((e.line, e.column) for e in entries), strict=True))
    cells = {(e.line, e.column): Cell(_text(e)) for e in entries}
    rules = dict.fromkeys(e.rule.text for e in entries if e.rule and e.agrees is not None)
    judged = [e.agrees for e in entries if e.agrees is not None]
    reading = "Ours as mean ± standard deviation over seeds, the published number in brackets."
    if judged:
        reading += f" ✓ agrees, ✗ does not ({'; '.join(rules)}): {sum(judged)} of {len(judged)} agree."
    body = tuple(Line(line, tuple(cells.get((line, column), Cell("")) for column in columns)) for line in lines)
    return Table(title, f"{caption} {reading}".strip(), (heading, *columns), body)


def _text(entry: Entry) -> str:
    shown = [_number(entry.ours, entry.digits)] if entry.ours else []
    if entry.published is not None:
        published = _plain(entry.published, entry.digits)
        spread = "" if entry.spread is None else f" ± {_plain(entry.spread, entry.digits)}"
        shown.append(f"({published}{spread})")
    mark = {True: "✓", False: "✗", None: ""}[entry.agrees]
    return " ".join([*shown, mark]).strip() or "–"


def _number(values: Sequence[float], digits: int) -> str:
    if not np.isfinite(values).all():
        return "not finite"
    mean = _plain(float(np.mean(values)), digits)
    return mean if len(values) == 1 else f"{mean} ± {_plain(float(np.std(values, ddof=1)), digits)}"


def _plain(value: float, digits: int) -> str:
    tiny = value != 0 and abs(value) < 0.5 * 10.0**-digits
    return f"{value:.1e}" if tiny else f"{value:z.{digits}f}"
