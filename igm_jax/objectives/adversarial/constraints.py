"""Penalties with a memory: the constraints of the Fisher and the Sobolev GAN with their multiplier, LeCam's with its averages."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.objectives.adversarial.base import Critic, RememberingPenalty, not_negative
from igm_jax.objectives.adversarial.penalties import Cost, zero_centred_penalty
from igm_jax.records import recorded

__all__ = ["augmented_lagrangian", "fisher_constraint", "lecam_penalty", "sobolev_constraint"]


@recorded
def augmented_lagrangian(quantity: Cost, rho: ArrayLike) -> RememberingPenalty:
    """A penalty that brings a quantity of the critic to one, by a multiplier that is learned along with it.

    ``cost = −λ (1 − Ω) + ρ/2 (1 − Ω)²``, and then ``λ ← λ − ρ (1 − Ω)``, from λ = 0

    Args:
        quantity: Ω, ``(key, critic, x, y) -> scalar``.
        rho: ρ, both the weight of the square and the multiplier's rate.

    Returns:
        The penalty; it remembers λ.

    Raises:
        ValueError: for a ρ that is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.constraints import augmented_lagrangian
        >>> penalty = augmented_lagrangian(lambda key, critic, x, y: jnp.mean(critic(y)), 2.0)
        >>> x = y = 3 * jnp.ones((4, 1))
        >>> cost, multiplier = penalty.cost(penalty.init(), jax.random.key(0), lambda x: x[:, 0], x, y)
        >>> float(cost), float(multiplier)
        (4.0, 4.0)

    Source: Mroueh, Sercu 2017, arXiv 1705.09675, algorithm 1.
    """
    checks.positive("rho", rho)

    def cost(multiplier: Any, key: Key, critic: Critic, x: Array, y: Array) -> tuple[Array, Array]:
        short = 1 - quantity(key, critic, x, y)
        known, strength = multiplier.astype(short.dtype), jnp.asarray(rho, short.dtype)
        after = jax.lax.stop_gradient(known - strength * short).astype(multiplier.dtype)
        return -known * short + strength / 2 * jnp.square(short), after

    return RememberingPenalty(lambda: jnp.zeros(()), cost)


@recorded
def fisher_constraint(rho: ArrayLike) -> RememberingPenalty:
    """A critic of second moment one, half under the data and half under the samples (Fisher GAN).

    ``Ω = ½ E_P D(y)² + ½ E_Q D(x)²``

    The largest gap of such critics is ``√∫ (p − q)² / ((p + q)/2)``, a chi-squared distance to the mixture; it is scale free.

    Args:
        rho: strength of the constraint and rate of its multiplier. The paper's 1e-6 is for large networks.

    Returns:
        The penalty, for ``wgan``.

    Raises:
        ValueError: for a ρ that is not positive.

    Example:
        >>> import optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives import fisher_constraint, wgan
        >>> objective = wgan(mlp_critic(2), optax.adam(1e-3), penalties=(fisher_constraint(0.1),))

    Source: Mroueh, Sercu 2017, arXiv 1705.09675.
    """

    def second_moment(key: Key, critic: Critic, x: Array, y: Array) -> Array:
        del key
        return 0.5 * (jnp.mean(jnp.square(critic(x))) + jnp.mean(jnp.square(critic(y))))

    return augmented_lagrangian(second_moment, rho)


@recorded
def sobolev_constraint(rho: ArrayLike) -> RememberingPenalty:
    """A critic of mean squared slope one, half under the data and half under the samples (Sobolev GAN).

    ``Ω = ½ E_P‖∇D(y)‖² + ½ E_Q‖∇D(x)‖²``

    Args:
        rho: as in ``fisher_constraint``.

    Returns:
        The penalty, to be used as that one, with its errors.

    Source: Mroueh et al. 2017, arXiv 1711.04894, with μ = (P + Q)/2.
    """

    def mean_squared_slope(key: Key, critic: Critic, x: Array, y: Array) -> Array:
        del key
        return zero_centred_penalty(critic, x) + zero_centred_penalty(critic, y)

    return augmented_lagrangian(mean_squared_slope, rho)


@recorded
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
        >>> from igm_jax.objectives.adversarial.constraints import lecam_penalty
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
