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

    def apply(params: Params, x: Array) -> Array:
        for layer in params[:-1]:
            x = activation(x @ layer["kernel"] + layer["bias"][None])
        return x @ params[-1]["kernel"] + params[-1]["bias"][None]

    return Network(init, apply)
