"""Pictures of samples, of training and of fields. They need the extra ``report``: ``pip install "igm-jax[report]"``.

Every function returns a matplotlib ``Figure`` made without pyplot: no global state, no display, nothing to close. ``png``
turns one into bytes, the same bytes for the same numbers.
"""

import functools
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from igm_jax.reporting.style import Theme, View, colours, named, pictures, plane, theme, view_of

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError('pictures need matplotlib, which is not installed: pip install "igm-jax[report]"') from error

WIDTH = 10.0  # inches


class Curves(NamedTuple):
    """What was measured while one objective trained.

    Args:
        step: (k,) generator updates.
        measures: for each name (seeds, k) values; NaN where nothing was measured.
    """

    step: np.ndarray
    measures: Mapping[str, np.ndarray]


class Field(NamedTuple):
    """An objective's field on a full regular grid of the plane.

    Args:
        points: (m, 2) the grid's points, in any order.
        velocities: (m, 2) where a sample at each point would go.
        heights: (m,) the witness, or None if the objective has none.
    """

    points: np.ndarray
    velocities: np.ndarray
    heights: np.ndarray | None = None


def _styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw with our fonts and colours, and leave matplotlib's settings as they were."""

    @functools.wraps(draw)
    def styled(*args: Any, dark: bool = False, **options: Any) -> Figure:
        with mpl.rc_context(_settings(theme(dark))):
            return draw(*args, dark=dark, **options)

    return styled


