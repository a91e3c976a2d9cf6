"""Convolutions written as sums of shifted arrays, for kernels that change from seed to seed or channel to channel.

XLA runs a grouped convolution on a CPU many times slower than the same sums written out, and a convolution that is vmapped over
its weights (several seeds at once) is a grouped one.
"""

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
