"""Relativistic GANs: a critic that says which of two looks more real, rather than whether one does."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.objectives.adversarial.base import Critic, Penalty, ascent, comparing, outputs
from igm_jax.pairwise.reductions import difference_means


def relativistic_value(
    real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The mean log probability of ranking a datum above a sample, which the critic maximises.

    ``V = E_{y~P, x~Q} log σ(D(y) − D(x))``

    Over all pairs of the minibatch. The paper pairs the first with the first and so on, which is the same on average, with
    more noise and for equal sizes only.

    Args:
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar of at most 0; −log 2 for a constant critic.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.ranking import relativistic_value
        >>> round(float(relativistic_value(jnp.ones(3), jnp.ones(4))), 4)  # -log 2
        -0.6931

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    return -jnp.sum(x_weights * difference_means(jax.nn.softplus, fake, real, y_weights))


def relativistic_gan(
    critic: Network, optimizer: optax.GradientTransformation, *, penalties: Sequence[Penalty] = ()
) -> Objective:
    """The relativistic paired GAN: the generator wants samples to be ranked above data.

    ``critic loss = −E log σ(D(y) − D(x))``,  ``generator loss = −E log σ(D(x) − D(y))``, over all pairs

    The witness is ``E_{y~P} log(1 + e^{D(y) − D})``.

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
        >>> from igm_jax.objectives.adversarial.ranking import relativistic_gan
        >>> objective = relativistic_gan(mlp_critic(2), optax.rmsprop(1e-3))

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """

    def witness(critic: Critic, points: Array, x: Array, y: Array) -> Array:
        del x
        real = critic(y)
        below = difference_means(jax.nn.softplus, -critic(points), -real, checks.weights("y_weights", None, real))
        return below

    def loss(critic: Critic, x: Array, y: Array) -> Array:
        return jnp.mean(witness(critic, x, x, y))

    return comparing(critic, optimizer, ascent(relativistic_value), loss, witness, penalties=penalties)


def relativistic_average_value(
    real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The value of the game in which each is compared with the average of the others, which the critic maximises.

    ``V = E_{y~P} log σ(D(y) − E_Q D) + E_{x~Q} log(1 − σ(D(x) − E_P D))``

    Args:
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar of at most 0; −log 4 for a constant critic.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.ranking import relativistic_average_value
        >>> round(float(relativistic_average_value(jnp.ones(3), jnp.ones(4))), 4)  # -log 4
        -1.3863

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    above, below = real - jnp.sum(x_weights * fake), fake - jnp.sum(y_weights * real)
    return jnp.sum(y_weights * jax.nn.log_sigmoid(above)) + jnp.sum(x_weights * jax.nn.log_sigmoid(-below))


def relativistic_average_gan(
    critic: Network, optimizer: optax.GradientTransformation, *, penalties: Sequence[Penalty] = ()
) -> Objective:
    """The relativistic average GAN.

    ``generator loss = −E_Q log σ(D(x) − E_P D) − E_P log(1 − σ(D(y) − E_Q D))``,  ``critic loss = −V``

    Samples also matter through their average. The witness, the first variation of both terms up to a constant, is
    ``log(1 + e^{E_P D − D}) − s D`` with ``s = E_P σ(D(y) − E_Q D)``.

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
        >>> from igm_jax.objectives.adversarial.ranking import relativistic_average_gan
        >>> objective = relativistic_average_gan(mlp_critic(2), optax.rmsprop(1e-3))

    Source: Jolicoeur-Martineau 2018, arXiv 1807.00734.
    """

    def loss(critic: Critic, x: Array, y: Array) -> Array:
        return -relativistic_average_value(critic(x), critic(y))  # the same game, with the sides exchanged

    def witness(critic: Critic, points: Array, x: Array, y: Array) -> Array:
        out, real = critic(points), critic(y)
        pull = jnp.mean(jax.nn.sigmoid(real - jnp.mean(critic(x))))
        return jax.nn.softplus(jnp.mean(real) - out) - pull * out

    return comparing(critic, optimizer, ascent(relativistic_average_value), loss, witness, penalties=penalties)
