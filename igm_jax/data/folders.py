"""Images in folders: which files there are, of which class, and which are none; told by what they hold, not by their names."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from igm_jax.data.report import listed
from igm_jax.data.splitting import NAMES
from igm_jax.files import absolute, shown

HIDDEN, NO_IMAGE, UNREADABLE, SPECIAL, SEEN, BROKEN = (
    "hidden", "that are no PNG, JPEG, WebP, BMP or GIF image", "unreadable", "of another kind (pipes, devices, sockets)",
    "that link to a folder which is read already", "that link to nothing",
)  # fmt: skip
"""Reasons to leave something out."""


class Folder(NamedTuple):
    """The images in a folder and the folders in it.

    Attributes:
        path: the folder.
        files: the images, in the order of their paths.
        labels: the class of each, a place in ``label_names``; None where there are no classes.
        label_names: the classes, which are the folders right below ``path``, or below its folders train, validation and test.
        skipped: the names of what was left out, by the reason.
        notes: sentences on the classes.
        given: the part of each image, 0 for training, 1 for validation, 2 for test, where folders say so; else None.
    """

    path: Path
    files: tuple[Path, ...]
    labels: tuple[int, ...] | None
    label_names: tuple[str, ...]
    skipped: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    given: tuple[int, ...] | None = None

    def name(self, file: Path) -> str:
        """A file's path below the folder."""
        return shown(os.path.relpath(file, self.path))

    def without(self, skipped: dict[str, list[int]]) -> "Folder":
        """The folder without some of its files, given by their places, by the reason."""
        gone = {place for places in skipped.values() for place in places}
        kept = [place for place in range(len(self.files)) if place not in gone]
        added = {
            reason: tuple(self.name(self.files[place]) for place in sorted(p)) for reason, p in skipped.items() if p
        }
        whole = {
            reason: (*self.skipped.get(reason, ()), *added.get(reason, ())) for reason in {**self.skipped, **added}
        }
        labels, given = (
            None if each is None else tuple(each[place] for place in kept) for each in (self.labels, self.given)
        )
        return self._replace(
            files=tuple(self.files[place] for place in kept), labels=labels, given=given, skipped=whole
        )

    def some(self) -> "Folder":
        """The folder, or an error if there is no image in it."""
        if self.files:
            return self
        if not self.skipped:
            raise ValueError(f"{shown(self.path)} is empty; give a folder of PNG, JPEG, WebP or BMP images")
        why = "; ".join(f"{len(names)} {reason}: {listed(names)}" for reason, names in self.skipped.items())
        raise ValueError(
            f"{shown(self.path)} holds no image that can be read ({why}); give a folder of PNG, JPEG, WebP or BMP images"
        )


def folder(path: str | os.PathLike[str], labels: str | None = "folders") -> Folder:
    """The images in a folder and the folders in it; of each file only the first bytes are read.

    Links are followed, and every real folder is read once. Hidden files, files that hold no image, what cannot be read, pipes
    and devices are left out, counted and named. Folders right below that are called train, validation and test, or the like,
    are parts of the data set.

    Args:
        path: the folder.
        labels: "folders" to take the folders right below for classes, None for no labels.

    Returns:
        The images, and what was left out.

    Raises:
        FileNotFoundError: where there is nothing.
        NotADirectoryError: for a file.
        ValueError: for other ``labels``, or a folder without any image; the text says what was left out.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> from igm_jax.data import folder
        >>> path = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("cats", "dogs"):
        ...     (path / name).mkdir()
        ...     Image.new("L", (8, 8)).save(path / name / "1.png")
        >>> found = folder(path)
        >>> len(found.files), found.label_names, found.labels
        (2, ('cats', 'dogs'), (0, 1))
    """
    if labels not in ("folders", None):
        raise ValueError(f'`labels` must be "folders" or None, but is {labels!r}')
    root = absolute(path)
    if not root.exists():
        raise FileNotFoundError(
            f"expected a folder of images at {shown(root)!r}, but it does not exist; check the path"
        )
    if not root.is_dir():
        raise NotADirectoryError(
            f"expected a folder of images, but {shown(root)} is a file; read it with `igm_jax.data.file`, or give the folder"
        )
    skipped: dict[str, list[str]] = {}
    files = sorted(_walked(root, skipped))
    found = Folder(root, tuple(files), None, (), {reason: tuple(names) for reason, names in skipped.items()}).some()
    below = [file.relative_to(root).parts[:-1] for file in found.files]
    given = _given(below)
    if given is not None:
        names = ", ".join(sorted({parts[0] for parts in below}))
        notes = (
            f"The folders {names} are taken for the parts of the data set; a part that is not there is taken by content.",
        )
        found, below = found._replace(given=given, notes=notes), [parts[1:] for parts in below]
    return _labelled(found, below) if labels else found


