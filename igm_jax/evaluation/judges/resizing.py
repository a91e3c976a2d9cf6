"""Images resized as published metrics resize them: these differ, and so do all numbers that are computed after them."""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float


def legacy_bilinear(images: Float[Array, "b h w c"], side: int) -> Float[Array, "b s s c"]:
    """Bilinear interpolation as TensorFlow 1 did it, from corner to corner and without smoothing.

    The pixel i of the result lies at ``i · h / side``: no half-pixel centres, so that the image moves by up to half a pixel, and
    no antialiasing, so that pixels between are passed over where the image shrinks.

    Args:
        images: (b, h, w, c) numbers.
        side: height and width of the result.

    Returns:
        (b, side, side, c) numbers, float32 where the images are.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.evaluation.judges.resizing import legacy_bilinear
        >>> legacy_bilinear(jnp.array([0.0, 1.0, 0.0, 1.0]).reshape(1, 2, 2, 1), 4)[0, 0, :, 0].tolist()
        [0.0, 0.5, 1.0, 1.0]

    Source: ``tf.image.resize_bilinear`` with ``align_corners=False``, within the graph of Heusel et al., arXiv 1706.08500.
    """
    for axis in (2, 1):
        low, high, share = _neighbours(images.shape[axis], side)
        left, right = jnp.take(images, low, axis=axis), jnp.take(images, high, axis=axis)
        weight = jnp.asarray(share, images.dtype).reshape([-1 if place == axis else 1 for place in range(4)])
        images = left + (right - left) * weight
    return images


def _neighbours(size: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel of the result the two between which it lies, and how far it is on the way; in float32, as TensorFlow."""
    place = np.arange(side, dtype=np.float32) * (np.float32(size) / np.float32(side))
    low = np.minimum(np.floor(place).astype(np.int32), size - 1)
    return low, np.minimum(low + 1, size - 1), place - low.astype(np.float32)


def smooth_bicubic(images: Float[Array, "b h w c"], side: int) -> Float[Array, "b s s c"]:
    """Bicubic interpolation with antialiasing, as Pillow does it for floating-point images.

    The kernel (Keys, a = -1/2) is as wide as the image shrinks, and its weights sum to one at the borders, too. Nothing is
    rounded; values go beyond those of the image beside edges.

    Args:
        images: (b, h, w, c) numbers.
        side: height and width of the result.

    Returns:
        (b, side, side, c) numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.evaluation.judges.resizing import smooth_bicubic
        >>> smooth_bicubic(jnp.array([0.0, 0.0, 255.0, 255.0]).reshape(1, 1, 4, 1), 8)[0, 0, :, 0].round().tolist()
        [0.0, -6.0, -18.0, 52.0, 203.0, 273.0, 261.0, 255.0]

    Source: Parmar et al., arXiv 2104.11222; ``Image.resize`` of Pillow, in the mode F.
    """
    rows, columns = (jnp.asarray(_smooth_weights(size, side), images.dtype) for size in images.shape[1:3])
    wide = jnp.einsum("jw,bhwc->bhjc", columns, images, precision=lax.Precision.HIGHEST)
    return jnp.einsum("ih,bhjc->bijc", rows, wide, precision=lax.Precision.HIGHEST)


def _smooth_weights(size: int, side: int) -> Float[np.ndarray, "s h"]:
    """What each pixel of the result takes of each pixel of a line."""
    scale = size / side
    stretch = max(scale, 1.0)
    weights = np.zeros((side, size))
    for place in range(side):
        centre = (place + 0.5) * scale
        first = max(int(centre - 2 * stretch + 0.5), 0)
        last = min(int(centre + 2 * stretch + 0.5), size)
        taken = keys((np.arange(first, last) + 0.5 - centre) / stretch, -0.5)
        weights[place, first:last] = taken / taken.sum()
    return weights


def keys(distance: Float[np.ndarray, "..."], a: float) -> Float[np.ndarray, "..."]:
    """The cubic convolution kernel, which is 1 at 0 and 0 at all other whole distances.

    ``(a + 2)|x|³ - (a + 3)x² + 1`` for |x| ≤ 1, and ``a(|x|³ - 5x² + 8|x| - 4)`` for 1 < |x| < 2

    Args:
        distance: x, in pixels.
        a: the slope at 1; -1/2 is exact for parabolas, and PyTorch takes -3/4.

    Returns:
        The kernel at each distance.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation.judges.resizing import keys
        >>> keys(np.array([0.0, 0.5, 1.0, 1.5, 2.0]), -0.5).tolist()
        [1.0, 0.5625, 0.0, -0.0625, 0.0]

    Source: Keys, IEEE Transactions on Acoustics, Speech, and Signal Processing 29 (1981).
    """
    x = np.abs(distance)
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def table_of_positions(table: Float[np.ndarray, "g g k"], side: int) -> Float[np.ndarray, "s s k"]:
    """Learned positions of a square grid, interpolated bicubically to another grid as DINOv2 does it.

    The pixel i of the result lies at ``(i + ½) · g / (side + 0.1) - ½``: the 0.1, once added against rounding, changes the
    numbers a little and belongs to the published network. The kernel has a = -3/4, is not smoothed, and repeats the border.

    Args:
        table: (g, g, k) numbers.
        side: height and width of the result; the table itself comes back where it is g.

    Returns:
        (side, side, k) float32 numbers.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation.judges.resizing import table_of_positions
        >>> table_of_positions(np.ones((4, 4, 1)), 2)[..., 0].tolist()
        [[1.0, 1.0], [1.0, 1.0]]

    Source: ``interpolate_pos_encoding`` of https://github.com/facebookresearch/dinov2, ``interpolate_offset=0.1``.
    """
    size = len(table)
    if side == size:
        return table.astype(np.float32)
    weights = np.zeros((side, size))
    for place in range(side):
        source = (place + 0.5) * size / (side + 0.1) - 0.5
        near = math.floor(source) + np.arange(-1, 3)
        np.add.at(weights[place], np.clip(near, 0, size - 1), keys(near - source, -0.75))
    return np.einsum("ia,jb,abk->ijk", weights, weights, table.astype(np.float64), optimize=True).astype(np.float32)
