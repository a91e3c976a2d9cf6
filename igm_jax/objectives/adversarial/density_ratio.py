"""Density ratios: critics that learn log p/q, by four losses, and the divergence that a generator descends with it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.nn import log_sigmoid, logsumexp, softplus
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.objectives.adversarial.base import Critic, Penalty, comparing, gap, outputs


class RatioLoss(NamedTuple):
    """How a critic learns a density ratio. Weights sum to one.

    Attributes:
        name: its name.
        value: ``(real, y_weights, fake, x_weights) -> scalar``, which the critic maximises.
        log_ratio: ``(outputs, fake, x_weights) -> outputs``, the estimate of log p/q from the critic's outputs.
    """

    name: str
    value: Callable[[Array, Array, Array, Array], Array]
    log_ratio: Callable[[Array, Array, Array], Array]


def _log_softplus(v: Array) -> Array:
    """``log log(1 + e^v)``, which is v far below zero."""
    return jnp.where(v < -15, v, jnp.log(softplus(jnp.maximum(v, -15))))


RATIO_LOSSES: dict[str, RatioLoss] = {
    loss.name: loss
    for loss in (
        RatioLoss(
            "logistic",
            lambda real, b, fake, a: jnp.sum(b * log_sigmoid(real)) + jnp.sum(a * log_sigmoid(-fake)),
            lambda out, fake, a: out,
        ),
        RatioLoss(
            "nwj",
            lambda real, b, fake, a: jnp.sum(b * real) - jnp.sum(a * jnp.exp(fake - 1)),
            lambda out, fake, a: out - 1,
        ),
        RatioLoss(
            "donsker_varadhan",
            lambda real, b, fake, a: jnp.sum(b * real) - logsumexp(fake, b=a),
            lambda out, fake, a: out - logsumexp(fake, b=a),
        ),
        RatioLoss(
            "least_squares",
            lambda real, b, fake, a: jnp.sum(b * softplus(real)) - 0.5 * jnp.sum(a * softplus(fake) ** 2) - 0.5,
            lambda out, fake, a: _log_softplus(out),
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


def _parts(real_outputs: Any, fake_outputs: Any, x_weights: Any, y_weights: Any) -> tuple[Array, Array, Array, Array]:
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    return real, checks.weights("y_weights", y_weights, real), fake, checks.weights("x_weights", x_weights, fake)


def density_ratio_value(
    loss: str | RatioLoss, real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """What a critic of density ratios maximises; at its best it is a divergence.

    - ``logistic``: ``E_P log σ(D) + E_Q log(1 − σ(D))  ≤  2 JSD − log 4``, at ``D = log p/q``
    - ``nwj`` (Nguyen, Wainwright, Jordan): ``E_P D − E_Q e^{D−1}  ≤  KL(P‖Q)``, at ``D = 1 + log p/q``
    - ``donsker_varadhan``: ``E_P D − log E_Q e^D  ≤  KL(P‖Q)``, at ``D = log p/q + any constant``; a mean within a logarithm
      makes its gradient from a minibatch biased
    - ``least_squares`` (uLSIF): ``E_P r − ½ E_Q r² − ½  ≤  ½ ∫p²/q − ½``, at ``r = log(1 + e^D) = p/q``, positive by its form

    Args:
        loss: a name (see ``ratio_loss``) or a ``RatioLoss``.
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The value, a scalar.

    Raises:
        ValueError: for an unknown name, outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.density_ratio import density_ratio_value
        >>> float(density_ratio_value("nwj", jnp.ones(3), jnp.ones(4)))  # a ratio of 1 everywhere
        0.0

    Source: Sugiyama, Suzuki, Kanamori 2012, Density Ratio Estimation in Machine Learning; Nguyen, Wainwright, Jordan,
    arXiv 0809.0853; Belghazi et al., arXiv 1801.04062; Kanamori, Hido, Sugiyama, JMLR 10 (2009).
    """
    return ratio_loss(loss).value(*_parts(real_outputs, fake_outputs, x_weights, y_weights))


def kl_estimate(
    loss: str | RatioLoss, real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The mean of the learned log ratio over data, an estimate of KL(P‖Q).

    ``E_{y~P} log r(y)``, with ``log r`` the loss's own estimate of log p/q

    Args:
        loss: a name (see ``ratio_loss``) or a ``RatioLoss``.
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The estimate, a scalar; no bound, except for ``donsker_varadhan``, where it is the value itself.

    Raises:
        ValueError: for an unknown name, outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.adversarial.density_ratio import kl_estimate
        >>> float(kl_estimate("logistic", jnp.array([1.0, 3.0]), jnp.zeros(4)))
        2.0
    """
    real, b, fake, a = _parts(real_outputs, fake_outputs, x_weights, y_weights)
    return jnp.sum(b * ratio_loss(loss).log_ratio(real, fake, a))


def density_ratio(
    loss: str | RatioLoss,
    critic: Network,
    optimizer: optax.GradientTransformation,
    *,
    penalties: Sequence[Penalty] = (),
) -> Objective:
    """Reverse KL with a learned density ratio.

    ``critic loss = −value``,  ``generator loss = −E_Q log r(x)``, an estimate of KL(Q‖P)

    The witness is ``−log r``, and the velocity ``∇log r``: at the best critic the score difference, whatever the loss.
    Normalising constants of the ratio are held fixed.

    Args:
        loss: a name (see ``ratio_loss``) or a ``RatioLoss``.
        critic: network from (n, d) to (n,), any real numbers.
        optimizer: the critic's optax optimiser.
        penalties: what the critic pays besides, from ``igm_jax.objectives.penalties``.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap``, ``kl``, the estimate of KL(P‖Q), and, if there
        are penalties, ``penalty``.

    Raises:
        TypeError: if ``critic`` is not a ``Network``, ``optimizer`` not an optax optimiser or a penalty not callable.
        ValueError: for an unknown loss, or, while running, a critic whose output is not (n,).

    Example:
        >>> import optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.adversarial.density_ratio import density_ratio
        >>> objective = density_ratio("least_squares", mlp_critic(2), optax.rmsprop(1e-3))

    Source: Mohamed, Lakshminarayanan 2016, arXiv 1610.03483.
    """
    chosen = ratio_loss(loss)

    def critic_loss(key: Key, judge: Critic, x: Array, y: Array) -> tuple[Array, Info]:
        del key
        real, fake = judge(y), judge(x)
        info = {"critic_gap": gap(real, fake), "kl": kl_estimate(chosen, real, fake)}
        return -density_ratio_value(chosen, real, fake), info

    def witness(judge: Critic, points: Array, x: Array, y: Array) -> Array:
        del y
        fake = jax.lax.stop_gradient(judge(x))
        return -chosen.log_ratio(judge(points), fake, checks.weights("x_weights", None, fake))

    def generator_loss(judge: Critic, x: Array, y: Array) -> Array:
        return jnp.mean(witness(judge, x, x, y))

    return comparing(critic, optimizer, critic_loss, generator_loss, witness, penalties=penalties)