def png(figure: Figure, *, dpi: int = 150) -> bytes:
    """The figure as PNG: 150 dots an inch make it 1500 wide, twice what a README shows, so it is sharp on any screen.

    Args:
        figure: a figure of this module.
        dpi: dots an inch.

    Returns:
        The file's bytes, without date or version: the same for the same numbers.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None}, facecolor=figure.get_facecolor())
    return buffer.getvalue()


@_styled
def sample_grid(
    images: Mapping[str, Any],
    image_shape: tuple[int, ...],
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    columns: int = 20,
    dark: bool = False,
) -> Figure:
    """Samples as images, one line of them for each objective.

    Args:
        images: for each objective (n, h * w * c) samples; put real data first to compare with.
        image_shape: ``(h, w)`` or ``(h, w, c)``.
        value_range: the values of black and white.
        columns: how many of the samples are shown, the first ones: nobody chose them.
        dark: for dark pages.

    Returns:
        The figure.

    Raises:
        ValueError: for shapes that do not fit.
    """
    strips = [_strip(pictures(f"images[{name!r}]", value, image_shape, value_range)[:columns], columns, theme(dark))
              for name, value in named("images", images).items()]  # fmt: skip
    height, width = strips[0].shape[:2]
    figure, axes = _panels(len(strips), 1, (WIDTH - 1.8) * height / width + 0.06, theme(dark))
    for axis, strip, name in zip(axes, strips, images, strict=True):
        axis.imshow(strip, interpolation="nearest")
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
        _bare(axis, frame=False)
    return figure


def _strip(images: np.ndarray, columns: int, shades: Theme) -> np.ndarray:
    """(n, h, w, c) images side by side on the page's background, as one (h + gap, ..., 3) picture."""
    n, h, w, c = images.shape
    gap = max(1, w // 8)
    page = np.broadcast_to(_rgb(shades.background), (h + gap, columns * (w + gap) - gap, 3)).copy()
    for number in range(n):
        left = number * (w + gap)
        page[:h, left : left + w] = np.broadcast_to(images[number], (h, w, 3))
    return page


@_styled
def scatter_panels(
    samples: Mapping[str, Any], data: Any, *, view: View | None = None, columns: int = 5, dark: bool = False
) -> Figure:
    """Samples in the plane, a panel for each objective, with the data behind in grey.

    Args:
        samples: for each objective (n, 2) points.
        data: (m, 2) points of the target.
        view: the window; by default around the data.
        columns: panels in a line.
        dark: for dark pages.

    Returns:
        The figure.

    Raises:
        ValueError: for shapes that do not fit.
    """
    data = plane("data", data)
    view, shade, colour = view or view_of(data), theme(dark), colours(named("samples", samples))
    figure, axes = _grid(len(samples), columns, shade)
    for axis, (name, value) in zip(axes, samples.items(), strict=True):
        points = plane(f"samples[{name!r}]", value)
        size = float(np.clip(4000 / len(points), 2, 12))
        axis.scatter(*data.T, s=size, c=shade.data, linewidths=0)
        axis.scatter(*points.T, s=size, c=colour[name], alpha=0.7, linewidths=0)
        _window(axis, view, name)
    return figure


@_styled
def training_curves(
    curves: Mapping[str, Curves],
    labels: Mapping[str, str] | None = None,
    *,
    floors: Mapping[str, float] | None = None,
    dark: bool = False,
) -> Figure:
    """Measures through training: the mean over seeds, in a band from the lowest seed to the highest.

    Args:
        curves: for each objective what was measured.
        labels: for each measure the panel's title, in order; by default all measures under their own names.
        floors: for measures that have one, the value of real data against real data: a dashed line.
        dark: for dark pages.

    Returns:
        The figure: a panel for each measure, lines named at their ends; a measure that spans more than a factor of 30 and
        is positive has a logarithmic scale.

    Raises:
        ValueError: for shapes that do not fit, or no measure.
    """
    curves = {name: _curves(name, value) for name, value in named("curves", curves).items()}
    labels = labels or {key: key for value in curves.values() for key in value.measures}
    shade, colour, columns = theme(dark), colours(curves), min(2, len(labels))
    lines = -(-len(named("labels", labels)) // columns)
    figure, axes = _panels(lines, columns, 3.3, shade)
    for axis, (measure, label) in itertools.zip_longest(axes, labels.items(), fillvalue=(None, None)):
        if measure is None:
            axis.set_visible(False)
            continue
        _curve_panel(axis, {name: (c.step, c.measures[measure]) for name, c in curves.items() if measure in c.measures},
                     colour, shade, (floors or {}).get(measure))  # fmt: skip
        axis.set_title(label, loc="left")
        axis.set_xlabel("generator updates")
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
    axis: Axes, lines: Mapping[str, tuple[np.ndarray, np.ndarray]], colour: Mapping[str, str], shade: Theme, floor: float | None
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
        ends[name] = (step[-1], mean[-1])
    seen = np.concatenate([v[np.isfinite(v)] for _, v in lines.values()]) if ends else np.ones(1)
    if seen.min() > 0 and seen.max() / seen.min() > 30:
        axis.set_yscale("log")
    if floor is not None:
        axis.axhline(floor, color=shade.text, linewidth=1, linestyle=(0, (4, 3)))
        ends["real data"] = (max(step.max() for step, _ in lines.values()), floor)
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
    for name, height in zip(names, spread([heights[name] for name in names], 0.075), strict=True):
        axis.annotate(
            name, ends[name], xytext=(1.07, height), textcoords="axes fraction", va="center", fontsize=8.5, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour[name], "linewidth": 1.6, "shrinkA": 1, "shrinkB": 0},
        )  # fmt: skip


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little as possible (least squares) so that neighbours are at least ``gap`` apart.

    Example:
        >>> from igm_jax.reporting.figures import spread
        >>> spread([0.0, 0.0, 5.0], 1.0)
        [-0.5, 0.5, 5.0]
    """
    # With z_i = places_i - i gap this is isotonic regression: pool neighbours that are out of order.
    blocks: list[list[float]] = []
    for number, place in enumerate(places):
        blocks.append([place - number * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, n), (two, m) = blocks[-2:]
            blocks[-2:] = [[(one * n + two * m) / (n + m), n + m]]
    flat = [value for value, count in blocks for _ in range(int(count))]
    return [value + number * gap for number, value in enumerate(flat)]


@_styled
def field_panels(
    fields: Mapping[str, Field],
    data: Any,
    samples: Mapping[str, Any] | None = None,
    *,
    arrows: int = 17,
    columns: int = 5,
    dark: bool = False,
) -> Figure:
    """Witness and velocity in the plane, a panel for each objective: the hill that samples roll down, and how they go.

    Heights are shown about their median (a witness is defined up to a constant) and each panel has its own scale, since
    units differ. Arrows longer than nine tenths of the others are cut to that length.

    Args:
        fields: for each objective its field on a regular grid.
        data: (m, 2) points of the target, in grey.
        samples: for each objective (n, 2) samples, if they are to be shown.
        arrows: arrows along an axis.
        columns: panels in a line.
        dark: for dark pages.

    Returns:
        The figure.

    Raises:
        ValueError: for shapes that do not fit or points that are no full grid.
    """
    data, shade, colour = plane("data", data), theme(dark), colours(named("fields", fields))
    figure, axes = _grid(len(fields), columns, shade)
    for axis, (name, field) in zip(axes, fields.items(), strict=True):
        xs, ys, velocities, heights = _raster(name, field)
        if heights is not None:
            limit = float(np.quantile(np.abs(heights), 0.98)) or 1.0
            axis.contourf(xs, ys, np.clip(heights, -limit, limit), np.linspace(-limit, limit, 16), cmap=shade.signed, zorder=0)
        axis.scatter(*data[:: max(1, len(data) // 500)].T, s=2, c=shade.data, linewidths=0, zorder=1)
        if samples is not None and name in samples:
            axis.scatter(*plane(f"samples[{name!r}]", samples[name]).T, s=3, c=colour[name], linewidths=0, zorder=2)
        _arrows(axis, xs, ys, velocities, arrows, shade)
        _window(axis, View((xs[0], ys[0]), (xs[-1], ys[-1])), name if heights is not None else f"{name} (no witness)")
    _signed_bar(figure, axes, shade)
    return figure


def _raster(name: str, field: Field) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """The grid's axes, (rows, columns, 2) velocities and (rows, columns) heights about their median."""
    points, velocities = plane(f"fields[{name!r}].points", field.points), plane("velocities", field.velocities)
    xs, ys = np.unique(points[:, 0]), np.unique(points[:, 1])
    if min(len(xs), len(ys)) < 2 or len(xs) * len(ys) != len(points) or len(velocities) != len(points):
        raise ValueError(
            f"`fields[{name!r}]` must hold a full regular grid, each x with each y once, and a velocity a point, but has"
            f" {len(points)} points ({len(xs)} different x, {len(ys)} different y) and {len(velocities)} velocities"
        )
    order, shape = np.lexsort(points.T), (len(ys), len(xs))  # by y, then by x
    if field.heights is None:
        return xs, ys, velocities[order].reshape(*shape, 2), None
    heights = np.asarray(field.heights, dtype=float)
    if heights.shape != (len(points),):
        raise ValueError(f"`fields[{name!r}].heights` must have shape ({len(points)},), but has shape {heights.shape}")
    return xs, ys, velocities[order].reshape(*shape, 2), (heights - np.median(heights))[order].reshape(shape)


def _arrows(axis: Axes, xs: np.ndarray, ys: np.ndarray, velocities: np.ndarray, arrows: int, shade: Theme) -> None:
    rows, columns = (np.linspace(0, len(a) - 1, min(arrows, len(a)) + 2)[1:-1].round().astype(int) for a in (ys, xs))
    chosen = velocities[np.ix_(rows, columns)]
    speed = np.linalg.norm(chosen, axis=-1, keepdims=True)
    cap = float(np.quantile(speed, 0.9)) or 1.0
    chosen = chosen / np.maximum(speed, cap) * (xs[-1] - xs[0]) / arrows  # the longest just reach their neighbour
    axis.quiver(xs[columns], ys[rows], *np.moveaxis(chosen, -1, 0), color=shade.text, angles="xy", scale_units="xy", scale=1.0,
                width=0.006, headwidth=3.5, headlength=4, headaxislength=3.5, zorder=3)  # fmt: skip


def _signed_bar(figure: Figure, axes: Sequence[Axes], shade: Theme) -> None:
    """What the colours of the heights mean, under all panels."""
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-1, 1), shade.signed)
    bar = figure.colorbar(scale, ax=list(axes), location="bottom", shrink=0.3, aspect=40, pad=0.03)
    bar.set_ticks([-1, 0, 1], labels=["too little mass", "witness", "too much"], fontsize=8.5)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)


