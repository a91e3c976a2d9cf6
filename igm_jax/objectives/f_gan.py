"""The f-GAN: a critic that bounds any f-divergence from below, with the nine divergences of Nowozin et al. 2016."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.nn import softplus
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.objectives.critics import Critic, Penalty, adversarial, gap, outputs

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
        >>> from igm_jax.objectives.f_gan import log_lambert
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
        >>> from igm_jax.objectives.f_gan import f_divergence
        >>> float(f_divergence("kl").f(1.0))
        0.0
    """
    if isinstance(divergence, FDivergence):
        return divergence
    return DIVERGENCES[checks.choice("divergence", divergence, DIVERGENCES)]


def _on_fake(divergence: FDivergence) -> Callable[[Array], Array]:
    if divergence.conjugate_of_activation is not None:
        return divergence.conjugate_of_activation
    return lambda v: divergence.conjugate(divergence.activation(v))


def f_gan_value(
    divergence: str | FDivergence,
    real_outputs: Array,
    fake_outputs: Array,
    *,
    x_weights: Any = None,
    y_weights: Any = None,
) -> Float[Array, ""]:
    """The variational lower bound of an f-divergence, which the critic maximises.

    ``F = E_{y~P} g(V(y)) − E_{x~Q} f*(g(V(x)))  ≤  D_f(P‖Q)``, equal where ``g(V) = f'(p/q)``

    Conventions of the paper: KL is KL(P‖Q); ``pearson`` is ∫p²/q − 1 and ``neyman`` ∫q²/p − 1; ``jeffrey`` is
    ∫(p − q) log(p/q); ``jensen_shannon`` is twice the usual JSD, at most 2 log 2; ``gan`` is that minus log 4;
    ``squared_hellinger`` is ∫(√p − √q)², twice 1 − ∫√(pq); ``total_variation`` is ½∫|p − q|. The conjugate of ``pearson``
    is the paper's t²/4 + t for every t, looser than the exact −1 below t = −2, and never less than it.

    Args:
        divergence: a name (see ``f_divergence``) or an ``FDivergence``.
        real_outputs: (m,) the critic's outputs V(y) on the data, before the activation g.
        fake_outputs: (n,) its outputs V(x) on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The bound, a scalar.

    Raises:
        ValueError: for an unknown name, outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.f_gan import f_gan_value
        >>> float(f_gan_value("kl", jnp.ones(3), jnp.ones(4)))  # V = f'(1) = 1 bounds KL by 0
        0.0

    Source: Nowozin, Cseke, Tomioka 2016, arXiv 1606.00709, equation 6 and tables 1 and 2.
    """
    divergence = f_divergence(divergence)
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    return jnp.sum(y_weights * divergence.activation(real)) - jnp.sum(x_weights * _on_fake(divergence)(fake))


def f_gan(
    divergence: str | FDivergence,
    critic: Network,
    optimizer: optax.GradientTransformation,
    *,
    saturating: bool = True,
    penalties: Sequence[Penalty] = (),
) -> Objective:
    """The f-GAN: the generator descends the lower bound of an f-divergence that its critic ascends.

    ``critic loss = −F``,  ``generator loss = −E_Q f*(g(V(x)))``, or ``−E_Q g(V(x))`` if not saturating

    At the best critic the witness ``−f*(f'(p/q))`` is the first variation of D_f(P‖Q) in q. Where the critic is sure of a
    fake, that witness is flat; ``saturating=False`` is the paper's section 3.2, which has the same fixed point and a slope there.

    Args:
        divergence: a name (see ``f_divergence``) or an ``FDivergence``; the conventions are those of ``f_gan_value``.
        critic: network from (n, d) to (n,), any real numbers: the divergence's own activation is applied here.
        optimizer: the critic's optax optimiser.
        saturating: whether the generator descends the bound itself.
        penalties: what the critic pays besides, from ``igm_jax.objectives.penalties``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``bound``, the estimate F of the divergence.

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for an unknown divergence, or, while running, a critic whose output is not (n,).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.f_gan import f_gan
        >>> objective = f_gan("pearson", mlp_critic(2), optax.rmsprop(1e-3))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state = objective.init(jax.random.key(0), x)
        >>> state, info = objective.update(jax.random.key(1), state, x, y)
        >>> sorted(info)
        ['bound', 'critic_gap', 'critic_loss']

    Source: Nowozin, Cseke, Tomioka 2016, arXiv 1606.00709.
    """
    divergence = f_divergence(divergence)
    on_fake = _on_fake(divergence) if saturating else divergence.activation

    def critic_loss(key: Key, critic: Critic, x: Array, y: Array) -> tuple[Array, Info]:
        del key
        real, fake = critic(y), critic(x)
        bound = f_gan_value(divergence, real, fake)
        return -bound, {"bound": bound, "critic_gap": gap(real, fake)}

    return adversarial(critic, optimizer, critic_loss, lambda v: -on_fake(v), penalties=penalties)
