"""The tables of ``benchmarks.steps``: each ratio is another's time over ours, so that above 1 ours is the faster one."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.scores import processor
from igm_jax.reporting.tables import Cell, Line, Table

Row = dict[str, Any]
ENOUGH, COMPILED = 0.95, 1.5
"""What no cell is to fall below, and how many times as long as by hand a first call may take."""


def tabulated(rows: list[Row]) -> list[Table]:
    """A table for each group and rival, one of first calls, and one of what falls short."""
    tables = []
    divergences, steps = ([row for row in rows if row["group"] == group] for group in ("divergences", "steps"))
    for rival in ("plain JAX", "torch by hand"):
        if some := [row for row in divergences if rival in row["seconds"]]:
            tables.append(_of_divergences(some, rival))
    if steps:
        tables.append(_of_steps(steps))
    return [*tables, _first_calls(rows), _summary(rows)]


def ratio(row: Row, rival: str) -> float:
    """The rival's median time over ours."""
    return float(np.median(row["seconds"][rival]) / np.median(row["seconds"]["igm_jax"]))


def wanted(row: Row, rival: str) -> float:
    """The least ratio that is enough: torch's products of matrices may be faster, where these are most of the work."""
    if rival == "plain JAX":
        return ENOUGH
    rates = row["rates"]
    return 1.0 if row["d"] < 64 else ENOUGH * rates["igm_jax"] / rates["torch by hand"]


def mean(values: Iterable[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(list(values)))))


def _told(rows: list[Row]) -> str:
    device = rows[0]["device"]
    return f"float32 on {device['kind']} ({device['cpus']} cores, {processor()})"


def _of_divergences(rows: list[Row], rival: str) -> Table:
    sizes = list(dict.fromkeys(row["n"] for row in rows))
    places = list(dict.fromkeys((row["name"], row["d"]) for row in rows))
    known = {(row["name"], row["d"], row["n"]): row for row in rows}

    def line(name: str, d: int) -> Line:
        cells = (known.get((name, d, n)) for n in sizes)
        return Line(f"{name}, d = {d}", tuple(Cell("" if row is None else f"{ratio(row, rival):.2f}") for row in cells))

    caption = f"{rival}'s time over ours, value and gradient in x, {_told(rows)}; medians, interleaved."
    if rival != "plain JAX":
        rates = rows[0]["rates"]
        caption += f" Its products of matrices are {rates[rival] / rates['igm_jax']:.2f} times as fast as JAX's here."
    headings = ("", *(f"n = {n}" for n in sizes))
    return Table(f"Divergences beside {rival}", caption, headings, tuple(line(*place) for place in places))


def _of_steps(rows: list[Row]) -> Table:
    columns = list(dict.fromkeys((row["n"], row["seeds"]) for row in rows))
    places = list(dict.fromkeys((row["problem"], row["name"]) for row in rows))
    known = {(row["problem"], row["name"], row["n"], row["seeds"]): row for row in rows}

    def text(row: Row | None) -> str:
        if row is None:
            return ""
        return f"{1e3 * np.median(row['seconds']['igm_jax']) / row['calls']:.2f} ms, {ratio(row, 'plain JAX'):.2f}"

    lines = tuple(
        Line(f"{where}: {name}", tuple(Cell(text(known.get((where, name, *column)))) for column in columns))
        for where, name in places
    )
    headings = ("", *(f"n = {n}, {seeds} seed{'s' * (seeds > 1)}" for n, seeds in columns))
    caption = f"Ours a step, and the time of the same step by hand over it, {_told(rows)}; medians, interleaved."
    return Table("Whole training steps", caption, headings, lines)


def _first_calls(rows: list[Row]) -> Table:
    """How many times as long the first call takes, by objective."""
    kinds = list(dict.fromkeys((row["group"], row["name"]) for row in rows))

    def line(kind: tuple[str, str]) -> Line:
        some = [row for row in rows if (row["group"], row["name"]) == kind]
        ratios = [row["first"]["igm_jax"] / row["first"]["plain JAX"] for row in some]
        own = np.median([row["first"]["igm_jax"] for row in some])
        cells = (f"{own:.2f} s", f"{np.median(ratios):.2f}", f"{max(ratios):.2f}")
        return Line(f"{kind[0]}: {kind[1]}", tuple(map(Cell, cells)))

    caption = "Tracing, compiling and one call: ours, and over that of plain JAX; medians over all cells."
    return Table("First calls", caption, ("", "ours", "over plain JAX", "at most"), tuple(map(line, kinds)))


def _summary(rows: list[Row]) -> Table:
    """For each group and rival: the mean, the worst, and how many cells reach what is wanted."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        for rival in ("plain JAX", "torch by hand"):
            some = [row for row in rows if row["group"] == group and rival in row["seconds"]]
            if some:
                ratios = [ratio(row, rival) for row in some]
                reached = sum(one >= wanted(row, rival) for one, row in zip(ratios, some, strict=True))
                cells = (f"{mean(ratios):.2f}", f"{min(ratios):.2f}", f"{reached} of {len(some)}")
                lines.append(Line(f"{group}, {rival}", tuple(map(Cell, cells))))
    caption = (
        f"Enough is {ENOUGH} of plain JAX; level with torch below 64 features, and above {ENOUGH} of the ratio of both libraries'"
        " rates of matrix products."
    )
    return Table("In all", caption, ("", "geometric mean", "least", "cells that are enough"), tuple(lines))
