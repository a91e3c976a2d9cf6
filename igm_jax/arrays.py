"""Arrays from files that nobody vouches for: nothing is run, no more is read than is there, damage is a ``ValueError``.

NumPy's own reader trusts a header: it may ask for any memory, take minutes over nothing, or raise whatever its parser does.
"""

import contextlib
import lzma
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from igm_jax.files import regular

# NumPy's own limit: parsing a longer one could take the machine's memory.
LONGEST_HEADER = 10_000

# Beyond this many bytes, what became so much smaller in a zip file is not made of numbers that somebody computed.
LARGEST_UNPACKED, MOST_COMPRESSED = 2**28, 100

# What the readers of NumPy, of zip files and of Python's literals raise for bytes that nobody meant.
_DAMAGE = (
    ValueError, TypeError, ArithmeticError, LookupError, AttributeError, MemoryError, RuntimeError, OSError, EOFError,
    SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
)  # fmt: skip

Check = Callable[[str, tuple[int, ...], np.dtype[Any]], None]
"""Refuses an array by its name, shape and type, before it is read."""


class BadArrayError(ValueError):
    """A file or an array in it will not do; the text says what to do."""


class Source(NamedTuple):
    """An array in NumPy's format.

    Attributes:
        what: its name, for errors.
        stream: its bytes.
        size: how many these are said to be.
        stored: how many of them are on the disk, where they are compressed.
    """

    what: str
    stream: Any
    size: int
    stored: int

    def shape(self, check: Check | None = None) -> tuple[int, ...]:
        """The array's shape, or an error unless it can be read."""
        try:
            shape, dtype = _header(self.stream)
        except _DAMAGE as error:
            raise BadArrayError(
                f"expected an array in NumPy's format, but the header of {self.what} is truncated or damaged"
                f" ({type(error).__name__}: {str(error)[:200]}); copy the file again, or save it anew with `numpy.save`"
            ) from error
        if dtype.hasobject:
            raise BadArrayError(
                f"{self.what} holds pickled Python objects (dtype {dtype}), which can run code when loaded and are refused;"
                " save a plain numeric array, e.g. `numpy.save(path, numpy.stack(list_of_samples))`"
            )
        if check is not None:
            check(self.what, shape, dtype)
        self._check_size(shape, dtype)
        return shape

    def _check_size(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        # Texts without letters take no room in the file, but some in memory.
        expected, left = math.prod(shape) * max(dtype.itemsize, 1), self.size - self.stream.tell()
        if left < expected and not (dtype.itemsize == 0 and math.prod(shape) == 1):
            raise BadArrayError(
                f"{self.what} is truncated: an array of shape {shape} and dtype {dtype} needs {expected} bytes,"
                f" but {left} are there; copy or download the file again"
            )
        if expected > max(LARGEST_UNPACKED, MOST_COMPRESSED * self.stored):
            raise BadArrayError(
                f"{self.what} takes {self.stored} bytes in its file and would become {expected} in memory, as no samples do;"
                " if it is meant, save it with `numpy.save`"
            )

    def array(self, check: Check | None = None) -> np.ndarray:
        """The array; nothing but its header is read before that is checked against the bytes that there are."""
        self.shape(check)
        self.stream.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return np.lib.format.read_array(self.stream, allow_pickle=False)
        except MemoryError as error:
            raise BadArrayError(f"{self.what} does not fit into memory; save less, or in float32") from error


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"format version {version} is only for arrays with named fields")
    # In a zip file, a header of gigabytes takes few bytes.
    length = int.from_bytes(stream.read(2 if version == (1, 0) else 4), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"it is {length} bytes long")
    stream.seek(np.lib.format.MAGIC_LEN)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():  # of odd types and numbers, as damage makes them
        warnings.simplefilter("ignore")
        shape, _, dtype = read(stream)
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"its shape is {shape}")
    return shape, dtype


class Zip(NamedTuple):
    """A file of several arrays, as ``numpy.savez`` writes it.

    Attributes:
        path: the file.
        archive: its reader.
        names: of the arrays.
    """

    path: Path
    archive: zipfile.ZipFile
    names: list[str]

    @contextlib.contextmanager
    def source(self, name: str) -> Iterator[Source]:
        """One of the arrays."""
        with _whole(self.path):
            info = self.archive.getinfo(f"{name}.npy")
            with self.archive.open(info) as member:
                yield Source(f"{self.path}[{name!r}]", member, info.file_size, info.compress_size)


def opened_zip(path: Path, stream: Any) -> Zip:
    """The arrays in a file, or an error if it is none of ``numpy.savez``.

    Args:
        path: the file, for errors.
        stream: its bytes.

    Returns:
        What it holds; nothing but the list of its arrays has been read.

    Raises:
        BadArrayError: for another file, or a damaged one.
    """
    with _whole(path):
        archive = zipfile.ZipFile(stream)
        return Zip(path, archive, [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")])


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[None]:
    """What a zip file's reader raises for a damaged one becomes an error that says so."""
    try:
        yield
    except BadArrayError:
        raise
    except _DAMAGE as error:
        raise BadArrayError(
            f"expected a whole .npz file, but {path} is truncated or damaged"
            f" ({type(error).__name__}: {str(error)[:200]}); copy or download it again, or save it anew with `numpy.savez`"
        ) from error


def read_npy(path: str | os.PathLike[str]) -> np.ndarray:
    """The array of a ``.npy`` file, not pickled.

    Args:
        path: the file.

    Returns:
        The array.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: for a file that is none, truncated, damaged, or with pickled objects.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.arrays import read_npy
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.npy"
        >>> np.save(path, [1.0, 2.0])
        >>> read_npy(path).tolist()
        [1.0, 2.0]
    """
    path = regular(path)
    with path.open("rb") as stream:
        size = path.stat().st_size
        return Source(str(path), stream, size, size).array()


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of a ``.npz`` file, none of them pickled.

    Args:
        path: the file.

    Returns:
        The arrays by name.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: for a file that is none, truncated, damaged, with pickled objects, or that would fill the memory.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.arrays import read_npz
        >>> from igm_jax.files import write_npz
        >>> read_npz(write_npz(pathlib.Path(tempfile.mkdtemp()) / "x.npz", {"x": [1.0, 2.0]}))["x"].tolist()
        [1.0, 2.0]
    """
    path = regular(path)
    with path.open("rb") as stream:
        found = opened_zip(path, stream)
        arrays = {}
        for name in found.names:
            with found.source(name) as source:
                arrays[name] = source.array()
        return arrays
