"""Many images are read side by side: their headers first, which say what they become, then their pixels."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from igm_jax.data.assembly import side_by_side
from igm_jax.data.decoding import Header, ImageError, decode, header, pillow, quiet
from igm_jax.data.folders import UNREADABLE

Progress = Callable[[int, int], None]
"""Told, now and then, how many of how many images are read."""

USUAL_SIDE, LARGEST_COMMON = 32, 64
"""The side that images are brought to if nothing is said; squares of one side up to the second keep theirs."""

BLOCK = 256
"""So many images are read before progress is told."""

Skipped = dict[str, list[int]]
"""The places of images that cannot be had, by the reason."""


class Together(NamedTuple):
    """What the headers of images say together.

    Attributes:
        headers: of each.
        size: the side that fits: that of all, if they are squares of one side up to 64, else 32.
        channels: 1 if all are grey, else 3.
        deep: whether all are grey and have 16 bits.
        shapes: how many images have which shape.
        notes: sentences on transparency and depth.
    """

    headers: tuple[Header, ...]
    size: int
    channels: int
    deep: bool
    shapes: dict[str, int]
    notes: tuple[str, ...]

    def resized(self, side: int, fit: str) -> str:
        """A sentence on those that are brought to another size; empty for none."""
        changed = sum((each.height, each.width) != (side, side) for each in self.headers)
        way = "cut to their middle" if fit == "crop" else "surrounded by white"
        uneven = any(each.height != each.width for each in self.headers)
        return (
            f"Images that are scaled to {side} × {side}{f' and {way}' if uneven else ''}: {changed}." if changed else ""
        )


def headers(items: Sequence[Any], progress: Progress | None = None) -> tuple[list[Header], Skipped]:
    """The headers of many images.

    Args:
        items: files, or functions that give the bytes of one.
        progress: called with how many of how many are read; None for nobody.

    Returns:
        Those that can be had, in order, and the places of the others.

    Raises:
        ImportError: without Pillow; the text names the extra that brings it.
    """
    pillow()
    found: list[Header] = []
    skipped: Skipped = {}
    for place, told in enumerate(attempted(lambda item: header(_file(item)), items, progress)):
        if isinstance(told, str):
            skipped.setdefault(told, []).append(place)
        else:
            found.append(told)
    return found, skipped


def together(known: Sequence[Header]) -> Together:
    """What the headers of images say together.

    Args:
        known: of each image, at least one.

    Returns:
        The size, the channels and the depth that fit them.

    Example:
        >>> from igm_jax.data.decoding import Header
        >>> from igm_jax.data.pool import together
        >>> found = together([Header(8, 8, True, False, False, "L"), Header(9, 8, False, False, False, "RGB")])
        >>> found.size, found.channels, found.shapes
        (32, 3, {'8 × 8 × 1': 1, '9 × 8 × 3': 1})
    """
    sides = {side for each in known for side in (each.height, each.width)}
    common = next(iter(sides)) if len(sides) == 1 else 0
    deep = all(each.deep for each in known)
    shapes = Counter(side_by_side((each.height, each.width, 1 if each.grey else 3)) for each in known)
    size = common if 0 < common <= LARGEST_COMMON else USUAL_SIDE
    channels = 1 if all(each.grey for each in known) else 3
    return Together(tuple(known), size, channels, deep, dict(shapes), _notes(known, deep))


def _notes(known: Sequence[Header], deep: bool) -> tuple[str, ...]:
    notes = []
    if alpha := sum(each.alpha for each in known):
        notes.append(f"Images that may have transparent parts, which are put on white: {alpha}.")
    if cmyk := sum(each.mode == "CMYK" for each in known):
        notes.append(f"Images in the colours of print (CMYK), which are turned to red, green and blue: {cmyk}.")
    if (of_16 := sum(each.deep for each in known)) and not deep:
        notes.append(f"Images of 16 bits, which are cut to 8 as the others have: {of_16}.")
    return tuple(notes)


def decoded(
    items: Sequence[Any], shape: tuple[int, int, int], fit: str, deep: bool, progress: Progress | None = None
) -> tuple[np.ndarray, Skipped]:
    """Many images in one array.

    Args:
        items: files, or functions that give the bytes of one.
        shape: (size, size, channels) that they become.
        fit: "crop" or "pad" (see ``decode``).
        deep: whether 16 bits are kept.
        progress: called with how many of how many are decoded; None for nobody.

    Returns:
        (n, size, size, channels) images that could be decoded, in order, and the places of the others.
    """
    values = np.empty((len(items), *shape), np.uint16 if deep else np.uint8)
    skipped: Skipped = {}
    number = 0

    def read(item: Any) -> np.ndarray:
        return decode(_file(item), shape[0], shape[2], fit, deep=deep)

    for place, told in enumerate(attempted(read, items, progress)):
        if isinstance(told, str):
            skipped.setdefault(told, []).append(place)
        else:
            values[number] = told
            number += 1
    return values[:number], skipped


def _file(item: Any) -> Any:
    return item() if callable(item) else item


def attempted(read: Callable[[Any], Any], items: Sequence[Any], progress: Progress | None) -> Iterator[Any]:
    """What is read of each item, or the reason why it cannot be, in order; items are read side by side.

    Args:
        read: from an item to what is wanted of it; an ``ImageError`` or ``OSError`` is a reason to leave it out.
        items: the items.
        progress: called with how many of how many are read; None for nobody.

    Yields:
        What ``read`` returned, or the reason, a text.

    Example:
        >>> from igm_jax.data.pool import attempted
        >>> list(attempted(len, ["a", "bcd"], None))
        [1, 3]
    """

    def attempt(item: Any) -> Any:
        try:
            return read(item)
        except ImageError as error:
            return error.reason
        except OSError:
            return UNREADABLE

    with ThreadPoolExecutor(min(16, (os.cpu_count() or 1) + 2)) as pool:
        for start in range(0, len(items), BLOCK):
            with quiet():  # not while whoever asked is at work
                found = list(pool.map(attempt, items[start : start + BLOCK]))
            yield from found
            if progress is not None:
                progress(min(start + BLOCK, len(items)), len(items))
