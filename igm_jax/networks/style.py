"""The generator and the critic of StyleGAN2 for images of 8 to 64 pixels, from flat rows to flat rows.

Weights begin at the scale at which each layer keeps the spread of its input, and are trained as they are. StyleGAN2 draws all of
them from the unit normal law and multiplies them by that scale in every call (equalised learning rate), so that there a step of
Adam moves a weight by about the learning rate times the scale, and in the mapping a hundred times less; here by about the rate.
"""

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Network
from igm_jax.networks.filters import interpolated, smoothed
from igm_jax.networks.functional import network
from igm_jax.networks.layers import Dense, compute_dtype
from igm_jax.networks.modulation import Modulated, leaky, normalised
from igm_jax.networks.pixels import Conv, ImageShape, as_images, checked_shape, halvings, split_row
from igm_jax.records import recorded

_HALF = 0.5**0.5


class _Layer(nnx.Module):
    """A modulated convolution, noise of its own for each pixel, a bias and the activation."""

    def __init__(self, style_dim: int, in_dim: int, out_dim: int, noisy: bool, dtype: Any, *, rngs: nnx.Rngs):
        self.conv = Modulated(style_dim, in_dim, out_dim, 3, dtype, rngs=rngs)
        self.bias = nnx.Param(jnp.zeros((out_dim,)))
        self.strength = nnx.Param(jnp.zeros(())) if noisy else None

    def __call__(self, h: Array, style: Array, noise: Array | None) -> Array:
        h = self.conv(h, style)
        if self.strength is not None and noise is not None:
            h = h + (self.strength[...] * noise).astype(h.dtype).reshape(*h.shape[:3], 1)
        return leaky(h + self.bias[...].astype(h.dtype)[None, None, None])


class _Colours(nnx.Module):
    """A picture's channels as colours, each image in its style."""

    def __init__(self, style_dim: int, in_dim: int, colours: int, scale: float, dtype: Any, *, rngs: nnx.Rngs):
        self.conv = Modulated(style_dim, in_dim, colours, 1, dtype, scale=scale, rngs=rngs)
        self.bias = nnx.Param(jnp.zeros((colours,)))

    def __call__(self, h: Array, style: Array) -> Array:
        return self.conv(h, style).astype(self.bias.dtype) + self.bias[...][None, None, None]


class _Mapping(nnx.Module):
    """Latent features, normalised, and a code of the condition, normalised too, to a style."""

    def __init__(self, latent_dim: int, style_dim: int, condition_dim: int, depth: int, *, rngs: nnx.Rngs):
        self.code = Dense(condition_dim, latent_dim, rngs=rngs) if condition_dim else None
        dims = [latent_dim * (2 if condition_dim else 1), *(style_dim for _ in range(depth))]
        self.layers = nnx.List([Dense(a, b, rngs=rngs) for a, b in pairwise(dims)])

    def __call__(self, z: Array, condition: Array) -> Array:
        h = normalised(z)
        if self.code is not None:
            h = jnp.concatenate([h, normalised(self.code(condition))], axis=1)
        for layer in self.layers:
            h = leaky(layer(h))
        return h


class _Generator(nnx.Module):
    def __init__(
        self,
        sizes: dict[str, int],
        shape: ImageShape,
        width: int,
        depth: int,
        dtype: Any,
        *,
        rngs: nnx.Rngs,
    ):
        self.sizes, self.sides = sizes, tuple(reversed(halvings(shape)))
        style, noisy = 4 * width, sizes["noise"] > 0
        channels = _channels(width, len(self.sides))[::-1]
        self.mapping = _Mapping(sizes["latent"], style, sizes["condition"], depth, rngs=rngs)
        self.start = nnx.Param(jax.random.normal(rngs.params(), (*self.sides[0], channels[0])))
        inner = [(channels[0], channels[0])]
        for coarse, fine in pairwise(channels):
            inner += [(coarse, fine), (fine, fine)]
        self.layers = nnx.List([_Layer(style, a, b, noisy, dtype, rngs=rngs) for a, b in inner])
        # A style doubles the mean square, and all sizes are added: so that the image begins with about one.
        scale = (2 * len(channels)) ** -0.5
        self.colours = nnx.List([_Colours(style, wide, shape[2], scale, dtype, rngs=rngs) for wide in channels])

    def __call__(self, x: Array) -> Array:
        z, noise, condition = split_row(x.astype(self.start.dtype), **self.sizes)
        style = self.mapping(z, condition)
        layers, used = iter(self.layers), 0
        h = jnp.broadcast_to(self.start[...][None], (len(x), *self.start.shape))
        image: Any = None
        for step, (height, breadth) in enumerate(self.sides):
            if step:
                h, image = (interpolated(part)[:, :height, :breadth] for part in (h, image))
            for _ in range(2 if step else 1):
                size = height * breadth
                h = next(layers)(h, style, noise[:, used : used + size] if noise.shape[1] else None)
                used += size
            coloured = self.colours[step](h, style)
            image = coloured if image is None else image + coloured
        return image.reshape(len(x), -1)


