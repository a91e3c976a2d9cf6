"""Samples from your own files: ``.npy`` and ``.npz``, read without ever running what they hold."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.arrays import BadArrayError, Source, Zip, opened_zip
from igm_jax.files import absolute

_NPY, _ZIP = b"\x93NUMPY", b"PK"

MOST_NAMES = 20


class ArgumentError(ValueError):
    """An argument does not go with a file.

    Attributes:
        argument: its name.
    """

    def __init__(self, argument: str, before: str, after: str) -> None:
        super().__init__(argument, before, after)
        self.argument = argument

    def told(self, name: str) -> str:
        """The text with another name for the argument, such as that of a command's option."""
        return f"{self.args[1]}{name}{self.args[2]}"

    def __str__(self) -> str:
        return self.told(f"`{self.argument}`")


def load_samples(
    path: str | os.PathLike[str], key: str | None = None, *, image_shape: tuple[int, int, int] | None = None
) -> Array:
    """Samples from a ``.npy`` or ``.npz`` file.

    The file's kind is told by its content, not by its name. Pickled objects are never loaded. Values are kept as they
    are (integers become floats): scale images yourself where a model expects [-1, 1].

    Args:
        path: the file.
        key: which array of a ``.npz`` file; may be left out where it holds only one.
        image_shape: (height, width, channels) that the samples must be images of, if they are; the file's own shape must
            agree, so that images with their channels first are not taken for others.

    Returns:
        (n, d) samples; images (n, h, w) or (n, h, w, c) come flattened, in row-major order.

    Raises:
        FileNotFoundError: where there is no file; another OSError where it cannot be read.
        ValueError: for a file of another type, truncated or damaged, that would fill the memory, with pickled objects,
            without ``key``, or with an
            array that is not 2- to 4-dimensional, finite and real, or of other images; each text says what to do.

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
    what, array = _found(absolute(path), key, lambda source: source.array(_check))
    return _samples(what, array, image_shape)


def sample_shape(path: str | os.PathLike[str], key: str | None = None) -> tuple[int, ...]:
    """The shape of the array that ``load_samples`` would read, before it is flattened; only its header is read.

    Args:
        path: the file.
        key: which array of a ``.npz`` file; may be left out where it holds only one.

    Returns:
        (n, d), (n, h, w) or (n, h, w, c).

    Raises:
        OSError, ValueError: as ``load_samples`` does.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.distributions import sample_shape
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(pathlib.Path(folder) / "x.npy", np.zeros((5, 3, 2, 2)))
        ...     sample_shape(pathlib.Path(folder) / "x.npy")
        (5, 3, 2, 2)
    """
    return _found(absolute(path), key, lambda source: source.shape(_check))[1]


def stored_array(
    path: str | os.PathLike[str], key: str | None = None, *, samples: bool = True
) -> tuple[str, np.ndarray]:
    """The array that ``load_samples`` would read, in the type and shape that it is stored in.

    Args:
        path: the file.
        key: which array of a ``.npz`` file; may be left out where it holds only one.
        samples: whether to refuse, before it is read, an array that holds no samples.

    Returns:
        What it is called in errors, and the array; it may hold NaN.

    Raises:
        OSError, ValueError: as ``load_samples`` does, but for numbers that are not finite.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.distributions.files import stored_array
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.npy"
        >>> np.save(path, np.zeros((5, 3), np.uint8))
        >>> stored_array(path)[1].dtype
        dtype('uint8')
    """
    return _found(absolute(path), key, lambda source: source.array(_check if samples else None))


def stored_layouts(path: str | os.PathLike[str]) -> dict[str | None, tuple[tuple[int, ...], np.dtype[Any]]]:
    """The shapes and types of the arrays in a file that can be read; only their headers are.

    Args:
        path: the file.

    Returns:
        Shape and type by name; a ``.npy`` file has one array, whose name is None.

    Raises:
        OSError, ValueError: as ``load_samples`` does for what is no such file.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.distributions.files import stored_layouts
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.npz"
        >>> np.savez(path, x=np.zeros((5, 3), np.uint8))
        >>> stored_layouts(path)
        {'x': ((5, 3), dtype('uint8'))}
    """
    layouts: dict[str | None, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    with _opened(absolute(path)) as opened:
        for name in [None] if isinstance(opened, Source) else dict.fromkeys(opened.names):
            with contextlib.suppress(BadArrayError), _source(opened, name) as source:
                layouts[name] = _layout(source)
    return layouts


def _layout(source: Source) -> tuple[tuple[int, ...], np.dtype[Any]]:
    seen: list[np.dtype[Any]] = []
    return source.shape(lambda what, shape, dtype: seen.append(dtype)), seen[0]


def _source(opened: Source | Zip, name: str | None) -> contextlib.AbstractContextManager[Source]:
    return contextlib.nullcontext(opened) if isinstance(opened, Source) else opened.source(name or "")


T = TypeVar("T")


def _found(path: Path, key: str | None, read: Callable[[Source], T]) -> tuple[str, T]:
    """What a file's array is called in errors, and what ``read`` makes of it."""
    with _opened(path) as opened:
        if isinstance(opened, Source):
            if key is not None:
                raise ArgumentError(
                    "key", f"{path} is a .npy file, which holds one array and no keys, but ", f" is {key!r}; drop it"
                )
            return str(path), read(opened)
        with opened.source(_choose(path, opened.names, key)) as source:
            return source.what, read(source)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Source | Zip]:
    """A file's one array, or its several; its kind is told by its content."""
    if not path.is_file():
        what = "is not a regular file" if path.exists() else "does not exist"
        what = "is a directory" if path.is_dir() else what
        raise FileNotFoundError(
            f"expected a .npy or .npz file of samples at {str(path)!r}, but it {what}; check the path"
        )
    with path.open("rb") as stream:
        start = stream.read(len(_NPY))
        stream.seek(0)
        if start == _NPY:
            size = path.stat().st_size
            yield Source(str(path), stream, size, size)
            return
        if start[:2] == _ZIP:
            yield opened_zip(path, stream)
            return
    came = "is empty" if not start else f"starts with the bytes {start!r}"
    raise ValueError(
        f"expected a .npy or .npz file of samples, but {path} {came}; save samples with `numpy.save(path, samples)`"
    )


