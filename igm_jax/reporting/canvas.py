"""What all pictures stand on: figures without pyplot, in our fonts and colours, and their bytes.

It needs the extra ``report``: ``pip install "igm-jax[report]"``.
"""

import base64
import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from igm_jax.extras import unusable
from igm_jax.reporting.style import Theme, View, theme

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Colormap, ListedColormap
    from matplotlib.figure import Figure as _Figure
    from PIL import Image
except Exception as error:
    raise unusable("a picture", "matplotlib or pillow", error, "report") from error

__all__ = ["WIDTH", "Animation", "Axes", "Colormap", "Figure", "Image", "LineCollection", "ListedColormap"]
__all__ += ["bare", "mpl", "panels", "png", "rgb", "squares", "styled", "window"]

WIDTH = 10.0  # inches


class Figure(_Figure):
    """A matplotlib figure that shows itself in a notebook, without pyplot and its state."""

    def _repr_png_(self) -> bytes:
        return png(self, dpi=100)


class Animation(bytes):
    """The bytes of an animated GIF, which shows itself in a notebook."""

    def _repr_html_(self) -> str:
        return f'<img alt="animation" src="data:image/gif;base64,{base64.b64encode(self).decode()}">'


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw with our fonts and colours, and leave matplotlib's settings as they were."""

    @functools.wraps(draw)
    def drawn(*args: Any, dark: bool = False, **options: Any) -> Figure:
        with mpl.rc_context(_settings(theme(dark))):
            return draw(*args, dark=dark, **options)

    return drawn


def png(figure: Figure, *, dpi: int = 150) -> bytes:
    """The figure as PNG: 150 dots an inch make it 1500 wide, twice what a README shows, so it is sharp on any screen.

    Args:
        figure: a figure of this module.
        dpi: dots an inch.

    Returns:
        The file's bytes, without date or version: the same for the same numbers. 256 colours are kept, which nobody sees
        and makes the file three times smaller.
    """
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor=figure.get_facecolor())
    image = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True, dpi=(dpi, dpi))
    return small.getvalue()


def panels(lines: int, columns: int, height: float, shade: Theme, width: float = WIDTH) -> tuple[Figure, list[Axes]]:
    """A figure with ``lines * columns`` axes in the theme's colours."""
    figure = Figure((width, lines * height + 0.1), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel().tolist()
    for axis in axes:
        axis.tick_params(which="both", colors=shade.text, labelsize=8)  # ticks are made late, outside of `styled`
    return figure, axes


def squares(number: int, columns: int, shade: Theme) -> tuple[Figure, list[Axes]]:
    """Square panels, as many as asked for, in lines of ``columns``."""
    columns = min(columns, number)
    lines, size = -(-number // columns), min(WIDTH / columns, 4.0)
    figure, axes = panels(lines, columns, size + 0.25, shade, size * columns)
    for axis in axes[number:]:
        axis.set_visible(False)
    return figure, axes[:number]


def _settings(shade: Theme) -> dict[str, Any]:
    return {
        "figure.facecolor": shade.background, "axes.facecolor": shade.background, "text.color": shade.text,
        "axes.edgecolor": shade.text, "axes.labelcolor": shade.text, "xtick.color": shade.text, "ytick.color": shade.text,
        "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.linewidth": 0.8,
    }  # fmt: skip


def window(axis: Axes, view: View, title: str) -> None:
    """Show a window of the plane, without numbers: the panels are read beside each other."""
    axis.set(xlim=(view.low[0], view.high[0]), ylim=(view.low[1], view.high[1]), aspect="equal")
    axis.set_title(title)
    bare(axis, frame=True)


def bare(axis: Axes, *, frame: bool) -> None:
    """No ticks, and a thin frame or none."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(frame)
    axis.spines[:].set_linewidth(0.5)


def rgb(colour: str) -> np.ndarray:
    """``"#rrggbb"`` as three numbers between 0 and 1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
