"""The Wasserstein GAN with gradient penalty: a critic of slope one, whose gap is the distance W1."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.checks import ArrayLike
from igm_jax.objectives.critics import Critic, adversarial, gap, gradients, lengths, outputs


def wgan_value(
    real_outputs: Array, fake_outputs: Array, *, x_weights: Any = None, y_weights: Any = None
) -> Float[Array, ""]:
    """The gap of a critic, which it maximises: a lower bound of W1 for a 1-Lipschitz critic, W1 for the best one.

    ``E_{y~P} D(y) − E_{x~Q} D(x)``

    Args:
        real_outputs: (m,) the critic's outputs on the data.
        fake_outputs: (n,) its outputs on the samples.
        x_weights: (n,) weights of the samples, normalised here; None for equal weights.
        y_weights: (m,) weights of the data, likewise.

    Returns:
        The gap, a scalar in the unit of distance.

    Raises:
        ValueError: for outputs that are not (n,) finite numbers, or unusable weights.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.wasserstein_gan import wgan_value
        >>> x, y = jnp.array([0.0, 1.0]), jnp.array([2.0, 3.0])  # W1 = 2, and the best critic is D(t) = t
        >>> float(wgan_value(y, x))
        2.0

    Source: Arjovsky, Chintala, Bottou 2017, arXiv 1701.07875, equation 2.
    """
    real, fake = outputs("real_outputs", real_outputs), outputs("fake_outputs", fake_outputs)
    y_weights, x_weights = checks.weights("y_weights", y_weights, real), checks.weights("x_weights", x_weights, fake)
    return jnp.sum(y_weights * real) - jnp.sum(x_weights * fake)


def gradient_penalty(critic: Critic, key: Key, x: Array, y: Array, target: ArrayLike = 1.0) -> Float[Array, ""]:
    """How far the critic's slope is from ``target``, between the samples and the data.

    ``mean_i (‖∇D(x̂_i)‖ − target)²,  x̂_i = α_i x_i + (1 − α_i) y_i,  α_i ~ U[0, 1]``, one α a sample, l2 norm per sample

    If n ≠ m, the larger set is used whole and each of its samples is paired with a uniform draw from the smaller set, so
    that the pairs still are independent draws of both. Where the critic is flat the norm's gradient is taken as zero.

    Args:
        critic: ``points -> (n,)``, each output a function of its own point alone.
        key: random key, for the α and the pairs.
        x: (n, d) samples.
        y: (m, d) data.
        target: the slope that is not penalised; 0 for a zero-centred penalty.

    Returns:
        The penalty, a scalar.

    Raises:
        ValueError: for samples that are not (n, d), or of different dimensions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives.wasserstein_gan import gradient_penalty
        >>> steep = lambda points: points @ jnp.array([3.0, 4.0])  # slope 5 everywhere
        >>> float(gradient_penalty(steep, jax.random.key(0), jnp.zeros((6, 2)), jnp.ones((6, 2))))
        16.0

    Source: Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1.
    """
    x, y = checks.pair(x, y)
    between = _between(key, x, y)
    slopes = lengths(gradients(critic, between))
    return jnp.mean(jnp.square(slopes - jnp.asarray(target, slopes.dtype)))


def _between(key: Key, x: Array, y: Array) -> Array:
    key_share, key_pairs = jax.random.split(key)
    n, m = len(x), len(y)
    if n < m:
        x = x[jax.random.randint(key_pairs, (m,), 0, n)]
    elif m < n:
        y = y[jax.random.randint(key_pairs, (n,), 0, m)]
    share = jax.random.uniform(key_share, (len(x), 1), x.dtype)
    return share * x + (1 - share) * y


def wgan_gp(critic: Network, optimizer: optax.GradientTransformation, *, penalty: ArrayLike = 10.0) -> Objective:
    """The Wasserstein GAN with gradient penalty.

    ``critic loss = E_Q D(x) − E_P D(y) + penalty · mean(‖∇D(x̂)‖ − 1)²``,  ``generator loss = −E_Q D(x)``

    The witness is ``−D``, and the velocity ``∇D``, of length about one. A penalty is not a bound: to gain more than it
    costs the critic is a little too steep, so its gap overestimates W1, by a factor 1 + W1/2λ for a mere translation.

    Args:
        critic: network from (n, d) to (n,), high on data.
        optimizer: the critic's optax optimiser, e.g. ``optax.adam(1e-4, b1=0.0, b2=0.9)``.
        penalty: the coefficient λ of the gradient penalty.

    Returns:
        The objective; ``update`` reports ``critic_loss``, ``critic_gap`` (an estimate of W1) and ``penalty`` (with its
        coefficient).

    Raises:
        TypeError: if ``critic`` is not a ``Network`` or ``optimizer`` not an optax optimiser.
        ValueError: for a coefficient that is not positive, or, while running, a critic whose output is not (n,).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax.networks import mlp_critic
        >>> from igm_jax.objectives.wasserstein_gan import wgan_gp
        >>> objective = wgan_gp(mlp_critic(2), optax.rmsprop(1e-4))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state = objective.init(jax.random.key(0), x)
        >>> state, info = objective.update(jax.random.key(1), state, x, y)
        >>> sorted(info)
        ['critic_gap', 'critic_loss', 'penalty']

    Source: Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1.
    """
    checks.positive("penalty", penalty)

    def critic_loss(key: Key, critic: Critic, x: Array, y: Array) -> tuple[Array, Info]:
        real, fake = critic(y), critic(x)
        steepness = gradient_penalty(critic, key, x, y)
        cost = jnp.asarray(penalty, steepness.dtype) * steepness
        return cost - wgan_value(real, fake), {"critic_gap": gap(real, fake), "penalty": cost}

    return adversarial(critic, optimizer, critic_loss, jnp.negative)
