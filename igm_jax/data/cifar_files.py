"""The binary archives of CIFAR-10 and CIFAR-100; the pickled ones, which could run code, are refused."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from igm_jax import checks
from igm_jax.data.archives import damaged, members, sound
from igm_jax.data.assembly import Found, assembled, numbered
from igm_jax.data.ranges import ranged
from igm_jax.distributions.splits import Splits
from igm_jax.files import absolute, regular, shown

PIXELS = 3 * 32 * 32

BATCHES = 5
"""Files for training that CIFAR-10 has."""

_TRAIN, _TEST = re.compile(r"data_batch_\d+\.bin|train\.bin"), re.compile(r"test_batch\.bin|test\.bin")
_NAMES = {
    "fine": ("batches.meta.txt", "fine_label_names.txt"),
    "coarse": ("coarse_label_names.txt",),
}
_PICKLED = re.compile(r"data_batch_\d+|test_batch|batches\.meta|train|test|meta")


def _wanted(name: str) -> bool:
    texts = {text for names in _NAMES.values() for text in names}
    return bool(_TRAIN.fullmatch(name) or _TEST.fullmatch(name) or _PICKLED.fullmatch(name)) or name in texts


def cifar(path: str | os.PathLike[str], *, labels: str = "fine", name: str | None = None) -> Splits:
    """The images of CIFAR-10 or CIFAR-100 in their binary form as a data set.

    Args:
        path: the archive ``cifar-10-binary.tar.gz`` or ``cifar-100-binary.tar.gz``, of which nothing is written to the disk, or
            the folder with its ``.bin`` files.
        labels: "fine", or "coarse" for the twenty groups of CIFAR-100.
        name: a short name for tables; that of the data set if None.

    Returns:
        The data set of images (32, 32, 3) in its own split; validation is taken from the training part by content.

    Raises:
        OSError: if a file cannot be read.
        ValueError: for the pickled archive, one that is damaged or unsafe, or missing files.

    Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.data import cifar
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> records = np.random.default_rng(0).integers(0, 10, (60, 3073)).astype(np.uint8)
        >>> for file, part in (("data_batch_1.bin", records[:50]), ("test_batch.bin", records[50:])):
        ...     _ = (path / file).write_bytes(part.tobytes())
        >>> cifar(path).test.values.shape
        (10, 3072)
    """
    checks.choice("labels", labels, _NAMES)
    path = absolute(path)
    contents = _folder(path) if path.is_dir() else members(path, _wanted)
    train = sorted(each for each in contents if _TRAIN.fullmatch(each))
    test = sorted(each for each in contents if _TEST.fullmatch(each))
    if not train or not test:
        raise ValueError(_missing(path, contents))
    before = 2 if "train.bin" in train else 1
    few = _batches(shown(path), train) if before == 1 else ""
    if labels == "coarse" and before == 1:
        raise ValueError(f'`labels` must be "fine" for CIFAR-10, which has no groups, but is {labels!r}')
    parts = [_records(shown(path), each, contents[each], before) for each in (*train, *test)]
    known = np.concatenate([classes[:, -1 if labels == "fine" else 0] for classes, _ in parts])
    _check_classes(shown(path), (*train, *test), parts, labels)
    values = np.concatenate([images for _, images in parts])
    given = np.repeat([0] * len(train) + [2] * len(test), [len(images) for _, images in parts])
    texts = next((contents[each] for each in _NAMES[labels] if each in contents), b"")
    classes, names, note = numbered(known, texts.decode("utf-8", "replace").split())
    found = Found(shown(path), name or f"CIFAR-{'100' if before == 2 else '10'}", values, classes, names, given=given)
    span = ranged(values, found.source)
    return assembled(
        found, found.split(), span.scaling, what="images", image_shape=(32, 32, 3), extent=span.found, told=span.told,
        notes=["The test part is that of the files; validation is taken from their training part.", few, note, span.note],
    )  # fmt: skip


def _batches(path: str, train: list[str]) -> str:
    """A note if the last of the five files for training are not there; an error if one between them is not."""
    numbers = {int(each.removeprefix("data_batch_").removesuffix(".bin")) for each in train}
    if gone := sorted(set(range(1, max(numbers))) - numbers):
        raise ValueError(
            f"expected data_batch_1.bin to data_batch_{max(numbers)}.bin in {path}, but data_batch_{gone[0]}.bin is not there;"
            " copy or download it again"
        )
    return "" if len(numbers) >= BATCHES else f"Files for training: {len(numbers)}, where CIFAR-10 has {BATCHES}."


def _check_classes(
    path: str, names: Sequence[str], parts: Sequence[tuple[np.ndarray, np.ndarray]], labels: str
) -> None:
    """Labels beyond the classes of the data set are damage, or another file."""
    for name, (classes, _) in zip(names, parts, strict=True):
        most = 10 if classes.shape[1] == 1 else 100 if labels == "fine" else 20
        greatest = int(classes[:, -1 if labels == "fine" else 0].max())
        if greatest >= most:
            raise damaged(f"{path}[{name!r}]", f"it has the class {greatest}, but they go from 0 to {most - 1}")


def _folder(path: Path) -> dict[str, bytes]:
    """The files of the unpacked archive; of those that are pickled only the names."""
    found = {}
    for each in sorted(path.iterdir()):
        if _wanted(each.name):
            file = regular(each)
            sound(shown(file), file.stat().st_size, file.stat().st_size)
            found[each.name] = b"" if _PICKLED.fullmatch(each.name) else file.read_bytes()
    return found


def _missing(path: Path, contents: dict[str, bytes]) -> str:
    if any(_PICKLED.fullmatch(each) for each in contents):
        return (
            f"{shown(path)} is the pickled form of CIFAR, which can run code when it is loaded and is refused; take the binary"
            " form, cifar-10-binary.tar.gz or cifar-100-binary.tar.gz"
        )
    return (
        f"expected data_batch_1.bin and test_batch.bin, or train.bin and test.bin, in {shown(path)}, but"
        f" {'only ' + ', '.join(sorted(contents)) + ' is' if contents else 'none is'} there; give the binary form of CIFAR"
    )


def _records(path: str, name: str, content: bytes, before: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n, 1 or 2) and images (n, 32, 32, 3)."""
    size = before + PIXELS
    if not content or len(content) % size:
        raise damaged(f"{path}[{name!r}]", f"it has {len(content)} bytes, which is no multiple of {size}")
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    images = records[:, before:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return records[:, :before].astype(np.int64), np.ascontiguousarray(images)
