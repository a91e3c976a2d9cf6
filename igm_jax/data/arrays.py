"""Your own arrays: ``.npy`` and ``.npz`` files of rows or images become data sets, split by content or as they come."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from igm_jax.data.assembly import Found, assembled, numbered, side_by_side
from igm_jax.data.ranges import ranged
from igm_jax.distributions.files import ArgumentError, check_layout, load_samples, stored_array, stored_layouts
from igm_jax.distributions.splits import Scaling, Splits
from igm_jax.files import absolute, shown

LABELS = ("labels", "label", "y", "targets", "classes")
"""Names under which integers of one dimension are taken for labels."""

KERAS = ("x_train", "y_train", "x_test", "y_test")
"""Names of a split that an archive may come with."""

Layouts = dict[str | None, tuple[tuple[int, ...], np.dtype[Any]]]


class Pictures(NamedTuple):
    """An array as images, or as rows.

    Attributes:
        values: (n, h, w, c) images in their own type, or (n, d) rows as float32.
        image: whether they are images.
        dtype: the type of the values in the file.
        note: a sentence where channels were moved; empty for none.
    """

    values: np.ndarray
    image: bool
    dtype: str = ""
    note: str = ""


def file(
    path: str | os.PathLike[str],
    array: str | None = None,
    labels: str | None = None,
    image_shape: tuple[int, int, int] | None = None,
    value_range: tuple[float, float] | None = None,
    name: str | None = None,
) -> Splits:
    """The samples in a ``.npy`` or ``.npz`` file as a data set.

    Arrays (n, h, w) and (n, h, w, c) of 1, 3 or 4 channels are images, whose values are brought to [-1, 1]; images with their
    channels first are noticed, and moved. Rows (n, d) stay as they are. An archive of ``x_train``, ``y_train``, ``x_test``
    and ``y_test`` keeps its test part.

    Args:
        path: the file; its kind is told by its content. Pickled objects are never loaded.
        array: which array of a ``.npz`` holds the samples; may be left out where only one has 2 to 4 dimensions.
        labels: which array holds integers, one a sample; None for one that is called labels, label, y, targets or classes.
        image_shape: (height, width, channels) of images, which may lie as rows; None to tell by the shape.
        value_range: what becomes -1 and 1; None to find it for images (see ``igm_jax.data.ranges``), and for rows as they are.
        name: a short name for tables; the file's if None.

    Returns:
        The data set, about 80 % for training, 10 % for validation and 10 % for test by content.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for damage, arguments that do not go with the file, fewer than 20 samples, NaN or infinity.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.data import file
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.npz"
        >>> np.savez(path, images=np.arange(9600).reshape(100, 96) % 251, labels=np.arange(100) % 3)
        >>> data = file(path, image_shape=(4, 8, 3))
        >>> data.train.values.shape, data.label_names
        ((83, 96), ('0', '1', '2'))
    """
    path = absolute(path)
    layouts = stored_layouts(path)
    title = name or shown(path.stem)
    if array is None and labels is None and set(KERAS) <= set(layouts):
        return _keras(path, layouts, image_shape, value_range, title)
    chosen = _chosen(path, layouts, array, labels)
    pictures = _pictures(path, chosen, image_shape)
    known, note = _labels(path, layouts, labels, len(pictures.values))
    unread = [each or "" for each in layouts if each not in (chosen, known)]
    given, names, numbering = None, (), ""
    if known is not None:
        given, names, numbering = numbered(_integers(path, known))
    found = Found(shown(path), title, pictures.values, given, names)
    return _whole(found, pictures, value_range, [note, numbering], unread)


def _whole(
    found: Found, pictures: Pictures, value_range: tuple[float, float] | None, notes: list[str], unread: list[str]
) -> Splits:
    values, low, high = found.values, float(found.values.min()), float(found.values.max())
    scaling, told, doubt = Scaling(), "", ""
    if pictures.image or value_range is not None:
        span = ranged(values, found.source, value_range)
        scaling, told, doubt = span.scaling, span.told, span.note
    shape = values.shape[1:]
    return assembled(
        found, found.split(), scaling, what="images" if pictures.image else "rows",
        image_shape=(shape[0], shape[1], shape[2]) if pictures.image else None, dtype=pictures.dtype,
        extent=(low, high), told=told,
        skipped={"other arrays": tuple(unread)} if unread else None, notes=[pictures.note, *notes, doubt],
    )  # fmt: skip


def _chosen(path: Path, layouts: Layouts, array: str | None, labels: str | None) -> str | None:
    """The name of the array that holds the samples."""
    if array is not None or None in layouts:
        return array
    may = [
        each for each, (shape, dtype) in layouts.items()
        if 2 <= len(shape) <= 4 and dtype.kind in "fiub" and each != labels and each not in LABELS
    ]  # fmt: skip
    if len(may) > 1:
        listing = ", ".join(map(repr, may))
        raise ArgumentError(
            "array", f"{path} holds {len(may)} arrays that may be samples: {listing}; say which with ", ""
        )
    return may[0] if may else None


def _pictures(path: Path, key: str | None, image_shape: tuple[int, int, int] | None) -> Pictures:
    """The samples as images (n, h, w, c), or as rows (n, d)."""
    try:
        what, values = stored_array(path, key)
        if values.ndim == 2 and image_shape is None:
            return Pictures(np.asarray(load_samples(path, key), np.float32), False, values.dtype.name)
    except ArgumentError as error:
        raise ArgumentError("array", *error.args[1:]) if error.argument == "key" else error from None
    own = values.shape[1:]
    moved = _channels_first(own, image_shape)
    if moved:
        values = np.moveaxis(values, 1, -1)
        told = f"The channels came first, {side_by_side(own)}, and are moved last, {side_by_side(values.shape[1:])}."
        return Pictures(np.ascontiguousarray(values), True, values.dtype.name, told)
    if image_shape is not None:
        check_layout(what, values.shape, image_shape)
        return Pictures(values.reshape(-1, *image_shape), True, values.dtype.name)
    if values.ndim == 4 and own[2] not in (1, 3, 4):
        raise ArgumentError(
            "image_shape",
            f"{what} has shape {values.shape}, whose last axis is none of 1, 3 or 4 channels; say what is what with ",
            ", (height, width, channels)",
        )
    return Pictures(values if values.ndim == 4 else values[:, :, :, None], True, values.dtype.name)


def _channels_first(own: tuple[int, ...], image_shape: tuple[int, int, int] | None) -> bool:
    if len(own) != 3:
        return False
    if image_shape is not None:
        return own != tuple(image_shape) and own == (image_shape[2], *image_shape[:2])
    return own[0] in (1, 3) and own[1] > 4 and own[2] > 4


def _labels(path: Path, layouts: Layouts, asked: str | None, number: int) -> tuple[str | None, str]:
    """The name of the array that holds the labels, and a note where one of such a name does not."""
    if asked is not None:
        if asked not in layouts:
            listing = ", ".join(repr(each) for each in layouts if each is not None)
            told = (
                f" must be one of the arrays in {path}: {listing}" if listing else f" goes with a .npz, but not {path}"
            )
            raise ArgumentError("labels", "", f"{told}; but is {asked!r}")
        if not _are_labels(layouts[asked], number):
            shape, dtype = layouts[asked]
            raise ArgumentError(
                "labels",
                "",
                f" must be an array of {number} integers, one a sample, but {asked!r} of {path} has shape {shape} and dtype"
                f" {dtype}; choose another",
            )
        return asked, ""
    there = [each for each in LABELS if each in layouts]
    fitting = [each for each in there if _are_labels(layouts[each], number)]
    if fitting:
        return fitting[0], ""
    note = f"The array {there[0]} is not taken for labels, since it is not {number} integers." if there else ""
    return None, note


def _are_labels(layout: tuple[tuple[int, ...], np.dtype[Any]], number: int) -> bool:
    return layout[0] in ((number,), (number, 1)) and layout[1].kind in "iu"


def _integers(path: Path, key: str) -> np.ndarray:
    return stored_array(path, key, samples=False)[1].reshape(-1).astype(np.int64)


def _keras(
    path: Path, layouts: Layouts, image_shape: Any, value_range: tuple[float, float] | None, title: str
) -> Splits:
    """An archive that comes with a training and a test part."""
    parts = [_pictures(path, key, image_shape) for key in ("x_train", "x_test")]
    train, test = (part.values for part in parts)
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(
            f"x_train and x_test of {path} must hold samples of one shape, but have {train.shape[1:]} and {test.shape[1:]};"
            " name one of them with `array`"
        )
    if train.dtype != test.dtype:  # they may be in other units, of which nothing would be seen once they are joined
        raise ValueError(
            f"x_train and x_test of {path} must be of one type, but are {train.dtype} and {test.dtype}; save them in one, and in"
            " the same units, or name one of them with `array`"
        )
    for key, part in (("y_train", train), ("y_test", test)):
        _labels(path, layouts, key, len(part))
    labels, names, note = numbered(np.concatenate([_integers(path, key) for key in ("y_train", "y_test")]))
    given = np.repeat([0, 2], [len(train), len(test)])
    found = Found(shown(path), title, np.concatenate([train, test]), labels, names, given=given)
    unread = [each or "" for each in layouts if each not in KERAS]
    kept = "The test part is that of the file; validation is taken from its training part."
    return _whole(found, parts[0], value_range, [kept, note], unread)