def _choose(path: Path, names: list[str], key: str | None) -> str:
    listing = ", ".join(repr(name) for name in names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")
    if not names:
        raise ValueError(f"expected a .npz file of samples, but {path} is a zip file without arrays; use `numpy.savez`")
    if key is None:
        if len(names) > 1:
            raise ArgumentError(
                "key", f"{path} holds {len(names)} arrays: {listing}; say which holds the samples with ", ""
            )
        return names[0]
    if key not in names:
        raise ArgumentError("key", "", f" must be one of the arrays in {path}: {listing}; but is {key!r}")
    return key


def _check(what: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """An error for an array that does not hold samples."""
    if dtype.kind not in "fiub":
        raise BadArrayError(f"expected real numbers, but {what} has dtype {dtype}; save the samples as float32")
    if not 2 <= len(shape) <= 4:
        raise BadArrayError(
            f"expected samples of shape (n, d), (n, h, w) or (n, h, w, c), but {what} has shape {shape};"
            " reshape it, e.g. `x[:, None]` for scalars, and save it again"
        )
    if min(shape) < 1:
        least = "at least 1 sample" if shape[0] < 1 else "at least one feature"
        raise BadArrayError(f"{what} must hold {least}, but has shape {shape}; save samples that are not empty")


def _samples(what: str, array: np.ndarray, image_shape: tuple[int, int, int] | None) -> Array:
    if image_shape is not None:
        check_layout(what, array.shape, image_shape)
    # Integers go through float64: as integers, JAX would wrap those beyond 32 bits. Half and foreign byte orders end here.
    known = np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64
    flat = array.reshape(len(array), -1).astype(known)
    # Twice: NaN in the file is found at its place, and numbers too large for float32 after they are cast.
    checks.finite(what, array)
    with np.errstate(over="ignore"):
        return checks.samples(what, flat)


def check_layout(what: str, shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> None:
    """Raise ``ArgumentError`` unless an array holds flat images of a shape, or images of this shape themselves.

    Args:
        what: the array's name, for the error's text.
        shape: that of the array, (n, ...).
        image_shape: (height, width, channels).
    """
    height, width, channels = image_shape
    own, flat = shape[1:], height * width * channels
    if own in (tuple(image_shape), (flat,)) or (own == (height, width) and channels == 1):
        return
    if own == (channels, height, width):
        way = "its channels come first: move them with `numpy.transpose(images, (0, 2, 3, 1))`, and save it again"
    elif len(own) == 1:
        way = "check the height, the width and the channels"
    else:
        way = "say the file's own shape, or save it in another"
    raise ArgumentError(
        "image_shape",
        "",
        f" must be that of the images in the file, or their {flat} numbers in a row, but is"
        f" {height} {width} {channels}, and {what} has shape {shape}; {way}",
    )
