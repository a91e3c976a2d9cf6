"""The KL-Wasserstein GAN: a hinge game in which samples that look real count more."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.objectives.adversarial.base import Critic, Penalty, ascent, comparing, outputs


def importance(fake: Float[Array, " n"], weights: Float[Array, " n"]) -> Float[Array, " n"]:
    """``e^{D(x_i)} / Σ_k w_k e^{D(x_k)}``: how much more often the data hold such a sample, if D is log p/q."""
    return jnp.exp(fake - jax.nn.logsumexp(fake, b=weights))


def kl_wgan_value(
    real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The value of the game, which the critic maximises.

    ``V = −E_{y~P} max(0, 1 − D(y)) − E_{x~Q} max(0, 1 + r(x) D(x))``,  ``r(x) = e^{D(x)} / E_Q e^{D}``, held fixed

    Args:
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar of at most 0; its derivative treats r as constant.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.kl_wasserstein_gan import kl_wgan_value
        >>> float(kl_wgan_value(jnp.zeros(3), jnp.full(4, -0.5)))  # equal outputs, r = 1
        -1.5

    Source: Song, Ermon 2020, arXiv 1910.09779, with the hinge of its released code.
    """
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    ratio = jax.lax.stop_gradient(importance(fake, x_weights))
    return -jnp.sum(y_weights * jax.nn.relu(1 - real)) - jnp.sum(x_weights * jax.nn.relu(1 + ratio * fake))


def kl_wgan(
    critic: Network, optimizer: optax.GradientTransformation, *, penalties: Sequence[Penalty] = ()
) -> Objective:
    """The KL-Wasserstein GAN.

    ``critic loss = −V``,  ``generator loss = −E_Q r(x) D(x)``,  ``r = e^{D} / E_Q e^{D}``, held fixed

    The velocity is ``r ∇D``. That is the descent of ``−log E_Q e^{D}``, the part of Donsker and Varadhan's bound of
    KL(P‖Q) that depends on Q, whose first variation ``−e^{D} / E_Q e^{D}`` is the witness. The paper holds r fixed, as its
    best value for the critic at hand; some code differentiates it, which gives another flow.

    Args:
        critic: network from (n, d) to (n,), high on data.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-3, b1=0.0)``.
        penalties: what the critic pays besides, from ``igm_jax.objectives.penalties``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and, if there are penalties, ``penalty``.

    Raises:
        TypeError: if ``critic`` is not a ``Network``, ``optimizer`` not an optax optimiser or a penalty not callable.
        ValueError: while running, for a critic whose output is not (n,).

    Example:
        >>> import optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.kl_wasserstein_gan import kl_wgan
        >>> objective = kl_wgan(mlp_critic(2), optax.rmsprop(1e-3))

    Source: Song, Ermon 2020, arXiv 1910.09779, algorithm 1.
    """

    def loss(critic: Critic, x: Array, y: Array) -> Array:
        del y
        fake = critic(x)
        ratio = jax.lax.stop_gradient(importance(fake, checks.weights("x_weights", None, fake)))
        return -jnp.mean(ratio * fake)

    def witness(critic: Critic, points: Array, x: Array, y: Array) -> Array:
        del y
        fake = critic(x)
        return -jnp.exp(critic(points) - jax.nn.logsumexp(fake, b=checks.weights("x_weights", None, fake)))

    return comparing(critic, optimizer, ascent(kl_wgan_value), loss, witness, penalties=penalties)
