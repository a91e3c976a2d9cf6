"""Data sets that Hugging Face's ``datasets`` saved to a disk, read by pyarrow alone."""

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled, fits, numbered
from igm_jax.data.columns import of_arrow
from igm_jax.data.decoding import FITS, ImageError
from igm_jax.data.pool import Progress, Skipped, decoded, headers, together
from igm_jax.data.ranges import ranged
from igm_jax.data.report import listed
from igm_jax.data.saved import Saved, read
from igm_jax.data.splitting import enough
from igm_jax.data.tables import Roles, tabled
from igm_jax.distributions.splits import Splits
from igm_jax.files import absolute, shown


def hugging_face(
    path: str | os.PathLike[str],
    size: int | None = None,
    *,
    image: str | None = None,
    label: str | None = None,
    channels: int | None = None,
    fit: str = "crop",
    value_range: tuple[float, float] | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Splits:
    """A data set that was saved by ``save_to_disk`` of the package ``datasets``, of images or of columns of numbers.

    Parts that are called train, validation and test stay as they are; one that is not there is taken of the training part
    by content. Images become what ``igm_jax.data.images`` makes of them, and columns what ``igm_jax.data.table`` does.

    Args:
        path: the folder, with ``dataset_dict.json`` or ``state.json`` in it.
        size: the side of square images in pixels; None for that of all, if it is one up to 64, else 32.
        image: the column of the images; None for the only one, or for columns of numbers.
        label: the column of the labels; None for the only one that has names of classes.
        channels: 1 for grey, 3 for colours; None for 1 if all images are grey, else 3.
        fit: "crop" or "pad" (see ``igm_jax.data.images``).
        value_range: what becomes -1 and 1 in images; None for 0 and 255, or 0 and 65535.
        name: a short name for tables; the folder's if None.
        progress: called with how many of how many images are decoded; None for nobody.

    Returns:
        The data set.

    Raises:
        ImportError: without pyarrow, or Pillow for images; the text names the extra that brings it.
        OSError: if a file is missing or cannot be read.
        ValueError: for damage, columns that are not there, several that may be meant, or fewer than 20 rows.

    Example:
        >>> import json, pathlib, tempfile
        >>> import pyarrow
        >>> from igm_jax.data import hugging_face
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> rows = pyarrow.table({"x": [float(i) for i in range(50)]})
        >>> with pyarrow.ipc.new_stream(str(path / "data.arrow"), rows.schema) as writer:
        ...     writer.write_table(rows)
        >>> _ = (path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
        >>> hugging_face(path).columns
        ('x',)
    """
    size = None if size is None else checks.count("size", size)
    channels = None if channels is None else checks.choice("channels", channels, (1, 3))
    checks.choice("fit", fit, FITS)
    saved = read(absolute(path))
    title = name or shown(absolute(path).name)
    enough(len(saved.table), saved.source)
    pictures = _one(saved, "image", image, saved.is_image)
    classes = _one(saved, "label", label, lambda each: bool(saved.classes(each)))
    labels, names, note = _labels(saved, classes)
    if pictures is None:
        return _rows(saved, title, classes, labels, names, note)
    return _images(saved, pictures, title, (labels, names, note), size, channels, fit, value_range, progress)


def _rows(saved: Saved, title: str, classes: str | None, labels: Any, names: tuple[str, ...], note: str) -> Splits:
    columns = [of_arrow(each, saved.table[each]) for each in saved.columns(lambda each: each != classes)]
    outcome = [column for column in columns if column.kind == "number"]
    if not outcome:
        raise ValueError(f"{saved.source} has no column of images or numbers, but {listed(saved.table.column_names)}")
    unused = tuple(column.name for column in columns if column.kind != "number")
    skipped = _reasons({"columns that are not used": unused, "parts that are not used": saved.unused})
    return tabled(
        Roles(outcome, [], []), saved.source, title, given=saved.given, labels=labels, label_names=names, skipped=skipped,
        notes=[_kept(saved), note],
    )  # fmt: skip


def _images(
    saved: Saved,
    column: str,
    title: str,
    classes: tuple[np.ndarray | None, tuple[str, ...], str],
    size: int | None,
    channels: int | None,
    fit: str,
    value_range: tuple[float, float] | None,
    progress: Progress | None,
) -> Splits:
    content = saved.table[column]
    places = np.arange(len(content))
    items = [functools.partial(_bytes, content, place) for place in range(len(content))]
    known, unread = headers(items, progress)
    places, skipped = _left(places, unread)
    enough(len(places), saved.source)
    found = together(known)
    side, depth = size or found.size, channels or found.channels
    deep = found.deep and depth == 1
    fits(len(places), side * side * depth, 1 + deep, saved.source, f"choose a smaller `size` than {side}")
    values, unread = decoded([items[place] for place in places], (side, side, depth), fit, deep, progress)
    places, more = _left(places, unread)
    labels, given = (None if each is None else each[places] for each in (classes[0], saved.given))
    whole = Found(saved.source, title, values, labels, classes[1], given=given)
    span = ranged(values, saved.source, value_range)
    reasons = {reason: (*skipped.get(reason, ()), *more.get(reason, ())) for reason in {**skipped, **more}}
    return assembled(
        whole, whole.split(), span.scaling, what="images", image_shape=(side, side, depth), shapes=found.shapes,
        extent=span.found, told=span.told, skipped=_reasons({**reasons, "parts that are not used": saved.unused}),
        notes=[_kept(saved), classes[2], *found.notes, found.resized(side, fit), span.note],
    )  # fmt: skip


def _bytes(column: Any, place: int) -> bytes:
    """The bytes of one image; an image that lies elsewhere, of which only the path was saved, cannot be had."""
    told = column[place].as_py()
    content = None if told is None else told.get("bytes")
    if not isinstance(content, bytes):
        raise ImageError(f"row {place + 1}", "saved without its bytes")
    return content


def _left(places: np.ndarray, unread: Skipped) -> tuple[np.ndarray, dict[str, tuple[str, ...]]]:
    """The places that are left, and the names of those that are not."""
    gone = [place for each in unread.values() for place in each]
    told = {reason: tuple(f"row {places[place] + 1}" for place in each) for reason, each in unread.items()}
    return np.delete(places, gone), told


def _reasons(skipped: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {reason: names for reason, names in skipped.items() if names}


def _kept(saved: Saved) -> str:
    return (
        ""
        if saved.given is None
        else "The parts are those of the data set; those that it has not are taken by content."
    )


def _one(saved: Saved, argument: str, asked: str | None, fits: Callable[[str], bool]) -> str | None:
    """The column that is asked for, or the only one that fits."""
    if asked is not None:
        return checks.choice(argument, asked, saved.table.column_names)
    may = saved.columns(fits)
    if len(may) > 1:
        raise ValueError(
            f"{saved.source} has {len(may)} columns that may be the {argument}: {listed(may, 20)}; say `{argument}`"
        )
    return may[0] if may else None


def _labels(saved: Saved, column: str | None) -> tuple[np.ndarray | None, tuple[str, ...], str]:
    """Labels, their names, and a note."""
    if column is None:
        return None, (), ""
    numbers = of_arrow(column, saved.table[column]).all_numbers(saved.source)
    if (numbers != np.rint(numbers))[~np.isnan(numbers)].any():
        raise ValueError(f"the column {column!r} of {saved.source} must hold integers to be the label; name another")
    without = int((np.isnan(numbers) | (numbers < 0)).sum())
    if without:
        return None, (), f"There are no labels, since some rows have none: {without}."
    return numbered(numbers.astype(np.int64), saved.classes(column))
