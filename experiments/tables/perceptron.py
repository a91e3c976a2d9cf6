"""Plain perceptrons as the papers of the tables have them: no residual sums, and PyTorch's random start.

``igm_jax.networks`` computes a spectral norm anew at every call, which is exact and pure, and here, where networks are tiny, as
much work as the network itself. With singular vectors kept among the parameters, one power iteration a call is enough.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import optax
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


def uniform_layers(sizes: Sequence[int], key: Key) -> Params:
    """Weights and biases from ``U[-1/√fan_in, 1/√fan_in]``, the start that the authors' library gives."""
    layers = []
    for (fan_in, fan_out), own in zip(pairwise(sizes), jax.random.split(key, len(sizes) - 1), strict=True):
        rows = jax.random.uniform(own, (fan_in + 1, fan_out), minval=-1.0, maxval=1.0) / fan_in**0.5
        layers.append({"kernel": rows[1:], "bias": rows[0]})
    return layers


def leaky(layers: Params, x: Array) -> Array:
    """Layers with leaky rectifiers of slope 0.01 between them."""
    return layered(layers, x, partial(jax.nn.leaky_relu, negative_slope=0.01))


def leading(kernel: Array, left: Array) -> tuple[Array, Array]:
    """One power iteration for the leading singular vectors of a kernel, from the left one that is known."""
    right = _unit(kernel.T @ left)
    return _unit(kernel @ right), right


def _unit(vector: Array) -> Array:
    return vector / jnp.maximum(jnp.linalg.norm(vector), 1e-12)


def spectral_critic(sizes: Sequence[int]) -> Network:
    """A perceptron whose kernels are divided by their norms, estimated from singular vectors kept with the parameters."""

    def init(key: Key) -> Params:
        key_layers, key_vectors = jax.random.split(key)
        keys = jax.random.split(key_vectors, len(sizes) - 1)
        vectors = [_unit(jax.random.normal(own, (size,))) for own, size in zip(keys, sizes[:-1], strict=True)]
        return {"layers": uniform_layers(sizes, key_layers), "vectors": vectors}

    def normalised(layer: Params, vector: Array) -> Params:
        fixed = jax.lax.stop_gradient((layer["kernel"], vector))
        left, right = leading(*fixed)
        return {**layer, "kernel": layer["kernel"] / (left @ (layer["kernel"] @ right))}

    def apply(params: Params, x: Array) -> Array:
        layers = [normalised(*parts) for parts in zip(params["layers"], params["vectors"], strict=True)]
        return leaky(layers, x)[:, 0]

    return Network(init, apply)


def with_power_iterations(optimizer: optax.GradientTransformation, count: int = 2) -> optax.GradientTransformation:
    """The optimiser for the layers of a ``spectral_critic``; its singular vectors are moved by power iterations instead."""

    def init(params: Params) -> Any:
        return optimizer.init(params["layers"])

    def update(gradient: Params, state: Any, params: Any = None) -> tuple[Params, Any]:
        moves, state = optimizer.update(gradient["layers"], state, params["layers"])
        steps = []
        for layer, vector in zip(params["layers"], params["vectors"], strict=True):
            left = vector
            for _ in range(count):
                left, _ = leading(layer["kernel"], left)
            steps.append(left - vector)
        return {"layers": moves, "vectors": steps}, state

    return optax.GradientTransformation(init, update)  # pyrefly: ignore
