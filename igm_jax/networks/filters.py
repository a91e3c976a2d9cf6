"""Convolutions and changes of size, written so that a CPU runs them fast in a loop and for several seeds at once.

On a CPU, XLA runs a convolution within a loop (as the steps of training are) more than ten times slower than outside of one, and
so it does a grouped convolution, which one that is vmapped over its weights becomes. Shifted slices and a matrix product are fast
in all of these cases.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks


def depthwise(
    images: Float[Array, "n h w c"], kernel: Float[Array, "a b _"], stride: int = 1
) -> Float[Array, "n p q c"]:
    """A convolution of each channel with a kernel of its own, written as a sum of shifted products.

    ``out[n, i, j, c] = Σ_ab kernel[a, b, c] · images[n, s·i + a - low, s·j + b - low, c]``

    Outside the images are zeros, as many as a convolution with padding "SAME" has: ⌈h/s⌉ rows come out, and where the zeros at
    both ends cannot be equal there is one more at the end.

    Args:
        images: (n, h, w, c).
        kernel: (a, b, c), rows, columns and channels; the images are computed with in its type.
        stride: every how many pixels there is an output.

    Returns:
        (n, ⌈h/s⌉, ⌈w/s⌉, c).

    Raises:
        TypeError, ValueError: for a stride that is no positive integer, or a kernel of another number of channels.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks import depthwise
        >>> depthwise(jnp.ones((2, 7, 7, 4)), jnp.ones((3, 3, 4)), 2)[0, :, :, 0]
        Array([[4., 6., 6., 4.],
               [6., 9., 9., 6.],
               [6., 9., 9., 6.],
               [4., 6., 6., 4.]], dtype=float32)
    """
    stride = checks.count("stride", stride)
    if images.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            f"`kernel` must have a filter for each channel of the images, (a, b, {images.shape[-1]}), but has shape"
            f" {kernel.shape}; give one of as many channels"
        )
    sizes = [-(-side // stride) for side in images.shape[1:3]]
    taps = kernel.shape[:2]
    lacking = [
        max((size - 1) * stride + tap - side, 0) for size, tap, side in zip(sizes, taps, images.shape[1:3], strict=True)
    ]
    images = jnp.pad(
        images.astype(kernel.dtype), [(0, 0), *((zeros // 2, zeros - zeros // 2) for zeros in lacking), (0, 0)]
    )
    rows, columns = ((size - 1) * stride + 1 for size in sizes)
    total = jnp.zeros((), kernel.dtype)
    for a in range(taps[0]):
        for b in range(taps[1]):
            seen = images[:, a : a + rows : stride, b : b + columns : stride]
            total = total + seen * kernel[a, b][None, None, None]
    return total


def convolved(images: Float[Array, "n h w c"], kernel: Float[Array, "3 3 _ d"]) -> Float[Array, "n h w d"]:
    """The 3 × 3 convolution of images with a kernel, zeros outside, of the size of the images.

    ``out[n, i, j, d] = Σ_abc kernel[a, b, c, d] · images[n, i + a - 1, j + b - 1, c]``

    On a CPU this is one matrix product on the nine shifted images side by side, elsewhere the library's own convolution.

    Args:
        images: (n, h, w, c).
        kernel: (3, 3, c, d), of the images' type.

    Returns:
        (n, h, w, d).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.filters import convolved
        >>> convolved(jnp.ones((2, 8, 8, 3)), jnp.ones((3, 3, 3, 4)))[0, :2, :2, 0]
        Array([[12., 18.],
               [18., 27.]], dtype=float32)
    """
    return jax.lax.platform_dependent(images, kernel, cpu=by_product, default=by_library)


def by_product(images: Float[Array, "n h w c"], kernel: Float[Array, "3 3 _ d"]) -> Float[Array, "n h w d"]:
    """``convolved``, as one matrix product."""
    count, height, breadth, channels = images.shape
    padded = jnp.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    seen = [padded[:, a : a + height, b : b + breadth] for a in range(3) for b in range(3)]
    rows = jnp.concatenate(seen, axis=-1).reshape(-1, 9 * channels)
    return (rows @ kernel.reshape(9 * channels, -1)).reshape(count, height, breadth, -1)


def by_library(images: Float[Array, "n h w c"], kernel: Float[Array, "3 3 _ d"]) -> Float[Array, "n h w d"]:
    """``convolved``, as the library for the device does it."""
    return jax.lax.conv_general_dilated(images, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def repeated(images: Float[Array, "n h w c"]) -> Float[Array, "n a b c"]:
    """Images of twice the size, each pixel four times.

    Args:
        images: (n, h, w, c).

    Returns:
        (n, 2h, 2w, c).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.filters import repeated
        >>> repeated(jnp.arange(2.0).reshape(1, 1, 2, 1))[0, :, :, 0].tolist()
        [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]
    """
    count, height, breadth, channels = images.shape
    wide = jnp.broadcast_to(images[:, :, None, :, None], (count, height, 2, breadth, 2, channels))
    return wide.reshape(count, 2 * height, 2 * breadth, channels)


def averaged(images: Float[Array, "n h w c"]) -> Float[Array, "n a b c"]:
    """Images of half the size, the means of 2 × 2 pixels; an odd last row or column counts twice.

    Args:
        images: (n, h, w, c).

    Returns:
        (n, ⌈h/2⌉, ⌈w/2⌉, c).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.filters import averaged
        >>> averaged(jnp.arange(6.0).reshape(1, 2, 3, 1))[0, :, :, 0].tolist()
        [[2.0, 3.5]]
    """
    count, height, breadth, channels = images.shape
    images = jnp.pad(images, [(0, 0), (0, height % 2), (0, breadth % 2), (0, 0)], mode="edge")
    return images.reshape(count, -(-height // 2), 2, -(-breadth // 2), 2, channels).mean((2, 4))


def interpolated(images: Float[Array, "n h w c"]) -> Float[Array, "n a b c"]:
    """Images of twice the size by bilinear interpolation: the filter (1, 3, 3, 1)/4 along each axis, edges repeated.

    Args:
        images: (n, h, w, c).

    Returns:
        (n, 2h, 2w, c).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.filters import interpolated
        >>> interpolated(jnp.arange(2.0).reshape(1, 1, 2, 1))[0, 0, :, 0].tolist()
        [0.0, 0.25, 0.75, 1.0]
    """
    for axis in (1, 2):
        before, after = _neighbour(images, -1, axis), _neighbour(images, 1, axis)
        both = jnp.stack([0.75 * images + 0.25 * before, 0.75 * images + 0.25 * after], axis + 1)
        images = both.reshape(*images.shape[:axis], 2 * images.shape[axis], *images.shape[axis + 1 :])
    return images


def smoothed(images: Float[Array, "n h w c"]) -> Float[Array, "n a b c"]:
    """Images of half the size without aliasing: the filter (1, 3, 3, 1)/8 along each axis, edges repeated.

    Args:
        images: (n, h, w, c).

    Returns:
        (n, ⌈h/2⌉, ⌈w/2⌉, c).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.filters import smoothed
        >>> smoothed(jnp.arange(4.0).reshape(1, 1, 4, 1))[0, 0, :, 0].tolist()
        [0.625, 2.375]
    """
    for axis in (1, 2):
        side = images.shape[axis]
        padding = [(0, 0)] * 4
        padding[axis] = (0, side % 2)
        shape = (*images.shape[:axis], -(-side // 2), 2, *images.shape[axis + 1 :])
        even, odd = jnp.moveaxis(jnp.pad(images, padding, mode="edge").reshape(shape), axis + 1, 0)
        images = 0.375 * (even + odd) + 0.125 * (_neighbour(odd, -1, axis, even) + _neighbour(even, 1, axis, odd))
    return images


def _neighbour(images: Array, by: int, axis: int, edge: Array | None = None) -> Array:
    """The pixels one place before (-1) or after (1) along an axis; at the edge those of another array, or the images' own."""
    edge = images if edge is None else edge
    if by < 0:
        kept = jax.lax.slice_in_dim(images, 0, -1, axis=axis)
        return jnp.concatenate([jax.lax.slice_in_dim(edge, 0, 1, axis=axis), kept], axis)
    kept = jax.lax.slice_in_dim(images, 1, None, axis=axis)
    return jnp.concatenate([kept, jax.lax.slice_in_dim(edge, -1, None, axis=axis)], axis)
