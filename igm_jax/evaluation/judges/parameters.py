"""The tensors of one known network from a file of either format: all of them, in the right shapes, and nothing else."""

import os
from collections.abc import Mapping

import numpy as np

from igm_jax.evaluation.judges.safetensors import Tensors, read_safetensors
from igm_jax.evaluation.judges.torch_files import read_torch
from igm_jax.files import regular

SHOWN = 3
"""So many names are told of each fault."""


def read_parameters(path: str | os.PathLike[str], *, sha256: str | None = None) -> Tensors:
    """All tensors of a file, a PyTorch checkpoint or in the safetensors format: which of them, its content says.

    Args:
        path: the file.
        sha256: what the file's SHA-256 must be, in hexadecimal; not compared if None.

    Returns:
        The tensors, the file's SHA-256 and its metadata.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for another SHA-256, or a damaged file.

    Example:
        >>> import json, pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.evaluation.judges.parameters import read_parameters
        >>> header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = pathlib.Path(directory) / "w.bin"
        ...     _ = path.write_bytes(len(header).to_bytes(8, "little") + header + np.array([1, 2], "<f4").tobytes())
        ...     read_parameters(path).tensors["w"].tolist()
        [1.0, 2.0]
    """
    with regular(path).open("rb") as file:
        start = file.read(9)
    # A pickle begins with its protocol, 128 and 2; so may the length of a header, but then a brace follows after it.
    torch = start[:4] == b"PK\x03\x04" or (start[:1] == b"\x80" and start[8:] != b"{")
    return (read_torch if torch else read_safetensors)(path, sha256=sha256)


def check_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, np.ndarray],
    shapes: Mapping[str, tuple[int, ...]],
    expected: str,
) -> None:
    """An error unless a file holds the tensors of a network, each of floating-point numbers and in its shape.

    Args:
        path: the file, for the error.
        tensors: what it holds, by name.
        shapes: what it should hold.
        expected: which file that is, for the error.

    Raises:
        ValueError: naming the first tensors that are missing, too many, of another shape or of integers.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation.judges.parameters import check_tensors
        >>> check_tensors("w.pth", {"w": np.ones(2)}, {"w": (3,)}, "three weights")
        Traceback (most recent call last):
        ValueError: 'w.pth' must hold three weights, but 1 tensor has another shape ('w': (2,) and not (3,)); give that file
    """
    missing = [repr(name) for name in shapes if name not in tensors]
    more = [repr(name) for name in tensors if name not in shapes]
    both = [name for name in shapes if name in tensors]
    other = [
        f"{name!r}: {tensors[name].shape} and not {shapes[name]}"
        for name in both
        if tensors[name].shape != shapes[name]
    ]
    # The names of NumPy's own kinds of numbers and of bfloat16 alike.
    whole = [f"{name!r}: {tensors[name].dtype}" for name in both if "float" not in tensors[name].dtype.name]
    faults = [
        told
        for names, one, many in (
            (missing, "is missing", "are missing"),
            (more, "is too many", "are too many"),
            (other, "has another shape", "have another shape"),
            (whole, "holds no floating-point numbers", "hold no floating-point numbers"),
        )
        if (told := _told(names, one, many))
    ]
    if faults:
        raise ValueError(f"{str(path)!r} must hold {expected}, but {', '.join(faults)}; give that file")


def _told(names: list[str], one: str, many: str) -> str:
    if not names:
        return ""
    first = ", ".join([*names[:SHOWN], *(["..."] if len(names) > SHOWN else [])])
    return f"{len(names)} {'tensor ' + one if len(names) == 1 else 'tensors ' + many} ({first})"
