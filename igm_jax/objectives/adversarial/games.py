"""Games of a critic against a generator: a value that the critic climbs and a loss that the generator descends, in one table.

The public functions of a game are its value, of the critic's outputs, and its objective. What they have in common is
said with ``gan_value`` and ``gan``.
"""

import jax.numpy as jnp
from jax.nn import log_sigmoid, relu

from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike, Scalar, Weights
from igm_jax.objectives.adversarial.base import (
    Elementwise,
    Game,
    Optimizer,
    Penalties,
    adversarial,
    not_negative,
    outputs,
    separable,
)
from igm_jax.objectives.adversarial.penalties import r1_penalty, r2_penalty
from igm_jax.records import recorded

__all__ = ["gan", "gan_value", "hinge_gan", "hinge_value", "lsgan", "lsgan_value", "saturating_gan"]


def least_squares(low: float = 0.0, high: float = 1.0, target: float = 1.0) -> Game:
    """The game of ``lsgan``, whose critic regresses on ``high`` for data and on ``low`` for samples."""

    def half_square(label: float) -> Elementwise:
        return lambda v: 0.5 * jnp.square(v - label)

    def gain(label: float) -> Elementwise:
        return lambda v: -half_square(label)(v)

    return separable("lsgan", gain(high), gain(low), half_square(target))


GAMES: dict[str, Game] = {
    game.name: game
    for game in (
        separable("gan", log_sigmoid, lambda v: log_sigmoid(-v), lambda v: -log_sigmoid(v)),
        separable("saturating_gan", log_sigmoid, lambda v: log_sigmoid(-v), lambda v: log_sigmoid(-v)),
        separable("hinge_gan", lambda v: -relu(1 - v), lambda v: -relu(1 + v), jnp.negative),
        separable("wgan", lambda v: v, jnp.negative, jnp.negative),
        least_squares(),
    )
}


