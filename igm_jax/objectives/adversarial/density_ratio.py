"""Density ratios: critics that learn log p/q, by four losses, and the divergence that a generator descends with it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import logsumexp, softplus
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike, Scalar, Weights
from igm_jax.objectives.adversarial.base import Game, Optimizer, Outputs, Penalties, adversarial, outputs
from igm_jax.objectives.adversarial.games import GAMES
from igm_jax.records import recorded

__all__ = ["RatioLoss", "density_ratio", "density_ratio_value", "kl_estimate"]


class RatioLoss(NamedTuple):
    """How a critic learns a density ratio.

    Attributes:
        name: its name.
        value: ``outputs -> scalar``, which the critic maximises.
        log_ratio: ``(v, outputs) -> v``, the estimate of log p/q where the critic's output is v.
    """

    name: str
    value: Callable[[Outputs], Array]
    log_ratio: Callable[[Array, Outputs], Array]


Loss = str | RatioLoss
"""A loss, or its name in ``RATIO_LOSSES``."""


def _log_softplus(v: Array) -> Array:
    """``log log(1 + e^v)``, which is v far below zero."""
    return jnp.where(v < -15, v, jnp.log(softplus(jnp.maximum(v, -15))))


def _mean_exp(out: Outputs) -> Array:
    return jnp.sum(out.x_weights * jnp.exp(out.x - 1))


RATIO_LOSSES: dict[str, RatioLoss] = {
    loss.name: loss
    for loss in (
        RatioLoss("logistic", GAMES["gan"].value, lambda v, out: v),
        RatioLoss("nwj", lambda out: jnp.sum(out.y_weights * out.y) - _mean_exp(out), lambda v, out: v - 1),
        RatioLoss(
            "donsker_varadhan",
            lambda out: jnp.sum(out.y_weights * out.y) - logsumexp(out.x, b=out.x_weights),
            lambda v, out: v - logsumexp(out.x, b=out.x_weights),
        ),
        RatioLoss(
            "least_squares",
            lambda out: (
                jnp.sum(out.y_weights * softplus(out.y)) - 0.5 * jnp.sum(out.x_weights * softplus(out.x) ** 2) - 0.5
            ),
            lambda v, out: _log_softplus(v),
        ),
    )
}


def ratio_loss(loss: Any) -> RatioLoss:
    """The loss of that name, or the ``RatioLoss`` itself if one is given.

    Args:
        loss: ``"logistic"``, ``"nwj"``, ``"donsker_varadhan"``, ``"least_squares"``, or a ``RatioLoss`` of your own.

    Returns:
        The ``RatioLoss``.

    Raises:
        ValueError: for an unknown name; the text lists the known ones and the nearest.

    Example:
        >>> from igm_jax.objectives.adversarial.density_ratio import ratio_loss
        >>> ratio_loss("nwj").name
        'nwj'
    """
    return loss if isinstance(loss, RatioLoss) else RATIO_LOSSES[checks.choice("loss", loss, RATIO_LOSSES)]


def density_ratio_value(
    loss: Loss, x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """What a critic of density ratios maximises; at its best it is a divergence.

    - ``logistic``: ``E_P log σ(D) + E_Q log(1 − σ(D))  ≤  2 JSD − log 4``, at ``D = log p/q``
    - ``nwj`` (Nguyen, Wainwright, Jordan): ``E_P D − E_Q e^{D−1}  ≤  KL(P‖Q)``, at ``D = 1 + log p/q``
    - ``donsker_varadhan``: ``E_P D − log E_Q e^D  ≤  KL(P‖Q)``, at ``D = log p/q + any constant``; a mean within a logarithm
      makes its gradient from a minibatch biased
    - ``least_squares`` (uLSIF): ``E_P r − ½ E_Q r² − ½  ≤  ½ ∫p²/q − ½``, at ``r = log(1 + e^D) = p/q``, positive by its form

    Args:
        loss: a name (see ``ratio_loss``) or a ``RatioLoss``.
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The value, a scalar.

    Raises:
        ValueError: as ``gan_value``, and for an unknown name.

    Example:
        >>> from igm_jax.objectives import density_ratio_value
        >>> float(density_ratio_value("nwj", [1.0, 1.0], [1.0]))  # a ratio of 1 everywhere
        0.0

    Source: Sugiyama, Suzuki, Kanamori 2012, Density Ratio Estimation in Machine Learning; Nguyen, Wainwright, Jordan,
    arXiv 0809.0853; Belghazi et al., arXiv 1801.04062; Kanamori, Hido, Sugiyama, JMLR 10 (2009).
    """
    return ratio_loss(loss).value(outputs(x_outputs, y_outputs, x_weights, y_weights))


def kl_estimate(
    loss: Loss, x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The mean of the learned log ratio over data, an estimate of KL(P‖Q).

    ``E_{y~P} log r(y)``, with ``log r`` the loss's own estimate of log p/q

    Args:
        loss: a name (see ``ratio_loss``) or a ``RatioLoss``.
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The estimate, a scalar; no bound, except for ``donsker_varadhan``, where it is the value itself.

    Raises:
        ValueError: as ``gan_value``, and for an unknown name.

    Example:
        >>> from igm_jax.objectives import kl_estimate
        >>> float(kl_estimate("logistic", [0.0, 0.0], [1.0, 3.0]))
        2.0
    """
    return _kl(ratio_loss(loss), outputs(x_outputs, y_outputs, x_weights, y_weights))


def _kl(loss: RatioLoss, out: Outputs) -> Array:
    return jnp.sum(out.y_weights * loss.log_ratio(out.y, out))


@recorded
def density_ratio(loss: Loss, critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """Reverse KL with a learned density ratio.

    ``critic loss = −value``,  ``generator loss = −E_Q log r(x)``, an estimate of KL(Q‖P)

    The witness is ``−log r``, and the velocity ``∇log r``: at the best critic the score difference, whatever the loss.
    Normalising constants of the ratio are held fixed.

    Args:
        loss: a name (see ``ratio_loss``) or a ``RatioLoss``.
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap``, ``kl``, the estimate of KL(P‖Q), and, if there
        are penalties, ``penalty``.

    Raises:
        TypeError, ValueError: as ``gan``, and for an unknown loss.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.density_ratio("least_squares", networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Mohamed, Lakshminarayanan 2016, arXiv 1610.03483.
    """
    chosen = ratio_loss(loss)

    def witness(v: Array, out: Outputs) -> Array:
        return -chosen.log_ratio(v, out._replace(x=jax.lax.stop_gradient(out.x)))

    game = Game("density_ratio", chosen.value, witness, report=lambda value, out: {"kl": _kl(chosen, out)})
    return adversarial(game, critic, optimizer, penalties=penalties)
