"""The MMD-GAN: features are learned under which samples and data differ most, as far as their witness stays gentle."""

from collections.abc import Callable

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.checks import Rows, Scalar
from igm_jax.kernels.kernel import KernelLike, checked_kernel
from igm_jax.objectives.adversarial.base import Critic, Optimizer, comparing
from igm_jax.objectives.adversarial.penalties import gradient_penalty
from igm_jax.objectives.moments.mmd import mmd2_biased, mmd2_unbiased, mmd_witness
from igm_jax.records import recorded

__all__ = ["mmd_gan", "witness_penalty"]

Features = Critic
"""``points -> (n, k)``: features with their parameters filled in; each row depends on its own sample alone."""


def witness_penalty(
    features: Features, key: Key, x: Rows, y: Rows, kernel: KernelLike, target: ArrayLike = 1.0
) -> Scalar:
    """How far the slope of the witness between features is from ``target``, between the samples and the data.

    ``mean_i (‖∇f(x̂_i)‖ − target)²`` with ``f(p) = E_P k(φ(p), φ(y)) − E_Q k(φ(p), φ(x))`` and x̂ uniform on the segments
    between samples and data, as in ``gradient_penalty``.

    Args:
        features: ``points -> (n, k)``, each row a function of its own point alone.
        key: random key, for the points in between.
        x: (n, d) samples.
        y: (m, d) data.
        kernel: from ``igm_jax.kernels``, between features.
        target: the slope that is not penalised.

    Returns:
        The penalty, a scalar.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for samples that are not (n, d), or of different dimensions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import kernels, objectives
        >>> x, y = jnp.zeros((6, 2)), jnp.array([[3.0, 4.0]] * 6)  # f(p) = p·(3, 4), of slope 5
        >>> float(objectives.witness_penalty(lambda points: points, jax.random.key(0), x, y, kernels.linear()))
        16.0

    Source: Bińkowski et al., Demystifying MMD GANs, arXiv 1801.01401, Section 2.1.
    """
    x, y = checks.pair(x, y)
    of_x, of_y = features(x), features(y)

    def witness(points: Array) -> Array:
        return -0.5 * mmd_witness(features(points), of_x, of_y, kernel)

    return gradient_penalty(witness, key, x, y, target)


@recorded
def mmd_gan(features: Network, optimizer: Optimizer, kernel: KernelLike, *, penalty: ArrayLike = 10.0) -> Objective:
    """The MMD-GAN with a gradient penalty on the witness.

    ``critic loss = −MMD²_u(φ(x), φ(y)) + penalty · mean(‖∇f(x̂)‖ − 1)²``,  ``generator loss = MMD²(φ(x), φ(y))``

    The critic ascends the unbiased estimate, since the biased one also rewards spreading the features; the generator
    descends the V-statistic, whose velocity is exactly minus the gradient of its witness ``mmd_witness(φ(p), φ(x), φ(y))``.

    Args:
        features: network φ from (n, d) to (n, k), e.g. ``mlp(d, 16)``.
        optimizer: its optax optimiser, e.g. ``optax.adam(1e-4, b1=0.5, b2=0.9)``.
        kernel: from ``igm_jax.kernels``, between features; the paper takes ``rational_quadratic()``.
        penalty: the coefficient λ of the gradient penalty.

    Returns:
        The objective; ``update``, which takes at least two samples and data, reports ``critic_loss``, ``mmd2`` and
        ``penalty`` (with its coefficient).

    Raises:
        TypeError: if ``features`` is not a ``Network``, ``optimizer`` not an optax optimiser or ``kernel`` not a kernel.
        ValueError: for a coefficient that is not positive, or, while running, features that are not (n, k).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import kernels, networks, objectives
        >>> objective = objectives.mmd_gan(networks.mlp(2, 4, width=16), optax.rmsprop(1e-3), kernels.gaussian(1.0))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> sorted(info)
        ['critic_loss', 'mmd2', 'penalty']

    Source: Li et al., MMD GAN, arXiv 1705.08584; the penalty and the kernel, Bińkowski et al., arXiv 1801.01401.
    """
    checks.positive("penalty", penalty)

    def critic_loss(key: Key, phi: Features, x: Array, y: Array) -> tuple[Array, Info]:
        value = mmd2_unbiased(phi(x), phi(y), kernel)
        steepness = witness_penalty(phi, key, x, y, kernel)
        cost = jnp.asarray(penalty, steepness.dtype) * steepness
        return cost - value, {"mmd2": value, "penalty": cost}

    return between_features(features, optimizer, kernel, critic_loss)


@recorded
def between_features(
    features: Network,
    optimizer: Optimizer,
    kernel: KernelLike,
    critic_loss: Callable[[Key, Features, Array, Array], tuple[Array, Info]],
    scale: Callable[[Features, Array], Array | float] = lambda phi, y: 1.0,
) -> Objective:
    """What MMD-GANs share: a generator that descends the squared MMD between learned features.

    ``loss = scale(φ, y) MMD²(φ(x), φ(y))``, the V-statistic.

    Args:
        features: network φ from (n, d) to (n, k).
        optimizer: its optax optimiser.
        kernel: from ``igm_jax.kernels``, between features.
        critic_loss: ``(key, features, x, y) -> (scalar, info)``, what the features minimise, and scalars to report.
        scale: ``(features, y) -> scalar``, a factor that depends on the data alone.

    Returns:
        The objective; its state is a ``CriticState``.

    Raises:
        TypeError: if ``features`` is not a ``Network``, ``optimizer`` not an optax optimiser or ``kernel`` not a kernel.

    Example:
        >>> import optax
        >>> from igm_jax import kernels, networks, objectives
        >>> from igm_jax.objectives.moments.mmd_gan import between_features
        >>> kernel = kernels.gaussian(1.0)
        >>> climb = lambda key, phi, x, y: (-objectives.mmd2_unbiased(phi(x), phi(y), kernel), {})
        >>> objective = between_features(networks.mlp(2, 4), optax.sgd(1e-3), kernel, climb)
    """
    kernel = checked_kernel(kernel)

    def loss(phi: Features, x: Array, y: Array) -> Array:
        return scale(phi, y) * mmd2_biased(phi(x), phi(y), kernel)

    def witness(phi: Features, points: Array, x: Array, y: Array) -> Array:
        x, y = checks.pair(x, y)
        return scale(phi, y) * mmd_witness(phi(points), phi(x), phi(y), kernel)

    return comparing(features, optimizer, critic_loss, loss, witness, checked=functions.one_row)
