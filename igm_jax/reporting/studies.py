"""Pictures of studies: numbers against a setting, and a map of cells. (Import them from ``igm_jax.reporting.figures``.)"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from igm_jax.reporting.canvas import WIDTH, Axes, Figure, mpl, panels, styled
from igm_jax.reporting.style import PALETTE, Theme, colours, named, theme

LETTERS = 120
"""So many have room in a line of a legend."""


class Trace(NamedTuple):
    """What was measured of one contestant against a setting.

    Args:
        x: (k,) the setting, ascending.
        y: (k,) values; NaN where nothing was measured.
        error: (k,) half widths of a band, or None.
    """

    x: Any
    y: Any
    error: Any = None


@styled
def trace_panels(
    traces: Mapping[str, Mapping[str, Trace]],
    *,
    xlabel: str = "",
    ylabel: str = "",
    log: bool = True,
    columns: int = 4,
    dark: bool = False,
) -> Figure:
    """Values against a setting, a panel for each of several circumstances, all on one scale.

    Args:
        traces: for each panel's title, for each contestant its trace; a contestant has one colour everywhere.
        xlabel: what the setting is.
        ylabel: what the values are.
        log: whether the values' axis is logarithmic, as the setting's always is; then only positive values are shown.
        columns: panels in a line.
        dark: for dark pages.

    Returns:
        The figure, with one legend below.

    Raises:
        ValueError: for no panels, or shapes that do not fit.
    """
    traces = {
        title: {name: _trace(name, trace) for name, trace in panel.items()}
        for title, panel in named("traces", traces).items()
    }
    shade, colour = theme(dark), colours((name for panel in traces.values() for name in panel), dark)
    dash = {name: _DASHES[number // len(PALETTE) % len(_DASHES)] for number, name in enumerate(colour)}
    columns = min(columns, len(traces))
    figure, axes = panels(-(-len(traces) // columns), columns, 2.9, shade)
    for axis in axes[len(traces) :]:
        axis.set_visible(False)
    for number, (axis, (title, panel)) in enumerate(zip(axes, traces.items(), strict=False)):
        for name, trace in panel.items():
            _draw(axis, trace, colour[name], dash[name], log)
        _dress(axis, title, xlabel, ylabel if number % columns == 0 else "", log, shade)
        axis.set_ylim(*_limits([trace.y for panel in traces.values() for trace in panel.values()], log))
    lines = [mpl.lines.Line2D([], [], color=colour[name], linestyle=dash[name], label=name) for name in colour]
    # As many in a row as have room, by their longest name.
    fitting = max(1, LETTERS // (6 + max(map(len, colour))))
    figure.legend(handles=lines, loc="outside lower center", ncols=min(len(lines), 5, fitting), frameon=False)
    return figure


# The palette has nine colours: a tenth contestant takes the first again, in dashes.
_DASHES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)))


def _limits(values: list[np.ndarray], log: bool) -> tuple[float, float]:
    """The values' axis, the same in every panel, so that these can be read beside each other."""
    seen = np.concatenate(values)
    seen = seen[np.isfinite(seen) & ((seen > 0) | (not log))]
    if not seen.size:
        return (0.1, 1.0)
    low, high = float(seen.min()), float(seen.max())
    if log:
        return low / 1.5, high * 1.5
    edge = 0.06 * (high - low) or 1.0
    return low - edge, high + edge


def _trace(name: str, trace: Trace) -> Trace:
    x, y = np.asarray(trace.x, float), np.asarray(trace.y, float)
    error = np.zeros_like(y) if trace.error is None else np.asarray(trace.error, float)
    if x.ndim != 1 or y.shape != x.shape or error.shape != x.shape or not x.size:
        raise ValueError(
            f"`traces` must hold x, y and error of one shape (k,), but those of {name!r} have {x.shape}, {y.shape} and"
            f" {error.shape}"
        )
    return Trace(x, y, error)