def gan_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The value of the GAN game, which the discriminator maximises: the mean log probability of its classification.

    ``V = E_{y~P} log σ(D(y)) + E_{x~Q} log(1 − σ(D(x)))``

    At the optimal logit ``D = log p/q`` the value is ``−log 4 + 2 JSD(P, Q)``; at ``D = 0`` it is ``−log 4``.

    Args:
        x_outputs: (n,) the critic's outputs D(x) on the samples; here they are logits.
        y_outputs: (m,) its outputs D(y) on the data.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar, here of at most 0.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> from igm_jax.objectives import gan_value
        >>> round(float(gan_value([0.0, 0.0], [0.0])), 4)  # -log 4
        -1.3863

    Source: Goodfellow et al. 2014, arXiv 1406.2661, equation 1.
    """
    return GAMES["gan"].value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def gan(
    critic: Network, optimizer: Optimizer, *, r1: ArrayLike = 0.0, r2: ArrayLike = 0.0, penalties: Penalties = ()
) -> Objective:
    """The non-saturating GAN, with zero-centred gradient penalties on data (R1) and on samples (R2).

    ``critic loss = −V + r1/2 E_P‖∇D‖² + r2/2 E_Q‖∇D‖²``,  ``generator loss = −E_Q log σ(D(x))``

    The witness is ``−log σ(D)``. At the optimal logit D = log p/q the velocity is ``(1 − σ(D)) ∇log p/q``: the score
    difference, scaled by the probability of being found out.

    Args:
        critic: network from (n, d) to (n,), high on data; its outputs are any numbers, here logits.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-3, b1=0.0)``.
        r1: coefficient γ of the penalty on data; 0 leaves it out.
        r2: coefficient of the penalty on samples; 0 leaves it out.
        penalties: what the critic pays besides, such as ``r1_penalty`` and ``fisher_constraint`` make it.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` and ``penalty`` (with its coefficients). The
        other games report a ``penalty`` if they have one.

    Raises:
        TypeError: if ``critic`` is not a ``Network``, ``optimizer`` not an optax optimiser or a penalty not callable.
        ValueError: for negative coefficients, or, while running, a critic whose output is not (n,).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.gan(networks.mlp_critic(2), optax.rmsprop(1e-3), r1=1.0)
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> sorted(info)
        ['critic_gap', 'critic_loss', 'penalty']

    Source: Goodfellow et al. 2014, arXiv 1406.2661; penalties: Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406.
    """
    not_negative("r1", r1)
    not_negative("r2", r2)
    return adversarial(GAMES["gan"], critic, optimizer, penalties=(r1_penalty(r1), r2_penalty(r2), *penalties))


@recorded
def saturating_gan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The GAN as a minimax game: the generator descends the value that its critic climbs.

    ``critic loss = −V``,  ``generator loss = E_Q log(1 − σ(D(x)))``, with V that of ``gan_value``

    The witness is ``log(1 − σ(D))``. At the optimal logit D = log p/q it is the first variation of 2 JSD(P, Q), and the
    velocity ``σ(D) ∇log p/q``: nothing where the critic is sure of a fake, which ``gan`` mends.

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.saturating_gan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Goodfellow et al. 2014, arXiv 1406.2661, equation 1.
    """
    return adversarial(GAMES["saturating_gan"], critic, optimizer, penalties=penalties)


def hinge_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The value of the hinge game: a critic is paid for a margin between data and samples, and not for more.

    ``V = −E_{y~P} max(0, 1 − D(y)) − E_{x~Q} max(0, 1 + D(x))``

    At the best critic ``D = sign(p − q)`` it is ``−2 + 2 TV(P, Q)``, with TV = ½∫|p − q|.

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The value, a scalar of at most 0, with the errors of ``gan_value``.

    Example:
        >>> from igm_jax.objectives import hinge_value
        >>> float(hinge_value([-1.0, -3.0], [0.5, 2.0]))
        -0.25

    Source: Lim, Ye 2017, arXiv 1705.02894.
    """
    return GAMES["hinge_gan"].value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def hinge_gan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The hinge GAN, or geometric GAN, usual with a spectrally normalised critic.

    ``critic loss = −V``,  ``generator loss = −E_Q D(x)``, so that the witness is ``−D``

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.hinge_gan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Lim, Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957.
    """
    return adversarial(GAMES["hinge_gan"], critic, optimizer, penalties=penalties)


def lsgan_value(
    x_outputs: ArrayLike,
    y_outputs: ArrayLike,
    *,
    low: float = 0.0,
    high: float = 1.0,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Scalar:
    """The value of the least squares game: minus half the squared errors of a regression.

    ``V = −½ E_{y~P} (D(y) − high)² − ½ E_{x~Q} (D(x) − low)²``

    At the best critic ``D = (high p + low q)/(p + q)`` it is ``−½ (high − low)² ∫ pq/(p + q)``.

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.
        low: what the critic should say of samples.
        high: what it should say of data.

    Returns:
        The value, a scalar of at most 0, with the errors of ``gan_value``.

    Example:
        >>> from igm_jax.objectives import lsgan_value
        >>> float(lsgan_value([0.5, 0.5], [0.5]))
        -0.25

    Source: Mao et al. 2017, arXiv 1611.04076, equation 2.
    """
    return least_squares(low, high).value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def lsgan(
    critic: Network,
    optimizer: Optimizer,
    *,
    low: float = 0.0,
    high: float = 1.0,
    target: float = 1.0,
    penalties: Penalties = (),
) -> Objective:
    """The least squares GAN: a critic that regresses on one number for data and another for samples.

    ``critic loss = −V``,  ``generator loss = ½ E_Q (D(x) − target)²``, so that the witness is ``½ (D − target)²``

    The defaults are the paper's 0-1 coding. With ``low=-1, high=1, target=0`` the two best critics' game descends
    Pearson's χ² of 2q from p + q.

    Args:
        critic, optimizer, penalties: as in ``gan``.
        low: what the critic should say of samples.
        high: what it should say of data.
        target: what the generator wants it to say of samples.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.lsgan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Mao et al. 2017, arXiv 1611.04076, equations 2 and 9.
    """
    return adversarial(least_squares(low, high, target), critic, optimizer, penalties=penalties)
