"""The generative adversarial network as a minimax game: the generator descends the value that its critic climbs."""

from collections.abc import Sequence

import jax
import optax

from igm_jax.base import Network, Objective
from igm_jax.objectives.adversarial.base import Penalty, adversarial, ascent
from igm_jax.objectives.adversarial.games import gan_value


def saturating_gan(
    critic: Network, optimizer: optax.GradientTransformation, *, penalties: Sequence[Penalty] = ()
) -> Objective:
    """The minimax GAN.

    ``critic loss = −V``,  ``generator loss = E_Q log(1 − σ(D(x)))``, with V that of ``gan_value``

    The witness is ``log(1 − σ(D))``. At the optimal logit D = log p/q it is the first variation of 2 JSD(P, Q), and the
    velocity ``σ(D) ∇log p/q``: nothing where the critic is sure of a fake, which ``gan`` mends.

    Args:
        critic: network from (n, d) to (n,) logits, high on data.
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
        >>> from igm_jax.objectives.adversarial.saturating_gan import saturating_gan
        >>> objective = saturating_gan(mlp_critic(2), optax.rmsprop(1e-3))

    Source: Goodfellow et al. 2014, arXiv 1406.2661, equation 1.
    """
    return adversarial(
        critic, optimizer, ascent(gan_value), lambda logits: jax.nn.log_sigmoid(-logits), penalties=penalties
    )
