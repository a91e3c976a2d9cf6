"""Reverse KL to a density that is known: the model's own density is a Gaussian, corrected by a classifier."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, State
from igm_jax.lifts import of_arrays
from igm_jax.objectives.adversarial.base import CriticState, Optimizer
from igm_jax.objectives.adversarial.games import gan
from igm_jax.records import recorded

__all__ = ["reverse_kl"]


@recorded
def reverse_kl(log_density: Callable[[Array], Array], critic: Network, optimizer: Optimizer) -> Objective:
    """KL(q ‖ p) to a target whose log density is known up to a constant; the data ``y`` are not used.

    ``loss = mean_i [log N(x_i; m, s²) - D((x_i - m)/s) - log p(x_i)]``, m and s the mean and deviations of the minibatch

    The critic tells standard normal draws, as real, from standardised samples; at its best ``D = log N/q``, so that the loss is
    KL(q ‖ p), and the velocity ``∇ log p - ∇ log q``. The Gaussian takes off what is known without learning: an idle critic
    makes the loss that of a Gaussian model.

    Args:
        log_density: ``(n, d) -> (n,)``, differentiable: the target's log density, a constant may be missing.
        critic: network from (n, d) to (n,) logits.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-3, b1=0.5)``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``penalty``, which is 0.

    Raises:
        TypeError: if ``log_density`` is not a function, ``critic`` not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: while running, for a log density whose shape is not (n,).

    Example:
        >>> import jax, optax
        >>> from igm_jax import distributions, networks, objectives
        >>> known, critic = distributions.normal(2).log_density, networks.mlp_critic(2, width=16)
        >>> objective = objectives.reverse_kl(known, critic, optax.rmsprop(1e-3))
        >>> x = 3 + jax.random.normal(jax.random.key(0), (50, 2))
        >>> state = objective.init(jax.random.key(1), x)
        >>> bool(objective.loss(jax.random.key(2), state, x, x) > 5)  # ½ ‖m‖² is 9
        True

    Source: Mescheder, Nowozin, Geiger, Adversarial Variational Bayes, arXiv 1701.04722, Section 3.3 (adaptive contrast).
    """
    functions.is_function("log_density", log_density)
    learned = gan(critic, optimizer)

    def update(key: Key, state: CriticState, x: Array, y: Array | None) -> tuple[CriticState, Info]:
        del y
        x = checks.samples("x", x)
        mean, std = _moments(x)
        key_draws, key_critic = jax.random.split(key)
        return learned.update(key_critic, state, (x - mean) / std, jax.random.normal(key_draws, x.shape, x.dtype))

    def witness(state: State, points: Array, x: Array, y: Array | None) -> Array:
        del y
        points, x = checks.pair(points, x, names=("points", "x"))
        mean, std = _moments(x)
        z = (points - mean) / std
        log_p = jnp.asarray(log_density(points))
        if log_p.shape != (len(points),):
            raise ValueError(
                f"`log_density` must give one number a point, shape ({len(points)},), but gave {log_p.shape}"
            )
        scale = jnp.sum(jnp.log(std)) + 0.5 * x.shape[1] * math.log(2 * math.pi)
        gaussian = -0.5 * jnp.sum(jnp.square(z), axis=1) - scale
        return gaussian - critic.apply(state.params, z) - log_p

    def loss(key: Key, state: State, x: Array, y: Array | None) -> Array:
        del key
        return jnp.mean(witness(state, x, x, y))

    return of_arrays(learned.init, update, loss, witness)


def _moments(x: Float[Array, "n d"]) -> tuple[Float[Array, "1 d"], Float[Array, "1 d"]]:
    """Mean and standard deviations, fixed; 1 where nothing varies."""
    x = jax.lax.stop_gradient(x)
    mean, variance = jnp.mean(x, axis=0, keepdims=True), jnp.var(x, axis=0, keepdims=True)
    return mean, jnp.where(variance <= 0, 1, jnp.sqrt(jnp.where(variance <= 0, 1, variance)))
