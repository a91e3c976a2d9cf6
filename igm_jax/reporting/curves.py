"""Pictures of training: measures against generator updates. (Import them from ``igm_jax.reporting.figures``.)"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from igm_jax.reporting.canvas import Axes, Figure, panels, styled
from igm_jax.reporting.style import Theme, colours, named, theme


class Curves(NamedTuple):
    """What was measured while one objective trained.

    Args:
        step: (k,) generator updates.
        measures: for each name (seeds, k) values; NaN where nothing was measured.
    """

    step: Any
    measures: Mapping[str, Any]


@styled
def training_curves(
    curves: Mapping[str, Curves],
    labels: Mapping[str, str] | None = None,
    *,
    floors: Mapping[str, float] | None = None,
    xlabel: str = "generator updates",
    dark: bool = False,
) -> Figure:
    """Measures through training: the mean over seeds, in a band from the lowest seed to the highest.

    Args:
        curves: for each objective what was measured.
        labels: for each measure the panel's title, in order; by default all measures under their own names.
        floors: for measures that have one, the value of real data against real data: a dashed line.
        xlabel: what the steps count.
        dark: for dark pages.

    Returns:
        The figure: a panel for each measure, lines named at their ends; a measure that spans more than a factor of 30 and
        is positive has a logarithmic scale.

    Raises:
        ValueError: for shapes that do not fit, or no measure.
    """
    curves = {name: _curves(name, value) for name, value in named("curves", curves).items()}
    labels = named("labels", labels or {key: key for value in curves.values() for key in value.measures})
    shade, colour, columns = theme(dark), colours(curves, dark), min(2, len(labels))
    lines = -(-len(labels) // columns)
    figure, axes = panels(lines, columns, 3.3, shade)
    for axis in axes[len(labels) :]:
        axis.set_visible(False)
    for axis, (measure, label) in zip(axes, labels.items(), strict=False):
        _curve_panel(axis, {name: (c.step, c.measures[measure]) for name, c in curves.items() if measure in c.measures},
                     colour, shade, (floors or {}).get(measure))  # fmt: skip
        axis.set_title(label, loc="left")
        axis.set_xlabel(xlabel)
    return figure


def _curves(name: str, curves: Curves) -> Curves:
    step = np.asarray(curves.step)
    measures = {key: np.asarray(value, dtype=float) for key, value in curves.measures.items()}
    for key, value in measures.items():
        if step.ndim != 1 or value.ndim != 2 or value.shape[1:] != step.shape or not value.size:
            raise ValueError(
                f"`curves[{name!r}]` must have `step` of shape (k,) and measures of shape (seeds, k),"
                f" but they are {step.shape} and {key!r} is {value.shape}"
            )
    return Curves(step, measures)


def _curve_panel(
    axis: Axes,
    lines: Mapping[str, tuple[np.ndarray, np.ndarray]],
    colour: Mapping[str, str],
    shade: Theme,
    floor: float | None,
) -> None:
    ends = {}
    for name, (step, values) in lines.items():
        seen = np.isfinite(values).any(0)  # steps at which no seed was measured are passed over
        if not seen.any():
            continue
        step, values = step[seen], np.where(np.isfinite(values), values, np.nan)[:, seen]
        mean = np.nanmean(values, 0)
        axis.fill_between(step, np.nanmin(values, 0), np.nanmax(values, 0), color=colour[name], alpha=0.18, linewidth=0)
        axis.plot(step, mean, color=colour[name], linewidth=1.6)
        ends[name] = (float(step[-1]), float(mean[-1]))
    seen = np.concatenate([v[np.isfinite(v)] for _, v in lines.values()]) if ends else np.ones(1)
    if seen.min() > 0 and seen.max() / seen.min() > 30:
        axis.set_yscale("log")
    if floor is not None:
        axis.axhline(floor, color=shade.text, linewidth=1, linestyle=(0, (4, 3)))
        ends["real data"] = (float(max(step.max() for step, _ in lines.values())), float(floor))
    _name_ends(axis, ends, {**colour, "real data": shade.text})
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color=shade.rule, linewidth=0.6)
    axis.margins(x=0)


def _name_ends(axis: Axes, ends: Mapping[str, tuple[float, float]], colour: Mapping[str, str]) -> None:
    """Write each line's name beside its end, moved up or down until no two overlap, with a leader in its colour."""
    axis.autoscale_view()
    to_axes = axis.transScale + axis.transLimits
    heights = {name: float(to_axes.transform(end)[1]) for name, end in ends.items()}
    names = sorted(heights, key=lambda name: heights[name])
    for name, height in zip(names, spread([heights[name] for name in names], 0.08, (0.0, 1.0)), strict=True):
        axis.annotate(
            name, ends[name], xytext=(1.07, height), textcoords="axes fraction", va="center", fontsize=8.5, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "relpos": (0, 0.5), "color": colour[name], "linewidth": 1.6, "shrinkB": 0},
        )  # fmt: skip


def spread(places: Sequence[float], gap: float, bounds: tuple[float, float] = (-np.inf, np.inf)) -> list[float]:
    """Ascending places moved as little as possible (least squares) so that neighbours are at least ``gap`` apart.

    Args:
        places: where the labels would like to be.
        gap: the least distance of neighbours.
        bounds: where they must stay, if there is room for them all; what is too much goes over the upper bound.

    Returns:
        The new places.

    Example:
        >>> from igm_jax.reporting.curves import spread
        >>> spread([0.0, 0.0, 5.0], 1.0)
        [-0.5, 0.5, 5.0]
        >>> spread([0.0, 0.0, 5.0], 1.0, bounds=(0.0, 4.0))
        [0.0, 1.0, 4.0]
    """
    # With z_i = places_i - i gap this is isotonic regression: pool neighbours that are out of order, then clip.
    blocks: list[tuple[float, int]] = []
    for number, place in enumerate(places):
        blocks.append((place - number * gap, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, n), (two, m) = blocks[-2:]
            blocks[-2:] = [((one * n + two * m) / (n + m), n + m)]
    low, high = bounds[0], max(bounds[0], bounds[1] - (len(places) - 1) * gap)
    flat = [min(max(value, low), high) for value, count in blocks for _ in range(count)]
    return [value + number * gap for number, value in enumerate(flat)]
