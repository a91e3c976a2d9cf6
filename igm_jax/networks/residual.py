"""Residual generators and critics for images of 8 to 64 pixels, as those of SNGAN, from flat rows to flat rows."""

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

# Half of what a layer is given does not pass a rectifier.
_AFTER_RELU = 2**0.5


class _Up(nnx.Module):
    """``doubled(h)·W + conv(relu(norm(conv(doubled(relu(norm(h)))))))``, cropped to given sides."""

    def __init__(self, width: int, condition_dim: int, dtype: Any, *, rngs: nnx.Rngs):
        norm = partial(Norm, width, condition_dim, rngs=rngs)
        self.norms = nnx.List([norm(), norm()])
        self.first, self.second = (Conv(width, width, scale=_AFTER_RELU, dtype=dtype, rngs=rngs) for _ in range(2))
        self.around = Dense(width, width, dtype=dtype, rngs=rngs)

    def __call__(self, h: Array, code: Array, height: int, breadth: int) -> Array:
        def larger(h: Array) -> Array:
            return repeated(h)[:, :height, :breadth]

        inner = self.first(larger(jax.nn.relu(self.norms[0](h, code))))
        inner = self.second(jax.nn.relu(self.norms[1](inner, code)))
        return larger(self.around(h)) + inner  # in this order: a matrix on each pixel, on a quarter of them


class _Generator(nnx.Module):
    def __init__(
        self, latent_dim: int, shape: ImageShape, width: int, condition_dim: int, dtype: Any, *, rngs: nnx.Rngs
    ):
        self.sides = tuple(reversed(halvings(shape)))
        self.sizes = {"latent": latent_dim, "condition": condition_dim}
        height, breadth = self.sides[0]
        self.inward = Dense(latent_dim, height * breadth * width, dtype=dtype, rngs=rngs)
        self.blocks = nnx.List([_Up(width, condition_dim, dtype, rngs=rngs) for _ in self.sides[1:]])
        self.norm = Norm(width, 0, rngs=rngs)
        self.outward = Conv(width, shape[2], dtype=dtype, rngs=rngs)

    def __call__(self, x: Array) -> Array:
        z, code = split_row(x, **self.sizes)
        height, breadth = self.sides[0]
        h = self.inward(z).reshape(len(z), height, breadth, -1)
        for block, sides in zip(self.blocks, self.sides[1:], strict=True):
            h = block(h, code, *sides)
        h = self.outward(jax.nn.relu(self.norm(h, code)))
        return h.reshape(len(z), -1).astype(self.inward.kernel.dtype)


class _Down(nnx.Module):
    """``W·h + conv(relu(conv(relu(h))))``, both halved in size; the first of all lets ``h`` through as it is."""

    def __init__(self, in_dim: int, width: int, smaller: bool, first: bool, **options: Any):
        self.first = Conv(in_dim, width, scale=1.0 if first else _AFTER_RELU, **options)
        self.second = Conv(width, width, scale=_AFTER_RELU, **options)
        self.around = Dense(in_dim, width, **options) if smaller else None
        self.smaller, self.is_first = smaller, first

    def __call__(self, h: Array) -> Array:
        inner = self.second(jax.nn.relu(self.first(h if self.is_first else jax.nn.relu(h))))
        if self.around is None:
            return h.astype(inner.dtype) + inner
        return self.around(averaged(h)) + averaged(inner)


class _Critic(nnx.Module):
    def __init__(self, shape: ImageShape, width: int, spectral: bool, dtype: Any, *, rngs: nnx.Rngs):
        options: dict[str, Any] = {"spectral": spectral, "dtype": dtype, "rngs": rngs}
        sides = halvings(shape, largest=8)
        down = [_Down(shape[2] if i == 0 else width, width, True, i == 0, **options) for i in range(len(sides) - 1)]
        self.blocks = nnx.List([*down, *(_Down(width, width, False, False, **options) for _ in range(2))])
        # The sum over all pixels begins as their mean; spectral normalisation undoes this, as it must.
        self.outward = Dense(width, 1, scale=1 / (sides[-1][0] * sides[-1][1]), **options)
        self.shape = shape

    def __call__(self, x: Array) -> Array:
        h = as_images(x, self.shape)
        for block in self.blocks:
            h = block(h)
        wide = self.outward.kernel.dtype
        return self.outward(jnp.sum(jax.nn.relu(h).astype(wide), (1, 2)))[:, 0].astype(wide)