def _draw(axis: Axes, trace: Trace, colour: str, dash: Any, log: bool) -> None:
    seen = np.isfinite(trace.y) & ((trace.y > 0) | (not log))
    x, y, error = trace.x[seen], trace.y[seen], np.nan_to_num(trace.error[seen])
    low = np.maximum(y - error, 0.1 * y) if log else y - error  # a band below zero has no place on a logarithmic axis
    axis.fill_between(x, low, y + error, color=colour, alpha=0.18, linewidth=0)
    axis.plot(x, y, color=colour, linestyle=dash, linewidth=1.6, marker="o", markersize=3)


def _dress(axis: Axes, title: str, xlabel: str, ylabel: str, log: bool, shade: Theme) -> None:
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
    if log:
        axis.set_yscale("log")
    axis.set_title(title, loc="left")
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    axis.grid(axis="y", color=shade.rule, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)


@styled
def heat_map(
    values: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    limits: tuple[float, float] = (0.0, 1.0),
    label: str = "",
    digits: int = 2,
    dark: bool = False,
) -> Figure:
    """A number in each cell, and its colour; a broken cell is hatched and says so, an empty one has a dash.

    Args:
        values: (r, c) numbers; infinite where something broke, NaN where there is nothing to measure.
        rows: r names.
        columns: c names.
        limits: the numbers at the ends of the colours; what lies beyond has the end's colour.
        label: what the numbers are.
        digits: decimals in the cells.
        dark: for dark pages.

    Returns:
        The figure.

    Raises:
        ValueError: for values that are not (r, c), or limits that are not ascending.
    """
    values, shade = np.asarray(values, float), theme(dark)
    if values.shape != (len(rows), len(columns)) or not values.size:
        raise ValueError(
            f"`values` must have a row for each of {len(rows)} names and a column for each of {len(columns)}, but has shape"
            f" {values.shape}"
        )
    if not limits[0] < limits[1]:
        raise ValueError(f"`limits` must be (low, high) with low < high, but are {limits}")
    figure, (axis,) = panels(1, 1, 0.9 + 0.3 * len(rows), shade, min(WIDTH, 2.5 + 1.05 * len(columns)))
    colours = mpl.colormaps["viridis" if dark else "viridis_r"].with_extremes(bad=shade.rule)
    finite = np.isfinite(values)
    image = axis.imshow(np.where(finite, values, np.nan), colours, aspect="auto", vmin=limits[0], vmax=limits[1])
    for (row, column), value in np.ndenumerate(values):
        _cell(axis, row, column, value, digits, image, shade)
    axis.set_xticks(range(len(columns)), columns, rotation=25, ha="left")
    axis.set_yticks(range(len(rows)), rows)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, shrink=min(1.0, 6 / len(rows) + 0.3), extend="both", label=label)
    bar.ax.tick_params(colors=shade.text, labelsize=8)
    return figure


def _cell(axis: Axes, row: int, column: int, value: float, digits: int, image: Any, shade: Theme) -> None:
    """The number, black or white as the cell's brightness asks; or the hatching and the words of a broken one."""
    if np.isnan(value):
        axis.text(column, row, "–", ha="center", va="center", fontsize=8, color=shade.text)
        return
    if not np.isfinite(value):
        frame = (column - 0.5, row - 0.5)
        axis.add_patch(mpl.patches.Rectangle(frame, 1, 1, fill=False, hatch="////", edgecolor=shade.data, linewidth=0))
        axis.text(column, row, "broken", ha="center", va="center", fontsize=8, color=shade.text)
        return
    red, green, blue, _ = image.cmap(image.norm(value))
    bright = 0.3 * red + 0.6 * green + 0.1 * blue > 0.5
    text = f"{value:z.{digits}f}" if abs(value) < 1000 else f"{value:.0e}"
    axis.text(column, row, text, ha="center", va="center", fontsize=8, color="black" if bright else "white")
