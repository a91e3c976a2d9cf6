"""From rows of results to tables: Markdown, LaTeX, the terminal. (The HTML report sets the same tables.)"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich import box
from rich.console import Console, Group
from rich.table import Table as RichTable
from rich.text import Text

from igm_jax.evaluation import Measure as Metric
from igm_jax.reporting.rows import FLOOR, Row
from igm_jax.reporting.statistics import Interval, Standing, interval, standing


class Cell(NamedTuple):
    """One entry of a table: its text, and whether it is among the best of its column."""

    text: str
    best: bool = False


class Line(NamedTuple):
    """One row of a table: its name, its cells, and whether it is the floor rather than a competitor."""

    name: str
    cells: tuple[Cell, ...]
    floor: bool = False


class Table(NamedTuple):
    """A table that is ready to be set: a title, a caption that explains it, headings (the first is the names') and lines."""

    title: str
    caption: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]


_ARROWS = {"lower": " ↓", "higher": " ↑", None: ""}
_COSTS = (("seconds", "time, s", 1), ("compile_seconds", "compile, s", 1), ("memory_mb", "memory, MB", 0))


def comparison_table(rows: Iterable[Row], metrics: Sequence[Metric], target: str, *, level: float = 0.95) -> Table:
    """One target's rows as a table: an objective a line, a metric a column, then what it cost, and the floor last.

    Args:
        rows: rows of results (see ``check_row``); those of other targets are passed over.
        metrics: the columns, in order, e.g. ``igm_jax.evaluation.MEASURES.values()``; those that no row has are left out.
        target: the target's name.
        level: the intervals' and the ties' level.

    Returns:
        The table. Cells are ``mean ± half width`` over the seeds; the first rank of each column (see ``standing``) is marked,
        unless most of the column cannot be told from the best. The floor is never ranked.

    Raises:
        ValueError: if the target has no rows, or one seed of an objective is there twice.

    Example:
        >>> from igm_jax.reporting import Metric, comparison_table, to_markdown
        >>> row = dict(target="ring", seconds=1.0, compile_seconds=2.0, memory_mb=None)
        >>> rows = [{**row, "objective": o, "seed": s, "metrics": {"w2": v + s / 100}}
        ...         for o, v in (("energy", 0.1), ("gan", 0.5)) for s in range(3)]
        >>> print(to_markdown(comparison_table(rows, [Metric("w2", "W2", "lower", 2)], "ring")).splitlines()[4])
        | energy | **0.11 ± 0.02** | 1.0 | 2.0 |
    """
    rows = list(rows)
    groups = _groups([row for row in rows if row["target"] == target])
    if not groups:
        known = ", ".join(sorted({row["target"] for row in rows})) or "none"
        raise ValueError(f"`rows` must hold results on {target!r}, but have these targets: {known}")
    metrics = [m for m in metrics if any(m.name in row["metrics"] for group in groups.values() for row in group)]
    standings = [_standing(groups, metric, level) for metric in metrics]
    columns = [_metric_column(groups, metric, of, level) for metric, of in zip(metrics, standings, strict=True)]
    costs = [(heading, column) for name, heading, digits in _COSTS if (column := _cost_column(groups, name, digits))]
    columns += [column for _, column in costs]
    lines = tuple(Line(name, tuple(column[name] for column in columns), name == FLOOR) for name in groups)
    headings = (
        "objective",
        *(metric.label + _ARROWS[metric.better] for metric in metrics),
        *(heading for heading, _ in costs),
    )
    few = any(not of.told and len(of.ranks) > 1 for of in standings)
    return Table(target, _caption(groups, level, few), headings, lines)


