"""Bures: the squared 2-Wasserstein distance of the Gaussians that have the samples' means and covariances."""

from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.pairs import centred
from igm_jax.lifts import stateless
from igm_jax.objectives.transport.gaussian_fits import fit, heights, squared_distance
from igm_jax.records import recorded

__all__ = ["bures", "bures_distance", "bures_witness"]


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
    return squared_distance(fit(x, a), fit(y, b))


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
    return heights(points, fit(x, a), fit(y, b))


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
