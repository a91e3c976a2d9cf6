"""The generator and its optimiser."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.configs.choices import Pairs, Space
from igm_jax import Generator, checks, distributions
from igm_jax.base import ConditionalGenerator, Key
from igm_jax.generators import conditional_pushforward, pushforward
from igm_jax.networks import conv_generator, fourier, mlp


@dataclasses.dataclass(frozen=True)
class Pushforward:
    """The generator: normal noise through a network."""

    latent: int | None = None
    """Features of the noise; by default as many as the data have, up to 16."""
    width: int = 128
    """Units of a hidden layer; for images, a quarter of it is the channels of the picture of half the size."""
    depth: int = 3
    """Hidden layers, for samples that are no images."""
    frequencies: int = 64
    """Fourier features of the noise, for samples that are no images; 0 for none."""

    def build(self, space: Space) -> Generator:
        """The generator for data of this shape: a small convolutional network for images, else a perceptron."""
        latent = min(space.dim, 16) if self.latent is None else checks.count("latent", self.latent)
        if space.image_shape is not None:
            network = conv_generator(latent, space.image_shape, width=max(1, self.width // 4))
        else:
            features = latent + 2 * checks.count("frequencies", self.frequencies, least=0)
            network = mlp(features, space.dim, width=self.width, depth=self.depth)
            if self.frequencies:
                network = fourier(network, latent, num_frequencies=self.frequencies)
        return pushforward(network, distributions.normal(latent))

    def given(self, space: Space, pairs: Pairs) -> ConditionalGenerator:
        """The generator of values given conditions, of which a pair of this space is made: a perceptron."""
        codes = pairs.conditions.shape[1]
        latent = min(space.dim - codes, 16) if self.latent is None else checks.count("latent", self.latent)
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
