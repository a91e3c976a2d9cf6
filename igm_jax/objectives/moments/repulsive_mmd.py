"""The repulsive MMD-GAN: features that tell data from data, and draw samples together."""

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.checks import Rows, Scalar
from igm_jax.kernels.kernel import KernelLike, checked_kernel, measured
from igm_jax.objectives.adversarial.base import Optimizer
from igm_jax.objectives.moments.mmd_gan import Features, between_features
from igm_jax.pairwise.sums import kernel_mean_distinct, kernel_offset
from igm_jax.records import recorded

__all__ = ["repulsive_mmd", "repulsive_value"]


def repulsive_value(x_features: Rows, y_features: Rows, kernel: KernelLike) -> Scalar:
    """How much more alike the samples' features are than the data's, which the repulsive critic maximises.

    ``E_Q k(φ(x), φ(x')) − E_P k(φ(y), φ(y'))``, over different samples

    A critic that ascends the MMD also maximises ``E_P k(φ(y), φ(y'))``: it contracts the data, and their details with them.

    Args:
        x_features: (n, k) features of the samples, n ≥ 2.
        y_features: (m, k) features of the data, m ≥ 2.
        kernel: from ``igm_jax.kernels``.

    Returns:
        Scalar, in the units of the kernel; zero on average for equal laws.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for fewer than two samples, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> float(objectives.repulsive_value([[0.0], [1.0]], [[0.0], [3.0]], kernels.distance()))
        2.0

    Source: Wang, Sun, Halgamuge, Improving MMD-GAN Training with Repulsive Loss Function, arXiv 1812.09916, Equation 4,
    which is its negative, for the critic to minimise.
    """
    x, y = checks.pair(x_features, y_features, least=2, names=("x_features", "y_features"))
    kernel, height, x, y, _ = measured(checked_kernel(kernel), x, y)
    offset = kernel_offset(kernel, x, y)
    alike = [
        kernel_mean_distinct(kernel, some, jnp.full((len(some),), 1 / len(some), x.dtype), offset) for some in (x, y)
    ]
    return height * (alike[0] - alike[1])


@recorded
def repulsive_mmd(features: Network, optimizer: Optimizer, kernel: KernelLike) -> Objective:
    """The MMD-GAN with the repulsive loss for its critic.

    ``critic loss = E_P k(φ(y), φ(y')) − E_Q k(φ(x), φ(x'))``,  ``generator loss = MMD²(φ(x), φ(y))``

    Nothing here holds the features back but the kernel's bounds: normalise their weights, ``mlp(d, k, spectral_norm=True)``,
    as the paper does, and take a bounded kernel. The paper's second part, a kernel that is cut off, is not here.

    Args:
        features: network φ from (n, d) to (n, k).
        optimizer: its optax optimiser, e.g. ``optax.adam(2e-4, b1=0.5, b2=0.999)``.
        kernel: bounded, from ``igm_jax.kernels``; the paper takes ``gaussian(1.0)``.

    Returns:
        The objective; ``update``, which takes at least two samples and data, reports ``critic_loss``.

    Raises:
        TypeError: if ``features`` is not a ``Network``, ``optimizer`` not an optax optimiser or ``kernel`` not a kernel.
        ValueError: while running, for features that are not (n, k).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import kernels, networks, objectives
        >>> features = networks.mlp(2, 4, width=16, spectral_norm=True)
        >>> objective = objectives.repulsive_mmd(features, optax.rmsprop(1e-3), kernels.gaussian(1.0))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> sorted(info)
        ['critic_loss']

    Source: Wang, Sun, Halgamuge, arXiv 1812.09916.
    """

    def critic_loss(key: Key, phi: Features, x: Array, y: Array) -> tuple[Array, Info]:
        del key
        return -repulsive_value(phi(x), phi(y), kernel), {}

    return between_features(features, optimizer, kernel, critic_loss)
