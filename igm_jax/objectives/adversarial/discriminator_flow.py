"""Discriminator-gradient flow: a classifier's logit is a log-ratio of densities, and its gradient the score difference."""

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key, Network, Objective, State
from igm_jax.checks import ArrayLike
from igm_jax.lifts import of_arrays
from igm_jax.objectives.adversarial.base import Optimizer
from igm_jax.objectives.adversarial.games import gan
from igm_jax.objectives.adversarial.log_ratio import ratio_power, ratio_witness
from igm_jax.records import recorded

__all__ = ["discriminator_flow"]


@recorded
def discriminator_flow(
    critic: Network,
    optimizer: Optimizer,
    divergence: str = "reverse_kl",
    *,
    max_power: float = 100.0,
    r1: ArrayLike = 0.0,
    r2: ArrayLike = 0.0,
) -> Objective:
    """The gradient flow of a divergence, its log-ratio of densities learned by a classifier of real against fake.

    ``velocity = c min((q/p)^a, max_power) ∇D`` with the logit ``D = log p/q``, which is trained as in ``gan``

    For "reverse_kl", KL(q ‖ p), that is ``∇D = ∇ log p - ∇ log q``: the learned form of the score difference, and the loss is
    ``-E_q D``. The other weights are those of ``kde_drift``. The flow of the source has noise besides; here there is none.

    Args:
        critic: network from (n, d) to (n,) logits, high on data.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-3, b1=0.0)``.
        divergence: "reverse_kl", "kl", "neyman", "pearson" or "squared_hellinger", named as in ``kde_drift``.
        max_power: the largest power of the ratio, at least 1.
        r1: coefficient of the penalty on the critic's slope at data, as in ``gan``.
        r2: the same at samples.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``penalty``.

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for an unknown divergence, ``max_power`` below 1, or negative coefficients.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.discriminator_flow(networks.mlp_critic(2), optax.rmsprop(1e-3))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> objective.witness(state, x, x, y).shape
        (8,)

    Source: Ansari, Ang, Soh, Refining Deep Generative Models via Discriminator Gradient Flow, arXiv 2012.00780.
    """
    ratio_power(divergence, max_power)
    learned = gan(critic, optimizer, r1=r1, r2=r2)

    def witness(state: State, points: Array, x: Array, y: Array) -> Array:
        del x, y
        return ratio_witness(divergence, -critic.apply(state.params, checks.samples("points", points)), max_power)

    def loss(key: Key, state: State, x: Array, y: Array) -> Array:
        del key
        return jnp.mean(witness(state, x, x, y))

    return of_arrays(learned.init, learned.update, loss, witness)