def _channels(width: int, levels: int) -> list[int]:
    """From fine to coarse: twice as many at every halving, up to four times."""
    return [width * min(2**level, 4) for level in range(levels)]


class _Block(nnx.Module):
    """``(W·smoothed(h) + a(conv(smoothed(a(conv(h))))))/√2``."""

    def __init__(self, in_dim: int, out_dim: int, dtype: Any, *, rngs: nnx.Rngs):
        self.first = Conv(in_dim, in_dim, dtype=dtype, rngs=rngs)
        self.second = Conv(in_dim, out_dim, dtype=dtype, rngs=rngs)
        self.around = Dense(in_dim, out_dim, dtype=dtype, rngs=rngs)

    def __call__(self, h: Array) -> Array:
        inner = leaky(self.second(smoothed(leaky(self.first(h)))))
        return _HALF * (self.around(smoothed(h)) + inner)


class _Critic(nnx.Module):
    def __init__(self, shape: ImageShape, width: int, spread: bool, dtype: Any, *, rngs: nnx.Rngs):
        sides = halvings(shape)
        channels = _channels(width, len(sides))
        self.shape, self.spread, wide = shape, spread, channels[-1]
        self.inward = Dense(shape[2], width, dtype=dtype, rngs=rngs)
        self.blocks = nnx.List([_Block(a, b, dtype, rngs=rngs) for a, b in pairwise(channels)])
        self.last = Conv(wide + spread, wide, dtype=dtype, rngs=rngs)
        self.flat = Dense(sides[-1][0] * sides[-1][1] * wide, wide, dtype=dtype, rngs=rngs)
        self.outward = Dense(wide, 1, rngs=rngs)

    def __call__(self, x: Array) -> Array:
        h = leaky(self.inward(as_images(x, self.shape)))
        for block in self.blocks:
            h = block(h)
        if self.spread:
            h = jnp.concatenate([h, _spread_of(h)], axis=-1)
        h = leaky(self.last(h))
        return self.outward(leaky(self.flat(h.reshape(len(x), -1))))[:, 0]


def _spread_of(h: Array) -> Array:
    """A channel with the standard deviation over all samples, averaged over pixels and channels."""
    wide = h.astype(jnp.promote_types(h.dtype, jnp.float32))
    spread = jnp.mean(jnp.sqrt(jnp.var(wide, axis=0) + 1e-8))
    return jnp.broadcast_to(spread.astype(h.dtype), (*h.shape[:3], 1))


def style_noise_size(image_shape: ImageShape) -> int:
    """How many numbers of noise ``style_generator`` reads for an image: one for every pixel of each of its convolutions.

    Args:
        image_shape: (height, width, channels) of an image.

    Returns:
        The number: the pixels of the coarsest picture, and twice those of all others.

    Raises:
        TypeError, ValueError: for sizes that are not positive integers.

    Example:
        >>> from igm_jax.networks import style_noise_size
        >>> style_noise_size((8, 8, 1))  # 4 · 4 + 2 · 8 · 8
        144
    """
    coarsest, *others = [height * breadth for height, breadth in reversed(halvings(checked_shape(image_shape)))]
    return coarsest + 2 * sum(others)


