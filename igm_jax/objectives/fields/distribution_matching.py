"""Distribution matching distillation: a given denoiser of the data, a learned one of the model, at many levels of noise."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, Params, regression
from igm_jax.checks import Scalar
from igm_jax.lifts import no_witness, of_arrays
from igm_jax.objectives.adversarial.base import CriticState, Optimizer, check_network, descended
from igm_jax.objectives.fields.denoiser_difference import Denoiser, kernel_denoiser
from igm_jax.records import recorded

__all__ = ["distribution_matching"]

# The smallest mean displacement that the field is divided by, in units of the noise.
SMALLEST_SHARE = 1e-3


@recorded
def distribution_matching(
    network: Network, optimizer: Optimizer, low: float, high: float, data: Denoiser = kernel_denoiser
) -> Objective:
    """Distribution matching distillation: the score difference over a range of noise, its model's half learned.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with ``p_i = x_i + σε_i`` and
    ``v_i = (D_p(p_i; σ) - D_q(p_i; σ)) / mean_k |D_p(p_i; σ)_k - x_ik|``, ``log σ ~ U[log low, log high]`` anew in each step

    The denoiser of the model is ``D_q(p; σ) = p + σ N(p, log σ)``, N minimising ``mean_i ‖N(x_i + σε_i, log σ) + ε_i‖²``. That
    of the data is a diffusion model's, or by default the exact one of the minibatch. As in the paper, the difference is divided
    by how far the data's denoiser moves a sample, so that all levels count alike; its regression loss on pairs is left out.

    Args:
        network: from (n, d + 1), a sample and log σ, to (n, d), e.g. ``igm_jax.networks.mlp(d + 1, d)``.
        optimizer: its optax optimiser.
        low: the least σ > 0, in the units of the samples.
        high: the greatest, at least ``low``.
        data: ``(points, samples, sigma) -> (p, d)``, the denoiser of the data; ``samples`` are the minibatch of data.

    Returns:
        The objective; ``update`` reports ``model_error``, the network's loss. Its witness raises an error.

    Raises:
        TypeError: if ``network`` is not a ``Network``, ``optimizer`` not an optax optimiser, or ``data`` not a function.
        ValueError: for levels that are not positive or not in order, or, while running, a network whose output is not (n, d).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.distribution_matching(networks.mlp(3, 2, width=16), optax.rmsprop(1e-3), 0.1, 1.0)
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> list(info)
        ['model_error']

    Source: Yin et al., One-step Diffusion with Distribution Matching Distillation, arXiv 2311.18828.
    """
    check_network(network, optimizer)
    functions.is_function("data", data)
    if checks.positive("high", high) < checks.positive("low", low):
        raise ValueError(f"`high` must be at least `low`, but they are {high} and {low}; swap them")

    def noise(params: Params, points: Array, sigma: Array) -> Array:
        levels = jnp.full((len(points), 1), jnp.log(sigma), points.dtype)
        return functions.field("network", lambda p: network.apply(params, jnp.concatenate([p, levels], axis=1)), points)

    def noisy(key: Key, x: Array) -> tuple[Scalar, Array, Array]:
        key_level, key_noise = jax.random.split(key)
        share = jax.random.uniform(key_level, (), x.dtype)
        sigma = jnp.exp(math.log(low) + share * math.log(high / low))
        drawn = jax.random.normal(key_noise, x.shape, x.dtype)
        return sigma, drawn, x + sigma * drawn

    def init(key: Key, x: Array) -> CriticState:
        x = checks.samples("x", x)
        params = network.init(key)
        jax.eval_shape(lambda params: noise(params, x, jnp.ones((), x.dtype)), params)
        return CriticState(params, optimizer.init(params))

    def update(key: Key, state: CriticState, x: Array, y: Array) -> tuple[CriticState, Info]:
        x, _ = checks.pair(x, y)
        sigma, drawn, points = noisy(key, x)

        def error(params: Params) -> Array:
            return jnp.mean(jnp.sum(jnp.square(noise(params, points, sigma) + drawn), axis=1))

        state, value = descended(error, optimizer, state)
        return state, {"model_error": value}

    def loss(key: Key, state: CriticState, x: Array, y: Array) -> Array:
        fixed, y = checks.pair(jax.lax.stop_gradient(x), y)
        sigma, _, points = noisy(key, fixed)
        clean = functions.field("data", lambda p: data(p, y, sigma), points)
        moved = jnp.maximum(jnp.mean(jnp.abs(clean - fixed), axis=1, keepdims=True), SMALLEST_SHARE * sigma)
        return regression(x, (clean - points - sigma * noise(state.params, points, sigma)) / moved)

    return of_arrays(init, update, loss, no_witness("a network from samples to vectors need not be a gradient"))
