"""Small convolutional generators and critics for images, from flat rows to flat rows.

A convolution is written as patches times a matrix. XLA turns a convolution that is vmapped over its weights (several
seeds at once) into a grouped one, which the CPU runs many times slower; a matrix product becomes a batched product, and
the gradient of shifted slices is a sum of shifted arrays, the same on every run, unlike a scatter on a GPU.
"""

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network
from igm_jax.networks.functional import network
from igm_jax.networks.layers import Dense, activation

ImageShape = tuple[int, int, int]


def patches(images: Float[Array, "n h w c"], size: int, stride: int) -> Float[Array, "n a b p"]:
    """All size × size patches of images, zeros outside: what a convolution with "SAME" padding looks at.

    Args:
        images: (n, h, w, c).
        size: the side of a patch in pixels.
        stride: pixels between the patches.

    Returns:
        (n, ⌈h/stride⌉, ⌈w/stride⌉, size·size·c), the patch's columns varying slowest, then its rows, then the channels.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.networks.convolutional import patches
        >>> patches(jnp.ones((2, 8, 8, 3)), 3, 2).shape
        (2, 4, 4, 27)
    """
    for axis in (1, 2):  # one axis after the other: 2·size slices instead of size²
        side = images.shape[axis]
        out = -(-side // stride)
        missing = max((out - 1) * stride + size - side, 0)
        padding = [(0, 0)] * 4
        padding[axis] = (missing // 2, missing - missing // 2)
        padded = jnp.pad(images, padding)
        views = [
            jax.lax.slice_in_dim(padded, start, start + (out - 1) * stride + 1, stride, axis) for start in range(size)
        ]
        images = jnp.concatenate(views, axis=-1)
    return images


def _doubled(images: Array) -> Array:
    """(n, h, w, 4c) to (n, 2h, 2w, c): every pixel's four groups of channels become four pixels."""
    n, h, w, c = images.shape
    return images.reshape(n, h, w, 2, 2, c // 4).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c // 4)


class _Generator(nnx.Module):
    def __init__(self, latent_dim: int, shape: ImageShape, width: int, *, rngs: nnx.Rngs):
        height, breadth, colours = shape
        doublings = 0
        while max(height, breadth) > 7:
            height, breadth, doublings = -(-height // 2), -(-breadth // 2), doublings + 1
        channels = [max(width >> level, 8) for level in range(doublings + 1)]
        self.start, self.shape = (height, breadth, channels[0]), shape
        self.inward = Dense(latent_dim, height * breadth * channels[0], rngs=rngs)
        self.grow = nnx.List([Dense(9 * a, 4 * b, rngs=rngs) for a, b in zip(channels[:-1], channels[1:], strict=True)])
        self.outward = Dense(9 * channels[-1], colours, rngs=rngs)

    def __call__(self, z: Array) -> Array:
        h = jax.nn.silu(self.inward(z)).reshape(-1, *self.start)
        for layer in self.grow:
            h = jax.nn.silu(_doubled(layer(patches(h, 3, 1))))
        height, breadth, _ = self.shape
        return self.outward(patches(h[:, :height, :breadth], 3, 1)).reshape(len(z), -1)


class _Critic(nnx.Module):
    def __init__(self, shape: ImageShape, width: int, spectral: bool, *, rngs: nnx.Rngs):
        dense = partial(Dense, spectral=spectral, rngs=rngs)
        height, breadth, channels = shape
        layers = []
        while max(height, breadth) > 2 or not layers:
            wider = width if not layers else 2 * width
            layers.append(dense(9 * channels, wider))
            height, breadth, channels = -(-height // 2), -(-breadth // 2), wider
        self.shape, self.shrink = shape, nnx.List(layers)
        self.outward = dense(height * breadth * channels, 1)

    def __call__(self, x: Array) -> Array:
        h = _images(x, self.shape)
        for layer in self.shrink:
            h = activation("leaky_relu")(layer(patches(h, 3, 2)))
        return self.outward(h.reshape(len(x), -1))[:, 0]


def _images(x: Array, shape: ImageShape) -> Array:
    height, breadth, colours = shape
    if x.ndim != 2 or x.shape[1] != height * breadth * colours:
        raise ValueError(
            f"images of shape {shape} come as rows (n, {height * breadth * colours}), but got an array of shape {x.shape};"
            " flatten them by `x.reshape(len(x), -1)`, or build the network for their shape"
        )
    return x.reshape(-1, *shape)


def _checked(image_shape: ImageShape) -> ImageShape:
    if len(image_shape) != 3:
        raise ValueError(f"`image_shape` must be (height, width, channels), but is {image_shape}; use (h, w, 1) for grey")
    height, breadth, colours = (checks.count("image_shape", side) for side in image_shape)
    return height, breadth, colours


def conv_generator(latent_dim: int, image_shape: ImageShape, width: int = 32) -> Network:
    """A small convolutional generator: a matrix to a coarse picture, doubled by 3 × 3 convolutions and pixel shuffles.

    The coarse picture is at most 7 × 7 with ``width`` channels; each doubling halves the channels (not below 8). Sides that
    are not a multiple of the coarse ones are cropped. The output is linear, so it fits pixels of any scale.

    Args:
        latent_dim: number of features of the base distribution.
        image_shape: (height, width, channels) of an image.
        width: channels of the coarse picture.

    Returns:
        The network, from (n, latent_dim) to flat images (n, height·width·channels).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import conv_generator
        >>> net = conv_generator(16, (8, 8, 1))
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 16))).shape
        (5, 64)

    Source: DCGAN, Radford et al. 2015, arXiv 1511.06434; pixel shuffle, Shi et al. 2016, arXiv 1609.05158.
    """
    checks.count("latent_dim", latent_dim)
    checks.count("width", width)
    shape = _checked(image_shape)
    return network(lambda rngs: _Generator(latent_dim, shape, width, rngs=rngs))


def conv_critic(image_shape: ImageShape, width: int = 32, spectral_norm: bool = False) -> Network:
    """A small convolutional critic: 3 × 3 convolutions of stride two down to 2 × 2, then a matrix to one number.

    The first convolution has ``width`` channels, the others twice as many; leaky ReLU of slope 0.2 between them. With
    ``spectral_norm`` every matrix is divided by its largest singular value, as in the literature; a pixel lies in up to
    four patches, so the Lipschitz constant of one such convolution is at most 2, not 1.

    Args:
        image_shape: (height, width, channels) of an image.
        width: channels of the first convolution.
        spectral_norm: whether to normalise the weights.

    Returns:
        The network, from flat images (n, height·width·channels) to (n,).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers; from ``apply``, for images of another size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import conv_critic
        >>> critic = conv_critic((8, 8, 1))
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 64))).shape
        (5,)

    Source: DCGAN, Radford et al. 2015, arXiv 1511.06434; spectral normalisation, Miyato et al. 2018, arXiv 1802.05957.
    """
    checks.count("width", width)
    shape = _checked(image_shape)
    return network(lambda rngs: _Critic(shape, width, spectral_norm, rngs=rngs))
