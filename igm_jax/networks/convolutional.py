"""Small convolutional generators and critics for images, from flat rows to flat rows.

A convolution is written as a matrix product on 4 × 4 patches, and its transpose as a matrix product to 4 × 4 patches that
are added up. XLA turns a convolution that is vmapped over its weights (several seeds at once) into a grouped one, which
the CPU runs many times slower; a matrix product becomes a batched product. Patches are shifted slices, whose gradient is
a sum of shifted arrays: the same bits on every run, unlike a scatter on a GPU.
"""

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network
from igm_jax.networks.functional import network
from igm_jax.networks.layers import Dense, activation, compute_dtype
from igm_jax.networks.pixels import ImageShape, as_images, checked_shape
from igm_jax.records import recorded, told


def halved_patches(images: Float[Array, "n h w c"]) -> Float[Array, "n a b p"]:
    """The 4 × 4 patches around every second pixel, zeros outside: what a convolution of stride two looks at.

    Args:
        images: (n, h, w, c).

    Returns:
        (n, ⌈h/2⌉, ⌈w/2⌉, 16c): patch (i, j) holds rows 2i−1 … 2i+2 and columns 2j−1 … 2j+2; the column varies slowest,
        then the row, then the channel.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.convolutional import halved_patches
        >>> halved_patches(jnp.ones((2, 8, 8, 3))).shape
        (2, 4, 4, 48)
    """
    for axis in (1, 2):
        half = -(-images.shape[axis] // 2)
        padding = [(0, 0)] * 4
        padding[axis] = (0, 2 * half - images.shape[axis])
        shape = (*images.shape[:axis], half, 2, *images.shape[axis + 1 :])
        even, odd = jnp.moveaxis(jnp.pad(images, padding).reshape(shape), axis + 1, 0)
        images = jnp.concatenate([_shifted(odd, 1, axis), even, odd, _shifted(even, -1, axis)], axis=-1)
    return images


def doubled_patches(patches: Float[Array, "n h w 4 4 c"]) -> Float[Array, "n a b c"]:
    """Images of twice the size from 4 × 4 patches around every second pixel, added where they overlap.

    The transpose of ``halved_patches``: what a transposed convolution of stride two does after its matrix product.

    Args:
        patches: (n, h, w, 4, 4, c): rows 2i−1 … 2i+2, columns 2j−1 … 2j+2 of the patch at pixel (2i, 2j).

    Returns:
        (n, 2h, 2w, c).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.convolutional import doubled_patches
        >>> doubled_patches(jnp.ones((2, 4, 4, 4, 4, 3))).shape
        (2, 8, 8, 3)
    """
    images = patches
    for axis in (1, 2):
        first, second, third, fourth = jnp.moveaxis(images, 3, 0)
        both = [second + _shifted(fourth, 1, axis), third + _shifted(first, -1, axis)]
        shape = (*images.shape[:axis], 2 * images.shape[axis], *first.shape[axis + 1 :])
        images = jnp.stack(both, axis + 1).reshape(shape)
    return images


def _shifted(array: Array, by: int, axis: int) -> Array:
    """The array moved by one place along an axis, up (1) or down (-1), with zeros coming in."""
    padding = [(0, 0)] * array.ndim
    padding[axis] = (1, 0) if by > 0 else (0, 1)
    kept = jax.lax.slice_in_dim(array, 0, -1, axis=axis) if by > 0 else jax.lax.slice_in_dim(array, 1, None, axis=axis)
    return jnp.pad(kept, padding)


def _sides(shape: ImageShape) -> list[tuple[int, int]]:
    """Height and breadth from fine to coarse: halved twice, and on until both are at most 7."""
    sides = [shape[:2]]
    while len(sides) < 3 or max(sides[-1]) > 7:
        height, breadth = sides[-1]
        sides.append((-(-height // 2), -(-breadth // 2)))
    return sides


class _Generator(nnx.Module):
    def __init__(self, latent_dim: int, shape: ImageShape, width: int, dtype: Any, *, rngs: nnx.Rngs):
        self.sides = tuple(reversed(_sides(shape)))
        channels = [width * min(2**level, 4) for level in range(len(self.sides) - 1)]
        self.channels = (*reversed(channels), shape[2])
        height, breadth = self.sides[0]
        self.inward = Dense(latent_dim, height * breadth * self.channels[0], dtype=dtype, rngs=rngs)
        # Four patches are added at every pixel, which doubles the spread.
        layers = [Dense(a, 16 * b, scale=0.5, dtype=dtype, rngs=rngs) for a, b in pairwise(self.channels)]
        self.double = nnx.List(layers)

    def __call__(self, z: Array) -> Array:
        h = self.inward(z).reshape(-1, *self.sides[0], self.channels[0])
        for layer, (height, breadth), wide in zip(self.double, self.sides[1:], self.channels[1:], strict=True):
            patches = layer(jax.nn.silu(h))
            h = doubled_patches(patches.reshape(*patches.shape[:3], 4, 4, wide))[:, :height, :breadth]
        return h.reshape(len(z), -1).astype(self.inward.kernel.dtype)


class _Critic(nnx.Module):
    def __init__(self, shape: ImageShape, width: int, spectral: bool, dtype: Any, *, rngs: nnx.Rngs):
        dense = partial(Dense, spectral=spectral, dtype=dtype, rngs=rngs)
        sides = _sides(shape)
        channels = [shape[2], *(width * min(2**level, 4) for level in range(len(sides) - 1))]
        self.shape = shape
        self.halve = nnx.List([dense(16 * a, b) for a, b in pairwise(channels)])
        self.outward = dense(sides[-1][0] * sides[-1][1] * channels[-1], 1)

    def __call__(self, x: Array) -> Array:
        h = as_images(x, self.shape)
        for layer in self.halve:
            h = activation("leaky_relu")(layer(halved_patches(h)))
        return self.outward(h.reshape(len(x), -1))[:, 0].astype(self.outward.kernel.dtype)


@recorded
@told(later=("dtype",))
def conv_generator(latent_dim: int, image_shape: ImageShape, width: int = 32, dtype: Any = None) -> Network:
    """A small convolutional generator: a matrix to a coarse picture, doubled by transposed 4 × 4 convolutions.

    8 × 8 images grow from 2 × 2, 28 × 28 ones from 7 × 7. The picture before the last has ``width`` channels, the one
    before it twice as many, the coarser ones four times. Sides that do not come out are cropped. SiLU in between; the
    output is linear, so it fits pixels of any scale.

    At defaults with 128 latent features it has 438352 parameters for 28 × 28 × 1 and 431152 for 32 × 32 × 3 images.

    Args:
        latent_dim: number of features of the base distribution.
        image_shape: (height, width, channels) of an image.
        width: channels of the picture of half the size.
        dtype: the type to compute in, such as "bfloat16"; None for that of the parameters, float32. Parameters and output stay
            float32 whatever it is.

    Returns:
        The network, from (n, latent_dim) to flat images (n, height·width·channels).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or a type that is none.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import conv_generator
        >>> net = conv_generator(16, (8, 8, 1))
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 16))).shape
        (5, 64)

    Source: DCGAN, Radford et al. 2015, arXiv 1511.06434, without batch normalisation.
    """
    checks.count("latent_dim", latent_dim)
    checks.count("width", width)
    shape = checked_shape(image_shape)
    kind = compute_dtype(dtype)
    return network(lambda rngs: _Generator(latent_dim, shape, width, kind, rngs=rngs))


@recorded
@told(later=("dtype",))
def conv_critic(image_shape: ImageShape, width: int = 32, spectral_norm: bool = False, dtype: Any = None) -> Network:
    """A small convolutional critic: 4 × 4 convolutions of stride two, then a matrix to one number.

    The mirror image of ``conv_generator``: the first convolution has ``width`` channels, the second twice as many, the
    later ones four times; leaky ReLU of slope 0.2. With ``spectral_norm`` every matrix is divided by its largest singular
    value, as in the literature; a pixel lies in four patches, so the Lipschitz constant of a convolution is at most 2.

    At defaults it has 36513 parameters for 28 × 28 × 1 and 167649 for 32 × 32 × 3 images.

    Args:
        image_shape: (height, width, channels) of an image.
        width: channels of the first convolution.
        spectral_norm: whether to normalise the weights.
        dtype: the type to compute in, such as "bfloat16"; None for that of the parameters, float32. Parameters and output stay
            float32 whatever it is.

    Returns:
        The network, from flat images (n, height·width·channels) to (n,).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or a type that is none; from ``apply``, for images of
            another size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import conv_critic
        >>> critic = conv_critic((8, 8, 1))
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 64))).shape
        (5,)

    Source: DCGAN, Radford et al. 2015, arXiv 1511.06434; spectral normalisation, Miyato et al. 2018, arXiv 1802.05957.
    """
    checks.count("width", width)
    shape = checked_shape(image_shape)
    kind = compute_dtype(dtype)
    return network(lambda rngs: _Critic(shape, width, spectral_norm, kind, rngs=rngs))
