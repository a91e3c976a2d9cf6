"""What all objectives with a learned critic share: their state, their one step, checks and gradient penalties.

A critic is a network from samples (n, d) to numbers (n,), high on data. Such an objective is two formulas, the critic's
loss and the generator's loss of the critic's output at one sample; the latter is also its witness, so that the velocity
is exactly minus the witness's gradient.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective, Params

Critic = Callable[[Array], Array]
"""``points -> (n,)``: a critic with its parameters filled in; each output depends on its own sample alone."""


class CriticState(NamedTuple):
    """What an adversarial objective remembers: the critic's parameters and its optimiser's state."""

    params: Params
    optimizer_state: Any


def adversarial(
    critic: Network,
    optimizer: optax.GradientTransformation,
    critic_loss: Callable[[Key, Critic, Array, Array], tuple[Array, Info]],
    generator_loss: Callable[[Array], Array],
) -> Objective:
    """The objective of a critic that is trained against the generator, one optimiser step an update.

    ``loss = mean_i generator_loss(D(x_i))``,  ``witness(point) = generator_loss(D(point))``

    Args:
        critic: network from (n, d) to (n,).
        optimizer: the critic's optax optimiser.
        critic_loss: ``(key, critic, x, y) -> (scalar, info)``, what the critic minimises, and scalars to report.
        generator_loss: elementwise, what the generator minimises as a function of the critic's outputs.

    Returns:
        The objective. Its state is a ``CriticState``; ``update`` reports ``critic_loss``, ``critic_gap`` (the critic's mean
        on data minus that on samples) and what ``critic_loss`` adds.

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: while running, for critics whose output is not (n,), and for samples that are not (n, d).

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.critics import adversarial
        >>> mean_gap = lambda key, critic, x, y: (critic(x).mean() - critic(y).mean(), {})
        >>> objective = adversarial(mlp_critic(2), optax.sgd(1e-2), mean_gap, jnp.negative)
    """
    check_parts(critic, optimizer)

    def evaluate(params: Params, points: Array) -> Array:
        out = critic.apply(params, points)
        if out.shape != (len(points),):
            raise ValueError(
                f"a critic must give one number a sample, shape ({len(points)},), but gave {out.shape} for samples"
                f" {points.shape}; use `mlp_critic` or `conv_critic`, or wrap a network of one output in `squeeze`"
            )
        return out

    def init(key: Key, x: Array) -> CriticState:
        x = checks.samples("x", x)
        params = critic.init(key)
        jax.eval_shape(evaluate, params, x)  # a critic that does not fit fails here, before any work
        return CriticState(params, optimizer.init(params))

    def update(key: Key, state: CriticState, x: Array, y: Array) -> tuple[CriticState, Info]:
        x, y = checks.pair(x, y)

        def objective(params: Params) -> tuple[Array, Info]:
            return critic_loss(key, lambda points: evaluate(params, points), x, y)

        state, (value, info) = descended(objective, optimizer, state, has_aux=True)
        return state, {"critic_loss": value, **info}

    def loss(key: Key, state: CriticState, x: Array, y: Array) -> Array:
        del key
        x, y = checks.pair(x, y)
        return jnp.mean(generator_loss(evaluate(state.params, x)))

    def witness(state: CriticState, points: Array, x: Array, y: Array) -> Array:
        del x, y
        return generator_loss(evaluate(state.params, checks.samples("points", points)))

    return Objective(init, update, loss, witness)


def descended(
    objective: Callable[[Params], Any],
    optimizer: optax.GradientTransformation,
    state: CriticState,
    has_aux: bool = False,
) -> tuple[CriticState, Any]:
    """The state after one step of the optimiser down ``objective(params)``, and the value before it."""
    value, gradient = jax.value_and_grad(objective, has_aux=has_aux)(state.params)
    step, optimizer_state = optimizer.update(gradient, state.optimizer_state, state.params)
    return CriticState(optax.apply_updates(state.params, step), optimizer_state), value


def check_network(network: Any, optimizer: Any) -> None:
    """An error that says what was expected, unless these are a network from samples to vectors and an optimiser."""
    if not isinstance(network, Network):
        raise TypeError(
            f"`network` must be a Network, e.g. `igm_jax.networks.mlp(2, 2)`, but is {type(network).__name__};"
            " wrap a flax module as `network(lambda rngs: ...)`"
        )
    _check_optimizer(optimizer)


def check_parts(critic: Any, optimizer: Any) -> None:
    """An error that says what was expected, unless these are a network and an optimiser."""
    if not isinstance(critic, Network):
        raise TypeError(
            f"`critic` must be a Network, e.g. `igm_jax.networks.mlp_critic(2)`, but is {type(critic).__name__};"
            " wrap a flax module as `network(lambda rngs: ...)`"
        )
    _check_optimizer(optimizer)


def _check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(
            f"`optimizer` must be an optax optimiser, e.g. `optax.adam(1e-4, b1=0.0)`, but is {type(optimizer).__name__}"
        )


def not_negative(name: str, value: Any) -> Any:
    """``value`` if it is zero, a positive finite number or being traced, else an error that says which."""
    if checks.is_concrete(value) and np.ndim(value) == 0 and value == 0 and not isinstance(value, bool):
        return value
    return checks.positive(name, value)


def outputs(name: str, value: Any) -> Array:
    """``value`` as a critic's outputs (n,), or an error."""
    return checks.samples(name, jnp.asarray(value)[..., None] if np.ndim(value) == 1 else value)[:, 0]


def gap(real: Array, fake: Array) -> Array:
    """The critic's mean on data minus its mean on samples."""
    return jnp.mean(real) - jnp.mean(fake)


def gradients(critic: Critic, points: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """The critic's gradient at every point, by one backward pass, since each output depends on its own point alone."""
    return jax.grad(lambda points: jnp.sum(critic(points)))(points)


def zero_centred_penalty(critic: Critic, points: Float[Array, "n d"]) -> Float[Array, ""]:
    """``½ mean_i ‖∇D(points_i)‖²``: R1 if the points are data, R2 if they are samples.

    Args:
        critic: ``points -> (n,)``.
        points: (n, d).

    Returns:
        The penalty, a scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.critics import zero_centred_penalty
        >>> float(zero_centred_penalty(lambda y: y @ jnp.array([3.0, 4.0]), jnp.zeros((8, 2))))
        12.5

    Source: Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406, equation 9.
    """
    return 0.5 * jnp.mean(jnp.sum(jnp.square(gradients(critic, points)), axis=1))


def lengths(vectors: Float[Array, "n d"]) -> Float[Array, "n"]:
    """``‖v_i‖``, with gradient zero at the zero vector, where the root has none."""
    squares = jnp.sum(jnp.square(vectors), axis=1)
    zero = squares == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, squares)))
