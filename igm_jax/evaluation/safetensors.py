"""Parameters from a file in the safetensors format, with the file's fingerprint.

The format: eight bytes with the length of a header, the header as JSON (for each tensor its type, shape and place), then the
numbers as they lie in memory, little-endian. Nothing in it is run.
"""

import hashlib
import json
import math
import os
import pathlib
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

DTYPES: dict[str, Any] = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": jnp.bfloat16, "BOOL": np.bool_,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8,
}  # fmt: skip

LONGEST_HEADER = 100_000_000


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
    content = pathlib.Path(path).read_bytes()
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
    except ValueError as error:
        raise ValueError(f"its header is not JSON: {error}") from error
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise ValueError("its header does not name tensors")
    return header, memoryview(content)[8 + length :]


def _check_places(header: dict[str, Any], size: int) -> None:
    """An error unless the tensors fill the file, one after the other."""
    try:
        places = sorted(tuple(map(int, entry["data_offsets"])) for entry in header.values())
        ends = [0, *(end for _, end in places)]
        fits = all(start == before for (start, _), before in zip(places, ends[:-1], strict=True)) and ends[-1] == size
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("its header gives a tensor no place (`data_offsets`)") from error
    if not fits:
        raise ValueError(f"its tensors do not fill the {size} bytes after the header without gaps; it may be cut off")


def _tensor(name: str, entry: dict[str, Any], numbers: memoryview) -> np.ndarray:
    if entry.get("dtype") not in DTYPES:
        raise ValueError(f"tensor {name!r} has the type {entry.get('dtype')!r}, and known are {', '.join(DTYPES)}")
    dtype, shape, (start, end) = np.dtype(DTYPES[entry["dtype"]]), entry.get("shape"), entry["data_offsets"]
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"tensor {name!r} has the shape {shape!r}")
    if math.prod(shape) * dtype.itemsize != end - start:
        raise ValueError(f"tensor {name!r} of shape {shape} and type {entry['dtype']} cannot have {end - start} bytes")
    # Little-endian on every machine; a type with no byte order (bfloat16, bytes) stays as it is.
    stored = np.frombuffer(numbers[start:end], dtype.newbyteorder("<"))
    return stored.astype(dtype).reshape(shape)
