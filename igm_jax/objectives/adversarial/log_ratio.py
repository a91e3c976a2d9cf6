"""What the gradient flow of a divergence makes of a log-ratio of densities: its witness and its weight on the score difference.

For ``D = E_q f(p/q)`` the witness, the first variation in q, is ``f(u) - u f'(u)`` at u = p/q. Those divergences are here whose
witness is a power of the ratio, or its logarithm: the velocity is ``c (q/p)^a (∇log p - ∇log q)``.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks


class RatioPower(NamedTuple):
    """A weight ``c (q/p)^a`` on the score difference.

    Attributes:
        power: a.
        factor: c > 0.
    """

    power: float
    factor: float


RATIO_POWERS = {
    "reverse_kl": RatioPower(0.0, 1.0),
    "kl": RatioPower(-1.0, 1.0),
    "neyman": RatioPower(1.0, 2.0),
    "pearson": RatioPower(-2.0, 2.0),
    "squared_hellinger": RatioPower(-0.5, 0.5),
}
"""Named as in ``igm_jax.objectives.DIVERGENCES``, with P the data: reverse_kl is KL(q ‖ p), kl is KL(p ‖ q), neyman is
``∫ (q - p)²/p``, pearson ``∫ (p - q)²/q``, squared_hellinger ``∫ (√p - √q)²``."""


def ratio_power(divergence: str, max_power: float) -> RatioPower:
    """The power of a divergence, and a check of the largest ratio."""
    if checks.positive("max_power", max_power) < 1:
        raise ValueError(f"`max_power`, the largest power of the ratio, must be at least 1, but is {max_power}")
    return RATIO_POWERS[checks.choice("divergence", divergence, RATIO_POWERS)]


def ratio_witness(divergence: str, log_ratio: Float[Array, "*n"], max_power: float = 100.0) -> Float[Array, "*n"]:
    """The witness of a divergence where the log-ratio of model and data is known.

    ``w = c ((q/p)^a - 1)/a``, or ``c log q/p`` for a = 0; beyond ``(q/p)^a = max_power`` it goes on along its tangent

    So its derivative in the log-ratio is ``ratio_weight``, which stops growing there: a ratio that is estimated can be
    astronomic far from the data.

    Args:
        divergence: a name of ``RATIO_POWERS``.
        log_ratio: ``log q/p``, of any shape.
        max_power: the largest ``(q/p)^a``, at least 1.

    Returns:
        Witness values of the same shape, zero where the densities are equal.

    Raises:
        ValueError: for an unknown divergence, or ``max_power`` below 1.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.log_ratio import ratio_witness
        >>> ratio_witness("neyman", jnp.log(jnp.array([1.0, 3.0]))).round(4).tolist()
        [0.0, 4.0]
    """
    power, factor = ratio_power(divergence, max_power)
    if power == 0:
        return factor * log_ratio
    exponent, end = power * log_ratio, math.log(max_power)
    beyond = jnp.maximum(exponent - end, 0)
    return factor / power * (jnp.expm1(jnp.minimum(exponent, end)) + max_power * beyond)


def ratio_weight(divergence: str, log_ratio: Float[Array, "*n"], max_power: float = 100.0) -> Float[Array, "*n"]:
    """The weight of a divergence on the score difference where the log-ratio of model and data is known.

    ``c min((q/p)^a, max_power)``

    Args:
        divergence: a name of ``RATIO_POWERS``.
        log_ratio: ``log q/p``, of any shape.
        max_power: the largest ``(q/p)^a``, at least 1.

    Returns:
        Positive weights of the same shape.

    Raises:
        ValueError: for an unknown divergence, or ``max_power`` below 1.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.log_ratio import ratio_weight
        >>> ratio_weight("kl", jnp.log(jnp.array([0.5, 1e-9]))).round(4).tolist()
        [2.0, 100.0]
    """
    power, factor = ratio_power(divergence, max_power)
    if power == 0:
        return jnp.full_like(log_ratio, factor)
    return factor * jnp.exp(jnp.minimum(power * log_ratio, math.log(max_power)))
