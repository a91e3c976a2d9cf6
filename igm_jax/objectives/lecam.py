"""The LeCam penalty: a critic's outputs are kept near the running average of those on the other side."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.objectives.critics import Critic, RememberingPenalty, not_negative


def lecam_penalty(coefficient: ArrayLike = 0.1, *, decay: float = 0.99) -> RememberingPenalty:
    """The LeCam regularisation of a critic that has few data.

    ``λ (E_P (D(y) − α_Q)² + E_Q (D(x) − α_P)²)``, then ``α ← decay α + (1 − decay) E D``, α_P over data, α_Q over samples

    The anchors α begin at zero and are held fixed within an update. The released code clips the deviations to one side,
    which the paper does not; here they count on both. With it a WGAN critic of fixed anchors bounds a LeCam divergence.

    Args:
        coefficient: λ.
        decay: share of the old average that is kept, in [0, 1).

    Returns:
        The penalty; it remembers (α_P, α_Q).

    Raises:
        ValueError: for a negative coefficient, or a decay outside [0, 1).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.lecam import lecam_penalty
        >>> penalty, x, y = lecam_penalty(1.0, decay=0.5), jnp.ones((4, 1)), 3 * jnp.ones((4, 1))
        >>> cost, anchors = penalty.cost(penalty.init(), jax.random.key(0), lambda x: x[:, 0], x, y)
        >>> float(cost), [float(anchor) for anchor in anchors]
        (10.0, [1.5, 0.5])

    Source: Tseng et al. 2021, arXiv 2104.03310.
    """
    not_negative("coefficient", coefficient)
    if not 0 <= decay < 1:
        raise ValueError(f"`decay` must lie in [0, 1), but is {decay!r}; 0.99 averages over about a hundred updates")

    def cost(anchors: Any, key: Key, critic: Critic, x: Array, y: Array) -> tuple[Array, tuple[Array, Array]]:
        del key
        real, fake = critic(y), critic(x)
        of_real, of_fake = (anchor.astype(real.dtype) for anchor in anchors)
        deviation = jnp.mean(jnp.square(real - of_fake)) + jnp.mean(jnp.square(fake - of_real))
        moved = [
            jax.lax.stop_gradient(decay * old + (1 - decay) * jnp.mean(out))
            for old, out in ((of_real, real), (of_fake, fake))
        ]
        after = (moved[0].astype(anchors[0].dtype), moved[1].astype(anchors[1].dtype))
        return jnp.asarray(coefficient, deviation.dtype) * deviation, after

    return RememberingPenalty(lambda: (jnp.zeros(()), jnp.zeros(())), cost)
