"""Trained classifiers on disk: named for a fingerprint of what they are made of, with a checksum, trained anew when lost."""

import hashlib
import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from igm_jax.arrays import read_npz
from igm_jax.files import write_npz

Weights = dict[str, Array]


def class_labels(labels: Any, n: int) -> Int[np.ndarray, " n"]:
    """``labels`` as class numbers of n images, or an error.

    Args:
        labels: (n,) integers 0 … K-1, every class present.
        n: the number of images.

    Returns:
        (n,) int32.

    Raises:
        ValueError: for another shape or type, a missing class, or fewer than two.

    Example:
        >>> from igm_jax.evaluation.judges.kept import class_labels
        >>> class_labels([0, 1, 1], 3).tolist()
        [0, 1, 1]
    """
    array = np.asarray(labels)
    if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"`labels` must be {n} integers, one for each image, but has shape {array.shape} and dtype {array.dtype};"
            " pass class numbers, not one-hot rows"
        )
    present = np.unique(array)
    if len(present) < 2 or not np.array_equal(present, np.arange(len(present))):
        raise ValueError(
            f"`labels` must hold every class 0 … K-1, at least two, but holds {present.tolist()}; renumber the classes"
        )
    return array.astype(np.int32)


def fingerprint(recipe: str, x: np.ndarray, y: np.ndarray, image_shape: tuple[int, ...], seed: int) -> str:
    """What a classifier is made of, as a SHA-256 in hexadecimal.

    Args:
        recipe: the name of how it is trained, another one for every change of that.
        x: (n, d) images.
        y: (n,) class numbers.
        image_shape: (height, width, channels).
        seed: of the training.

    Returns:
        64 letters.
    """
    digest = hashlib.sha256(f"{recipe} {image_shape} {x.shape} {seed}".encode())
    for array in (x, y):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def kept(
    directory: str | os.PathLike[str] | None, name: str, made_of: str, seed: int, train: Callable[[], Weights]
) -> Weights:
    """The weights in a directory, or newly trained ones, which it then holds.

    Args:
        directory: where they are kept, in a file with the name and the beginning of the fingerprint; nothing is kept if None.
        name: of the kind of classifier.
        made_of: its fingerprint.
        seed: told in the file.
        train: gives the weights where the file is absent, damaged or another classifier's.

    Returns:
        The weights.

    Raises:
        OSError: for a directory that cannot be written, before training.
    """
    if directory is None:
        return train()
    path = _writable(directory) / f"{name}-{made_of[:16]}.npz"
    weights = _load(path, made_of)
    if weights is None:
        weights = train()
        arrays = {part: np.asarray(value) for part, value in weights.items()}
        write_npz(path, {"fingerprint": made_of, "checksum": _checksum(arrays), "seed": seed, **arrays})
    return weights


def _checksum(weights: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()


def _writable(directory: str | os.PathLike[str]) -> pathlib.Path:
    """The directory, made if need be, or an error before any work."""
    directory = pathlib.Path(directory).expanduser()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise OSError(
            f"cannot keep the classifier in {str(directory)!r}: {error}; choose a directory that can be written"
        ) from error
    return directory


def _load(path: pathlib.Path, made_of: str) -> Weights | None:
    """The weights in the file, or None if it is absent, damaged or another classifier's."""
    try:
        stored = read_npz(path)
        found = str(stored.pop("fingerprint")), str(stored.pop("checksum"))
        stored.pop("seed")
    except (OSError, ValueError, KeyError):
        return None
    if found != (made_of, _checksum(stored)):
        return None
    return {name: jnp.asarray(value) for name, value in stored.items()}
