"""Stein variational gradient descent: the direction in a kernel's space along which KL to a known score falls fastest."""

from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.kernel import KernelLike, checked_kernel, measured
from igm_jax.lifts import from_velocity
from igm_jax.objectives.fields.stein_discrepancy import Score, scored
from igm_jax.pairwise.stein import stein_directions
from igm_jax.records import recorded

__all__ = ["svgd", "svgd_field"]


def svgd_field(
    x: Rows, score: Score, kernel: KernelLike, *, points: ArrayLike | None = None, x_weights: Weights = None
) -> Float[Array, "p d"]:
    """The field of Stein variational gradient descent: the score, averaged by a kernel, and a push apart.

    ``v(p) = Σ_j a_j [k(x_j, p) s(x_j) + ∇_{x_j} k(x_j, p)]``

    Of all fields of norm at most one in the kernel's space, KL(q ‖ p) falls fastest along v/‖v‖, at the rate ‖v‖ = KSD.
    With a polynomial kernel of degree one, samples with the mean and covariance of a Gaussian target are at rest.

    Args:
        x: (n, d) samples.
        score: ``(n, d) -> (n, d)``, the gradient of the target's log density, e.g. ``distribution.score``.
        kernel: from ``igm_jax.kernels``, or a function of two points; one that is not radial costs a pass for each feature.
        points: (p, d) where to evaluate; the samples themselves if None.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.

    Returns:
        (p, d) velocity, in inverse units of the samples.

    Raises:
        TypeError: if ``score`` is not a function or ``kernel`` not a kernel.
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> objectives.svgd_field([[2.0]], lambda points: -points, kernels.gaussian(1.0)).tolist()  # a lone sample climbs
        [[-2.0]]

    Source: Liu and Wang, Stein Variational Gradient Descent, arXiv 1608.04471, equation 8.
    """
    kernel = checked_kernel(kernel)
    x, scores, a = scored(x, score, x_weights)
    places = x if points is None else checks.pair(points, x, names=("points", "x"))[0].astype(x.dtype)
    kernel, height, x, places, unit = measured(kernel, x, places, a)
    return height * stein_directions(kernel, places, x, scores * unit, a) / unit


@recorded
def svgd(score: Score, kernel: KernelLike) -> Objective:
    """Stein variational gradient descent as an objective: the target is its score, and the data ``y`` are not used.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v(x_i))‖²`` with the field v of ``svgd_field``.

    On particles it is the algorithm of the first paper. A generator x = g(z; θ) that is trained with it follows
    ``Σ_i (∂x_i/∂θ)ᵀ v(x_i)``: amortised SVGD, the algorithm of the second.

    Args:
        score: ``(n, d) -> (n, d)``, the gradient of the target's log density, e.g. ``distribution.score``.
        kernel: from ``igm_jax.kernels``, or a function of two points.

    Returns:
        The objective. Its witness raises an error: the field is not a gradient.

    Raises:
        TypeError: if ``score`` is not a function or ``kernel`` not a kernel.

    Example:
        >>> import jax
        >>> from igm_jax import distributions, kernels, objectives, velocity
        >>> x, objective = jax.numpy.array([[2.0]]), objectives.svgd(distributions.normal(1).score, kernels.gaussian(1.0))
        >>> velocity(objective, jax.random.key(0), (), x, x).tolist()
        [[-2.0]]

    Source: Liu and Wang, arXiv 1608.04471; amortised, Wang and Liu, Learning to Draw Samples, arXiv 1611.01722.
    """
    kernel = checked_kernel(kernel)
    functions.is_function("score", score)

    def field(x: Array, y: Array | None, *, x_weights: Weights = None) -> Array:
        del y
        return svgd_field(x, score, kernel, x_weights=x_weights)

    return from_velocity(
        field, reason="a kernel's average of the score is not a gradient (its Jacobian is not symmetric)"
    )
