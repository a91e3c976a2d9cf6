"""Real images that need no download: scikit-learn's handwritten digits, and patches of its two photographs.

Every split is fixed: which image goes where depends on its content or its place alone, through SHA-256, so that it is
the same on every machine and for every version of every library.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np

from igm_jax import checks
from igm_jax.distributions.base import default_float
from igm_jax.distributions.splits import Part, Scaling, Splits
from igm_jax.extras import unusable

_DIGITS_CREDIT = "Digits: E. Alpaydin and C. Kaynak, UCI Machine Learning Repository (1998), through scikit-learn."
_PHOTOS_CREDIT = (
    "Photographs: china.jpg and flower.jpg of scikit-learn, by danielbuechele and vultilion on Flickr, CC BY 2.0"
    " (https://creativecommons.org/licenses/by/2.0/), cut into patches."
)


def digits() -> Splits:
    """Scikit-learn's 1797 handwritten digits, 8 × 8, grey.

    Values 0 ... 16 become ``v / 8 - 1`` in [-1, 1]. The split is stratified: of every digit 30 are for validation, 30
    for testing, and the rest, about 120, for training: 1197 / 300 / 300 images. The writers are not recorded, so a
    writer's hand may be seen in every split.

    Returns:
        Splits of (n, 64) images, labels 0 ... 9, image shape (8, 8, 1).

    Raises:
        ImportError: without scikit-learn; the text names the extra that brings it.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.

    Example:
        >>> from igm_jax.distributions import digits
        >>> data = digits()
        >>> data.train.values.shape, data.validation.values.shape, data.test.values.shape
        ((1197, 64), (300, 64), (300, 64))
    """
    loaded = _sklearn_datasets("digits").load_digits()
    images, labels = loaded.data.astype(np.uint8), loaded.target
    order = np.array(sorted(range(len(images)), key=lambda i: _stamp("digits", images[i].tobytes())))
    parts: tuple[list[int], ...] = ([], [], [])
    for label in range(10):
        of_label = order[labels[order] == label]
        for part, chosen in zip(parts, (of_label[60:], of_label[:30], of_label[30:60]), strict=True):
            part.extend(chosen.tolist())
    values = images / 8.0 - 1.0
    train, validation, test = (_images(values[sorted(part)], labels[sorted(part)]) for part in parts)
    scaling = Scaling.of_range(0, 16, "uint8")
    return Splits(train, validation, test, (8, 8, 1), "digits", tuple("0123456789"), _DIGITS_CREDIT, scaling)


def photo_patches(size: int = 8, stride: int | None = None) -> Splits:
    """Square RGB patches of scikit-learn's two sample photographs, a temple and a flower.

    Each photograph (427 × 640) is cut into square blocks of about 32 pixels, each wholly in one split: 70 % of them are
    for training, 15 % for validation, 15 % for testing. A patch lies inside one block, so patches of different splits
    never share a pixel; neighbouring blocks still look alike, as neighbouring parts of one picture do. Values 0 ... 255
    become ``v / 127.5 - 1``.

    The photographs come with scikit-learn under the Creative Commons Attribution 2.0 licence
    (https://creativecommons.org/licenses/by/2.0/): ``china.jpg`` by danielbuechele on Flickr
    (https://www.flickr.com/photos/danielbuechele/6061409035/), and ``flower.jpg``, which scikit-learn's note credits to
    danielbuechele too, but whose page is that of vultilion (https://www.flickr.com/photos/vultilion/6056698931/).
    Whoever shows the patches credits them: ``credit`` is the line to print. The patches are crops, rescaled in value.

    Args:
        size: the side of a patch in pixels, 1 ... 128.
        stride: pixels from a patch to the next; ``size`` if None, so that patches do not overlap at all.

    Returns:
        Splits of (n, size * size * 3) images, labels 0 (china) and 1 (flower), image shape (size, size, 3). For size 8:
        5824 / 1248 / 1248 patches.

    Raises:
        ImportError: without scikit-learn or Pillow; the text names the extra that brings them.
        ValueError: for a size above 128.

    Example:
        >>> from igm_jax.distributions import photo_patches
        >>> photo_patches(16).train.values.shape
        (1456, 768)
    """
    size = checks.count("size", size)
    if size > 128:
        raise ValueError(f"`size` must be at most 128, so that the photographs hold three splits, but is {size}")
    stride = size if stride is None else checks.count("stride", stride)
    side = size * max(1, 32 // size)
    datasets = _sklearn_datasets("photo_patches")
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for name in ("china", "flower"):
        photo = _photograph(datasets, f"{name}.jpg")
        for part, corners in zip(parts, _blocks(name, photo.shape, side), strict=True):
            blocks = [_patches(photo[r : r + side, c : c + side], size, stride) for r, c in corners]
            part.append(np.concatenate(blocks) / 127.5 - 1.0)
    train, validation, test = (
        _images(np.concatenate(part), np.repeat(np.arange(2), [len(values) for values in part])) for part in parts
    )
    names = ("china", "flower")
    title, scaling = f"photo patches {size}x{size}", Scaling.of_range(0, 255, "uint8")
    return Splits(train, validation, test, (size, size, 3), title, names, _PHOTOS_CREDIT, scaling)


def _blocks(name: str, shape: tuple[int, ...], side: int) -> Iterable[list[tuple[int, int]]]:
    """Upper left corners of a photograph's blocks, for training, validation and testing."""
    corners = [(r, c) for r in range(0, shape[0] - side + 1, side) for c in range(0, shape[1] - side + 1, side)]
    order = sorted(corners, key=lambda corner: _stamp(name, str((corner[0] // side, corner[1] // side)).encode()))
    held_out = max(1, round(0.15 * len(order)))
    return sorted(order[2 * held_out :]), sorted(order[:held_out]), sorted(order[held_out : 2 * held_out])


def _patches(block: np.ndarray, size: int, stride: int) -> np.ndarray:
    """All patches of a block, (n, size * size * 3)."""
    windows = np.lib.stride_tricks.sliding_window_view(block, (size, size), axis=(0, 1))[::stride, ::stride]
    return windows.transpose(0, 1, 3, 4, 2).reshape(-1, size * size * 3)


def _images(values: np.ndarray, labels: np.ndarray) -> Part:
    return Part(jnp.asarray(values, default_float()), jnp.asarray(labels, jnp.int32))


def _stamp(name: str, content: bytes) -> bytes:
    """A fixed pseudo-random rank: the SHA-256 of the data set's name and the content."""
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _sklearn_datasets(what: str) -> Any:
    try:
        from sklearn import datasets
    except Exception as error:
        raise unusable(f"`{what}`, whose data come with it,", "scikit-learn", error, "data") from error
    return datasets


def _photograph(datasets: Any, name: str) -> np.ndarray:
    try:
        return datasets.load_sample_image(name)
    except ImportError as error:  # scikit-learn's own, where Pillow is absent or broken
        cause = error.__cause__ or ModuleNotFoundError()
        raise unusable("`photo_patches`, which decodes JPEG files,", "pillow", cause, "data") from error