def _groups(rows: list[Row]) -> dict[str, list[Row]]:
    """The rows of each objective, objectives as they first appear, the floor last."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        group = groups.setdefault(row["objective"], [])
        if any(other["seed"] == row["seed"] for other in group):
            raise ValueError(
                f"`rows` must hold each seed of an objective once, but seed {row['seed']} of {row['objective']!r} on"
                f" {row['target']!r} is there twice; delete one of the lines"
            )
        group.append(row)
    if FLOOR in groups:
        groups[FLOOR] = groups.pop(FLOOR)
    return groups


def _values(groups: Mapping[str, list[Row]], metric: Metric) -> dict[str, list[float]]:
    """A metric's numbers for each objective, none for those that have none."""
    return {
        name: [row["metrics"][metric.name] for row in group if metric.name in row["metrics"]]
        for name, group in groups.items()
    }


def _standing(groups: Mapping[str, list[Row]], metric: Metric, level: float) -> Standing:
    ranked = {name: value for name, value in _values(groups, metric).items() if value and name != FLOOR}
    return standing(ranked, metric.better, level=level)


def _metric_column(groups: Mapping[str, list[Row]], metric: Metric, of: Standing, level: float) -> dict[str, Cell]:
    return {
        name: _cell(value, interval(value, level=level), metric, of.ranks.get(name) == 1 and of.told)
        if value
        else Cell("–")
        for name, value in _values(groups, metric).items()
    }


def _cell(values: Sequence[float], found: Interval, metric: Metric, best: bool) -> Cell:
    """A mean, in bold if it is of the first rank, unless too few seeds tell it from the others."""
    sign = metric.sign(values)
    if sign and found.half_width == 0:
        found = found._replace(half_width=float("nan"))  # all at one limit
    return Cell(sign + _interval(found, metric.digits), best and not found.failed)


def _interval(value: Interval, digits: int) -> str:
    if value.failed:
        return f"not finite ({value.failed} of {value.seeds})"
    # Fixed decimals; two significant digits for a mean that they would round to nothing or stretch over the page.
    tiny = max(abs(value.mean), np.nan_to_num(value.half_width)) < 0.5 * 10.0**-digits and value.mean != 0
    form = ".1e" if tiny or abs(value.mean) >= 1e6 else f".{digits}f"
    mean = f"{value.mean:z{form}}"
    return mean if np.isnan(value.half_width) else f"{mean} ± {value.half_width:{form}}"


def _cost_column(groups: Mapping[str, list[Row]], name: str, digits: int) -> dict[str, Cell]:
    """Mean costs; empty if no row has any."""
    values = {group: [row[name] for row in rows if row.get(name) is not None] for group, rows in groups.items()}
    if not any(value for group, value in values.items() if group != FLOOR):
        return {}
    # The floor trains nothing: a time there would only confuse.
    return {
        group: Cell(f"{np.mean(value):,.{digits}f}" if value and group != FLOOR else "–")
        for group, value in values.items()
    }


def _caption(groups: Mapping[str, list[Row]], level: float, few: bool) -> str:
    counts = sorted(
        {len(rows) for name, rows in groups.items() if name != FLOOR} or {len(rows) for rows in groups.values()}
    )
    percent = f"{100 * level:g} %"
    text = "One seed: there is no interval, and nothing can be said about ties. In bold the best."
    if counts[-1] > 1:
        seeds = f"{counts[0]} seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
        text = (
            f"Mean over {seeds} ± half of the {percent} interval of the mean (Student's t). In bold rank 1: the best mean, and"
            f" those after it up to the first that is worse beyond chance (Welch's test, Bonferroni, at {percent})."
        )
        if few:
            text += " Where nothing is in bold, more than half cannot be told from the best: too few seeds to tell."
    if FLOOR in groups:
        text += (
            " The last line compares real data with other real data, as a perfect model would score; it is not ranked."
        )
    return text


