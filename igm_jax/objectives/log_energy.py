"""Log-energy distance: the maximum mean discrepancy of the kernel -log(1 + ‖x - y‖²/σ²)."""

from jaxtyping import Array, Float

from igm_jax.base import Objective
from igm_jax.checks import ArrayLike
from igm_jax.objectives.mmd import mmd, mmd2_biased
from igm_jax.pairwise.more_kernels import logarithm


def log_energy_distance(
    x: ArrayLike,
    y: ArrayLike,
    bandwidth: ArrayLike,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> Float[Array, ""]:
    """The log-energy distance of two weighted samples: an energy distance that stands heavy tails.

    ``LED = 2 E ℓ(x, y) - E ℓ(x, x') - E ℓ(y, y')``, ``ℓ(x, y) = log(1 + ‖x - y‖²/σ²)``, all means over all pairs (the
    V-statistic).

    ℓ is of negative type, ``ℓ = ∫_0^∞ (1 - exp(-t ‖x - y‖²)) exp(-t σ²) dt/t``, so LED is a mixture of the squared MMDs of all
    Gaussian kernels, and zero only where the samples agree. Of laws it is finite wherever E log(1 + ‖x‖) is. For large σ it
    is ``2 ‖E x - E y‖² / σ²``.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        bandwidth: σ > 0, in the units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, without units.

    Raises:
        ValueError: for a bandwidth that is not positive, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import log_energy_distance
        >>> round(float(log_energy_distance([[0.0]], [[3.0]], 3.0)), 4)  # 2 log 2
        1.3863

    Source: Sejdinovic et al., Equivalence of distance-based and RKHS-based statistics, arXiv 1207.6076 (any ℓ of negative type).
    """
    return mmd2_biased(x, y, logarithm(bandwidth), x_weights=x_weights, y_weights=y_weights)


def log_energy(bandwidth: ArrayLike) -> Objective:
    """Log-energy distance as an objective; nothing is learned.

    ``loss = 2 E ℓ(x, y) - E ℓ(x, x') - E ℓ(y, y')``, and ``witness(p) = 2 (E ℓ(p, y) - E ℓ(p, x))``.

    A datum pulls with ``4 r / (σ² + r²)`` at distance r: hardest at r = σ, and as 4/r from afar, where it still guides.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The objective.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import velocity
        >>> from igm_jax.objectives import log_energy
        >>> x, y = jnp.array([[0.0]]), jnp.array([[1.0]])
        >>> velocity(log_energy(1.0), jax.random.key(0), (), x, y).tolist()
        [[2.0]]
    """
    return mmd(logarithm(bandwidth))