@recorded
def style_generator(
    latent_dim: int,
    image_shape: ImageShape,
    width: int = 32,
    depth: int = 4,
    condition_dim: int = 0,
    noise: bool = True,
    dtype: Any = None,
) -> Network:
    """The generator of StyleGAN2 for images of 8 to 64 pixels: a learned picture, convolved in the style of the latent features.

    Latent features, normalised, pass a perceptron, the mapping. Its output sets the scales of the input channels of every
    convolution, whose kernels are then brought to norm one (demodulated). From the coarsest picture, whose sides are at most 7,
    pictures are doubled by bilinear interpolation, two convolutions a size; each size adds its colours to the interpolated image.
    The finest picture has ``width`` channels, the next coarser one twice as many, others four times. The output is linear.

    A network is a pure function of its rows, so noise for each pixel comes in them, too: a row holds the latent features, then
    ``style_noise_size(image_shape)`` of noise, then the condition; take ``normal(latent_dim + style_noise_size(image_shape))``
    for the base. How strongly each convolution is moved by noise is learned, from zero on.

    At defaults with 128 latent features it has 441128 parameters for 28 × 28 × 1 and 782451 for 32 × 32 × 3 images.

    Args:
        latent_dim: number of latent features, without the noise.
        image_shape: (height, width, channels) of an image.
        width: channels of the finest picture; the mapping has four times as many units a layer.
        depth: layers of the mapping.
        condition_dim: number of features of a condition, at the end of a row, such as the classes of ``one_hot``.
        noise: whether rows hold noise for each pixel.
        dtype: the type to compute pictures in, such as "bfloat16"; None for that of the parameters, float32. Styles, colours,
            parameters and output stay float32 whatever it is.

    Returns:
        The network, from (n, latent_dim + noise + condition_dim) to flat images (n, height·width·channels).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or a type that is none; from ``apply``, for other rows.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import style_generator, style_noise_size
        >>> net, size = style_generator(16, (8, 8, 1), width=4), style_noise_size((8, 8, 1))
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 16 + size))).shape
        (5, 64)

    Source: Karras et al. 2020, Analyzing and improving the image quality of StyleGAN, arXiv 1912.04958, without its equalised
    learning rate and mixed styles.
    """
    checks.count("latent_dim", latent_dim)
    checks.count("width", width)
    checks.count("depth", depth)
    checks.count("condition_dim", condition_dim, least=0)
    shape, kind = checked_shape(image_shape), compute_dtype(dtype)
    sizes = {"latent": latent_dim, "noise": style_noise_size(shape) if noise else 0, "condition": condition_dim}
    return network(lambda rngs: _Generator(sizes, shape, width, depth, kind, rngs=rngs))


@recorded
def style_critic(image_shape: ImageShape, width: int = 32, batch_spread: bool = False, dtype: Any = None) -> Network:
    """The residual critic of StyleGAN2 for images of 8 to 64 pixels.

    Each block has two 3 × 3 convolutions and a skip, summed and divided by √2, and halves the picture after the filter
    (1, 3, 3, 1)/8 until its sides are at most 7; then come a convolution, a layer and a number. The finest picture has ``width``
    channels, the next coarser one twice as many, others four times; leaky ReLU of slope 0.2, times √2.

    At defaults it has 1099681 parameters for 28 × 28 × 1 and 870753 for 32 × 32 × 3 images.

    Args:
        image_shape: (height, width, channels) of an image.
        width: channels of the finest picture.
        batch_spread: whether the last convolution also sees the standard deviation of the whole batch. Then the value of a sample
            depends on all others, so gradient penalties and objectives that take each sample alone no longer mean what they say.
        dtype: the type to compute in, such as "bfloat16"; None for that of the parameters, float32. Parameters and output stay
            float32 whatever it is.

    Returns:
        The network, from flat images (n, height·width·channels) to (n,).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or a type that is none; from ``apply``, for images of
            another size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import style_critic
        >>> critic = style_critic((8, 8, 1), width=4)
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 64))).shape
        (5,)

    Source: Karras et al. 2020, Analyzing and improving the image quality of StyleGAN, arXiv 1912.04958, without its equalised
    learning rate.
    """
    checks.count("width", width)
    shape, kind = checked_shape(image_shape), compute_dtype(dtype)
    return network(lambda rngs: _Critic(shape, width, batch_spread, kind, rngs=rngs))
