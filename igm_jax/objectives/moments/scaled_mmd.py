"""The scaled MMD: a squared MMD between learned features, over how steep the kernel of these features is at the data."""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from igm_jax import checks, loops
from igm_jax.base import Info, Key, Network, Objective
from igm_jax.checks import ArrayLike, Rows, Scalar
from igm_jax.kernels.custom import NEARBY
from igm_jax.kernels.kernel import KernelLike, checked_kernel
from igm_jax.objectives.adversarial.base import Optimizer
from igm_jax.objectives.moments.mmd import mmd2_unbiased
from igm_jax.objectives.moments.mmd_gan import Features, between_features
from igm_jax.records import recorded

__all__ = ["mmd_scale", "scaled_mmd"]


def mmd_scale(features: Features, y: Rows, kernel: KernelLike, ridge: ArrayLike = 1.0) -> Scalar:
    """The factor by which a squared MMD between features is divided, so that its witness is gentle on average at the data.

    ``σ² = 1 / (λ + k(0) − 2k'(0) E_P ‖∇φ(y)‖_F²)``, the kernel being ``k(‖φ(x) − φ(y)‖²)``

    A function of the unit ball of ``k ∘ φ``, scaled by σ, has values and slopes with ``E_P[f² + ‖∇f‖²] + λ‖f‖² ≤ 1``.

    Args:
        features: ``points -> (n, k)``, each row a function of its own point alone.
        y: (m, d) data.
        kernel: a smooth function of the distance, such as ``gaussian`` or ``rational_quadratic``.
        ridge: λ > 0.

    Returns:
        σ², a scalar, in inverse units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for a kernel that is not a function of the distance or has a corner at zero, a λ that is not positive, or
            data that are not (m, d).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import kernels, objectives
        >>> steep = lambda points: points @ jnp.array([[3.0], [4.0]])  # ‖∇φ‖² = 25
        >>> round(1 / float(objectives.mmd_scale(steep, jnp.ones((6, 2)), kernels.gaussian(5.0))), 5)  # 1 + 1 + 25/5²
        3.0

    Source: Arbel, Sutherland, Bińkowski, Gretton, On gradient regularizers for MMD GANs, arXiv 1805.11565, Proposition 3.
    """
    checks.positive("ridge", ridge)
    y = checks.samples("y", y)
    height, slope = _at_zero(kernel, y.dtype)
    out, pull = jax.vjp(features, y)

    def along(direction: Float[Array, " k"]) -> Array:
        (gradient,) = pull(loops.differing(jnp.broadcast_to(direction[None], out.shape), out))
        return jnp.sum(jnp.square(gradient)) / len(y)

    steepness = jnp.sum(jax.vmap(along)(jnp.eye(out.shape[1], dtype=out.dtype)))
    return 1 / (jnp.asarray(ridge, out.dtype) + height - 2 * slope * steepness)


@recorded
def scaled_mmd(features: Network, optimizer: Optimizer, kernel: KernelLike, *, ridge: ArrayLike = 1.0) -> Objective:
    """The scaled MMD-GAN: no penalty, since a steep critic gains nothing.

    ``critic loss = −σ² MMD²_u(φ(x), φ(y))``,  ``generator loss = σ² MMD²(φ(x), φ(y))``, σ² of ``mmd_scale`` at the data

    Args:
        features: network φ from (n, d) to (n, k), smooth: its slope is differentiated.
        optimizer: its optax optimiser, e.g. ``optax.adam(1e-4, b1=0.5, b2=0.9)``.
        kernel: a smooth function of the distance, such as ``gaussian`` or ``rational_quadratic``.
        ridge: λ > 0.

    Returns:
        The objective; ``update``, which takes at least two samples and data, reports ``critic_loss``, ``mmd2`` (unscaled)
        and ``scale``.

    Raises:
        TypeError: if ``features`` is not a ``Network``, ``optimizer`` not an optax optimiser or ``kernel`` not a kernel.
        ValueError: as ``mmd_scale`` does, or, while running, for features that are not (n, k).

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> from igm_jax import kernels, networks, objectives
        >>> objective = objectives.scaled_mmd(networks.mlp(2, 4, width=16), optax.rmsprop(1e-3), kernels.gaussian(1.0))
        >>> x, y = jnp.zeros((8, 2)), jnp.ones((8, 2))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> sorted(info)
        ['critic_loss', 'mmd2', 'scale']

    Source: Arbel, Sutherland, Bińkowski, Gretton, arXiv 1805.11565.
    """
    checks.positive("ridge", ridge)
    _at_zero(kernel, jnp.result_type(float))

    def scale(phi: Features, y: Array) -> Array:
        return mmd_scale(phi, y, kernel, ridge)

    def critic_loss(key: Key, phi: Features, x: Array, y: Array) -> tuple[Array, Info]:
        del key
        value, factor = mmd2_unbiased(phi(x), phi(y), kernel), scale(phi, y)
        return -factor * value, {"mmd2": value, "scale": factor}

    return between_features(features, optimizer, kernel, critic_loss, scale)


def _at_zero(kernel: KernelLike, dtype: DTypeLike) -> tuple[Array, Array]:
    """The height of a kernel at distance zero and its slope there, if it has one."""
    kernel = checked_kernel(kernel)
    radial = kernel.radial
    if radial is None:
        raise ValueError(
            f"`kernel` must be a function of the distance, but is {kernel.name}; use `gaussian`, `rational_quadratic`, or"
            " `of_squared_distance(lambda squared: ...)`"
        )
    parameters = [jnp.asarray(value).astype(dtype) for value in radial.parameters]
    height, slope = radial.form.both(jnp.zeros((), dtype), *parameters)
    nearby = radial.form.both(jnp.asarray(NEARBY, dtype), *parameters)[1]
    if checks.is_concrete(slope) and not abs(nearby - slope) <= 0.01 * abs(slope):
        raise ValueError(
            f"`kernel` must be smooth at distance zero, but {kernel.name} has a corner there; use `gaussian`,"
            " `rational_quadratic` or `inverse_multiquadric`"
        )
    return height, slope
