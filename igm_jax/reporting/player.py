"""Samples through training, packed small enough to travel inside a page, and unpacked again."""

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from igm_jax.reporting.style import View, colours, named, pictures, plane, view_of

_MISSING = 65535  # the code of a point that is not finite; it is not drawn
_TOP = 65534


class Player(NamedTuple):
    """Snapshots of every objective's samples, to be played side by side.

    Args:
        steps: (k,) the generator updates at which they were taken, ascending.
        frames: for each objective (k, n, 2) points, or (k, n, h * w * c) images with ``image_shape``.
        data: (m, 2) points of the target behind the samples, or (m, h * w * c) real images beside them; None for none.
        image_shape: ``(h, w)`` or ``(h, w, c)`` for images, None for points.
        value_range: the values of black and white in images.
        view: the window for points; by default around the data, or around the last frames where there are none.
        clock: what the steps count.
        title: its heading; none if empty.
        caption: what is to be seen.
    """

    steps: Any
    frames: Mapping[str, Any]
    data: Any = None
    image_shape: tuple[int, ...] | None = None
    value_range: tuple[float, float] = (0.0, 1.0)
    view: View | None = None
    clock: str = "update"
    title: str = ""
    caption: str = ""


def encode(player: Player, *, max_frames: int = 48, max_points: int = 600, max_images: int = 25) -> dict[str, Any]:
    """The player as plain JSON: 16 bits a coordinate or 8 bits a pixel, in base64.

    Points are quantised in a window three times as wide as the view, in steps of its 1 / 21845; what lies further out is
    moved to that window's edge, where nobody sees it.

    Args:
        player: the snapshots.
        max_frames: so many are kept, evenly spread, the first and the last among them.
        max_points: so many points of each frame are kept, the first ones: nobody chose them.
        max_images: the same for images.

    Returns:
        A dictionary for ``decode`` and for the page's script.

    Raises:
        ValueError: for shapes that do not fit or steps that do not ascend.
    """
    steps = np.asarray(player.steps)
    if steps.ndim != 1 or not len(steps) or (np.diff(steps) <= 0).any():
        raise ValueError(f"`steps` must be ascending, one for each frame, but are {player.steps!r}")
    frames = {name: _frames(name, value, len(steps)) for name, value in named("frames", player.frames).items()}
    kept = np.unique(np.linspace(0, len(steps) - 1, min(max_frames, len(steps))).round().astype(int))
    colour, dark = colours(frames), colours(frames, dark=True)
    if player.image_shape is None:
        packed, shared = _points(
            player, {name: value[kept][:, :max_points] for name, value in frames.items()}, max_points
        )
    else:
        packed, shared = _images(
            player, {name: value[kept][:, :max_images] for name, value in frames.items()}, max_images
        )
    series = [{"name": name, "colour": colour[name], "dark": dark[name], **value} for name, value in packed.items()]
    return {"steps": steps[kept].tolist(), "clock": player.clock, **shared, "series": series}


def decode(encoded: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The frames of ``encode``: (k, n, 2) points, NaN where they were not finite, or (k, n, h, w, c) images from 0 to 1."""
    k, result = len(encoded["steps"]), {}
    for item in encoded["series"]:
        raw = base64.b64decode(item["values"])
        if encoded["kind"] == "images":
            pixels = np.frombuffer(raw, np.uint8).reshape(k, item["count"], *encoded["shape"])
            result[item["name"]] = pixels / 255
            continue
        codes = np.frombuffer(raw, "<u2").reshape(k, item["count"], 2)
        low, high = np.array(encoded["low"]), np.array(encoded["high"])
        result[item["name"]] = np.where(codes == _MISSING, np.nan, low + codes / _TOP * (high - low))
    return result


def _frames(name: str, value: Any, k: int) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    if array.ndim != 3 or len(array) != k or not array.shape[1]:
        raise ValueError(
            f"`frames[{name!r}]` must have shape ({k}, n, d), a frame for each of the {k} steps, but has shape {array.shape}"
        )
    return array


def _points(
    player: Player, frames: Mapping[str, np.ndarray], count: int
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    data = None if player.data is None else plane("data", player.data)
    for name, value in frames.items():
        plane(f"frames[{name!r}][0]", value[0])
    last = np.concatenate([value[-1] for value in frames.values()])
    around = data if data is not None else last[np.isfinite(last).all(-1)]
    view = player.view or view_of(around if len(around) else np.zeros((1, 2)))
    low, high = np.array(view.low), np.array(view.high)
    low, high = low - (high - low), high + (high - low)

    def pack(points: np.ndarray) -> str:
        share = np.clip((points - low) / (high - low), 0, 1)
        codes = np.where(np.isfinite(points), np.nan_to_num(share) * _TOP, _MISSING).round().astype("<u2")
        return _base64(codes)

    packed = {name: {"count": value.shape[1], "values": pack(value)} for name, value in frames.items()}
    shared = {"kind": "points", "low": low.tolist(), "high": high.tolist(), "view": [list(view.low), list(view.high)]}
    return packed, {**shared, "data": None if data is None else pack(data[:count])}


def _images(
    player: Player, frames: Mapping[str, np.ndarray], count: int
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    h, w, c = (*(player.image_shape or ()), 1)[:3]

    def pack(name: str, flat: Any) -> str:
        return _base64((pictures(name, flat, (h, w, c), player.value_range) * 255).round().astype(np.uint8))

    packed = {
        name: {"count": value.shape[1], "values": pack(f"frames[{name!r}]", value)} for name, value in frames.items()
    }
    real = None if player.data is None else np.asarray(player.data)[:count]
    data = None if real is None else {"count": len(real), "values": pack("data", real)}
    return packed, {"kind": "images", "shape": [h, w, c], "data": data}


def _base64(codes: np.ndarray) -> str:
    return base64.b64encode(codes.tobytes()).decode()
