"""The files that a command writes: in places that can be written, and none that it reads, checked before any work."""

import os
from collections.abc import Mapping
from pathlib import Path

from igm_jax.files import same_file
from igm_jax.training.directory import WRITTEN


def check_output(option: str, path: Path, read: Mapping[str, Path | None], run: Path | None = None) -> None:
    """An error unless a file can be written without harm to what the command reads.

    Args:
        option: what names the file.
        path: the file, which may exist.
        read: for each option that names an input, the file, or None.
        run: the directory of a run that is read, whose own files are to stay as they are.

    Raises:
        OSError: if the file is something else, or its directory cannot be written.
        ValueError: if the file is one that is read.
    """
    above = next(parent for parent in path.absolute().parents if parent.exists())
    if (path.exists() and not path.is_file()) or not (above.is_dir() and os.access(above, os.W_OK)):
        raise OSError(f"cannot write {path}: it is no file, or {above} is not a directory that can be written")
    for name, other in read.items():
        if other is not None and same_file(path, other):
            raise ValueError(f"{option} {path} is the file of {name}, which would be lost; choose another {option}")
    if run is not None and _own(path.resolve(), run.resolve()):
        raise ValueError(f"{option} {path} is one of the run's own files, which would be lost; choose another {option}")


def _own(path: Path, run: Path) -> bool:
    """Whether a file is one that the run is made of; the samples of a finished run are made of it."""
    inside = path.relative_to(run).parts[0] if path.is_relative_to(run) else ""
    pictures = {"samples", "curves.png", "report.html"}
    return inside in {*WRITTEN, *pictures, "config.json", "README.md", "damaged"} - {"samples.npz"}


def check_page(option: str, path: Path, heading: str) -> None:
    """An error unless a page of Markdown may be written: of that ending, and in the place of none but an older one of its kind.

    Args:
        option: what names the page.
        path: the page, which may exist.
        heading: how such pages begin.

    Raises:
        OSError: if the file is something else, or cannot be read.
        ValueError: for another ending, or another file.
    """
    if path.suffix != ".md":
        raise ValueError(f"{option} must be a file that ends in .md, but is {str(path)!r}")
    check_output(option, path, {})
    if path.exists() and path.stat().st_size and not path.read_bytes().startswith(heading.encode()):
        raise ValueError(
            f"{option} {path} does not begin with {heading!r} as such pages do, and would be lost; choose another {option}"
        )
