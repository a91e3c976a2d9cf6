"""The KL-Wasserstein GAN: a hinge game in which samples that look real count more."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike, Scalar, Weights
from igm_jax.objectives.adversarial.base import Game, Optimizer, Outputs, Penalties, adversarial, outputs
from igm_jax.records import recorded

__all__ = ["kl_wgan", "kl_wgan_value"]


def importance(fake: Float[Array, " n"], weights: Float[Array, " n"]) -> Float[Array, " n"]:
    """``e^{D(x_i)} / Σ_k w_k e^{D(x_k)}``: how much more often the data hold such a sample, if D is log p/q."""
    return jnp.exp(fake - jax.nn.logsumexp(fake, b=weights))


def _value(out: Outputs) -> Array:
    ratio = jax.lax.stop_gradient(importance(out.x, out.x_weights))
    return -jnp.sum(out.y_weights * jax.nn.relu(1 - out.y)) - jnp.sum(out.x_weights * jax.nn.relu(1 + ratio * out.x))


KL_WGAN = Game(
    "kl_wgan",
    _value,
    lambda v, out: -jnp.exp(v - jax.nn.logsumexp(out.x, b=out.x_weights)),
    lambda out: -jnp.mean(jax.lax.stop_gradient(importance(out.x, out.x_weights)) * out.x),
)


def kl_wgan_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The value of the game, which the critic maximises.

    ``V = −E_{y~P} max(0, 1 − D(y)) − E_{x~Q} max(0, 1 + r(x) D(x))``,  ``r(x) = e^{D(x)} / E_Q e^{D}``, held fixed

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The value, a scalar of at most 0, with the errors of ``gan_value``; its derivative treats r as constant.

    Example:
        >>> from igm_jax.objectives import kl_wgan_value
        >>> float(kl_wgan_value([-0.5, -0.5], [0.0]))  # equal outputs, r = 1
        -1.5

    Source: Song, Ermon 2020, arXiv 1910.09779, with the hinge of its released code.
    """
    return KL_WGAN.value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def kl_wgan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The KL-Wasserstein GAN.

    ``critic loss = −V``,  ``generator loss = −E_Q r(x) D(x)``,  ``r = e^{D} / E_Q e^{D}``, held fixed

    The velocity is ``r ∇D``. That is the descent of ``−log E_Q e^{D}``, the part of Donsker and Varadhan's bound of
    KL(P‖Q) that depends on Q, whose first variation ``−e^{D} / E_Q e^{D}`` is the witness. The paper holds r fixed, as its
    best value for the critic at hand; some code differentiates it, which gives another flow.

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.kl_wgan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Song, Ermon 2020, arXiv 1910.09779, algorithm 1.
    """
    return adversarial(KL_WGAN, critic, optimizer, penalties=penalties)
