"""The Wasserstein GAN: a critic of slope at most one, by clipped weights, a penalty or its network; its gap is W1.

The KL-Wasserstein GAN is a hinge game in which samples that look real count more.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Network, Objective
from igm_jax.checks import ArrayLike, Scalar, Weights
from igm_jax.objectives.adversarial.base import (
    Game,
    Optimizer,
    Outputs,
    Penalties,
    adversarial,
    check_optimizer,
    outputs,
)
from igm_jax.objectives.adversarial.games import GAMES
from igm_jax.objectives.adversarial.penalties import slope_penalty
from igm_jax.records import recorded

__all__ = ["clipped_weights", "kl_wgan", "kl_wgan_value", "wgan", "wgan_gp", "wgan_value"]


def wgan_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The gap of a critic, which it maximises: a lower bound of W1 for a 1-Lipschitz critic, W1 for the best one.

    ``E_{y~P} D(y) − E_{x~Q} D(x)``

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The gap, a scalar in the unit of distance, with the errors of ``gan_value``.

    Example:
        >>> from igm_jax.objectives import wgan_value
        >>> float(wgan_value([0.0, 1.0], [2.0, 3.0]))  # W1 = 2, and the best critic is D(t) = t
        2.0

    Source: Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, equation 2.
    """
    return GAMES["wgan"].value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def wgan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The Wasserstein GAN, for a critic that is kept from being steep by its network, its optimiser or penalties.

    ``critic loss = E_Q D(x) − E_P D(y)``,  ``generator loss = −E_Q D(x)``

    The witness is ``−D``. Without a bound on its slope the critic grows for ever. The original bounds its weights
    (``clipped_weights``); penalties that bound its slope are ``slope_penalty`` and ``one_sided_penalty``, and
    ``lipschitz_critic`` is a network of slope at most one. With ``fisher_constraint`` it is the Fisher GAN, with
    ``sobolev_constraint`` the Sobolev GAN.

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.wgan(networks.mlp_critic(2), objectives.clipped_weights(optax.rmsprop(1e-4), 0.01))

    Source: Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, algorithm 1.
    """
    return adversarial(GAMES["wgan"], critic, optimizer, penalties=penalties)


def clipped_weights(optimizer: Optimizer, bound: float = 0.01) -> Optimizer:
    """An optimiser after whose steps no parameter is larger than a bound.

    ``θ ← min(max(θ + step, −bound), bound)``

    Args:
        optimizer: an optax optimiser.
        bound: the largest absolute value of a parameter.

    Returns:
        The optimiser; its ``update`` needs the parameters.

    Raises:
        TypeError: if ``optimizer`` is not an optax optimiser, or, from ``update``, if no parameters are given.
        ValueError: for a bound that is not positive.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> from igm_jax.objectives.adversarial.wasserstein import clipped_weights
        >>> optimizer, weights = clipped_weights(optax.sgd(1.0), 0.5), jnp.array([0.25, 3.0])
        >>> step, _ = optimizer.update(jnp.array([1.0, 0.0]), optimizer.init(weights), weights)
        >>> (weights + step).tolist()
        [-0.5, 0.5]

    Source: Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, algorithm 1.
    """
    check_optimizer(optimizer)
    checks.positive("bound", bound)

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        if params is None:
            raise TypeError(
                "`params` must be the parameters to be clipped, but is None; call `update(updates, state, params)`"
            )
        step, state = optimizer.update(updates, state, params)
        return jax.tree.map(lambda p, s: jnp.clip(p + s, -bound, bound) - p, params, step), state

    return optax.GradientTransformation(optimizer.init, update)


@recorded
def wgan_gp(critic: Network, optimizer: Optimizer, *, penalty: ArrayLike = 10.0) -> Objective:
    """The Wasserstein GAN with gradient penalty.

    ``critic loss = E_Q D(x) − E_P D(y) + penalty · mean(‖∇D(x̂)‖ − 1)²``,  ``generator loss = −E_Q D(x)``

    The witness is ``−D``, and the velocity ``∇D``, of length about one. A penalty is not a bound: to gain more than it
    costs the critic is a little too steep, so its gap overestimates W1, by a factor 1 + W1/2λ for a mere translation.

    Args:
        critic, optimizer: as in ``gan``; the paper has ``optax.adam(1e-4, b1=0.0, b2=0.9)``.
        penalty: the coefficient λ of the gradient penalty.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` (an estimate of W1) and ``penalty`` (with its
        coefficient).

    Raises:
        TypeError, ValueError: as ``gan``, and for a coefficient that is not positive.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.wgan_gp(networks.mlp_critic(2), optax.rmsprop(1e-4))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> sorted(info)
        ['critic_gap', 'critic_loss', 'penalty']

    Source: Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1.
    """
    checks.positive("penalty", penalty)
    return adversarial(GAMES["wgan"], critic, optimizer, penalties=(slope_penalty(penalty),))


def importance(fake: Float[Array, " n"], weights: Float[Array, " n"]) -> Float[Array, " n"]:
    """``e^{D(x_i)} / Σ_k w_k e^{D(x_k)}``: how much more often the data hold such a sample, if D is log p/q."""
    return jnp.exp(fake - jax.nn.logsumexp(fake, b=weights))


def _value(out: Outputs) -> Array:
    ratio = jax.lax.stop_gradient(importance(out.x, out.x_weights))
    return -jnp.sum(out.y_weights * jax.nn.relu(1 - out.y)) - jnp.sum(out.x_weights * jax.nn.relu(1 + ratio * out.x))


KL_WGAN = Game(
    "kl_wgan",
    _value,
    lambda v, out: -jnp.exp(v - jax.nn.logsumexp(out.x, b=out.x_weights)),
    lambda out: -jnp.mean(jax.lax.stop_gradient(importance(out.x, out.x_weights)) * out.x),
)


def kl_wgan_value(
    x_outputs: ArrayLike, y_outputs: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The value of the game, which the critic maximises.

    ``V = −E_{y~P} max(0, 1 − D(y)) − E_{x~Q} max(0, 1 + r(x) D(x))``,  ``r(x) = e^{D(x)} / E_Q e^{D}``, held fixed

    Args:
        x_outputs, y_outputs, x_weights, y_weights: as in ``gan_value``.

    Returns:
        The value, a scalar of at most 0, with the errors of ``gan_value``; its derivative treats r as constant.

    Example:
        >>> from igm_jax.objectives import kl_wgan_value
        >>> float(kl_wgan_value([-0.5, -0.5], [0.0]))  # equal outputs, r = 1
        -1.5

    Source: Song, Ermon 2020, arXiv 1910.09779, with the hinge of its released code.
    """
    return KL_WGAN.value(outputs(x_outputs, y_outputs, x_weights, y_weights))


@recorded
def kl_wgan(critic: Network, optimizer: Optimizer, *, penalties: Penalties = ()) -> Objective:
    """The KL-Wasserstein GAN.

    ``critic loss = −V``,  ``generator loss = −E_Q r(x) D(x)``,  ``r = e^{D} / E_Q e^{D}``, held fixed

    The velocity is ``r ∇D``. That is the descent of ``−log E_Q e^{D}``, the part of Donsker and Varadhan's bound of
    KL(P‖Q) that depends on Q, whose first variation ``−e^{D} / E_Q e^{D}`` is the witness. The paper holds r fixed, as its
    best value for the critic at hand; some code differentiates it, which gives another flow.

    Args:
        critic, optimizer, penalties: as in ``gan``.

    Returns:
        The objective, with the reports and errors of ``gan``.

    Example:
        >>> import optax
        >>> from igm_jax import networks, objectives
        >>> objective = objectives.kl_wgan(networks.mlp_critic(2), optax.rmsprop(1e-3))

    Source: Song, Ermon 2020, arXiv 1910.09779, algorithm 1.
    """
    return adversarial(KL_WGAN, critic, optimizer, penalties=penalties)
