"""Pictures of samples, of training and of fields. They need the extra ``report``: ``pip install "igm-jax[report]"``.

Every function but ``animation`` returns a matplotlib ``Figure`` made without pyplot: no global state, no display, nothing to
close. As the last value of a notebook's cell it shows itself, and so does an animation. ``png`` turns a figure into bytes,
the same bytes for the same numbers.
"""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from igm_jax.reporting.canvas import (
    WIDTH,
    Animation,
    Figure,
    Image,
    LineCollection,
    bare,
    panels,
    rgb,
    squares,
    styled,
    window,
)
from igm_jax.reporting.canvas import png as png
from igm_jax.reporting.curves import Curves as Curves
from igm_jax.reporting.curves import training_curves as training_curves
from igm_jax.reporting.fields import Field as Field
from igm_jax.reporting.fields import field_panels as field_panels
from igm_jax.reporting.fields import portrait as portrait
from igm_jax.reporting.studies import Trace as Trace
from igm_jax.reporting.studies import heat_map as heat_map
from igm_jax.reporting.studies import trace_panels as trace_panels
from igm_jax.reporting.style import Theme, View, colours, named, palette, pictures, plane, theme, view_of


@styled
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
    names = 0.3 + 0.1 * max(map(len, images))  # inches
    figure, axes = panels(len(strips), 1, (WIDTH - names) * height / width, theme(dark))
    # Laid out by hand: the automatic layout sees an image's square pixels too late, and cuts off long names.
    figure.set_layout_engine("none")
    left, line = names / WIDTH, 0.99 / len(strips)
    for number, (axis, strip, name) in enumerate(zip(axes, strips, images, strict=True)):
        axis.set_position((left, 0.995 - (number + 1) * line, 0.995 - left, line))
        axis.imshow(strip, interpolation="nearest")
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
        bare(axis, frame=False)
    return figure


def _strip(images: np.ndarray, columns: int, shades: Theme) -> np.ndarray:
    """(n, h, w, c) images side by side on the page's background, as one (h + gap, ..., 3) picture."""
    n, h, w, _ = images.shape
    gap = max(1, w // 8)
    page = np.broadcast_to(rgb(shades.background), (h + gap, columns * (w + gap) - gap, 3)).copy()
    for number in range(n):
        left = number * (w + gap)
        page[:h, left : left + w] = np.broadcast_to(images[number], (h, w, 3))
    return page


@styled
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
    view, shade, colour = view or view_of(data), theme(dark), colours(named("samples", samples), dark)
    figure, axes = squares(len(samples), columns, shade)
    for axis, (name, value) in zip(axes, samples.items(), strict=True):
        points = plane(f"samples[{name!r}]", value)
        size = float(np.clip(4000 / len(points), 2, 12))
        axis.scatter(*data.T, s=size, c=shade.data, linewidths=0)
        axis.scatter(*points.T, s=size, c=colour[name], alpha=1.0 if dark else 0.7, linewidths=0)
        window(axis, view, name)
    return figure


@styled
def _frame(points: np.ndarray, before: np.ndarray, data: np.ndarray, view: View, title: str, *, dark: bool) -> Figure:
    """One frame of ``animation``: the points, the way they came since the frame before, and the data behind."""
    shade, colour = theme(dark), palette(dark)[0]
    figure, (axis,) = panels(1, 1, 4.3, shade, 4.2)
    axis.scatter(*data.T, s=4, c=shade.data, linewidths=0)
    ways = list(np.stack([before, points], axis=1))
    axis.add_collection(LineCollection(ways, colors=colour, alpha=0.25, linewidths=0.8))
    axis.scatter(*points.T, s=float(np.clip(4000 / len(points), 3, 12)), c=colour, alpha=0.8, linewidths=0)
    window(axis, view, title)
    return figure


def animation(
    frames: Any,
    steps: Any,
    data: Any,
    *,
    title: str = "",
    clock: str = "step",
    view: View | None = None,
    seconds: float = 6.0,
    dpi: int = 110,
    dark: bool = False,
) -> bytes:
    """Points on their way, as an animated GIF that plays for ever and rests on its last frame.

    Args:
        frames: (k, n, 2) snapshots.
        steps: (k,) when they were taken.
        data: (m, 2) points of the target, in grey.
        title: what moves.
        clock: what the steps count.
        view: the window; by default around the data and the first frame.
        seconds: how long one round takes, without the rest at its end.
        dpi: dots an inch; the picture is 4.2 inches wide.
        dark: for dark pages.

    Returns:
        The file's bytes, the same for the same numbers.

    Raises:
        ValueError: for shapes that do not fit.
    """
    data, frames, steps = plane("data", data), np.asarray(frames, dtype=float), np.asarray(steps)
    if frames.ndim != 3 or frames.shape[2] != 2 or not frames.size or steps.shape != frames.shape[:1]:
        raise ValueError(
            f"`frames` must have shape (k, n, 2) and `steps` (k,), but they have shapes {frames.shape} and {steps.shape}"
        )
    view = view or view_of(np.concatenate([data, frames[0][np.isfinite(frames[0]).all(-1)]]), margin=0.06)
    images = []
    for number, (step, points) in enumerate(zip(steps.tolist(), frames, strict=True)):
        text = f"{title} · {clock} {step}" if title else f"{clock} {step}"
        figure = _frame(points, frames[max(number - 1, 0)], data, view, text, dark=dark)
        images.append(Image.open(io.BytesIO(png(figure, dpi=dpi))))
    pause = max(20, round(1000 * seconds / len(images)))
    buffer = io.BytesIO()
    durations = [pause] * (len(images) - 1) + [1500]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=False)
    return Animation(buffer.getvalue())