@recorded
def residual_generator(
    latent_dim: int, image_shape: ImageShape, width: int = 32, condition_dim: int = 0, dtype: Any = None
) -> Network:
    """The residual generator of SNGAN for images of 8 to 64 pixels: blocks that double a coarse picture.

    A matrix makes a picture whose sides are the image's, halved until they are at most 7 (28 × 28 grows from 7 × 7, 32 × 32
    from 4 × 4). Each block repeats pixels and adds two 3 × 3 convolutions; sides that do not come out are cropped. All
    pictures have ``width`` channels. The output is linear.

    Normalisation is group normalisation of each image by itself, in the place of SNGAN's batch normalisation, whose samples
    depend on each other. A condition, the last features of a row, sets its scale and shift in every block.

    At defaults with 128 latent features it has 241985 parameters for 28 × 28 × 1 and 126019 for 32 × 32 × 3 images.
    ``residual_generator(128, (32, 32, 3), width=256)`` has 4276739, as SNGAN's for CIFAR-10.

    Args:
        latent_dim: number of features of the base distribution.
        image_shape: (height, width, channels) of an image.
        width: channels of all pictures.
        condition_dim: number of features of a condition, behind the latent ones in a row, such as the classes of ``one_hot``.
        dtype: the type to compute in, such as "bfloat16"; None for that of the parameters, float32. Parameters and output stay
            float32 whatever it is.

    Returns:
        The network, from (n, latent_dim + condition_dim) to flat images (n, height·width·channels).

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or a type that is none; from ``apply``, for other rows.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.networks import residual_generator
        >>> net = residual_generator(16, (8, 8, 1), width=8)
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 16))).shape
        (5, 64)

    Source: Miyato et al. 2018, Spectral normalization for generative adversarial networks, arXiv 1802.05957.
    """
    checks.count("latent_dim", latent_dim)
    checks.count("width", width)
    checks.count("condition_dim", condition_dim, least=0)
    shape, kind = checked_shape(image_shape), compute_dtype(dtype)
    return network(lambda rngs: _Generator(latent_dim, shape, width, condition_dim, kind, rngs=rngs))


@recorded
def residual_critic(
    image_shape: ImageShape, width: int = 32, spectral_norm: bool = False, dtype: Any = None
) -> Network:
    """The residual critic of SNGAN for images of 8 to 64 pixels: blocks that halve the picture, then a sum over its pixels.

    Each block adds two 3 × 3 convolutions after rectifiers, and takes means of 2 × 2 pixels until the sides are at most 8; two
    more blocks keep them. All pictures have ``width`` channels. With ``spectral_norm`` every matrix is divided by its largest
    singular value, those of the convolutions as (9·inputs, outputs), as in the paper.

    At defaults it has 66209 parameters for 28 × 28 × 1 and 66849 for 32 × 32 × 3 images.
    ``residual_critic((32, 32, 3), width=128, spectral_norm=True)`` has 1053825, as SNGAN's for CIFAR-10.

    Args:
        image_shape: (height, width, channels) of an image.
        width: channels of all pictures.
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
        >>> from igm_jax.networks import residual_critic
        >>> critic = residual_critic((8, 8, 1), width=8)
        >>> critic.apply(critic.init(jax.random.key(0)), jnp.ones((5, 64))).shape
        (5,)

    Source: Miyato et al. 2018, Spectral normalization for generative adversarial networks, arXiv 1802.05957.
    """
    checks.count("width", width)
    shape, kind = checked_shape(image_shape), compute_dtype(dtype)
    return network(lambda rngs: _Critic(shape, width, spectral_norm, kind, rngs=rngs))