def to_markdown(table: Table) -> str:
    """The table in GitHub's Markdown, title and caption included; pipes and other marks in names are escaped.

    Args:
        table: the table.

    Returns:
        The text.
    """

    def cell(entry: Cell) -> str:
        return f"**{_markdown(entry.text)}**" if entry.best else _markdown(entry.text)

    head = [_markdown(heading) for heading in table.headings]
    lines = [f"**{_markdown(table.title)}**", "", _pipes(head), _pipes([":--", *["--:"] * (len(head) - 1)])]
    for line in table.lines:
        name = f"*{_markdown(line.name)}*" if line.floor else _markdown(line.name)
        lines.append(_pipes([name, *map(cell, line.cells)]))
    return "\n".join([*lines, "", _markdown(table.caption)]) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _markdown(text: str) -> str:
    for mark in "\\|*_`<[":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())


# What pdfLaTeX cannot read as it stands.
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "±": r"$\pm$", "↓": r"$\downarrow$", "↑": r"$\uparrow$", "×": r"$\times$", "–": "--", "’": "'", "½": r"$\frac12$",
    "²": "$^2$", "³": "$^3$", "₁": "$_1$", "₂": "$_2$", "√": r"$\surd$", "∞": r"$\infty$", "→": r"$\to$",
    "≥": r"$\geq$", "≤": r"$\leq$", "✓": r"$\surd$", "✗": r"$\neq$",
    "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "ε": r"$\varepsilon$", "λ": r"$\lambda$", "ρ": r"$\rho$",
    "σ": r"$\sigma$", "τ": r"$\tau$", "χ": r"$\chi$",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def to_latex(table: Table) -> str:
    r"""The table in LaTeX with booktabs' rules (``\usepackage{booktabs}``); all text is escaped.

    Args:
        table: the table.

    Returns:
        The text, in ASCII for the letters that tables need, so that pdfLaTeX reads it.
    """

    def cell(entry: Cell) -> str:
        return rf"\textbf{{{_latex(entry.text)}}}" if entry.best else _latex(entry.text)

    body = []
    for number, line in enumerate(table.lines):
        if line.floor and number:
            body.append(r"\midrule")
        name = rf"\emph{{{_latex(line.name)}}}" if line.floor else _latex(line.name)
        body.append(" & ".join([name, *map(cell, line.cells)]) + r" \\")
    return "\n".join([
        r"\begin{table}", r"\centering", rf"\caption{{{_latex(table.title)}. {_latex(table.caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(table.headings) - 1)}}}", r"\toprule",
        " & ".join(map(_latex, table.headings)) + r" \\", r"\midrule", *body, r"\bottomrule", r"\end{tabular}",
        r"\end{table}", "",
    ])  # fmt: skip


def to_console(table: Table, *, width: int | None = None) -> Group:
    """The table for the terminal: ``rich.print(to_console(table))``.

    Args:
        table: the table.
        width: the terminal's width in characters, by default as it is; columns that do not fit beside each other go below.

    Returns:
        The renderable.
    """
    width = width or Console().width
    names = max(len(name) for name in (table.headings[0], *(line.name for line in table.lines)))
    wide = [
        max(len(text) for text in (heading, *(line.cells[number].text for line in table.lines)))
        for number, heading in enumerate(table.headings[1:])
    ]
    parts: list[list[int]] = [[]]
    for number, room in enumerate(wide):
        if parts[-1] and names + sum(wide[i] + 2 for i in parts[-1]) + room + 3 > width:
            parts.append([])
        parts[-1].append(number)
    shown = [_part(table, numbers) for numbers in parts]
    return Group(Text(table.title, "bold", justify="center"), *shown, Text(table.caption, "dim"))


def _part(table: Table, numbers: Sequence[int]) -> RichTable:
    """Some columns of a table, beside the names."""
    shown = RichTable(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    shown.add_column(Text(table.headings[0]), no_wrap=True)
    for number in numbers:
        shown.add_column(Text(table.headings[1 + number]), justify="right", overflow="fold")
    for number, line in enumerate(table.lines):
        if line.floor and number:
            shown.add_section()
        cells = [Text(line.cells[i].text, "bold green" if line.cells[i].best else "") for i in numbers]
        shown.add_row(Text(line.name, "italic" if line.floor else ""), *cells)
    return shown
