"""f-divergences as a critic bounds them, for ``f_gan``: the nine of Nowozin et al. 2016 in a table, and the α-divergences."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import softplus
from jax.scipy.special import xlogy
from jaxtyping import Array

from igm_jax import checks

__all__ = ["DIVERGENCES", "FDivergence", "alpha_divergence", "f_divergence"]

_LOG_2 = math.log(2)


class FDivergence(NamedTuple):
    """A divergence ``D_f(P‖Q) = E_Q f(p/q)``, P the data and Q the model, and what a critic needs to bound it.

    Attributes:
        name: its name.
        f: convex function of the density ratio u = p/q > 0, with f(1) = 0 (the "gan" one has f(1) = −log 4).
        conjugate: ``f*(t) = sup_u (u t − f(u))``, for t in its domain.
        activation: ``g``, increasing, from a critic's output v in all of R to that domain.
        conjugate_of_activation: ``f*(g(v))`` in one formula, where computing it in two steps would overflow or cancel;
            None to compute it in two steps.
    """

    name: str
    f: Callable[[Array], Array]
    conjugate: Callable[[Array], Array]
    activation: Callable[[Array], Array]
    conjugate_of_activation: Callable[[Array], Array] | None = None


@jax.custom_jvp
def log_lambert(t: Array) -> Array:
    """The root l of ``l + e^l = 1 − t``, elementwise: log W(e^{1−t}) with Lambert's W, whose argument would overflow.

    Newton's method on a convex increasing function: from above, where it starts, it falls to the root and cannot overshoot.

    Args:
        t: any finite numbers.

    Returns:
        The roots, in the shape of ``t``, exact to rounding.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.f_divergences import log_lambert
        >>> round(float(log_lambert(jnp.array(-1.0))), 4)  # W(e^2) = 1.5571
        0.4429
    """
    s = -t  # l + expm1(l) = s, which loses nothing near l = 0
    root = jnp.where(s > 0, jnp.log1p(jnp.maximum(s, 0)), jnp.minimum(s / 2, s + 1))
    for _ in range(6):
        root = root - (root + jnp.expm1(root) - s) / (1 + jnp.exp(root))
    return root


@log_lambert.defjvp
def _log_lambert_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    root = log_lambert(*primals)
    return root, -tangents[0] / (1 + jnp.exp(root))


def _jeffrey_conjugate(t: Array) -> Array:
    """``W + 1/W + t − 2`` with W = W(e^{1−t}); as t = 1 − W − log W, that is ``1/W − 1 − log W``: no cancellation."""
    root = log_lambert(t)
    return jnp.expm1(-root) - root


DIVERGENCES: dict[str, FDivergence] = {
    divergence.name: divergence
    for divergence in (
        FDivergence("kl", lambda u: xlogy(u, u), lambda t: jnp.exp(t - 1), lambda v: v),
        FDivergence(
            "reverse_kl", lambda u: -jnp.log(u), lambda t: -1 - jnp.log(-t), lambda v: -jnp.exp(-v), lambda v: v - 1
        ),
        FDivergence("pearson", lambda u: jnp.square(u - 1), lambda t: t * t / 4 + t, lambda v: v),
        FDivergence(
            "neyman",
            lambda u: jnp.square(1 - u) / u,
            lambda t: 2 - 2 * jnp.sqrt(1 - t),
            lambda v: -jnp.expm1(-v),
            lambda v: -2 * jnp.expm1(-v / 2),
        ),
        FDivergence(
            "squared_hellinger",
            lambda u: jnp.square(jnp.sqrt(u) - 1),
            lambda t: t / (1 - t),
            lambda v: -jnp.expm1(-v),
            jnp.expm1,
        ),
        FDivergence("jeffrey", lambda u: (u - 1) * jnp.log(u), _jeffrey_conjugate, lambda v: v),
        FDivergence(
            "jensen_shannon",
            lambda u: xlogy(u, u) - (u + 1) * jnp.log((1 + u) / 2),
            lambda t: -jnp.log1p(-jnp.expm1(t)),
            lambda v: _LOG_2 - softplus(-v),
            lambda v: softplus(v) - _LOG_2,
        ),
        FDivergence(
            "gan",
            lambda u: xlogy(u, u) - (u + 1) * jnp.log1p(u),
            lambda t: -jnp.log(-jnp.expm1(t)),
            lambda v: -softplus(-v),
            softplus,
        ),
        FDivergence("total_variation", lambda u: jnp.abs(u - 1) / 2, lambda t: t, lambda v: jnp.tanh(v) / 2),
    )
}


def f_divergence(divergence: Any) -> FDivergence:
    """The divergence of that name, or the ``FDivergence`` itself if one is given.

    Args:
        divergence: ``"kl"``, ``"reverse_kl"``, ``"pearson"``, ``"neyman"``, ``"squared_hellinger"``, ``"jeffrey"``,
            ``"jensen_shannon"``, ``"gan"``, ``"total_variation"``, or an ``FDivergence`` of your own.

    Returns:
        The ``FDivergence``.

    Raises:
        ValueError: for an unknown name; the text lists the known ones and the nearest.

    Example:
        >>> from igm_jax.objectives.adversarial.f_divergences import f_divergence
        >>> float(f_divergence("kl").f(1.0))
        0.0
    """
    if isinstance(divergence, FDivergence):
        return divergence
    return DIVERGENCES[checks.choice("divergence", divergence, DIVERGENCES)]


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
        >>> from igm_jax.objectives.adversarial.f_divergences import alpha_divergence
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
