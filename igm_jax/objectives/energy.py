"""Energy distance: the maximum mean discrepancy of the kernel -‖x - y‖^β."""

from jaxtyping import Array, Float

from igm_jax.base import Objective
from igm_jax.checks import ArrayLike
from igm_jax.objectives.mmd import mmd, mmd2_biased
from igm_jax.pairwise import kernels


def energy_distance(
    x: ArrayLike,
    y: ArrayLike,
    *,
    beta: float = 1.0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> Float[Array, ""]:
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
