"""Parameters from a file in the safetensors format, with the file's fingerprint.

The format: eight bytes with the length of a header, the header as JSON (for each tensor its type, shape and place), then the
numbers as they lie in memory, little-endian. Nothing in it is run.
"""

import hashlib
import json
import math
import os
import sys
from typing import Any, NamedTuple, TypeGuard

import jax.numpy as jnp
import numpy as np

from igm_jax.files import regular

DTYPES: dict[str, Any] = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": jnp.bfloat16, "BOOL": np.bool_,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8,
}  # fmt: skip

LONGEST_HEADER = 100_000_000

MOST_DIMENSIONS = 32
"""Of an array; the sizes of more are not multiplied, which takes long where they are large."""


class Tensors(NamedTuple):
    """What a file holds.

    Attributes:
        tensors: arrays by name, as they are stored.
        sha256: of the whole file, in hexadecimal.
        metadata: texts by name, from the header.
    """

    tensors: dict[str, np.ndarray]
    sha256: str
    metadata: dict[str, str]


def read_safetensors(path: str | os.PathLike[str], *, sha256: str | None = None) -> Tensors:
    """All tensors of a file.

    Args:
        path: the file.
        sha256: what the file's SHA-256 must be, in hexadecimal; not compared if None.

    Returns:
        The tensors, the file's SHA-256 and its metadata.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for another SHA-256, or a file that is cut off, damaged or of a type that is not known here.

    Example:
        >>> import json, pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.evaluation import read_safetensors
        >>> header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = pathlib.Path(directory) / "w.safetensors"
        ...     _ = path.write_bytes(len(header).to_bytes(8, "little") + header + np.array([1, 2], "<f4").tobytes())
        ...     read_safetensors(path).tensors["w"].tolist()
        [1.0, 2.0]

    Source: the format's description, https://github.com/huggingface/safetensors.
    """
    content = regular(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and sha256.lower() != digest:
        raise ValueError(
            f"{str(path)!r} must have the SHA-256 {sha256.lower()}, but has {digest}; it is another file, or damaged:"
            " fetch it again, or pass the SHA-256 that you mean"
        )
    try:
        header, numbers = _split(content)
        metadata = header.pop("__metadata__", {})
        _check_places(header, len(numbers))
        tensors = {name: _tensor(name, entry, numbers) for name, entry in header.items()}
    except ValueError as error:
        raise ValueError(f"{str(path)!r} must be a safetensors file, but {error}") from error
    return Tensors(tensors, digest, dict(metadata))


def _split(content: bytes) -> tuple[dict[str, Any], memoryview]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(LONGEST_HEADER, len(content) - 8):
        raise ValueError(f"its {len(content)} bytes do not hold the header that they announce; it may be cut off")
    try:
        header = json.loads(content[8 : 8 + length].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is not JSON: {error}") from error
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise ValueError("its header does not name tensors")
    return header, memoryview(content)[8 + length :]


def _check_places(header: dict[str, Any], size: int) -> None:
    """An error unless the tensors fill the file, one after the other."""
    for name, entry in header.items():
        place = entry.get("data_offsets")
        if not (_whole(place) and len(place) == 2 and place[0] <= place[1]):
            raise ValueError(
                f"its header gives tensor {name!r} no place: `data_offsets` must be its first byte and the one after its"
                f" last, but is {place!r:.200}; write the file again"
            )
    places = sorted(entry["data_offsets"] for entry in header.values())
    ends = [0, *(end for _, end in places)]
    if ends[-1] != size or any(start != before for (start, _), before in zip(places, ends[:-1], strict=True)):
        raise ValueError(f"its tensors do not fill the {size} bytes after the header without gaps; it may be cut off")


def _whole(numbers: Any) -> TypeGuard[list[int]]:
    """Whether these are integers from 0 to what an index can be; in JSON true, 8.0 and "8" are none."""
    return isinstance(numbers, list) and all(type(number) is int and 0 <= number <= sys.maxsize for number in numbers)


def _tensor(name: str, entry: dict[str, Any], numbers: memoryview) -> np.ndarray:
    kind, shape, (start, end) = entry.get("dtype"), entry.get("shape"), entry["data_offsets"]
    if not isinstance(kind, str) or kind not in DTYPES:
        raise ValueError(f"tensor {name!r} has the type {kind!r}, and known are {', '.join(DTYPES)}")
    dtype = np.dtype(DTYPES[kind])
    if not _whole(shape) or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"tensor {name!r} has the shape {shape!r:.200}")
    if math.prod(shape) * dtype.itemsize != end - start:
        raise ValueError(f"tensor {name!r} of shape {shape} and type {kind} cannot have {end - start} bytes")
    # Little-endian on every machine; a type with no byte order (bfloat16, bytes) stays as it is.
    stored = np.frombuffer(numbers[start:end], dtype.newbyteorder("<"))
    return stored.astype(dtype).reshape(shape)
