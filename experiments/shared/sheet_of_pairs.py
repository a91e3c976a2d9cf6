"""A picture of many maps of the plane: bases in rows, targets in columns, colours that show where each sample comes from."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np

from igm_jax.reporting.canvas import WIDTH, Figure, bare, panels, styled
from igm_jax.reporting.style import theme


@styled
def sheet_of_pairs(
    names: Sequence[str], z: np.ndarray, x: np.ndarray, real: np.ndarray, *, half: float = 3.0, dark: bool = False
) -> Figure:
    """Samples of all ordered pairs of laws on data in grey.

    Args:
        names: of the k laws.
        z: (k · k, n, 2) base points, all targets of the first base first.
        x: (k · k, n, 2) the samples made of them, coloured by the direction of the base point.
        real: (k, m, 2) data of every law.
        half: half the width of the window around 0.
        dark: for dark pages.

    Returns:
        The figure.

    Raises:
        ValueError: for arrays that do not fit to the names.
    """
    count, shade = len(names), theme(dark)
    if len(z) != count**2 or len(x) != count**2 or len(real) != count:
        raise ValueError(
            f"{count} names need {count**2} pairs and {count} data, but there are {len(z)} base points, {len(x)} samples and"
            f" {len(real)} data; give all ordered pairs"
        )
    figure, axes = panels(count, count, WIDTH / count, shade)
    colours = mpl.colormaps["hsv"]
    for number, axis in enumerate(axes):
        base, target = divmod(number, count)
        turned = np.arctan2(z[number][:, 1], z[number][:, 0]) / (2 * np.pi) % 1
        axis.scatter(*real[target].T, s=3, c=shade.data, linewidths=0)
        axis.scatter(*x[number].T, s=3, c=colours(turned), alpha=0.7, linewidths=0)
        axis.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
        if base == 0:
            axis.set_title(f"to {names[target]}")
        if target == 0:
            axis.set_ylabel(f"from {names[base]}")
        bare(axis, frame=True)
    return figure
