"""Time and memory against the number of samples. They need the extra ``report``."""

from collections.abc import Callable

from benchmarks.cases import CASES
from benchmarks.peers import OURS, PEERS
from benchmarks.rows import OK, Row
from igm_jax.reporting.canvas import Axes, Figure, panels, png, styled
from igm_jax.reporting.style import Theme, colours, theme

Measure = Callable[[Row], float | None]


@styled
def against_n(rows: list[Row], measure: Measure, label: str, *, floor: bool, dark: bool = False) -> Figure:
    """A measure against n, on logarithmic axes: a panel for each case and dimension, a line for each implementation.

    Rows that failed or disagree are left out; ``floor`` draws the floor's time, too.
    """
    shade, rows = theme(dark), [row for row in rows if row.status == OK]
    groups = list(dict.fromkeys((row.case, row.d) for row in rows))
    columns = min(3, len(groups))
    lines = -(-len(groups) // columns)
    figure, axes = panels(lines, columns, 2.8, shade)
    for axis, (case, d) in zip(axes, groups, strict=False):
        _panel(axis, [row for row in rows if (row.case, row.d) == (case, d)], measure, shade, floor)
        axis.set_title(f"{CASES[case].title}, d = {d}", fontsize=9)
        axis.set_xlabel("n")
        axis.set_ylabel(label)
    for axis in axes[len(groups) :]:
        axis.set_visible(False)
    handles = {text: line for axis in axes for line, text in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    return figure


def _panel(axis: Axes, rows: list[Row], measure: Measure, shade: Theme, floor: bool) -> None:
    colour = colours(PEERS)
    for name in dict.fromkeys(row.implementation for row in rows):
        points = sorted((row.n, value) for row in rows if row.implementation == name and (value := measure(row)))
        width = 2.2 if name == OURS else 1.2
        # Colours come again after nine implementations; the marks then tell them apart.
        mark = "o" if list(PEERS).index(name) < 9 else "^"
        axis.plot(
            *zip(*points, strict=True), marker=mark, ms=4, lw=width, color=colour[name], label=name
        ) if points else None
    if floor:
        points = sorted({(row.n, row.floor_seconds) for row in rows if row.floor_seconds})
        if points:
            axis.plot(*zip(*points, strict=True), ls="--", lw=1, color=shade.text, label="floor")
    axis.set(xscale="log", yscale="log")
    ticks = sorted({row.n for row in rows})
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.grid(color=shade.rule, lw=0.5)


def pictures(rows: list[Row]) -> dict[str, bytes]:
    """The files of pictures: time and memory, each against n; none if no row is in order."""
    if not any(row.status == OK for row in rows):
        return {}
    # A call that takes less than a tenth of a megabyte is drawn there: zero has no place on a logarithmic axis.
    memory = against_n(rows, lambda row: max(row.memory_mb or 0, 0.1), "extra memory, MB", floor=False)
    return {"time.png": png(against_n(rows, lambda row: row.seconds, "seconds", floor=True)), "memory.png": png(memory)}
