"""Parameters from a PyTorch checkpoint, without PyTorch: arrays and nothing else, with the file's fingerprint.

Both formats of ``torch.save`` are read. The older one is a stream of pickles, then the numbers; the newer one a zip file, not
compressed, of a pickle and a member for each storage. The pickles are never unpickled (see ``torch_pickles``), and
nothing is believed: not a size, not a place, not a stride.
"""

import hashlib
import io
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from igm_jax.evaluation.judges.safetensors import Tensors
from igm_jax.evaluation.judges.torch_pickles import DTYPES, Name, Storage, View, read_pickle
from igm_jax.files import regular

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

# Tensors may share a storage, or repeat it; beyond this many times the file's size they were made to fill the memory.
MOST_GROWN = 4
DEEPEST = 32

Numbers = Callable[[Storage], np.ndarray]


def read_torch(path: str | os.PathLike[str], *, sha256: str | None = None) -> Tensors:
    """All tensors of a file that ``torch.save`` wrote, in the newer or the older of its formats.

    Nothing in the file is run. What is nested becomes flat, so that the weight of a layer in ``{"state_dict": ...}`` is named
    ``"state_dict.layer.weight"``, and the second element of a list ``"name.1"``.

    Args:
        path: the file.
        sha256: what the file's SHA-256 must be, in hexadecimal; not compared if None.

    Returns:
        The tensors as they are stored, the file's SHA-256, and its texts and single numbers as metadata.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for another SHA-256, or a file that is cut off, damaged, big-endian, or holds anything but numbers, texts
            and tensors of the usual types; the text says what to save instead.

    Example:
        >>> import io, pathlib, pickle, tempfile
        >>> from igm_jax.evaluation import read_torch
        >>> sizes = {"protocol_version": 1001, "little_endian": True}
        >>> parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, sizes, {"epoch": 3}, [])]
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = pathlib.Path(directory) / "old.pth"
        ...     _ = path.write_bytes(b"".join(parts))
        ...     read_torch(path).metadata
        {'epoch': '3'}
    """
    content = regular(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and sha256.lower() != digest:
        raise ValueError(
            f"{str(path)!r} must have the SHA-256 {sha256.lower()}, but has {digest}; it is another file, or damaged:"
            " fetch it again, or pass the SHA-256 that you mean"
        )
    try:
        value, numbers = _zip(content) if content[:4] == b"PK\x03\x04" else _stream(content)
        tensors, metadata = _flat(value, numbers, MOST_GROWN * len(content))
    except ValueError as error:
        raise ValueError(
            f"{str(path)!r} must be a PyTorch checkpoint of tensors, but {error}; fetch it again if it is damaged, or save"
            " it anew with PyTorch: `torch.save(model.state_dict(), path)`"
        ) from error
    return Tensors(tensors, digest, metadata)


def _stream(content: bytes) -> tuple[Any, Numbers]:
    """What a file of the older format holds, and its storages."""
    stream = io.BytesIO(content)
    try:
        known = read_pickle(stream) == MAGIC and read_pickle(stream) == PROTOCOL
    except ValueError as error:
        raise ValueError("it does not begin as one") from error
    system = read_pickle(stream) if known else None
    if not isinstance(system, dict):
        raise ValueError("it does not begin as one")
    if system.get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    value = read_pickle(stream, tensors=True)
    keys = read_pickle(stream)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
        raise ValueError("it does not list its storages")
    declared = {
        view.storage.key: view.storage
        for _, view in _leaves(value, MOST_GROWN * len(content))
        if isinstance(view, View)
    }
    arrays, left = {}, memoryview(content)[stream.tell() :]
    for key in keys:
        storage = declared.get(key)
        if storage is None:
            raise ValueError(f"it has a storage {key[:50]!r} whose type is not told")
        size = 8 + storage.count * np.dtype(DTYPES[storage.kind]).itemsize
        if int.from_bytes(left[:8], "little") != storage.count or len(left) < size:
            raise ValueError(f"storage {key[:50]!r} is not there with its {storage.count} numbers; it may be cut off")
        arrays[key] = _array(storage, left[8:size])
        left = left[size:]
    if left:
        raise ValueError(f"{len(left)} bytes follow after its end")

    def numbers(storage: Storage) -> np.ndarray:
        if declared.get(storage.key) != storage or storage.key not in arrays:
            raise ValueError(f"storage {storage.key[:50]!r} is not there, or described in two ways")
        return arrays[storage.key]

    return value, numbers


def _zip(content: bytes) -> tuple[Any, Numbers]:
    """What a file of the newer format holds, and its storages."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _ZIP_DAMAGE as error:
        raise ValueError(f"its zip file is damaged ({type(error).__name__}: {str(error)[:200]})") from error
    members = {info.filename: info for info in archive.infolist()}
    roots = [name.removesuffix("data.pkl") for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1 or len(members) < len(archive.infolist()) or f"{roots[0]}constants.pkl" in members:
        raise ValueError("its zip file is none of `torch.save`, or of TorchScript")
    root = roots[0]
    # Members may lie over each other, so that a small file holds many times its bytes.
    if sum(info.file_size for info in members.values()) > len(content):
        raise ValueError("its parts are said to be larger than the whole")

    def member(name: str) -> bytes:
        info = members.get(root + name)
        if info is None or info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise ValueError(f"its part {name[:50]!r} is not there, or compressed or encrypted")
        try:
            return archive.read(info)
        except _ZIP_DAMAGE as error:
            raise ValueError(
                f"its part {name[:50]!r} is damaged ({type(error).__name__}: {str(error)[:200]})"
            ) from error

    if f"{root}byteorder" in members and member("byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    read: dict[str, tuple[Storage, np.ndarray]] = {}

    def numbers(storage: Storage) -> np.ndarray:
        if storage.key not in read:
            read[storage.key] = storage, _array(storage, memoryview(member(f"data/{storage.key}")))
        if read[storage.key][0] != storage:
            raise ValueError(f"storage {storage.key[:50]!r} is described in two ways")
        return read[storage.key][1]

    return read_pickle(io.BytesIO(member("data.pkl")), tensors=True), numbers


_ZIP_DAMAGE = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError, OverflowError,
    LookupError,
)  # fmt: skip


def _array(storage: Storage, data: memoryview) -> np.ndarray:
    dtype = np.dtype(DTYPES[storage.kind])
    if len(data) != storage.count * dtype.itemsize:
        raise ValueError(
            f"storage {storage.key[:50]!r} of {storage.count} numbers ({storage.kind}) cannot have {len(data)} bytes"
        )
    if dtype == np.bool_:
        return np.frombuffer(data, np.uint8) != 0
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype)


def _leaves(value: Any, most: int) -> Iterator[tuple[str, Any]]:
    """All that is in dictionaries, lists and tuples, with its dotted name, in order; at most so many letters of names."""
    # Iterators, as a short file can refer to one list many times over: no more is made of it than is looked at.
    open_ = [iter([("", value)])]
    while open_:
        name, found = next(open_[-1], (None, None))
        if name is None:
            open_.pop()
            continue
        most -= 1 + len(name)
        if most < 0 or len(open_) > DEEPEST:
            raise ValueError("it is nested without end")
        if isinstance(found, dict | list | tuple):
            open_.append(_parts(f"{name}." if len(open_) > 1 else "", found))
        else:
            yield name, found


def _parts(prefix: str, found: Any) -> Iterator[tuple[str, Any]]:
    items = found.items() if isinstance(found, dict) else enumerate(found)
    return ((f"{prefix}{key}", part) for key, part in items)


def _flat(value: Any, numbers: Numbers, most: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and texts by name; together at most so many bytes."""
    tensors: dict[str, np.ndarray] = {}
    metadata: dict[str, str] = {}
    for name, found in _leaves(value, most):
        if name in tensors or name in metadata:
            raise ValueError(f"two things in it are called {name[:200]!r}")
        if isinstance(found, View):
            size = max(math.prod(max(n, 1) for n in found.shape), 1) * np.dtype(DTYPES[found.storage.kind]).itemsize
            most -= size
            if most < 0:
                raise ValueError(
                    f"its tensors would take more than {MOST_GROWN} times its size, from {name[:200]!r} on"
                )
            tensors[name] = _tensor(name, found, numbers(found.storage))
        elif isinstance(found, Storage | Name):
            raise ValueError(f"{name[:200]!r} in it is no tensor, number or text")
        elif found is not None:
            metadata[name] = str(found)
            most -= len(metadata[name])
    return tensors, metadata


def _tensor(name: str, view: View, numbers: np.ndarray) -> np.ndarray:
    """The numbers of a view, none of which lies outside its storage."""
    steps = list(zip(view.shape, view.strides, strict=True))
    last = view.offset + sum((size - 1) * stride for size, stride in steps) if 0 not in view.shape else view.offset - 1
    if last >= len(numbers):
        raise ValueError(
            f"tensor {name[:200]!r} of shape {view.shape!r:.200} reaches beyond its storage of {len(numbers)}"
        )
    if 0 in view.shape:
        return np.zeros(view.shape, numbers.dtype)
    strides = [stride * numbers.itemsize if size > 1 else 0 for size, stride in steps]
    return np.lib.stride_tricks.as_strided(numbers[view.offset :], view.shape, strides).copy()
