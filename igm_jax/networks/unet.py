"""A U-Net from noise of the image's own shape to an image, from flat rows to flat rows."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Network
from igm_jax.networks.filters import averaged, repeated
from igm_jax.networks.functional import network
from igm_jax.networks.layers import Dense, compute_dtype
from igm_jax.networks.pixels import Conv, ImageShape, Norm, as_images, checked_shape, halvings, split_row
from igm_jax.records import recorded

# Two summands of equal spread add up to the spread of each.
_HALF = 0.5**0.5


class _Block(nnx.Module):
    """``(W·h + conv(silu(norm(conv(silu(norm(h)))))))/√2``, without W where it changes no number of channels."""

    def __init__(self, in_dim: int, out_dim: int, condition_dim: int, dtype: Any, *, rngs: nnx.Rngs):
        self.norms = nnx.List([Norm(width, condition_dim, rngs=rngs) for width in (in_dim, out_dim)])
        self.first = Conv(in_dim, out_dim, dtype=dtype, rngs=rngs)
        self.second = Conv(out_dim, out_dim, dtype=dtype, rngs=rngs)
        self.around = Dense(in_dim, out_dim, dtype=dtype, rngs=rngs) if in_dim != out_dim else None

    def __call__(self, h: Array, code: Array) -> Array:
        inner = self.first(jax.nn.silu(self.norms[0](h, code)))
        inner = self.second(jax.nn.silu(self.norms[1](inner, code)))
        return _HALF * ((h if self.around is None else self.around(h)) + inner)


class _Attention(nnx.Module):
    """``(h + softmax(q kᵀ/√c) v W)/√2`` over the pixels of one image, each with one head."""

    def __init__(self, width: int, dtype: Any, *, rngs: nnx.Rngs):
        self.norm = Norm(width, 0, rngs=rngs)
        self.inward = Dense(width, 3 * width, dtype=dtype, rngs=rngs)
        self.outward = Dense(width, width, dtype=dtype, rngs=rngs)

    def __call__(self, h: Array) -> Array:
        pixels = self.norm(h, h).reshape(len(h), -1, h.shape[-1])
        query, key, value = jnp.split(self.inward(pixels), 3, axis=-1)
        scores = jnp.einsum("nic,njc->nij", query, key).astype(self.inward.kernel.dtype) * h.shape[-1] ** -0.5
        seen = jnp.einsum("nij,njc->nic", jax.nn.softmax(scores).astype(value.dtype), value)
        return _HALF * (h + self.outward(seen).reshape(h.shape))


class _UNet(nnx.Module):
    def __init__(self, shape: ImageShape, width: int, depth: int, condition_dim: int, dtype: Any, *, rngs: nnx.Rngs):
        block = partial(_Block, condition_dim=condition_dim, dtype=dtype, rngs=rngs)
        conv = partial(Conv, dtype=dtype, rngs=rngs)
        self.shape, self.depth, self.sides = shape, depth, tuple(halvings(shape))
        self.sizes = {"noise": shape[0] * shape[1] * shape[2], "condition": condition_dim}
        channels = [width, *(2 * width for _ in self.sides[1:])]
        self.inward = conv(shape[2], width)
        down, smaller, kept = [], [], [width]
        for level, wide in enumerate(channels):
            for _ in range(depth):
                down.append(block(kept[-1], wide))
                kept.append(wide)
            if level + 1 < len(channels):
                smaller.append(conv(wide, wide))
                kept.append(wide)
        self.down, self.smaller = nnx.List(down), nnx.List(smaller)
        wide = channels[-1]
        self.middle = nnx.List([block(wide, wide), block(wide, wide)])
        # After every block of the coarsest picture, and between the middle ones.
        self.attention = nnx.List([_Attention(wide, dtype, rngs=rngs) for _ in range(2 * depth + 2)])
        up, larger = [], []
        for level in reversed(range(len(channels))):
            for _ in range(depth + 1):
                up.append(block(wide + kept.pop(), channels[level]))
                wide = channels[level]
            if level:
                larger.append(conv(wide, wide))
        self.up, self.larger = nnx.List(up), nnx.List(larger)
        self.norm = Norm(width, 0, rngs=rngs)
        self.outward = conv(width, shape[2])

    def __call__(self, x: Array) -> Array:
        noise, code = split_row(x, **self.sizes)
        attention = iter(self.attention)
        kept = self._downwards(as_images(noise, self.shape), code, attention)
        h = self.middle[1](next(attention)(self.middle[0](kept[-1], code)), code)
        h = self._upwards(h, kept, code, attention)
        h = self.outward(jax.nn.silu(self.norm(h, code)))
        return h.reshape(len(x), -1).astype(self.inward.kernel.dtype)

    def _downwards(self, noise: Array, code: Array, attention: Iterator[Any]) -> list[Array]:
        """All pictures on the way down, of which the way up sees each."""
        kept, blocks = [self.inward(noise)], iter(self.down)
        for level in range(len(self.sides)):
            coarsest = level + 1 == len(self.sides)
            for _ in range(self.depth):
                h = next(blocks)(kept[-1], code)
                kept.append(next(attention)(h) if coarsest else h)
            if not coarsest:
                kept.append(self.smaller[level](averaged(kept[-1])))
        return kept

    def _upwards(self, h: Array, kept: list[Array], code: Array, attention: Iterator[Any]) -> Array:
        blocks, waiting = iter(self.up), list(kept)
        for step, (height, breadth) in enumerate(reversed(self.sides)):
            if step:
                h = self.larger[step - 1](repeated(h)[:, :height, :breadth])
            for _ in range(self.depth + 1):
                h = next(blocks)(jnp.concatenate([h, waiting.pop()], axis=-1), code)
                h = h if step else next(attention)(h)
        return h


@recorded
def unet_generator(
    image_shape: ImageShape, width: int = 32, depth: int = 1, condition_dim: int = 0, dtype: Any = None
) -> Network:
    """A U-Net for images of 8 to 64 pixels, from noise of the image's own shape to an image.

    Encoder and decoder of residual blocks, with a skip from every picture on the way down to one on the way up. The finest
    pictures have ``width`` channels, all others twice as many; sides are halved until they are at most 7, by means of 2 × 2
    pixels and a convolution, and doubled by repeated pixels and a convolution. After every block of the coarsest picture its
    pixels attend to each other. Normalisation is group normalisation of each image by itself; a condition sets its scale and
    shift in every block. The output is linear.

    At defaults it has 1013633 parameters for 28 × 28 × 1 and 1401475 for 32 × 32 × 3 images.
    ``unet_generator((32, 32, 3), width=128, depth=2)`` has 32856707.

    Args:
        image_shape: (height, width, channels) of an image.
        width: channels of the finest pictures.
        depth: residual blocks of a size on the way down; on the way up there is one more.
        condition_dim: number of features of a condition, behind the noise in a row, such as the classes of ``one_hot``.
        dtype: the type to compute in, such as "bfloat16"; None for that of the parameters, float32. Parameters and output stay
            float32 whatever it is.

    Returns:
        The network, from (n, height·width·channels + condition_dim) to flat images (n, height·width·channels).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or a type that is none; from ``apply``, for other rows.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import unet_generator
        >>> net = unet_generator((8, 8, 1), width=8)
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 64))).shape
        (5, 64)

    Source: the U-Net of Ho, Jain and Abbeel 2020, arXiv 2006.11239, without its time; blocks with adaptive scale and shift as of
    Dhariwal and Nichol 2021, arXiv 2105.05233.
    """
    checks.count("width", width)
    checks.count("depth", depth)
    checks.count("condition_dim", condition_dim, least=0)
    shape, kind = checked_shape(image_shape), compute_dtype(dtype)
    return network(lambda rngs: _UNet(shape, width, depth, condition_dim, kind, rngs=rngs))
