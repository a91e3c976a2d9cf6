"""The f-GAN: a critic that bounds any f-divergence from below, and the game that it makes."""

from jaxtyping import Array

from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike, Scalar, Weights
from igm_jax.objectives.adversarial.base import Game, Optimizer, Penalties, adversarial, outputs, separable
from igm_jax.objectives.adversarial.f_divergences import FDivergence, f_divergence
from igm_jax.records import recorded

__all__ = ["f_gan", "f_gan_value"]


def _game(divergence: str | FDivergence, saturating: bool = True) -> Game:
    chosen = f_divergence(divergence)

    def on_samples(v: Array) -> Array:
        if chosen.conjugate_of_activation is None:
            return -chosen.conjugate(chosen.activation(v))
        return -chosen.conjugate_of_activation(v)

    generator_loss = on_samples if saturating else lambda v: -chosen.activation(v)
    game = separable("f_gan", chosen.activation, on_samples, generator_loss)
    return game._replace(report=lambda value, out: {"bound": value})


def f_gan_value(
    divergence: str | FDivergence,
    x_outputs: ArrayLike,
    y_outputs: ArrayLike,
    *,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Scalar:
    """The variational lower bound of an f-divergence, which the critic maximises.

    ``F = E_{y~P} g(V(y)) − E_{x~Q} f*(g(V(x)))  ≤  D_f(P‖Q)``, equal where ``g(V) = f'(p/q)``

    Conventions of the paper: KL is KL(P‖Q); ``pearson`` is ∫p²/q − 1 and ``neyman`` ∫q²/p − 1; ``jeffrey`` is
    ∫(p − q) log(p/q); ``jensen_shannon`` is twice the usual JSD, at most 2 log 2; ``gan`` is that minus log 4;
    ``squared_hellinger`` is ∫(√p − √q)², twice 1 − ∫√(pq); ``total_variation`` is ½∫|p − q|. The conjugate of ``pearson``
    is the paper's t²/4 + t for every t, looser than the exact −1 below t = −2, and never less than it.

    Args:
        divergence: a name (see ``f_divergence``) or an ``FDivergence``.
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``; the outputs V before the activation g.

    Returns:
        The bound, a scalar.

    Raises:
        ValueError: as ``gan_value``, and for an unknown name.

    Example:
        >>> from igm_jax.objectives import f_gan_value
        >>> float(f_gan_value("kl", [1.0, 1.0], [1.0]))  # V = f'(1) = 1 bounds KL by 0
        0.0

    Source: Nowozin, Cseke, Tomioka 2016, arXiv 1606.00709, equation 6 and tables 1 and 2.
    """
    return _game(divergence).value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def f_gan(
    divergence: str | FDivergence,
    critic: Network,
    optimizer: Optimizer,
    *,
    saturating: bool = True,
    penalties: Penalties = (),
) -> Objective:
    """The f-GAN: the generator descends the lower bound of an f-divergence that its critic ascends.

    ``critic loss = −F``,  ``generator loss = −E_Q f*(g(V(x)))``, or ``−E_Q g(V(x))`` if not saturating

    At the best critic the witness ``−f*(f'(p/q))`` is the first variation of D_f(P‖Q) in q. Where the critic is sure of a
    fake, that witness is flat; ``saturating=False`` is the paper's section 3.2, which has the same fixed point and a slope there.

    Args:
        divergence: a name (see ``f_divergence``) or an ``FDivergence``; the conventions are those of ``f_gan_value``.
        critic, optimizer, penalties: as in ``gan``; the divergence's own activation of the outputs is applied here.
        saturating: whether the generator descends the bound itself.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``bound``, the estimate F of the divergence.

    Raises:
        TypeError, ValueError: as ``gan``, and for an unknown divergence.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.f_gan("pearson", networks.mlp_critic(2), optax.rmsprop(1e-3))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> sorted(info)
        ['bound', 'critic_gap', 'critic_loss']

    Source: Nowozin, Cseke, Tomioka 2016, arXiv 1606.00709.
    """
    return adversarial(_game(divergence, saturating), critic, optimizer, penalties=penalties)