def _panels(lines: int, columns: int, height: float, shade: Theme, width: float = WIDTH) -> tuple[Figure, list[Axes]]:
    """A figure with ``lines * columns`` axes in the theme's colours."""
    figure = Figure((width, lines * height + 0.1), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel().tolist()
    for axis in axes:
        axis.tick_params(which="both", colors=shade.text, labelsize=8)  # ticks are made late, outside of `_styled`
    return figure, axes


def _grid(panels: int, columns: int, shade: Theme) -> tuple[Figure, list[Axes]]:
    """Square panels, as many as asked for, in lines of ``columns``."""
    columns = min(columns, panels)
    lines, size = -(-panels // columns), min(WIDTH / columns, 4.0)
    figure, axes = _panels(lines, columns, size + 0.25, shade, size * columns)
    for axis in axes[panels:]:
        axis.set_visible(False)
    return figure, axes[:panels]


def _settings(shade: Theme) -> dict[str, Any]:
    return {
        "figure.facecolor": shade.background, "axes.facecolor": shade.background, "text.color": shade.text,
        "axes.edgecolor": shade.text, "axes.labelcolor": shade.text, "xtick.color": shade.text, "ytick.color": shade.text,
        "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.linewidth": 0.8,
    }  # fmt: skip


def _window(axis: Axes, view: View, title: str) -> None:
    axis.set(xlim=(view.low[0], view.high[0]), ylim=(view.low[1], view.high[1]), aspect="equal")
    axis.set_title(title)
    _bare(axis, frame=True)


def _bare(axis: Axes, *, frame: bool) -> None:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(frame)
    axis.spines[:].set_linewidth(0.5)


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