def _given(below: Sequence[tuple[str, ...]]) -> tuple[int, ...] | None:
    """The part of each image, if all lie in folders that are called as parts are, that for training among them."""
    parts = [NAMES.get(folders[0].lower(), -1) if folders else -1 for folders in below]
    return tuple(parts) if {0} < set(parts) <= {0, 1, 2} else None


def _labelled(found: Folder, below: Sequence[tuple[str, ...]]) -> Folder:
    """The folder with the folders right below it as classes, if there are several and all images are in them."""
    alone = sum(not folders for folders in below)
    names = tuple(sorted({folders[0] for folders in below if folders}))
    if not names:
        return found
    if alone:
        note = (
            f"There are no labels, since images lie beside the folders: {alone}; move them into folders of their class."
        )
        return found._replace(notes=(*found.notes, note))
    if len(names) == 1:
        note = (
            f"There are no labels, since all images lie in {shown(names[0])}; give that folder if its own are classes."
        )
        return found._replace(notes=(*found.notes, note))
    places = {name: place for place, name in enumerate(names)}
    return found._replace(labels=tuple(places[folders[0]] for folders in below), label_names=tuple(map(shown, names)))


def _walked(root: Path, skipped: dict[str, list[str]]) -> Iterator[Path]:
    """The images below a folder: real folders first, then those that are linked to and were not read yet."""

    def skip(reason: str, path: Path) -> None:
        skipped.setdefault(reason, []).append(shown(os.path.relpath(path, root)))

    seen: set[tuple[int, int]] = set()
    folders, links = [root], list[Path]()
    while folders or links:
        here = folders.pop() if folders else links.pop(0)
        try:
            status = here.stat()
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            skip(UNREADABLE, here)
            continue
        if (status.st_dev, status.st_ino) in seen:
            skip(SEEN, here)
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            path = here / entry.name
            kind = HIDDEN if entry.name.startswith(".") else _kind(path)
            if kind == "folder":
                (links if entry.is_symlink() else folders).append(path)
            elif kind == "image":
                yield path
            else:
                skip(kind, path)


def _kind(path: Path) -> str:
    """ "folder", "image", or the reason to leave it out."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "folder"
        if not stat.S_ISREG(mode):
            return SPECIAL
        with path.open("rb") as stream:
            return "image" if is_image(stream.read(16)) else NO_IMAGE
    except FileNotFoundError:
        return BROKEN
    except OSError:
        return UNREADABLE


def is_image(start: bytes) -> bool:
    """Whether a file begins like a PNG, JPEG, WebP, GIF or BMP image.

    Args:
        start: its first 16 bytes.

    Returns:
        Whether it does.

    Example:
        >>> from igm_jax.data.folders import is_image
        >>> is_image(b"GIF89a"), is_image(b"hello")
        (True, False)
    """
    if start.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
        return True
    webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    return webp or (start[:2] == b"BM" and start[6:10] == b"\0\0\0\0" and len(start) == 16)
