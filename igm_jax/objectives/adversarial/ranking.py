"""Relativistic GANs: a critic that says which of two looks more real, rather than whether one does."""

import jax.numpy as jnp
from jax.nn import log_sigmoid, sigmoid, softplus
from jaxtyping import Array

from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike, Scalar, Weights
from igm_jax.objectives.adversarial.base import Game, Optimizer, Outputs, Penalties, adversarial, outputs
from igm_jax.objectives.adversarial.penalties import r1_penalty, r2_penalty
from igm_jax.pairwise.reductions import difference_means
from igm_jax.records import recorded

__all__ = ["r3gan", "relativistic_average_gan", "relativistic_average_value", "relativistic_gan", "relativistic_value"]

PAIRED = Game(
    "relativistic_gan",
    lambda out: -jnp.sum(out.x_weights * difference_means(softplus, out.x, out.y, out.y_weights)),
    lambda v, out: difference_means(softplus, -v, -out.y, out.y_weights),
)


def _average_value(out: Outputs) -> Array:
    above, below = out.y - jnp.sum(out.x_weights * out.x), out.x - jnp.sum(out.y_weights * out.y)
    return jnp.sum(out.y_weights * log_sigmoid(above)) + jnp.sum(out.x_weights * log_sigmoid(-below))


def _average_witness(v: Array, out: Outputs) -> Array:
    mean = jnp.mean(out.y)
    return softplus(mean - v) - jnp.mean(sigmoid(out.y - jnp.mean(out.x))) * v


AVERAGE = Game(
    "relativistic_average_gan",
    _average_value,
    _average_witness,
    # The same game, with the sides exchanged.
    lambda out: -_average_value(Outputs(out.y, out.x, out.y_weights, out.x_weights)),
)


def relativistic_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The mean log probability of ranking a datum above a sample, which the critic maximises.

    ``V = E_{y~P, x~Q} log σ(D(y) − D(x))``

    Over all pairs of the minibatch. The paper pairs the first with the first and so on, which is the same on average, with
    more noise and for equal sizes only.

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The value, a scalar of at most 0, with the errors of ``gan_value``; −log 2 for a constant critic.

    Example:
        >>> from igm_jax.objectives import relativistic_value
        >>> round(float(relativistic_value([1.0, 1.0], [1.0])), 4)  # -log 2
        -0.6931

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """
    return PAIRED.value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def relativistic_gan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The relativistic paired GAN: the generator wants samples to be ranked above data.

    ``critic loss = −E log σ(D(y) − D(x))``,  ``generator loss = −E log σ(D(x) − D(y))``, over all pairs

    The witness is ``E_{y~P} log(1 + e^{D(y) − D})``.

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.relativistic_gan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """
    return adversarial(PAIRED, critic, optimizer, penalties=penalties)


@recorded
def r3gan(critic: Network, optimizer: Optimizer, *, r1: ArrayLike = 1.0, r2: ArrayLike = 1.0) -> Objective:
    """The loss of R3GAN: ``relativistic_gan``, with zero-centred gradient penalties on both sides.

    ``critic loss = −E log σ(D(y) − D(x)) + r1/2 E_P‖∇D‖² + r2/2 E_Q‖∇D‖²``,  ``generator loss = −E log σ(D(x) − D(y))``

    The paper's networks are not part of this.

    Args:
        critic, optimizer, r1, r2: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.r3gan(networks.mlp_critic(2), optax.rmsprop(1e-3), r1=0.5, r2=0.5)

    Source: Huang et al. 2024, arXiv 2501.05441.
    """
    return adversarial(PAIRED, critic, optimizer, penalties=(r1_penalty(r1), r2_penalty(r2)))


def relativistic_average_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The value of the game in which each is compared with the average of the others, which the critic maximises.

    ``V = E_{y~P} log σ(D(y) − E_Q D) + E_{x~Q} log(1 − σ(D(x) − E_P D))``

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The value, a scalar of at most 0, with the errors of ``gan_value``; −log 4 for a constant critic.

    Example:
        >>> from igm_jax.objectives import relativistic_average_value
        >>> round(float(relativistic_average_value([1.0, 1.0], [1.0])), 4)  # -log 4
        -1.3863

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """
    return AVERAGE.value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def relativistic_average_gan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The relativistic average GAN.

    ``generator loss = −E_Q log σ(D(x) − E_P D) − E_P log(1 − σ(D(y) − E_Q D))``,  ``critic loss = −V``

    Samples also matter through their average. The witness, the first variation of both terms up to a constant, is
    ``log(1 + e^{E_P D − D}) − s D`` with ``s = E_P σ(D(y) − E_Q D)``.

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.relativistic_average_gan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """
    return adversarial(AVERAGE, critic, optimizer, penalties=penalties)
