"""The score difference in its learned form: one network each for data and model, trained by denoising as the samples move."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, Params, regression
from igm_jax.checks import ArrayLike
from igm_jax.lifts import no_witness, of_arrays
from igm_jax.objectives.adversarial.base import CriticState, Optimizer, check_network, descended
from igm_jax.objectives.fields.denoiser_difference import Denoiser, denoiser_difference_field
from igm_jax.records import recorded

__all__ = ["learned_score_difference"]


class ScoreNetworks(NamedTuple):
    """What the objective remembers: each network's parameters and optimiser."""

    data: CriticState
    model: CriticState


@recorded
def learned_score_difference(network: Network, optimizer: Optimizer, sigma: ArrayLike) -> Objective:
    """The difference of two learned scores, of the data and of the model, both with noise.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with ``v = (N_p(x) - N_q(x)) / σ``, each network minimising
    ``mean_i ‖N(s_i + σε_i) + ε_i‖²`` over its samples s, ``ε_i ~ N(0, I)``

    So N/σ learns the score of the noisy samples, and ``D(x) = x + σ N(x)`` their denoiser: v is ``(D_p - D_q)/σ²``, the field of
    ``denoiser_difference``. Memory and time do not grow with pairs.

    Args:
        network: from (n, d) to (n, d), e.g. ``igm_jax.networks.mlp(d, d)``; one set of parameters each for data and model.
        optimizer: the optax optimiser of both.
        sigma: σ > 0, the noise's standard deviation, in the units of the samples.

    Returns:
        The objective; ``update`` reports ``data_error`` and ``model_error``, the networks' losses. Its witness raises an error.

    Raises:
        TypeError: if ``network`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for noise that is not positive, or, while running, a network whose output is not (n, d).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.learned_score_difference(networks.mlp(2, 2, width=16), optax.rmsprop(1e-3), 0.5)
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state = objective.init(jax.random.key(0), x)
        >>> state, info = objective.update(jax.random.key(1), state, x, y)
        >>> sorted(info)
        ['data_error', 'model_error']

    Source: Weber, arXiv 2304.12906; the networks' loss, Vincent, A Connection Between Score Matching and Denoising
    Autoencoders, Neural Computation 23 (2011).
    """
    check_network(network, optimizer)
    checks.positive("sigma", sigma)

    def denoiser(params: Params) -> Denoiser:
        return lambda points, samples, sigma: points + sigma * network.apply(params, points)

    def begun(key: Key, x: Array) -> CriticState:
        params = network.init(key)
        jax.eval_shape(lambda params: functions.field("network", lambda x: network.apply(params, x), x), params)
        return CriticState(params, optimizer.init(params))

    def init(key: Key, x: Array) -> ScoreNetworks:
        x = checks.samples("x", x)
        return ScoreNetworks(*(begun(key, x) for key in jax.random.split(key)))

    def learn(key: Key, state: CriticState, samples: Array) -> tuple[CriticState, Array]:
        noise = jax.random.normal(key, samples.shape, samples.dtype)
        noisy = samples + jnp.asarray(sigma).astype(samples.dtype) * noise

        def error(params: Params) -> Array:
            return jnp.mean(jnp.sum(jnp.square(network.apply(params, noisy) + noise), axis=1))

        return descended(error, optimizer, state)

    def update(key: Key, state: ScoreNetworks, x: Array, y: Array) -> tuple[ScoreNetworks, Info]:
        x, y = checks.pair(x, y)
        key_data, key_model = jax.random.split(key)
        data, data_error = learn(key_data, state.data, y)
        model, model_error = learn(key_model, state.model, x)
        return ScoreNetworks(data, model), {"data_error": data_error, "model_error": model_error}

    def loss(key: Key, state: ScoreNetworks, x: Array, y: Array) -> Array:
        del key
        data, model = denoiser(state.data.params), denoiser(state.model.params)
        fixed = jax.lax.stop_gradient(x)
        return regression(x, denoiser_difference_field(fixed, fixed, y, sigma, data=data, model=model))

    return of_arrays(init, update, loss, no_witness("a network from samples to vectors need not be a gradient"))
