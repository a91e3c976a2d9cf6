"""R3GAN: the relativistic paired GAN with zero-centred gradient penalties on both sides."""

import optax

from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike
from igm_jax.objectives.adversarial.penalties import r1_penalty, r2_penalty
from igm_jax.objectives.adversarial.ranking import relativistic_gan


def r3gan(
    critic: Network, optimizer: optax.GradientTransformation, *, r1: ArrayLike = 1.0, r2: ArrayLike = 1.0
) -> Objective:
    """The loss of R3GAN: a ranking of samples against data, and slopes of zero on both.

    ``critic loss = −E log σ(D(y) − D(x)) + r1/2 E_P‖∇D‖² + r2/2 E_Q‖∇D‖²``,  ``generator loss = −E log σ(D(x) − D(y))``

    Pairs and witness are those of ``relativistic_gan``. The paper's networks are not part of this.

    Args:
        critic: network from (n, d) to (n,), high on data.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(2e-4, b1=0.0)``.
        r1: coefficient γ of the penalty on data; 0 leaves it out.
        r2: coefficient of the penalty on samples; 0 leaves it out.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``penalty`` (with its coefficients).

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for negative coefficients, or, while running, a critic whose output is not (n,).

    Example:
        >>> import optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.r3gan import r3gan
        >>> objective = r3gan(mlp_critic(2), optax.rmsprop(1e-3), r1=0.5, r2=0.5)

    Source: Huang et al. 2024, arXiv 2501.05441.
    """
    return relativistic_gan(critic, optimizer, penalties=(r1_penalty(r1), r2_penalty(r2)))
