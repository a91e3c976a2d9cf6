"""The f-GAN: a critic that bounds any f-divergence from below, with the nine divergences of Nowozin et al. 2016."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.objectives.adversarial.base import Critic, Penalty, adversarial, gap, outputs
from igm_jax.objectives.adversarial.f_divergences import FDivergence, f_divergence


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
        >>> from igm_jax.objectives.adversarial.f_gan import f_gan_value
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
        >>> from igm_jax.objectives.adversarial.f_gan import f_gan
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
