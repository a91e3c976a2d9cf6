"""Energy distances: maximum mean discrepancies of minus a function of negative type, which are kernels conditionally.

``ℓ(x, y) = ‖x - y‖^β`` is the classical one, without a bandwidth; ``ℓ(x, y) = log(1 + ‖x - y‖²/σ²)`` stays finite for
heavy tails.
"""

from igm_jax import kernels
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Scalar, Weights
from igm_jax.objectives.moments.mmd import mmd, mmd2_biased
from igm_jax.records import recorded

__all__ = ["energy", "energy_distance", "log_energy", "log_energy_distance"]


def energy_distance(
    x: Rows, y: Rows, *, beta: float = 1.0, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The energy distance of two weighted samples.

    ``ED = 2 E‖x - y‖^β - E‖x - x'‖^β - E‖y - y'‖^β``, all means over all pairs (the V-statistic).

    SciPy's ``energy_distance`` is its square root, in one dimension; GeomLoss's energy loss is half of it.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        beta: exponent, 0 < β ≤ 2; at 2 it is twice the squared distance of the means.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the samples to the power β.

    Raises:
        ValueError: for an exponent outside (0, 2], wrong shapes, non-finite numbers, or weights negative or summing to zero.

    Example:
        >>> from igm_jax import energy_distance
        >>> float(energy_distance([[0.0]], [[3.0]]))
        6.0

    Source: Székely and Rizzo, Energy statistics, J. Statist. Plann. Inference 143 (2013).
    """
    return mmd2_biased(x, y, kernels.distance(beta), x_weights=x_weights, y_weights=y_weights)


@recorded
def energy(beta: float = 1.0) -> Objective:
    """Energy distance as an objective; nothing is learned and there is no bandwidth to choose.

    ``loss = 2 E‖x - y‖^β - E‖x - x'‖^β - E‖y - y'‖^β``, and ``witness(p) = 2 (E‖p - y‖^β - E‖p - x‖^β)``.

    Args:
        beta: exponent, 0 < β ≤ 2.

    Returns:
        The objective.

    Raises:
        ValueError: for an exponent outside (0, 2].

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import energy
        >>> objective = energy()
        >>> x, y = jnp.array([[0.0]]), jnp.array([[3.0]])
        >>> objective.witness((), x, x, y).tolist()
        [6.0]
    """
    return mmd(kernels.distance(beta))


def log_energy_distance(
    x: Rows, y: Rows, bandwidth: ArrayLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The log-energy distance of two weighted samples: an energy distance that is finite for any usual tail.

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
    return mmd2_biased(x, y, kernels.logarithm(bandwidth), x_weights=x_weights, y_weights=y_weights)


@recorded
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
        >>> from igm_jax import objectives, velocity
        >>> x, y = jnp.array([[0.0]]), jnp.array([[1.0]])
        >>> velocity(objectives.log_energy(1.0), jax.random.key(0), (), x, y).tolist()
        [[2.0]]
    """
    return mmd(kernels.logarithm(bandwidth))
