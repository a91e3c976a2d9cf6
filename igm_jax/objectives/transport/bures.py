"""Bures: the squared 2-Wasserstein distance of the Gaussians that have the samples' means and covariances."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.pairs import centred, matmul, safe_sqrt
from igm_jax.lifts import stateless
from igm_jax.records import recorded

__all__ = ["bures", "bures_distance", "bures_witness"]


class _Fit(NamedTuple):
    """A sample's mean, and a factor R of its covariance ``RᵀR``."""

    mean: Float[Array, " d"]
    factor: Float[Array, "d d"]


def _fit(x: Float[Array, "n d"], weights: Float[Array, " n"]) -> _Fit:
    mean = jnp.sum(weights[:, None] * x, axis=0)
    rows = safe_sqrt(weights)[:, None] * (x - mean[None, :])
    # Any orthonormal basis of the columns gives the same distance, so it counts as a constant in derivatives.
    basis = jnp.linalg.qr(jax.lax.stop_gradient(rows))[0]
    factor = matmul(basis.T, rows)
    return _Fit(mean, jnp.pad(factor, ((0, x.shape[1] - len(factor)), (0, 0))))


def _polar(r: Float[Array, "d d"], s: Float[Array, "d d"]) -> tuple[Array, Array, Array]:
    """``U, Σ, Vᵀ`` with ``R Sᵀ = U Σ Vᵀ``, as constants: U Vᵀ turns S the closest to R."""
    left, values, right = jnp.linalg.svd(jax.lax.stop_gradient(matmul(r, s.T)))
    return left, values, right


def _checked(x: Rows, y: Rows, x_weights, y_weights) -> tuple[Array, Array, Array, Array]:
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    return *centred(x, y), a, b


def bures_distance(x: Rows, y: Rows, *, x_weights: Weights = None, y_weights: Weights = None) -> Scalar:
    """The squared 2-Wasserstein distance of Gaussian fits of two weighted samples.

    ``W2² = ‖a - b‖² + tr(A + B - 2 (A^½ B A^½)^½)`` with means a, b and covariances ``A = Σ_i a_i (x_i - a)(x_i - a)ᵀ``, B: those
    of the samples themselves, with 1/n. ``igm_jax.evaluation.frechet_distance`` divides by n - 1.

    Computed as ``‖a - b‖² + min_U ‖R - U S‖²`` over orthogonal matrices U, for ``A = RᵀR`` and ``B = SᵀS``: nothing cancels, no
    covariance is inverted, and single precision is enough. By the envelope theorem U is a constant in the gradient,
    ``∂/∂x_i = 2 a_i (x_i - T(x_i))`` with T the optimal transport map of the fits. Where R Sᵀ is singular, as with fewer samples
    than features, U is not unique and the gradient is one of several.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in squared units of the samples; second derivatives must not be taken, as U counts as a constant.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax.objectives import bures_distance
        >>> round(float(bures_distance([[-1.0], [1.0]], [[1.0], [5.0]])), 4)
        10.0

    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions, J. Multivar. Anal. 12 (1982).
    """
    x, y, a, b = _checked(x, y, x_weights, y_weights)
    of_x, of_y = _fit(x, a), _fit(y, b)
    left, _, right = _polar(of_x.factor, of_y.factor)
    turned = matmul(matmul(left, right), of_y.factor)
    return jnp.sum(jnp.square(of_x.mean - of_y.mean)) + jnp.sum(jnp.square(of_x.factor - turned))


def bures_witness(
    points: Rows, x: Rows, y: Rows, *, x_weights: Weights = None, y_weights: Weights = None
) -> Float[Array, " p"]:
    """The first variation of the squared distance of Gaussian fits in the distribution of ``x``.

    ``w(p) = 2 (a - b)·p + (p - a)ᵀ (I - M) (p - a)``, with the linear part ``M = A^{-½} (A^½ B A^½)^½ A^{-½}`` of the optimal
    transport map ``T(p) = b + M (p - a)``; its gradient is ``2 (p - T(p))``.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (p,) heights, fixed up to a constant.

    Raises:
        ValueError: as ``bures_distance`` does.

    Example:
        >>> from igm_jax.objectives import bures_witness
        >>> low, high = bures_witness([[2.0], [0.0]], [[-1.0], [1.0]], [[3.0], [5.0]])
        >>> bool(low < high)
        True

    Source: Takatsu, Wasserstein geometry of Gaussian measures, Osaka J. Math. 48 (2011), for the map.
    """
    points, _ = centred(*checks.pair(points, y, names=("points", "y")))
    x, y, a, b = _checked(x, y, x_weights, y_weights)
    of_x, of_y = _fit(x, a), _fit(y, b)
    _, values, right = _polar(of_x.factor, of_y.factor)
    # M = Sᵀ V Σ⁻¹ Vᵀ S, over the singular values that are more than rounding.
    known = values > len(values) * jnp.finfo(values.dtype).eps * values[0]
    scale = jnp.where(known, 1 / jnp.sqrt(jnp.where(known, values, 1)), 0)
    root = matmul(of_y.factor.T, right.T * scale[None, :])
    gap = points - of_x.mean[None, :]
    spread = jnp.sum(jnp.square(gap), axis=1) - jnp.sum(jnp.square(matmul(gap, root)), axis=1)
    shift = jnp.sum(points * (of_x.mean - of_y.mean)[None, :], axis=1)
    return 2 * shift + spread


@recorded
def bures() -> Objective:
    """The squared 2-Wasserstein distance of Gaussian fits as an objective; nothing is learned.

    ``loss = ‖a - b‖² + tr(A + B - 2 (A^½ B A^½)^½)``

    It sees means and covariances alone. Unlike the Fréchet distance that judges, it is meant for training: do not report
    ``frechet_distance`` on the same features then.

    Returns:
        The objective.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import bures
        >>> objective = bures()
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> bool(objective.loss(jax.random.key(2), (), x, y) > 0)
        True

    Source: Dowson and Landau, J. Multivar. Anal. 12 (1982); Takatsu, Osaka J. Math. 48 (2011).
    """
    return stateless(bures_distance, bures_witness)
