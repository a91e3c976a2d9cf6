"""Nearest neighbours: implicit maximum likelihood, where each datum pulls its nearest sample, and the Chamfer distance."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.lifts import no_witness, stateless
from igm_jax.pairwise.reductions import nearest, weighted_mean
from igm_jax.records import recorded

__all__ = ["chamfer", "chamfer_distance", "imle", "imle_loss"]

NO_WITNESS = (
    "it depends on where samples are and not on how much mass they have, so it has no first variation in the mass"
)


def _to_nearest(points: Array, weights: Array, y: Array, y_weights: Array) -> Scalar:
    """``Σ_i w_i min_j ‖p_i - y_j‖²``, over those y that have a weight."""
    # One without a weight is put where one with a weight is, which changes no minimum.
    y = jnp.where((y_weights > 0)[:, None], y, y[jnp.argmax(y_weights)][None])
    distance, index = nearest(*jax.lax.stop_gradient((points, y)))
    # Among numbers that are none (NaN) there is no nearest: which of them is taken must not hide them.
    known = jnp.where(jnp.isnan(distance[:, 0]), jnp.nan, 1).astype(points.dtype)
    return weighted_mean(known * jnp.sum(jnp.square(points - y[index[:, 0]]), axis=1), weights)


def imle_loss(x: Rows, y: Rows, *, x_weights: Weights = None, y_weights: Weights = None) -> Scalar:
    """The mean squared distance of the data to their nearest generated samples.

    ``L = Σ_j b_j min_i ‖x_i - y_j‖²``

    One side of the squared Chamfer distance: every datum must have a sample near it, so no mode is dropped, but samples that
    are nearest to no datum may be anywhere and feel nothing. The paper draws several samples for each datum.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        x_weights: (n,) non-negative weights, of which only matters whether they are zero: then a sample does not count.
        y_weights: (m,) non-negative weights, normalised here; uniform if None.

    Returns:
        Scalar, in squared units of the samples.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax.objectives import imle_loss
        >>> float(imle_loss([[0.0], [9.0]], [[1.0]]))
        1.0

    Source: Li and Malik, Implicit Maximum Likelihood Estimation, arXiv 1809.09087, Section 2.
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    return _to_nearest(y, b, x, a)


def chamfer_distance(x: Rows, y: Rows, *, x_weights: Weights = None, y_weights: Weights = None) -> Scalar:
    """The squared Chamfer distance of two weighted samples: each to the nearest of the other.

    ``C = Σ_i a_i min_j ‖x_i - y_j‖² + Σ_j b_j min_i ‖x_i - y_j‖²``

    Some take distances without the square, or sums in place of means. It is no divergence of distributions: where both have the
    same support it does not see how mass is spread over it.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in squared units of the samples.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax.objectives import chamfer_distance
        >>> float(chamfer_distance([[0.0], [4.0]], [[1.0]]))
        6.0

    Source: Fan, Su and Guibas, A Point Set Generation Network, arXiv 1612.00603, Section 3.2.
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    return _to_nearest(x, a, y, b) + _to_nearest(y, b, x, a)


@recorded
def imle() -> Objective:
    """Implicit maximum likelihood estimation as an objective: each datum pulls its nearest sample; nothing is learned.

    ``loss = mean_j min_i ‖x_i - y_j‖²``

    Returns:
        The objective. Its witness raises an error.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import objectives, velocity
        >>> x, y = jnp.array([[0.0], [9.0]]), jnp.array([[1.0]])
        >>> velocity(objectives.imle(), jax.random.key(0), (), x, y)[0].tolist()
        [4.0]

    Source: Li and Malik, Implicit Maximum Likelihood Estimation, arXiv 1809.09087.
    """
    return stateless(imle_loss)._replace(witness=no_witness(NO_WITNESS))


@recorded
def chamfer() -> Objective:
    """The squared Chamfer distance as an objective; nothing is learned.

    ``loss = mean_i min_j ‖x_i - y_j‖² + mean_j min_i ‖x_i - y_j‖²``

    Returns:
        The objective. Its witness raises an error.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import objectives, velocity
        >>> x, y = jnp.array([[0.0], [9.0]]), jnp.array([[1.0]])
        >>> velocity(objectives.chamfer(), jax.random.key(0), (), x, y).tolist()
        [[6.0], [-16.0]]

    Source: Fan, Su and Guibas, A Point Set Generation Network, arXiv 1612.00603.
    """
    return stateless(chamfer_distance)._replace(witness=no_witness(NO_WITNESS))
