"""The generative adversarial network: a classifier of real against fake, non-saturating, with R1 and R2 penalties."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike
from igm_jax.objectives.adversarial.base import Penalty, adversarial, ascent, not_negative, outputs
from igm_jax.objectives.adversarial.penalties import r1_penalty, r2_penalty


def gan_value(
    real_logits: Array, fake_logits: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The value of the GAN game, which the discriminator maximises: the mean log probability of its classification.

    ``V = E_{y~P} log σ(D(y)) + E_{x~Q} log(1 − σ(D(x)))``

    At the optimal logit ``D = log p/q`` the value is ``−log 4 + 2 JSD(P, Q)``; at ``D = 0`` it is ``−log 4``.

    Args:
        real_logits: (m,) logits D(y) of the data.
        fake_logits: (n,) logits D(x) of the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar of at most 0.

    Raises:
        ValueError: for logits that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.games import gan_value
        >>> round(float(gan_value(jnp.zeros(3), jnp.zeros(4))), 4)  # -log 4
        -1.3863

    Source: Goodfellow et al. 2014, arXiv 1406.2661, equation 1.
    """
    real, fake = outputs("real_logits", real_logits), outputs("fake_logits", fake_logits)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    return jnp.sum(y_weights * jax.nn.log_sigmoid(real)) + jnp.sum(x_weights * jax.nn.log_sigmoid(-fake))


def gan(
    critic: Network,
    optimizer: optax.GradientTransformation,
    *,
    r1: ArrayLike = 0.0,
    r2: ArrayLike = 0.0,
    penalties: Sequence[Penalty] = (),
) -> Objective:
    """The non-saturating GAN, with zero-centred gradient penalties on data (R1) and on samples (R2).

    ``critic loss = −V + r1/2 E_P‖∇D‖² + r2/2 E_Q‖∇D‖²``,  ``generator loss = −E_Q log σ(D(x))``

    The witness is ``−log σ(D)``. At the optimal logit D = log p/q the velocity is ``(1 − σ(D)) ∇log p/q``: the score
    difference, scaled by the probability of being found out.

    Args:
        critic: network from (n, d) to (n,) logits, high on data.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-3, b1=0.0)``.
        r1: coefficient γ of the penalty on data; 0 leaves it out.
        r2: coefficient of the penalty on samples; 0 leaves it out.
        penalties: what the critic pays besides, from ``igm_jax.objectives.penalties``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``penalty`` (with its coefficients).

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for negative coefficients, or, while running, a critic whose output is not (n,).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.games import gan
        >>> objective = gan(mlp_critic(2), optax.rmsprop(1e-3), r1=1.0)
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state = objective.init(jax.random.key(0), x)
        >>> state, info = objective.update(jax.random.key(1), state, x, y)
        >>> sorted(info)
        ['critic_gap', 'critic_loss', 'penalty']

    Source: Goodfellow et al. 2014, arXiv 1406.2661; penalties: Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406.
    """
    not_negative("r1", r1)
    not_negative("r2", r2)

    return adversarial(
        critic,
        optimizer,
        ascent(gan_value),
        lambda logits: -jax.nn.log_sigmoid(logits),
        penalties=(r1_penalty(r1), r2_penalty(r2), *penalties),
    )
