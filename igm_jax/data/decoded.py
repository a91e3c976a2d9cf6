"""A folder of images that is larger than memory: decoded once, and read from the disk ever after."""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import side_by_side
from igm_jax.data.decoding import FITS, decode
from igm_jax.data.folders import Folder, folder
from igm_jax.data.image_folders import Survey, survey
from igm_jax.data.pool import Progress, attempted
from igm_jax.data.report import Report
from igm_jax.data.splitting import enough, part_of
from igm_jax.data.store import FORMAT, Layout, Store, open_store, write_store
from igm_jax.files import absolute, shown


def stored(
    path: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    size: int | None = None,
    *,
    channels: int | None = None,
    fit: str = "crop",
    name: str | None = None,
    progress: Progress | None = None,
) -> Store:
    """The images in a folder as a store: like ``images``, but on the disk, whatever their number.

    The store lies in ``directory`` under a name for the folder, its files (their names, sizes and times of change) and the
    options, so that the same call finds it again, and a folder that changed is decoded anew.

    Args:
        path: the folder of images.
        directory: where stores are kept.
        size: the side of the square in pixels; None as for ``images``.
        channels: 1 or 3; None as for ``images``.
        fit: "crop" or "pad".
        name: a short name for tables; the folder's if None.
        progress: called with how many of how many images are decoded; None for nobody.

    Returns:
        The store.

    Raises:
        ImportError: without Pillow.
        OSError: for no folder, or a directory that cannot be written.
        ValueError: as ``images`` does.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from PIL import Image
        >>> from igm_jax.data import stored
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> for number in range(60):
        ...     Image.fromarray(np.full((8, 8), number, np.uint8)).save(path / f"{number}.png")
        >>> sum(stored(path, tempfile.mkdtemp()).sizes.values())
        60
    """
    size = None if size is None else checks.count("size", size)
    channels = None if channels is None else checks.choice("channels", channels, (1, 3))
    checks.choice("fit", fit, FITS)
    found = folder(path, "folders")
    title = name or shown(found.path.name) or "images"
    key = _fingerprint(found, size, channels, fit)
    place = absolute(directory, "directory") / f"{found.path.name or 'images'}-{key[:16]}"
    if (place / "store.json").is_file():
        store = open_store(place)
        store.layout = store.layout._replace(name=title)
        return store
    known = survey(found, progress=progress)
    enough(len(known.folder.files), shown(found.path))
    side, depth = size or known.together.size, channels or known.together.channels
    shape, deep = (side, side, depth), known.together.deep and depth == 1
    top = 65535 if deep else 255
    layout = Layout(title, shape, "uint16" if deep else "uint8", 0, top, known.folder.label_names)
    told = _Told(known, shape, fit, deep, progress)
    try:
        store = write_store(place, layout, told.samples(), told.part_of, told.report)
    except OSError:
        if not (place / "store.json").is_file():
            raise
        return open_store(place)  # another process decoded the same meanwhile
    if not all(store.sizes.values()):
        shutil.rmtree(place)
        raise ValueError(
            f"{shown(found.path)} holds too few images ({told.number}) to read them from the disk; use `images`"
        )
    return store


class _Told:
    """Samples as they are decoded, and what is to be said of them afterwards."""

    def __init__(
        self, known: Survey, shape: tuple[int, int, int], fit: str, deep: bool, progress: Progress | None
    ) -> None:
        self.known, self.shape, self.fit, self.deep, self.progress = known, shape, fit, deep, progress
        self.skipped: dict[str, list[int]] = {}
        self.classes: Counter[int] = Counter()
        self.seen: set[bytes] = set()
        self.place = 0
        self.parts = set(known.folder.given or ())
        self.low, self.high, self.number, self.duplicates = np.inf, -np.inf, 0, 0

    def samples(self) -> Iterator[tuple[np.ndarray, int]]:
        files, labels = self.known.folder.files, self.known.folder.labels

        def read(file: Any) -> np.ndarray:
            return decode(file, self.shape[0], self.shape[2], self.fit, deep=self.deep)

        for place, each in enumerate(attempted(read, files, self.progress)):
            if isinstance(each, str):
                self.skipped.setdefault(each, []).append(place)
                continue
            self.place = place
            label = 0 if labels is None else int(labels[place])
            self._note(each, label)
            yield each, label

    def part_of(self, content: bytes) -> str:
        """The part of the sample that was given last, by its folder or its content."""
        given = self.known.folder.given
        return part_of(content) if given is None else part_of(content, given[self.place], self.parts)

    def _note(self, image: np.ndarray, label: int) -> None:
        stamp = hashlib.sha256(image.tobytes()).digest()[:8]
        self.duplicates += stamp in self.seen
        self.seen.add(stamp)
        self.classes[label] += 1
        self.number += 1
        self.low, self.high = min(self.low, int(image.min())), max(self.high, int(image.max()))

    def report(self, sizes: dict[str, int]) -> dict[str, Any]:
        kept = self.known.folder.without(self.skipped)
        names = self.known.folder.label_names
        together = self.known.together
        notes = (*kept.notes, *together.notes, together.resized(self.shape[0], self.fit))
        top = 65535 if self.deep else 255
        report = Report(
            source=shown(self.known.folder.path), number=self.number, what="images", shapes=together.shapes,
            dtype="uint16" if self.deep else "uint8", found=(self.low, self.high),
            scaled=f"The values are taken from 0 ... {top} to -1 ... 1; they are kept as {side_by_side(self.shape)}.",
            classes={name: self.classes[number] for number, name in enumerate(names)}, duplicates=self.duplicates,
            skipped=kept.skipped, notes=tuple(note for note in notes if note), sizes=sizes,
        )  # fmt: skip
        return {"lines": report.lines(), "plain": report.plain()}


def _fingerprint(found: Folder, size: int | None, channels: int | None, fit: str) -> str:
    """SHA-256 of what a store depends on, without reading the images."""
    whole = hashlib.sha256(
        repr((FORMAT, str(found.path), size, channels, fit, found.label_names)).encode("utf-8", "surrogateescape")
    )
    for file in found.files:
        told = Path(file).stat()
        whole.update(f"{file}\0{told.st_size}\0{told.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()
