"""Colours and shapes that pictures and reports share, so that an objective looks the same everywhere."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

PALETTE = ("#0c46d8", "#ad1500", "#048ca3", "#b7c200", "#f39ca5", "#6d3f89", "#49c2ff", "#b08447", "#9d76fe")
"""Nine colours that stay apart for protan, deutan and tritan eyes and stand out from white and from near-black: found by
maximising the smallest distance in Oklab under Machado et al.'s (2009) simulation, and held by a test."""

PALETTE_DARK = ("#2067e5", "#da2408", "#5dd0cb", "#feffa5", "#e28666", "#936486", "#96f8ff", "#d7d24b", "#9193dd")
"""The same hues for dark pages, found in the same way among colours with a contrast of at least 3 to the page and its cards."""


class Theme(NamedTuple):
    """The neutral colours of a picture: background, text, the data behind, rules, and the map for signed values."""

    background: str
    text: str
    data: str
    rule: str
    signed: str


LIGHT = Theme("#ffffff", "#1c2026", "#c3c8d0", "#d9dde3", "RdBu_r")
DARK = Theme("#15181c", "#e6e9ee", "#6f7986", "#343a43", "berlin")


def theme(dark: bool) -> Theme:
    """The dark or the light neutral colours."""
    return DARK if dark else LIGHT


def palette(dark: bool) -> tuple[str, ...]:
    """The nine colours for dark or for light pages."""
    return PALETTE_DARK if dark else PALETTE


def colours(objectives: Iterable[str], dark: bool = False) -> dict[str, str]:
    """A colour for each objective, by its place in the list: give every picture the same list.

    Args:
        objectives: names, in the order of the tables. The tenth takes the first colour again; labels tell them apart.
        dark: for dark pages.

    Returns:
        ``{name: "#rrggbb"}``.

    Example:
        >>> from igm_jax.reporting.style import colours
        >>> colours(["energy", "gan"])
        {'energy': '#0c46d8', 'gan': '#ad1500'}
    """
    chosen = palette(dark)
    return {name: chosen[number % len(chosen)] for number, name in enumerate(dict.fromkeys(objectives))}


class View(NamedTuple):
    """The window that a 2-d picture shows: ``low`` and ``high`` along each axis, of one width for both."""

    low: tuple[float, float]
    high: tuple[float, float]


def view_of(data: Any, *, margin: float = 0.12) -> View:
    """A square window around the data, with a margin on every side as a share of its width.

    Args:
        data: (m, 2) points.
        margin: the margin's share.

    Returns:
        The view; constant data get a window of width one.

    Raises:
        ValueError: for another shape or numbers that are not finite.

    Example:
        >>> from igm_jax.reporting.style import view_of
        >>> view_of([[0.0, 0.0], [2.0, 1.0]], margin=0.0)
        View(low=(0.0, -0.5), high=(2.0, 1.5))
    """
    points = plane("data", data)
    if not np.isfinite(points).all():
        raise ValueError("`data` must hold finite numbers to set the window, but hold NaN or infinity; give a `view`")
    centre = (points.min(0) + points.max(0)) / 2
    half = float((points.max(0) - points.min(0)).max()) * (0.5 + margin) or 0.5
    (left, bottom), (right, top) = (centre - half).tolist(), (centre + half).tolist()
    return View((left, bottom), (right, top))


def plane(name: str, value: Any) -> np.ndarray:
    """``value`` as a float array (n, 2), or an error; NaN may pass, since a picture of a diverged run is a picture."""
    points = np.asarray(value, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"`{name}` must have shape (n, 2), points of the plane, but has shape {points.shape}")
    return points


def pictures(name: str, value: Any, image_shape: tuple[int, ...], value_range: tuple[float, float]) -> np.ndarray:
    """Flat images (..., h * w * c) as (..., h, w, c) with values between 0 and 1, or an error.

    Args:
        name: the argument's name, for the error's text.
        value: (..., h * w * c) numbers.
        image_shape: ``(h, w)`` or ``(h, w, c)`` with c = 1 or 3, or 4 for colours and opacity.
        value_range: the values that stand for black and white; what lies outside is clipped, NaN is black.

    Returns:
        (..., h, w, c) float array between 0 and 1; c is 3 where there were 4, with what is transparent on white.
    """
    shape = tuple(image_shape) if len(image_shape) == 3 else (*image_shape, 1)
    flat = np.asarray(value, dtype=float)
    if len(shape) != 3 or shape[2] not in (1, 3, 4):
        raise ValueError(f"`image_shape` must be (h, w) or (h, w, c) with c 1 or 3, or 4, but is {image_shape}")
    if flat.ndim < 1 or flat.shape[-1] != np.prod(shape):
        raise ValueError(
            f"`{name}` must have shape (..., {np.prod(shape)}), flat images of shape {image_shape}, but has shape {flat.shape}"
        )
    low, high = value_range
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"`value_range` must be (black, white) with black < white, but is {value_range}")
    shown = np.nan_to_num(np.clip((flat - low) / (high - low), 0, 1)).reshape(*flat.shape[:-1], *shape)
    return shown if shape[2] < 4 else shown[..., :3] * shown[..., 3:] + (1 - shown[..., 3:])


def named(name: str, value: Any) -> Mapping[str, Any]:
    """``value`` if it is a mapping with at least one entry, else an error."""
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"`{name}` must be a mapping from objectives' names, with at least one, but is {value!r}")
    return value
