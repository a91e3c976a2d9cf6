"""The hinge GAN: a critic that is paid for a margin between data and samples, and not for more."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.objectives.adversarial.base import Penalty, adversarial, ascent, outputs


def hinge_value(
    real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The value of the hinge game, which the critic maximises.

    ``V = −E_{y~P} max(0, 1 − D(y)) − E_{x~Q} max(0, 1 + D(x))``

    At the best critic ``D = sign(p − q)`` it is ``−2 + 2 TV(P, Q)``, with TV = ½∫|p − q|.

    Args:
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar of at most 0.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.hinge_gan import hinge_value
        >>> float(hinge_value(jnp.array([0.5, 2.0]), jnp.array([-1.0, -3.0])))
        -0.25

    Source: Lim, Ye 2017, arXiv 1705.02894.
    """
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    return -jnp.sum(y_weights * jax.nn.relu(1 - real)) - jnp.sum(x_weights * jax.nn.relu(1 + fake))


def hinge_gan(
    critic: Network, optimizer: optax.GradientTransformation, *, penalties: Sequence[Penalty] = ()
) -> Objective:
    """The hinge GAN, or geometric GAN.

    ``critic loss = −V``,  ``generator loss = −E_Q D(x)``

    The witness is ``−D``. It is usual with a spectrally normalised critic.

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
        >>> from igm_jax.objectives.adversarial.hinge_gan import hinge_gan
        >>> objective = hinge_gan(mlp_critic(2), optax.rmsprop(1e-3))

    Source: Lim, Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957.
    """
    return adversarial(critic, optimizer, ascent(hinge_value), jnp.negative, penalties=penalties)
