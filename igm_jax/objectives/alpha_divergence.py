"""The α-divergences: one family from reverse KL over Hellinger and KL to Pearson, for ``f_gan``."""

import math

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.objectives.f_gan import FDivergence


def alpha_divergence(alpha: float) -> FDivergence:
    """The α-divergence, for ``f_gan`` and ``f_gan_value``.

    ``D = (∫ p^α q^{1−α} − 1) / (α (α − 1))``,  ``f(u) = (u^α − 1 − α (u − 1)) / (α (α − 1))``

    α = 1 is KL(P‖Q), α = 0 is KL(Q‖P), both as limits; α = 2 is half of ``pearson``, α = −1 half of ``neyman``, and α = ½ twice
    ``squared_hellinger``. The domain of the critic is all of R, and its best output is ``log p/q`` whatever α:
    ``g(v) = (e^{(α−1)v} − 1)/(α − 1)`` and ``f*(g(v)) = (e^{αv} − 1)/α``. Others number the family by 1 − α, or by
    α' = 2α − 1.

    Args:
        alpha: the order α, any real number.

    Returns:
        The divergence; its conjugate is exact also where the supremum is at u = 0, and infinite outside its domain.

    Raises:
        TypeError, ValueError: for an order that is not a finite number.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.alpha_divergence import alpha_divergence
        >>> u = jnp.array([0.5, 1.0, 3.0])
        >>> alpha_divergence(2.0).f(u).tolist()  # (u − 1)²/2
        [0.125, 0.0, 2.0]

    Source: Amari 2009, IEEE Trans. Inf. Theory 55(11); Cichocki, Amari 2010, Entropy 12(6).
    """
    if isinstance(alpha, bool) or not isinstance(alpha, int | float):
        raise TypeError(f"`alpha` must be a number, such as 0.5, but is {alpha!r}")
    if not math.isfinite(alpha):
        raise ValueError(f"`alpha` must be finite, but is {alpha!r}; choose an order such as 0.5")

    def f(u: Array) -> Array:
        log_ratio = jnp.log(u)  # f = u f' − f*(f'), which loses nothing at the limits
        return u * _growth(alpha - 1, log_ratio) - _growth(alpha, log_ratio)

    def conjugate(t: Array) -> Array:
        base = 1 + (alpha - 1) * t
        inside = base > 0
        log_ratio = _inverse_growth(alpha - 1, jnp.where(inside, t, 0))
        outside = -1 / alpha if alpha > 1 else math.inf
        return jnp.where(inside, _growth(alpha, log_ratio), outside)

    return FDivergence(f"alpha {alpha:g}", f, conjugate, lambda v: _growth(alpha - 1, v), lambda v: _growth(alpha, v))


def _growth(rate: float, v: Array) -> Array:
    """``(e^{rate v} − 1)/rate``, which is v at rate 0."""
    return v if rate == 0 else jnp.expm1(rate * v) / rate


def _inverse_growth(rate: float, t: Array) -> Array:
    return t if rate == 0 else jnp.log1p(rate * t) / rate
