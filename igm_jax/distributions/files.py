"""Samples from your own files: ``.npy`` and ``.npz``, read without ever running what they hold."""

import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Array

from igm_jax import checks

_NPY, _ZIP = b"\x93NUMPY", b"PK"


def load_samples(path: str | os.PathLike[str], key: str | None = None) -> Array:
    """Samples from a ``.npy`` or ``.npz`` file.

    The file's kind is told by its content, not by its name. Pickled objects are never loaded. Values are kept as they
    are (integers become floats): scale images yourself where a model expects [-1, 1].

    Args:
        path: the file.
        key: which array of a ``.npz`` file; may be left out where it holds only one.

    Returns:
        (n, d) samples; images (n, h, w) or (n, h, w, c) come flattened, in row-major order.

    Raises:
        FileNotFoundError: where there is no file.
        ValueError: for a file of another type, truncated or damaged, with pickled objects, without ``key``, or with an
            array that is not 2- to 4-dimensional, finite and real; each text says what to do.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.distributions import load_samples
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "images.npz"
        ...     np.savez(path, images=np.zeros((5, 2, 2)), labels=np.zeros((5, 1)))
        ...     load_samples(path, "images").shape
        (5, 4)
    """
    path = Path(path).expanduser()
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"expected a .npy or .npz file of samples at {path}, but it {what}; check the path")
    with path.open("rb") as stream:
        start = stream.read(len(_NPY))
        stream.seek(0)
        if start == _NPY:
            if key is not None:
                raise ValueError(
                    f"{path} is a .npy file, which holds one array and no keys, but `key` is {key!r}; drop it"
                )
            return _samples(str(path), _array(str(path), stream, path.stat().st_size))
        if start[:2] == _ZIP:
            return _from_zip(path, stream, key)
    came = "is empty" if not start else f"starts with the bytes {start!r}"
    raise ValueError(
        f"expected a .npy or .npz file of samples, but {path} {came}; save samples with `numpy.save(path, samples)`"
    )


def _from_zip(path: Path, stream: Any, key: str | None) -> Array:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            name = _choose(path, names, key)
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                array = _array(f"{path}[{name!r}]", member, info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ValueError(
            f"expected a whole .npz file of samples, but {path} is truncated or damaged ({error});"
            " copy or download it again, or save it anew with `numpy.savez`"
        ) from error
    return _samples(f"{path}[{name!r}]", array)


def _choose(path: Path, names: list[str], key: str | None) -> str:
    listing = ", ".join(repr(name) for name in names)
    if not names:
        raise ValueError(f"expected a .npz file of samples, but {path} is a zip file without arrays; use `numpy.savez`")
    if key is None:
        if len(names) > 1:
            raise ValueError(f"{path} holds {len(names)} arrays: {listing}; say which holds the samples with `key=`")
        return names[0]
    if key not in names:
        raise ValueError(f"`key` must be one of the arrays in {path}: {listing}; but is {key!r}")
    return key


def _array(what: str, stream: Any, size: int) -> np.ndarray:
    """One array in NumPy's format from a stream of ``size`` bytes; its header is checked against them first."""
    try:
        shape, dtype = _header(stream)
    except (ValueError, SyntaxError, tokenize.TokenError) as error:
        raise ValueError(
            f"expected an array in NumPy's format, but the header of {what} is truncated or damaged ({error});"
            " copy the file again, or save it anew with `numpy.save`"
        ) from error
    if dtype.hasobject:
        raise ValueError(
            f"{what} holds pickled Python objects (dtype {dtype}), which can run code when loaded and are refused;"
            " save a plain numeric array, e.g. `numpy.save(path, numpy.stack(list_of_samples))`"
        )
    if dtype.kind not in "fiub":
        raise ValueError(f"expected real numbers, but {what} has dtype {dtype}; save the samples as float32")
    expected, left = int(np.prod(shape, dtype=object)) * dtype.itemsize, size - stream.tell()
    if left < expected:
        raise ValueError(
            f"{what} is truncated: an array of shape {shape} and dtype {dtype} needs {expected} bytes,"
            f" but {left} are there; copy or download the file again"
        )
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"format version {version} is only for arrays with named fields")
    return shape, dtype


def _samples(what: str, array: np.ndarray) -> Array:
    if not 2 <= array.ndim <= 4:
        raise ValueError(
            f"expected samples of shape (n, d), (n, h, w) or (n, h, w, c), but {what} has shape {array.shape};"
            " reshape it, e.g. `x[:, None]` for scalars, and save it again"
        )
    # Integers go through float64: as integers, JAX would wrap those beyond 32 bits. Half and foreign byte orders end here.
    known = np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64
    flat = array.reshape(len(array), -1 if array.size else 0).astype(known)
    # Twice: NaN in the file is found at its place, and numbers too large for float32 after they are cast.
    checks.finite(what, array)
    with np.errstate(over="ignore"):
        return checks.samples(what, flat)
