"""The files of MNIST and its like, idx, packed by gzip or not."""

import math
import os
from pathlib import Path

import numpy as np

from igm_jax.data.archives import DamageError, damaged, sound, unpacked
from igm_jax.data.assembly import Found, assembled, numbered
from igm_jax.data.ranges import ranged
from igm_jax.distributions.splits import Splits
from igm_jax.files import absolute, shown

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_STEMS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array of an idx file, packed by gzip or not.

    Args:
        path: the file.

    Returns:
        The array, in the machine's order of bytes.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for another file, one that is damaged, or one whose header claims more than it holds; no more is unpacked
            than the header says.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.data.idx_files import read_idx
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x"
        >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
        >>> read_idx(path)
        array([7, 9], dtype=uint8)
    """
    path = absolute(path)
    with unpacked(path) as stream:
        magic = stream.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= 4:
            raise DamageError(
                f"expected an idx file, which begins with 0 0, a type and 1 to 4 dimensions, but {shown(path)} begins with"
                f" {list(magic)}; give the file of MNIST or its like"
            )
        sizes = stream.read(4 * magic[3])
        if len(sizes) < 4 * magic[3]:
            raise damaged(shown(path), "it ends within its header")
        shape, dtype = tuple(np.frombuffer(sizes, ">u4").tolist()), np.dtype(_TYPES[magic[2]])
        size = math.prod(shape) * dtype.itemsize
        sound(shown(path), size, path.stat().st_size)
        content = stream.read(size + 1)
    if len(content) != size:
        has = f"more than {size}" if len(content) > size else f"{len(content)}"
        raise damaged(
            shown(path), f"an array of shape {shape} and type {dtype.name} has {size} bytes, but it has {has}"
        )
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def idx(
    path: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    *,
    value_range: tuple[float, float] | None = None,
    name: str | None = None,
) -> Splits:
    """Images in idx files as a data set: a folder with the names of MNIST, or one file.

    Args:
        path: a folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the two of ``t10k``, with ``.gz`` behind
            or not, and with ``.`` in the place of the last ``-`` or not, whose split is kept; or one file of images.
        labels: the file of the labels, where ``path`` is a file; None for no labels.
        value_range: what becomes -1 and 1; None for 0 and 255 of bytes.
        name: a short name for tables; that of the folder or file if None.

    Returns:
        The data set; validation, and without a given split test, are taken by content.

    Raises:
        OSError: if a file cannot be read.
        ValueError: for files that are missing, damaged or of another kind, labels of another number, or fewer than 20 images.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.data import idx
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "images"
        >>> _ = path.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 0, 1, 0, 0, 0, 2]) + bytes(range(128)))
        >>> data = idx(path)
        >>> data.image_shape, data.train.values.shape
        ((1, 2, 1), (54, 2))
    """
    path = absolute(path)
    given, notes = None, []
    if path.is_dir():
        if labels is not None:
            raise ValueError(f"`labels` goes with a file of images, but {shown(path)} is a folder; leave it out")
        pairs = [_pair(*_named(path, part)) for part in _STEMS]
        if pairs[0][0].shape[1:] != pairs[1][0].shape[1:]:
            raise ValueError(
                f"the images of {shown(path)} for training and test differ in shape; give those of one data set"
            )
        values = np.concatenate([images for images, _ in pairs])
        known = np.concatenate([each for _, each in pairs if each is not None])
        given = np.repeat([0, 2], [len(images) for images, _ in pairs])
        notes = ["The test part is that of the files; validation is taken from their training part."]
    else:
        values, known = _pair(path, None if labels is None else absolute(labels, "labels"))
    classes, names, note = (None, (), "") if known is None else numbered(known)
    stem = path.name.removesuffix(".gz")
    found = Found(shown(path), name or shown(stem), values[..., None], classes, names, given=given)
    span = ranged(values, found.source, value_range)
    return assembled(
        found, found.split(), span.scaling, what="images", image_shape=(values.shape[1], values.shape[2], 1),
        extent=span.found, told=span.told, notes=[*notes, note, span.note],
    )  # fmt: skip


def _named(folder: Path, part: str) -> tuple[Path, Path]:
    """The files of a part, images and labels, under any of the names that they go by."""
    found = []
    for stem in _STEMS[part]:
        dotted = ".idx".join(stem.rsplit("-idx", 1))
        names = [f"{name}{end}" for name in (stem, dotted) for end in ("", ".gz")]
        there = [folder / each for each in names if (folder / each).exists()]
        if not there:
            raise FileNotFoundError(
                f"expected {stem} or {stem}.gz in {shown(folder)}, but there is none; put it there, or give one file of images"
            )
        found.append(there[0])
    return found[0], found[1]


def _pair(images: Path, labels: Path | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Images (n, h, w), and their labels."""
    values = read_idx(images)
    if values.ndim != 3 or min(values.shape) < 1:
        raise ValueError(
            f"expected images of shape (n, h, w), but {shown(images)} holds an array of shape {values.shape}"
        )
    if labels is None:
        return values, None
    known = read_idx(labels)
    if known.shape != (len(values),) or known.dtype.kind not in "iu":
        raise ValueError(
            f"expected {len(values)} integers, one for each image, but {shown(labels)} holds {known.dtype.name} of shape"
            f" {known.shape}; give the labels of these images"
        )
    return values, known.astype(np.int64)
