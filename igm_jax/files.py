"""Files are written whole or not at all: beside their name first, and moved there in one step."""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np


class WriteError(OSError):
    """A file could not be written; what was there before is untouched."""

    def __str__(self) -> str:
        return (
            f"could not write {self.filename!r}: {self.strerror}; nothing there was changed."
            " Free some space, or choose a directory that you may write to"
        )


class NotRegularError(OSError):
    """Something lies where a file should, from which nothing was read."""

    def __str__(self) -> str:
        return f"{self.filename!r} {self.strerror}; give one, e.g. a copy of what comes out of a pipe"


def absolute(path: str | os.PathLike[str], name: str = "path") -> pathlib.Path:
    """A path as it was meant: ``~`` is the home directory, and what is relative begins at the current one.

    Args:
        path: what was given.
        name: what errors call it.

    Returns:
        The absolute path; nothing is said of whether there is something.

    Raises:
        ValueError: for what no system takes as a path.
        FileNotFoundError: for a relative path where the current directory was deleted.

    Example:
        >>> from igm_jax.files import absolute
        >>> absolute("~/runs") == absolute("~") / "runs"
        True
    """
    if "\0" in os.fspath(path):
        raise ValueError(f"`{name}` must be a path, but {os.fspath(path)!r} holds a null character; leave it out")
    try:
        return pathlib.Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(
            f"`{name}` is {os.fspath(path)!r}, but there is no such home directory; write the path out"
        ) from error
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{os.fspath(path)!r} begins at the current directory, which was deleted; change to one that exists, and try again"
        ) from error


def shown(path: str | os.PathLike[str]) -> str:
    """A path as text that everything takes: bytes in it that are no text as escapes.

    Args:
        path: the path.

    Returns:
        The text.

    Example:
        >>> from igm_jax.files import shown
        >>> shown("caf\\udce9.npy") == "caf" + chr(92) + "udce9.npy"
        True
    """
    return os.fspath(path).encode("utf-8", "backslashreplace").decode()


def regular(path: str | os.PathLike[str]) -> pathlib.Path:
    """A path to read from, unless something lies there that is no file: a pipe would wait for a writer, a device never end.

    Args:
        path: where; there may be nothing.

    Returns:
        The path.

    Raises:
        NotRegularError: an ``OSError``, for a pipe, a socket, a device or a directory.

    Example:
        >>> from igm_jax.files import regular
        >>> regular("/dev/zero")
        Traceback (most recent call last):
        igm_jax.files.NotRegularError: '/dev/zero' is not a regular file; give one, e.g. a copy of what comes out of a pipe
    """
    path = pathlib.Path(path)
    if path.exists() and not path.is_file():
        raise NotRegularError(errno.EINVAL, "is not a regular file", str(path))
    return path


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Args:
        path: the file.

    Returns:
        Sixty-four digits.

    Raises:
        OSError: if it cannot be read, or is none.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.files import sha256_of
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x"
        >>> _ = path.write_bytes(b"abc")
        >>> sha256_of(path)[:8]
        'ba7816bf'
    """
    with regular(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths are one file, also by a link or another way of writing it; False unless both exist.

    Args:
        one: a path.
        other: another.

    Returns:
        Whether they are.

    Example:
        >>> from igm_jax.files import same_file
        >>> same_file("/", "/."), same_file("/nowhere", "/nowhere")
        (True, False)
    """
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _temporary(path: pathlib.Path) -> tuple[int, pathlib.Path]:
    """A new file beside a path, under a name that nobody can have put there, with the rights that the user's umask leaves."""
    temporary = path.with_name(f".igm-{secrets.token_hex(8)}.part")
    # The name is not made of the file's own, which may be as long as names can be.
    # mkstemp would make it private, and O_EXCL refuses a link that somebody laid there.
    return os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), temporary


@contextlib.contextmanager
def _replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write into, which takes its name when the block ends well and disappears when it does not."""
    path = pathlib.Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = _temporary(path)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WriteError(error.errno, error.strerror or str(error), str(path)) from error
        raise


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> pathlib.Path:
    """Write text or bytes, so that a reader sees the old file or the new one, also after a crash.

    The content goes to a temporary file in the same directory, is flushed to the disk and takes the name by ``os.replace``.

    Args:
        path: the file; missing directories above it are made.
        content: bytes, or text that is stored as UTF-8; what that has not (bytes of a file's name that are no text) as
            escapes.

    Returns:
        The path.

    Raises:
        WriteError: an ``OSError``, if the directory cannot be written or the disk is full; the old file is untouched.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.files import write_whole
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     write_whole(pathlib.Path(directory) / "note.txt", "hello").read_text(encoding="utf-8")
        'hello'
    """
    with _replacing(path) as file:
        file.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
    return pathlib.Path(path)


def write_json(path: str | os.PathLike[str], value: Any) -> pathlib.Path:
    """Write a value as indented JSON (see ``write_whole``).

    Args:
        path: the file; missing directories above it are made.
        value: what ``json`` knows.

    Returns:
        The path.

    Raises:
        TypeError: for a value that JSON has no words for, before anything is written.
        WriteError: an ``OSError``, if the directory cannot be written or the disk is full; the old file is untouched.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.files import write_json
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     write_json(pathlib.Path(directory) / "config.json", {"rate": 0.1}).read_text(encoding="utf-8")
        '{\\n  "rate": 0.1\\n}\\n'
    """
    return write_whole(path, json.dumps(value, indent=2) + "\n")


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, Any], *, compressed: bool = False) -> pathlib.Path:
    """Write arrays as NumPy's .npz, nothing of it pickled (see ``write_whole``).

    Args:
        path: the file; missing directories above it are made.
        arrays: by name; texts and numbers are arrays without dimensions.
        compressed: whether to spend time to save space.

    Returns:
        The path.

    Raises:
        ValueError: for an array of Python objects, before anything is written.
        WriteError: an ``OSError``, if the directory cannot be written or the disk is full; the old file is untouched.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.files import write_npz
        >>> with np.load(write_npz(pathlib.Path(tempfile.mkdtemp()) / "x.npz", {"x": [1.0, 2.0], "seed": 3})) as file:
        ...     file["x"].tolist(), int(file["seed"])
        ([1.0, 2.0], 3)
    """
    known = {name: np.asarray(array) for name, array in arrays.items()}
    if objects := [name for name, array in known.items() if array.dtype.hasobject]:
        raise ValueError(f"`arrays` must hold numbers and texts, but {objects[0]!r} holds Python objects; write JSON")
    with _replacing(path) as file:
        (np.savez_compressed if compressed else np.savez)(file, **known)  # pyrefly: ignore
    return pathlib.Path(path)
