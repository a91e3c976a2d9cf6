"""Pictures of tables: where each column's values lie, beside those of the data. They need the extra ``report``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from igm_jax.reporting.canvas import Axes, Figure, panels, styled
from igm_jax.reporting.style import palette, theme

LEVELS = (5, 25, 50, 75, 95)
"""The quantiles that are shown, in percent."""

MOST = 40


@styled
def column_quantiles(
    samples: Any, data: Any, names: Sequence[str] = (), *, title: str = "", most: int = MOST, dark: bool = False
) -> Figure:
    """Each column's quantiles of samples beside those of the data, a line a column.

    Every column has a scale of its own: 0 is the data's 5 % quantile and 1 the 95 % one, whose values stand at the right.

    Args:
        samples: (n, d) numbers; what is not finite is left out.
        data: (m, d) numbers, likewise.
        names: of the columns; by default their numbers.
        title: of the picture.
        most: how many columns are shown, the first ones.
        dark: for dark pages.

    Returns:
        The figure: the data's 5–95 % and 25–75 % ranges as wide grey bars with their median, those of samples as thin lines.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> from igm_jax.reporting.columns import column_quantiles
        >>> data = np.random.default_rng(0).normal(size=(50, 3))
        >>> len(column_quantiles(data, data, ("age", "height", "mass")).axes[0].get_yticklabels())
        3
    """
    samples, data = np.asarray(samples, float), np.asarray(data, float)
    if samples.ndim != 2 or data.ndim != 2 or samples.shape[1] != data.shape[1]:
        raise ValueError(
            f"`samples` and `data` must have shapes (n, d) and (m, d), but have shapes {samples.shape} and {data.shape}"
        )
    if names and len(names) != data.shape[1]:
        raise ValueError(f"`names` must name each of the {data.shape[1]} columns, but has {len(names)} names")
    shown, shade, colour = min(most, data.shape[1]), theme(dark), palette(dark)[0]
    ours, real = (_quantiles(values[:, :shown]) for values in (samples, data))
    figure, (axis,) = panels(1, 1, 0.5 + 0.34 * shown, shade, 5.4)
    low, width = real[0], np.where(real[-1] > real[0], real[-1] - real[0], 1.0)
    _bars(axis, (real - low) / width, (9.0, 9.0), (shade.rule, shade.data), shade.text)
    _bars(axis, (ours - low) / width, (1.2, 3.6), (colour, colour), colour)
    rest = f"the first {shown} of {data.shape[1]} columns" if shown < data.shape[1] else ""
    axis.set_title(": ".join(part for part in (title, rest) if part), loc="left")
    labels = [_short(name) for name in names[:shown]] or [str(number) for number in range(shown)]
    axis.set_yticks(range(shown), labels)
    for row, (bottom, top) in enumerate(zip(real[0], real[-1], strict=True)):
        axis.annotate(
            f"{bottom:.3g} … {top:.3g}", (1.01, row), xycoords=("axes fraction", "data"), va="center", fontsize=8
        )
    axis.set(xlim=(-0.6, 1.6), ylim=(shown - 0.4, -0.6), xticks=(0, 1))
    axis.set_xticklabels(["data's 5 %", "95 %"])
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


def _quantiles(values: np.ndarray) -> np.ndarray:
    """(5, d) quantiles of the finite values of each column, NaN where there are none."""
    kept = [column[np.isfinite(column)] for column in values.T]
    empty = np.full(len(LEVELS), np.nan)
    return np.stack([np.percentile(column, LEVELS) if len(column) else empty for column in kept], axis=1)


def _bars(axis: Axes, places: np.ndarray, widths: tuple[float, float], colours: tuple[str, str], middle: str) -> None:
    """The outer and the inner range of each column as bars, with a stroke at the median, up to the window's edge."""
    inside = np.clip(places, -0.6, 1.6)
    rows = np.arange(places.shape[1])
    for (first, last), width, colour in zip(((0, 4), (1, 3)), widths, colours, strict=True):
        axis.hlines(rows, inside[first], inside[last], color=colour, linewidth=width)
    axis.plot(inside[2], rows, "|", color=middle, markersize=10, markeredgewidth=1.6)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
