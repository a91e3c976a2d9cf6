"""Pictures of forecasts: fans of quantiles over a condition, and rank histograms. They need the extra ``report``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from igm_jax.reporting.canvas import Axes, Figure, panels, styled
from igm_jax.reporting.style import palette, theme

FAN = ((0.05, 0.95), (0.25, 0.75))


@styled
def fan_panels(
    places: Any,
    draws: Mapping[str, Any],
    *,
    truth: Any = None,
    data: tuple[Any, Any] | None = None,
    trained: tuple[float, float] | None = None,
    xlabel: str = "condition",
    ylabel: str = "",
    columns: int = 3,
    dark: bool = False,
) -> Figure:
    """Fan charts: medians and central intervals of 50 and 90 % of draws over one condition, a panel for each model.

    Args:
        places: (c,) the condition.
        draws: for each model (c, k) draws under it.
        truth: (c, 5) quantiles of the law itself at 5, 25, 50, 75 and 95 %, as dashed lines; None where they are not known.
        data: (n,) conditions and (n,) data behind the fans; None for none.
        trained: the ends of the range of conditions in training, shown as thin lines.
        xlabel: of the condition.
        ylabel: of what is forecast.
        columns: panels in a row.
        dark: for dark pages.

    Returns:
        The figure.

    Raises:
        ValueError: for draws that are not (c, k).

    Example:
        >>> import numpy as np
        >>> from igm_jax.reporting.forecasts import fan_panels
        >>> len(fan_panels(np.arange(3), {"a": np.zeros((3, 9)), "b": np.ones((3, 9))}).axes)
        2
    """
    places, shade, colour = np.asarray(places, float), theme(dark), palette(dark)[0]
    order = np.argsort(places)
    columns = min(columns, len(draws))
    rows = -(-len(draws) // columns)
    figure, axes = panels(rows, columns, 2.8, shade)
    shown = [np.asarray(one, float) for one in draws.values()]
    if any(one.ndim != 2 or len(one) != len(places) for one in shown):
        raise ValueError(
            f"draws must have shape (c, k) with one row for each of {len(places)} places, but have {[one.shape for one in shown]}"
        )
    low, high = _reach(shown, truth)
    for axis, name, one in zip(axes, draws, shown, strict=False):
        if data is not None:
            axis.plot(*data, ".", color=shade.data, markersize=2, zorder=0)
        for ends, alpha in zip(FAN, (0.25, 0.35), strict=True):
            bottom, top = np.quantile(one, ends, axis=1)
            axis.fill_between(places[order], bottom[order], top[order], color=colour, alpha=alpha, linewidth=0)
        axis.plot(places[order], np.median(one, axis=1)[order], color=colour)
        if truth is not None:
            for line in np.asarray(truth, float).T:
                axis.plot(places[order], line[order], "--", color=shade.text, linewidth=0.8)
        for end in trained or ():
            axis.axvline(end, color=shade.rule, linewidth=0.8)
        axis.set_title(name, loc="left")
        axis.set_ylim(low, high)
    _outer(axes, rows, columns, len(draws), xlabel, ylabel)
    return figure


def _reach(draws: list[np.ndarray], truth: Any) -> tuple[float, float]:
    """The heights that are shown: those of the truth with room, or of the middle of all draws."""
    known = np.asarray(truth, float) if truth is not None else np.concatenate([one.ravel() for one in draws])
    low, high = (known.min(), known.max()) if truth is not None else np.quantile(known, (0.005, 0.995))
    room = 0.15 * (high - low) or 1.0
    return float(low - room), float(high + room)


def _outer(axes: Any, rows: int, columns: int, number: int, xlabel: str, ylabel: str) -> None:
    """Labels at the left and below, and no empty panels."""
    for place, axis in enumerate(axes):
        axis.set_visible(place < number)
        if place % columns == 0:
            axis.set_ylabel(ylabel)
        if place + columns >= number:
            axis.set_xlabel(xlabel)


@styled
def curve_panels(
    points: Mapping[str, Sequence[tuple[float, float, str]]], *, ylabel: str = "", dark: bool = False
) -> Figure:
    """Curves through named points, a panel each, such as what is won against what is lost.

    Args:
        points: for each panel, named by its horizontal axis, ``(x, y, name)``, in the order of the curve.
        ylabel: of the vertical axis.
        dark: for dark pages.

    Returns:
        The figure.

    Example:
        >>> from igm_jax.reporting.forecasts import curve_panels
        >>> len(curve_panels({"recall": [(0.9, 0.5, "1"), (0.6, 0.8, "2")]}).axes)
        1
    """
    shade, colour = theme(dark), palette(dark)[0]
    figure, axes = panels(1, len(points), 3.0, shade)
    for axis, (name, some) in zip(axes, points.items(), strict=False):
        axis.plot([x for x, _, _ in some], [y for _, y, _ in some], "o-", color=colour)
        for x, y, text in some:
            axis.annotate(text, (x, y), xytext=(5, 5), textcoords="offset points", color=shade.text)
        axis.set_xlabel(name)
        axis.margins(0.15)
    axes[0].set_ylabel(ylabel)
    return figure


@styled
def rank_panels(counts: Mapping[str, Any], *, columns: int = 3, dark: bool = False) -> Figure:
    """Rank histograms, a panel each, over the line of equal ranks with two standard deviations of a count around it.

    Args:
        counts: for each model how often data had each rank, (bins,).
        columns: panels in a row.
        dark: for dark pages.

    Returns:
        The figure.

    Example:
        >>> from igm_jax.reporting.forecasts import rank_panels
        >>> len(rank_panels({"flat": [10, 11, 9], "hollow": [15, 2, 13]}).axes)
        2
    """
    shade, colour = theme(dark), palette(dark)[0]
    columns = min(columns, len(counts))
    rows = -(-len(counts) // columns)
    figure, axes = panels(rows, columns, 1.9, shade)
    tops = [float(np.max(np.asarray(one) * len(np.asarray(one)) / np.sum(one))) for one in counts.values()]
    for axis, (name, one) in zip(axes, counts.items(), strict=False):
        _ranks(axis, np.asarray(one, float), colour, shade)
        axis.set_title(name, loc="left")
        axis.set_ylim(0, 1.08 * max(tops))
    _outer(axes, rows, columns, len(counts), "rank among draws", "times flat")
    return figure


def _ranks(axis: Axes, counts: np.ndarray, colour: str, shade: Any) -> None:
    bins, total = len(counts), counts.sum()
    share = 1 / bins
    deviation = np.sqrt(total * share * (1 - share)) / (total * share)
    axis.bar(np.arange(bins), counts * bins / total, width=0.9, color=colour)
    axis.axhspan(1 - 2 * deviation, 1 + 2 * deviation, color=shade.data, alpha=0.5, linewidth=0, zorder=2)
    axis.axhline(1, color=shade.text, linewidth=0.8, zorder=3)
