"""The generator and its optimiser."""

import dataclasses
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.configs.choices import ImageShape, Pairs, Space, later_option
from experiments.configs.images import channels, computing_in, for_images_only
from igm_jax import Generator, Network, checks, distributions
from igm_jax.base import ConditionalGenerator, Key
from igm_jax.generators import conditional_pushforward, pushforward
from igm_jax.networks import (
    conv_generator,
    fourier,
    mlp,
    residual_generator,
    style_generator,
    style_noise_size,
    unet_generator,
)


@dataclasses.dataclass(frozen=True)
class Pushforward:
    """The generator: normal noise through a network."""

    latent: int | None = None
    """Features of the noise; by default as many as the data have, up to 16. A U-Net takes as many as the image has."""
    width: int = 128
    """Units of a hidden layer; for images, a quarter of it is the channels of the largest pictures."""
    depth: int = 3
    """Hidden layers, for samples that are no images."""
    frequencies: int = 64
    """Fourier features of the noise, for samples that are no images; 0 for none."""
    network: Literal["convolutional", "residual", "unet", "style"] = later_option("convolutional")
    """The network for images: small, SNGAN's, a U-Net or StyleGAN2's, each slower than the one before."""
    dtype: Literal["float32", "bfloat16"] = later_option("float32")
    """The type that the network for images computes in; parameters and samples are of float32."""
    blocks: int = later_option(1)
    """Residual blocks of a U-Net at each size of its pictures."""

    def build(self, space: Space) -> Generator:
        """The generator for data of this shape: one of the networks for images, else a perceptron."""
        if space.image_shape is not None:
            network, latent = self._of_images(space.image_shape)
            return pushforward(network, distributions.normal(latent))
        for_images_only("generator", self)
        latent = self._latent(space.dim)
        features = latent + 2 * checks.count("frequencies", self.frequencies, least=0)
        network = mlp(features, space.dim, width=self.width, depth=self.depth)
        if self.frequencies:
            network = fourier(network, latent, num_frequencies=self.frequencies)
        return pushforward(network, distributions.normal(latent))

    def _latent(self, dim: int) -> int:
        return min(dim, 16) if self.latent is None else checks.count("latent", self.latent)

    def _of_images(self, shape: ImageShape) -> tuple[Network, int]:
        """The network, and how many features of noise it reads."""
        checks.choice("network", self.network, ("convolutional", "residual", "unet", "style"))
        size, width, options = math.prod(shape), channels(self.width), computing_in(self.dtype)
        if self.network != "unet" and self.blocks != 1:
            raise ValueError(
                f"`blocks` are those of a U-Net, but the network is {self.network}; leave `--generator.blocks` out, or take"
                " `--generator.network unet`"
            )
        if self.network == "unet":
            if self.latent not in (None, size):
                raise ValueError(
                    f"`latent` must be {size} with the network unet, whose noise has the shape of the image, but is"
                    f" {self.latent}; leave `--generator.latent` out"
                )
            return unet_generator(shape, width, checks.count("blocks", self.blocks), **options), size
        latent = self._latent(size)
        if self.network == "style":
            return style_generator(latent, shape, width, **options), latent + style_noise_size(shape)
        make = conv_generator if self.network == "convolutional" else residual_generator
        return make(latent, shape, width=width, **options), latent

    def given(self, space: Space, pairs: Pairs) -> ConditionalGenerator:
        """The generator of values given conditions, of which a pair of this space is made: a perceptron."""
        for_images_only("generator", self)
        codes = pairs.conditions.shape[1]
        latent = self._latent(space.dim - codes)
        features = latent + codes + 2 * checks.count("frequencies", self.frequencies, least=0)
        network = mlp(features, space.dim - codes, width=self.width, depth=self.depth)
        if self.frequencies:
            network = fourier(network, latent + codes, num_frequencies=self.frequencies)
        return conditional_pushforward(network, distributions.normal(latent))


def paired(generator: ConditionalGenerator, conditions: np.ndarray) -> Generator:
    """The generator of pairs (value, condition), under conditions drawn from some."""

    def sample(params: Any, key: Key, n: int) -> Array:
        key_condition, key_value = jax.random.split(key)
        drawn = jnp.asarray(conditions)[jax.random.randint(key_condition, (n,), 0, len(conditions))]
        return jnp.concatenate([generator.sample(params, key_value, drawn, 1)[:, 0], drawn], axis=1)

    return Generator(generator.init, sample)


@dataclasses.dataclass(frozen=True)
class Adam:
    """The generator's optimiser."""

    rate: float | None = 1e-3
    """Learning rate; None leaves it to a comparison, which gives all objectives the target's own."""
    b1: float = 0.5
    """Memory of the gradient."""
    b2: float = 0.99
    """Memory of its square."""
    clip: float | None = None
    """Largest norm of the gradient, if any."""

    def build(self, steps: int | None = None) -> optax.GradientTransformation:
        """The optax transformation; over ``steps``, if given, the rate falls to zero along a cosine."""
        if self.rate is None:
            raise ValueError("`rate` must be a positive number, but is None; give one, e.g. `--optimizer.rate 0.003`")
        rate = checks.positive("rate", self.rate)
        adam = optax.adam(rate if steps is None else optax.cosine_decay_schedule(rate, steps), b1=self.b1, b2=self.b2)
        if self.clip is None:
            return adam
        return optax.chain(optax.clip_by_global_norm(checks.positive("clip", self.clip)), adam)
