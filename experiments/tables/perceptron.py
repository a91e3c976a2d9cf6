"""Plain perceptrons as the papers of the tables have them: no residual sums, and PyTorch's random start."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
from jaxtyping import Array

from igm_jax.base import Key, Network, Params


def perceptron(sizes: Sequence[int], activation: Callable[[Array], Array]) -> Network:
    """A perceptron with the activation between its layers, weights and biases from ``U[−1/√fan_in, 1/√fan_in]`` at first.

    Args:
        sizes: features in, units of each hidden layer, features out.
        activation: of the hidden layers, elementwise.

    Returns:
        The network, from (n, first) to (n, last).
    """

    def init(key: Key) -> Params:
        layers = []
        for (fan_in, fan_out), own in zip(pairwise(sizes), jax.random.split(key, len(sizes) - 1), strict=True):
            key_kernel, key_bias = jax.random.split(own)
            bound = fan_in**-0.5
            kernel = jax.random.uniform(key_kernel, (fan_in, fan_out), minval=-bound, maxval=bound)
            layers.append(
                {"kernel": kernel, "bias": jax.random.uniform(key_bias, (fan_out,), minval=-bound, maxval=bound)}
            )
        return layers

    return Network(init, lambda params, x: layered(params, x, activation))


def layered(layers: Params, x: Array, activation: Callable[[Array], Array]) -> Array:
    """Linear layers, a kernel and a bias each, with the activation between them."""
    for layer in layers[:-1]:
        x = activation(x @ layer["kernel"] + layer["bias"][None])
    return x @ layers[-1]["kernel"] + layers[-1]["bias"][None]
