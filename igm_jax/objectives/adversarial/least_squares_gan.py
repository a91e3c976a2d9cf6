"""The least squares GAN: a critic that regresses on one number for data and another for samples."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.objectives.adversarial.base import Penalty, adversarial, ascent, outputs


def lsgan_value(
    real_outputs: Array,
    fake_outputs: Array,
    *,
    low: float = 0.0,
    high: float = 1.0,
    x_weights: Any = None,
    y_weights: Any = None,
) -> Float[Array, ""]:
    """The value of the least squares game, which the critic maximises: minus half the squared errors of a regression.

    ``V = −½ E_{y~P} (D(y) − high)² − ½ E_{x~Q} (D(x) − low)²``

    At the best critic ``D = (high p + low q)/(p + q)`` it is ``−½ (high − low)² ∫ pq/(p + q)``.

    Args:
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        low: what it should say of samples.
        high: what it should say of data.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar of at most 0.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.least_squares_gan import lsgan_value
        >>> float(lsgan_value(jnp.full(3, 0.5), jnp.full(4, 0.5)))
        -0.25

    Source: Mao et al. 2017, arXiv 1611.04076, equation 2.
    """
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    return -0.5 * (jnp.sum(y_weights * jnp.square(real - high)) + jnp.sum(x_weights * jnp.square(fake - low)))


def lsgan(
    critic: Network,
    optimizer: optax.GradientTransformation,
    *,
    low: float = 0.0,
    high: float = 1.0,
    target: float = 1.0,
    penalties: Sequence[Penalty] = (),
) -> Objective:
    """The least squares GAN.

    ``critic loss = −V``,  ``generator loss = ½ E_Q (D(x) − target)²``

    The witness is ``½ (D − target)²``. The defaults are the paper's 0-1 coding. With ``low=-1, high=1, target=0`` the two
    best critics' game descends Pearson's χ² of 2q from p + q.

    Args:
        critic: network from (n, d) to (n,), high on data.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-3, b1=0.0)``.
        low: what the critic should say of samples.
        high: what it should say of data.
        target: what the generator wants it to say of samples.
        penalties: what the critic pays besides, from ``igm_jax.objectives.penalties``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and, if there are penalties, ``penalty``.

    Raises:
        TypeError: if ``critic`` is not a ``Network``, ``optimizer`` not an optax optimiser or a penalty not callable.
        ValueError: while running, for a critic whose output is not (n,).

    Example:
        >>> import optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.least_squares_gan import lsgan
        >>> objective = lsgan(mlp_critic(2), optax.rmsprop(1e-3))

    Source: Mao et al. 2017, arXiv 1611.04076, equations 2 and 9.
    """

    def value(real: Array, fake: Array) -> Array:
        return lsgan_value(real, fake, low=low, high=high)

    return adversarial(
        critic, optimizer, ascent(value), lambda out: 0.5 * jnp.square(out - target), penalties=penalties
    )
