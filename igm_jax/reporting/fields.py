"""Pictures of fields in the plane: witness and velocity. (Import them from ``igm_jax.reporting.figures``.)"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from igm_jax.reporting.canvas import WIDTH, Axes, Colormap, Figure, ListedColormap, bare, mpl, squares, styled, window
from igm_jax.reporting.on_grid import Field as Field
from igm_jax.reporting.style import PALETTE, Theme, View, colours, named, plane, theme


@styled
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

    Witness values are shown about their median (they are defined up to a constant) and each panel has its own scale, since
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
    data, shade, colour = plane("data", data), theme(dark), colours(named("fields", fields), dark)
    figure, axes = squares(len(fields), columns, shade)
    for axis, (name, field) in zip(axes, fields.items(), strict=True):
        xs, ys, velocities, values = _raster(name, field)
        if values is not None:
            _hill(axis, xs, ys, values, shade)
        axis.scatter(*data[:: max(1, len(data) // 500)].T, s=3, c=shade.text, alpha=0.35, linewidths=0, zorder=1)
        if samples is not None and name in samples:
            points = plane(f"samples[{name!r}]", samples[name])[:250]
            axis.scatter(*points.T, s=7, c=colour[name], edgecolors=shade.background, linewidths=0.3, zorder=2)
        _arrows(axis, xs, ys, velocities, arrows, shade)
        window(axis, View((xs[0], ys[0]), (xs[-1], ys[-1])), name if values is not None else f"{name} (no witness)")
    _signed_bar(figure, axes, shade)
    return figure


@styled
def portrait(field: Field, data: Any, samples: Any, *, arrows: int = 17, dark: bool = False) -> Figure:
    """One objective's witness and velocity in the plane, small and without a legend, for pages that have many of them.

    Colours and arrows are those of ``field_panels``. Where there is no witness, a word in the corner says so.

    Args:
        field: the objective's field on a regular grid.
        data: (m, 2) points of the target, in grey.
        samples: (n, 2) samples, as circles.
        arrows: arrows across.
        dark: for dark pages.

    Returns:
        The figure, 4 inches wide, without a margin.

    Raises:
        ValueError: for shapes that do not fit or points that are no full grid.
    """
    shade, data, samples = theme(dark), plane("data", data), plane("samples", samples)
    xs, ys, velocities, values = _raster("portrait", field)
    figure = Figure((4.0, round(4.0 * float((ys[-1] - ys[0]) / (xs[-1] - xs[0])), 2)))
    axis = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    if values is not None:
        _hill(axis, xs, ys, values, shade)
    axis.scatter(*data[:250].T, s=5, c=shade.text, alpha=0.45, linewidths=0, zorder=1)
    axis.scatter(*samples[:250].T, s=7, c=PALETTE[3], edgecolors=shade.text, linewidths=0.3, zorder=2)
    _arrows(axis, xs, ys, velocities, arrows, shade)
    axis.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    bare(axis, frame=False)
    if values is None:
        axis.text(0.02, 0.03, "no witness", transform=axis.transAxes, fontsize=8.5, style="italic", zorder=4)
    return figure


def _hill(axis: Axes, xs: np.ndarray, ys: np.ndarray, values: np.ndarray, shade: Theme) -> None:
    """The witness's values as bands of colour, the same distance up and down."""
    limit = float(np.quantile(np.abs(values), 0.98)) or 1.0
    bands = np.linspace(-limit, limit, 16)
    axis.contourf(xs, ys, np.clip(values, -limit, limit), bands, cmap=_signed(shade), zorder=0)


def _raster(name: str, field: Field) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """The grid's axes, (rows, columns, 2) velocities and (rows, columns) witness values about their median."""
    points, velocities = plane(f"fields[{name!r}].points", field.points), plane("velocities", field.velocities)
    xs, ys = np.unique(points[:, 0]), np.unique(points[:, 1])
    if min(len(xs), len(ys)) < 2 or len(xs) * len(ys) != len(points) or len(velocities) != len(points):
        raise ValueError(
            f"`fields[{name!r}]` must hold a full regular grid, each x with each y once, and a velocity a point, but has"
            f" {len(points)} points ({len(xs)} different x, {len(ys)} different y) and {len(velocities)} velocities"
        )
    order, shape = np.lexsort(points.T), (len(ys), len(xs))  # by y, then by x
    if field.witness is None:
        return xs, ys, velocities[order].reshape(*shape, 2), None
    values = np.nan_to_num(np.asarray(field.witness, dtype=float))
    if values.shape != (len(points),):
        raise ValueError(f"`fields[{name!r}].witness` must have shape ({len(points)},), but has shape {values.shape}")
    return xs, ys, velocities[order].reshape(*shape, 2), (values - np.median(values))[order].reshape(shape)


def _arrows(axis: Axes, xs: np.ndarray, ys: np.ndarray, velocities: np.ndarray, arrows: int, shade: Theme) -> None:
    up = max(1, round(arrows * float((ys[-1] - ys[0]) / (xs[-1] - xs[0]))))  # as far apart upwards as across
    rows, columns = (
        np.linspace(0, len(a) - 1, min(count, len(a)) + 2)[1:-1].round().astype(int)
        for a, count in ((ys, up), (xs, arrows))
    )
    chosen = np.nan_to_num(velocities[np.ix_(rows, columns)], posinf=0.0, neginf=0.0)
    speed = np.linalg.norm(chosen, axis=-1, keepdims=True)
    cap = float(np.quantile(speed, 0.9)) or 1.0
    chosen = chosen / np.maximum(speed, cap) * (xs[-1] - xs[0]) / arrows  # the longest just reach their neighbour
    axis.quiver(xs[columns], ys[rows], *np.moveaxis(chosen, -1, 0), color=shade.text, angles="xy", scale_units="xy", scale=1.0,
                alpha=0.8, width=0.005, headwidth=3.5, headlength=4, headaxislength=3.5, zorder=3)  # fmt: skip


def _signed(shade: Theme) -> Colormap:
    """The theme's map for signed values without its darkest and brightest ends, which would drown the arrows."""
    return ListedColormap(mpl.colormaps[shade.signed](np.linspace(0.18, 0.82, 256)))


def _signed_bar(figure: Figure, axes: Sequence[Axes], shade: Theme) -> None:
    """What the colours of the witness mean, under all panels."""
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-1, 1), _signed(shade))
    # Under a single panel, too, it is as long as its words.
    shrink = min(0.9, 0.3 * WIDTH / figure.get_figwidth())
    bar = figure.colorbar(scale, ax=list(axes), location="bottom", shrink=shrink, aspect=40, pad=0.03)
    bar.set_ticks([-1, 0, 1], labels=["too little mass", "witness", "too much"], fontsize=8.5)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
