"""Perceptrons that read noise in every layer, beside what they are given."""

from collections.abc import Callable

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Network
from igm_jax.networks.functional import network
from igm_jax.networks.layers import Dense
from igm_jax.networks.layers import activation as activation_of
from igm_jax.records import recorded


class _Noisy(nnx.Module):
    def __init__(self, noise: int, in_dim: int, out_dim: int, width: int, depth: int, act: Callable, *, rngs: nnx.Rngs):
        sizes = [in_dim + noise, *[width + noise] * (depth - 1)]
        self.hidden = nnx.List([Dense(size, width, rngs=rngs) for size in sizes])
        self.outward = Dense(width, out_dim, rngs=rngs)
        self.noise, self.act = noise, act

    def __call__(self, rows: Array) -> Array:
        depth = len(self.hidden)
        noise, h = jnp.split(rows, [self.noise * depth], axis=1)
        for number, layer in enumerate(self.hidden):
            own = noise[:, number * self.noise : (number + 1) * self.noise]
            h = self.act(layer(jnp.concatenate([h, own], axis=1)))
        return self.outward(h)


def noisy_mlp_noise_size(noise: int, depth: int = 3) -> int:
    """How many numbers of noise a ``noisy_mlp`` reads for a sample: ``noise · depth``, others in each layer.

    Args:
        noise: features of noise in each hidden layer.
        depth: hidden layers.

    Returns:
        The number.

    Example:
        >>> from igm_jax.networks import noisy_mlp_noise_size
        >>> noisy_mlp_noise_size(10, depth=3)
        30
    """
    return checks.count("noise", noise) * checks.count("depth", depth)


@recorded
def noisy_mlp(
    noise: int,
    in_dim: int,
    out_dim: int,
    *,
    width: int = 100,
    depth: int = 3,
    activation: str | Callable[[Array], Array] = "relu",
) -> Network:
    """A perceptron every hidden layer of which reads fresh noise beside the layer before, as engression's.

    ``h_l = a(W_l [h_{l−1}, z_l] + b_l)``, ``h_0 = c``, ``out = W h_depth + b``

    Args:
        noise: features of noise z_l in each hidden layer.
        in_dim: features of the condition c; 0 for none.
        out_dim: features of a sample.
        width: units of each hidden layer.
        depth: hidden layers.
        activation: a name of ``igm_jax.networks.layers.ACTIVATIONS``, or a function.

    Returns:
        The network, from rows ``[z, c]`` of ``noisy_mlp_noise_size(noise, depth) + in_dim`` numbers to (n, out_dim): what
        ``conditional_pushforward(noisy_mlp(...), normal(noisy_mlp_noise_size(...)))`` gives it.

    Raises:
        TypeError, ValueError: for sizes that are not positive integers, or an unknown activation.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.distributions import normal
        >>> from igm_jax.generators import conditional_pushforward
        >>> from igm_jax.networks import noisy_mlp, noisy_mlp_noise_size
        >>> generator = conditional_pushforward(noisy_mlp(4, 2, 1, width=16), normal(noisy_mlp_noise_size(4)))
        >>> params = generator.init(jax.random.key(0))
        >>> generator.sample(params, jax.random.key(1), jnp.zeros((5, 2)), 3).shape
        (5, 3, 1)

    Source: Shen and Meinshausen, Engression: Extrapolation through the Lens of Distributional Regression, arXiv 2307.00835.
    """
    for name, size in {"noise": noise, "out_dim": out_dim, "width": width, "depth": depth}.items():
        checks.count(name, size)
    checks.count("in_dim", in_dim, least=0)
    act = activation_of(activation)
    return network(lambda rngs: _Noisy(noise, in_dim, out_dim, width, depth, act, rngs=rngs))
