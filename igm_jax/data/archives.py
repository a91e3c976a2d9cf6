"""Compressed files that nobody vouches for: no more is unpacked than what is in them says, and nothing leaves for the disk."""

import contextlib
import gzip
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from igm_jax.arrays import LARGEST_UNPACKED, MOST_COMPRESSED
from igm_jax.files import regular, shown

MOST_MEMBERS = 1000
"""An archive of a data set holds fewer files."""

_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, ValueError, OverflowError)


class DamageError(ValueError):
    """A file is truncated, damaged, or not what it should be; the text says what to do."""


@contextlib.contextmanager
def unpacked(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The bytes of a file, unpacked as they are read if it begins like gzip.

    Args:
        path: the file.

    Yields:
        A stream to read from.

    Raises:
        OSError: if the file cannot be read, or is none.
        DamageError: a ``ValueError``, where it turns out to be damaged.

    Example:
        >>> import gzip, pathlib, tempfile
        >>> from igm_jax.data.archives import unpacked
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.gz"
        >>> _ = path.write_bytes(gzip.compress(b"hello"))
        >>> with unpacked(path) as stream:
        ...     stream.read(4)
        b'hell'
    """
    with regular(path).open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            yield _Unpacker(raw, shown(path)) if packed else raw
        except DamageError:
            raise
        except _DAMAGE as error:
            raise damaged(shown(path), f"{type(error).__name__}: {error}"[:200]) from error


class _Unpacker(gzip.GzipFile):
    """Unpacks no more at a time than can be meant: the reader of archives asks for what their headers claim."""

    def __init__(self, raw: BinaryIO, what: str) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self.what, self.stored = what, os.fstat(raw.fileno()).st_size

    def read(self, size: int | None = -1) -> bytes:
        sound(self.what, size or 0, self.stored)
        return super().read(size)


def damaged(what: str, why: str) -> DamageError:
    """The error for a damaged file.

    Args:
        what: its name.
        why: what is wrong with it.

    Returns:
        The error to raise.

    Example:
        >>> from igm_jax.data.archives import damaged
        >>> print(damaged("x.gz", "it ends too early"))
        x.gz is truncated or damaged (it ends too early); copy or download it again
    """
    return DamageError(f"{what} is truncated or damaged ({why}); copy or download it again")


def sound(what: str, size: int, stored: int) -> None:
    """Raise ``DamageError`` if so many bytes would be unpacked from so few as no data are.

    Args:
        what: the name of what is unpacked.
        size: how many bytes it would become.
        stored: how many bytes the file has.
    """
    if size > max(LARGEST_UNPACKED, MOST_COMPRESSED * stored):
        raise DamageError(
            f"{what} takes {stored} bytes in its file and would become {size} in memory, as no data do; it is refused"
        )


def members(path: str | os.PathLike[str], wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The wanted files of a tar archive, packed by gzip or not; nothing is written to the disk.

    Args:
        path: the archive.
        wanted: of a file's name, without the folders above it, whether it is read.

    Returns:
        Their contents by name, without the folders above.

    Raises:
        OSError: if the archive cannot be read.
        DamageError: a ``ValueError``, for damage, links, devices, paths that leave the archive's folder, a name that comes
            twice, and for what would fill the memory.

    Example:
        >>> import io, pathlib, tarfile, tempfile
        >>> from igm_jax.data.archives import members
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.tar.gz"
        >>> with tarfile.open(path, "w:gz") as archive:
        ...     head = tarfile.TarInfo("folder/a.bin")
        ...     head.size = 3
        ...     archive.addfile(head, io.BytesIO(b"abc"))
        >>> members(path, lambda name: name.endswith(".bin"))
        {'a.bin': b'abc'}
    """
    found: dict[str, bytes] = {}
    stored, total = Path(path).stat().st_size, 0
    with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
        for number, member in enumerate(archive):
            what = f"{shown(path)}[{member.name!r}]"
            if number >= MOST_MEMBERS:
                raise DamageError(f"{shown(path)} holds more than {MOST_MEMBERS} files, as no archive of the kind does")
            _check_member(what, member)
            total += member.size
            sound(what, total, stored)
            name = PurePosixPath(member.name).name
            if not member.isfile() or not wanted(name):
                continue
            if name in found:
                raise DamageError(f"{what} comes twice in its archive; it is refused")
            content = archive.extractfile(member)
            found[name] = content.read() if content is not None else b""
            if len(found[name]) != member.size:
                raise damaged(what, f"it should have {member.size} bytes, but has {len(found[name])}")
    return found


def _check_member(what: str, member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise DamageError(f"{what} leaves the archive's folder; it is refused, and nothing was read")
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise DamageError(f"{what} is a link, a device or another thing that holds no data; it is refused")
