"""What networks for images share: shapes and rows, 3 × 3 convolutions, group normalisation under a condition."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from igm_jax import checks
from igm_jax.networks.filters import convolved
from igm_jax.networks.layers import Dense

ImageShape = tuple[int, int, int]


def checked_shape(image_shape: Any) -> ImageShape:
    """(height, width, channels) of an image, if it is that.

    Args:
        image_shape: three positive integers.

    Returns:
        The same, as plain integers.

    Raises:
        TypeError, ValueError: for anything else.

    Example:
        >>> from igm_jax.networks.pixels import checked_shape
        >>> checked_shape((8, 8, 1))
        (8, 8, 1)
    """
    if not hasattr(image_shape, "__len__") or len(image_shape) != 3:
        raise ValueError(
            f"`image_shape` must be (height, width, channels), but is {image_shape}; use (h, w, 1) for grey"
        )
    height, breadth, colours = (checks.count("image_shape", side) for side in image_shape)
    return height, breadth, colours


def as_images(x: Array, shape: ImageShape) -> Array:
    """Rows (n, height·width·channels) as images (n, height, width, channels).

    Args:
        x: the rows.
        shape: (height, width, channels).

    Returns:
        The images.

    Raises:
        ValueError: for rows of another length.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.pixels import as_images
        >>> as_images(jnp.ones((5, 12)), (2, 2, 3)).shape
        (5, 2, 2, 3)
    """
    height, breadth, colours = shape
    if x.ndim != 2 or x.shape[1] != height * breadth * colours:
        raise ValueError(
            f"images of shape {shape} come as rows (n, {height * breadth * colours}), but got an array of shape {x.shape};"
            " flatten them by `x.reshape(len(x), -1)`, or build the network for their shape"
        )
    return x.reshape(-1, *shape)


def split_row(x: Array, **sizes: int) -> list[Array]:
    """The parts of rows (n, d), whose sizes add up to d.

    Args:
        x: the rows.
        sizes: how many features each part has, in their order, under the name that an error calls it.

    Returns:
        The parts, (n, size) each.

    Raises:
        ValueError: for rows of another length.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.pixels import split_row
        >>> [part.shape for part in split_row(jnp.ones((5, 7)), latent=4, condition=3)]
        [(5, 4), (5, 3)]
    """
    total = sum(sizes.values())
    if x.ndim != 2 or x.shape[1] != total:
        parts = " + ".join(f"{size} of {name}" for name, size in sizes.items() if size)
        raise ValueError(
            f"this network takes rows (n, {total}), {parts}, but got an array of shape {x.shape}; draw as many from the base,"
            " or build the network for it"
        )
    ends = [sum([*sizes.values()][: i + 1]) for i in range(len(sizes))]
    return [x[:, end - size : end] for end, size in zip(ends, sizes.values(), strict=True)]


def halvings(shape: ImageShape, largest: int = 7) -> list[tuple[int, int]]:
    """Height and breadth from fine to coarse: halved once, and on until both are at most ``largest``.

    Args:
        shape: (height, width, channels) of the finest picture.
        largest: the longest side of the coarsest one.

    Returns:
        The sides, those of the picture itself first.

    Example:
        >>> from igm_jax.networks.pixels import halvings
        >>> halvings((28, 28, 1)), halvings((9, 3, 1))
        ([(28, 28), (14, 14), (7, 7)], [(9, 3), (5, 2)])
    """
    sides = [shape[:2]]
    while len(sides) < 2 or max(sides[-1]) > largest:
        height, breadth = sides[-1]
        sides.append((-(-height // 2), -(-breadth // 2)))
    return sides


class Conv(Dense):
    """A 3 × 3 convolution, zeros outside; with ``spectral`` its matrix (9·inputs, outputs) over the largest singular value.

    The matrix is that of SNGAN, Miyato et al. 2018, arXiv 1802.05957; the convolution itself has a norm of at most three.
    """

    def __init__(self, in_dim: int, out_dim: int, **options: Any):
        super().__init__(9 * in_dim, out_dim, **options)
        self.shape = (3, 3, in_dim, out_dim)

    def __call__(self, x: Array) -> Array:
        kernel = self.weights()
        return convolved(x.astype(kernel.dtype), kernel.reshape(self.shape)) + self.offset()[None, None, None]


class Norm(nnx.Module):
    """Group normalisation of each image by itself, then a scale and a shift of each channel, which a condition may set.

    ``γ(e)·(h - mean)/std + β(e)`` with mean and variance over the pixels of a group of channels. Not batch normalisation: there
    each sample depends on all others, which a pure network of single rows cannot. Statistics are in float32 at least.
    """

    def __init__(self, channels: int, condition_dim: int, *, dtype: Any = None, rngs: nnx.Rngs):
        # As many as 32 groups, as usual, but of four channels at least: of one, the pixels alone decide.
        self.groups = math.gcd(channels, max(1, min(32, channels // 4)))
        self.scale = nnx.Param(jnp.ones((channels,)))
        self.shift = nnx.Param(jnp.zeros((channels,)))
        self.of_code = nnx.Param(_spread(condition_dim, 2 * channels, rngs)) if condition_dim else None
        self.dtype = dtype

    def __call__(self, h: Array, code: Array) -> Array:
        scale, shift = self.scale[...][None], self.shift[...][None]
        wide = h.astype(scale.dtype)
        parts = wide.reshape(*h.shape[:3], self.groups, -1)
        parts = parts - parts.mean((1, 2, 4), keepdims=True)
        parts = parts * jax.lax.rsqrt(jnp.square(parts).mean((1, 2, 4), keepdims=True) + 1e-5)
        if self.of_code is not None:
            more, along = jnp.split(code.astype(scale.dtype) @ self.of_code[...], 2, axis=1)
            scale, shift = scale + more, shift + along
        return (parts.reshape(h.shape) * scale[:, None, None] + shift[:, None, None]).astype(h.dtype)


def _spread(rows: int, columns: int, rngs: nnx.Rngs) -> Array:
    return rows**-0.5 * jax.random.normal(rngs.params(), (rows, columns))
