"""Kernel Stein discrepancy: how far samples are from a distribution that is known by its score alone."""

from collections.abc import Callable

from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.custom import has_corner
from igm_jax.kernels.forms import Radial
from igm_jax.kernels.kernel import KernelLike, checked_kernel
from igm_jax.lifts import stateless
from igm_jax.pairwise.reductions import weight_of_others, weighted_mean
from igm_jax.pairwise.stein import smooth, stein_means
from igm_jax.records import recorded

__all__ = ["ksd", "ksd2_biased", "ksd2_unbiased", "ksd_witness"]

Score = Callable[[Array], Array]
"""``points (n, d) -> ∇ log p (n, d)``: all that need be known of a target, its density's constant not."""


def ksd2_biased(x: Rows, score: Score, kernel: KernelLike, *, x_weights: Weights = None) -> Scalar:
    """The squared kernel Stein discrepancy of a weighted sample from a target (the V-statistic).

    ``KSD² = Σ_ij a_i a_j u(x_i, x_j)`` with ``u(x, x') = s(x)·s(x') k + s(x)·∇_{x'} k + s(x')·∇_x k + tr ∇_x∇_{x'} k`` and
    the target's score s. For a Gaussian or inverse multiquadric kernel it is zero only where the two distributions agree.

    Never negative but for rounding, and too large by about E u(x, x)/n; some papers call KSD what is squared here. In many
    dimensions or with separate modes the score says little about mass far away; the inverse multiquadric's long tails help.

    Args:
        x: (n, d) samples.
        score: ``(n, d) -> (n, d)``, the gradient of the target's log density, e.g. ``distribution.score``.
        kernel: radial and smooth: ``gaussian``, ``inverse_multiquadric``, ``rational_quadratic``, their sums and products.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.

    Returns:
        Scalar, in the kernel's units over squared units of the samples; differentiable in them, the score included.

    Raises:
        TypeError: if ``score`` is not a function, or the kernel is not radial and smooth.
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> float(objectives.ksd2_biased([[2.0]], lambda points: -points, kernels.gaussian(1.0)))
        5.0

    Source: Liu, Lee, Jordan, arXiv 1602.03253; Chwialkowski, Strathmann, Gretton, arXiv 1602.02964.
    """
    x, scores, a, radial = _checked(x, score, kernel, x_weights)
    return weighted_mean(stein_means(radial, x, scores, x, scores, a), a)


def ksd2_unbiased(x: Rows, score: Score, kernel: KernelLike, *, x_weights: Weights = None) -> Scalar:
    """An unbiased estimate of the squared kernel Stein discrepancy (the U-statistic).

    ``KSD² = Σ_{i≠j} a_i a_j u(x_i, x_j) / Σ_{i≠j} a_i a_j`` with the u of ``ksd2_biased``

    Negative about half of the time when the samples have the target's law, so it is never clipped.

    Args:
        x: (n, d) samples, n ≥ 2.
        score: ``(n, d) -> (n, d)``, the gradient of the target's log density.
        kernel: radial and smooth.
        x_weights: (n,) non-negative weights, at least two of them positive; uniform if None.

    Returns:
        Scalar, in the kernel's units over squared units of the samples.

    Raises:
        TypeError: if ``score`` is not a function, or the kernel is not radial and smooth.
        ValueError: for fewer than two samples, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> float(objectives.ksd2_unbiased([[2.0], [2.0]], lambda points: -points, kernels.gaussian(1.0)))
        5.0

    Source: Liu, Lee, Jordan, arXiv 1602.03253.
    """
    x, scores, a, radial = _checked(x, score, kernel, x_weights, least=2)
    means = stein_means(radial, x, scores, x, scores, a, distinct=True)
    return weighted_mean(means, a) / weighted_mean(weight_of_others(a), a)


def ksd_witness(
    points: Rows, x: Rows, score: Score, kernel: KernelLike, *, x_weights: Weights = None
) -> Float[Array, " p"]:
    """The first variation of the squared kernel Stein discrepancy in the distribution of ``x``.

    ``w(p) = 2 Σ_j a_j u(p, x_j)``; its mean under the target is 0.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) samples.
        score: ``(n, d) -> (n, d)``, the gradient of the target's log density.
        kernel: radial and smooth.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.

    Returns:
        (p,) heights.

    Raises:
        TypeError, ValueError: as ``ksd2_biased`` does.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> objectives.ksd_witness([[2.0]], [[2.0]], lambda points: -points, kernels.gaussian(1.0)).tolist()
        [10.0]

    Source: Korba et al., Kernel Stein Discrepancy Descent, arXiv 2105.09994.
    """
    x, scores, a, radial = _checked(x, score, kernel, x_weights)
    points = checks.pair(points, x, names=("points", "x"))[0].astype(x.dtype)
    return 2 * stein_means(radial, points, functions.field("score", score, points), x, scores, a)


@recorded
def ksd(score: Score, kernel: KernelLike) -> Objective:
    """Squared kernel Stein discrepancy as an objective: the target is its score, and the data ``y`` are not used.

    ``loss = KSD²(x)``, the V-statistic, with the derivative of the score, too: what KSD descent moves particles along.

    Where the target has several modes, samples can rest between them, at places where the score vanishes; start them wide.

    Args:
        score: ``(n, d) -> (n, d)``, differentiable: the gradient of the target's log density, e.g. ``distribution.score``.
        kernel: radial and smooth: ``gaussian``, ``inverse_multiquadric``, ``rational_quadratic``, their sums and products.

    Returns:
        The objective.

    Raises:
        TypeError: if ``score`` is not a function, or the kernel is not radial and smooth.

    Example:
        >>> import jax
        >>> from igm_jax import distributions, kernels, objectives, velocity
        >>> x, objective = jax.numpy.array([[2.0]]), objectives.ksd(distributions.normal(1).score, kernels.gaussian(1.0))
        >>> velocity(objective, jax.random.key(0), (), x, x).tolist()
        [[-4.0]]

    Source: Korba et al., Kernel Stein Discrepancy Descent, arXiv 2105.09994; for generators, Hu et al., arXiv 1810.03545.
    """
    _smooth_radial(kernel)
    functions.is_function("score", score)

    def divergence(x: Array, y: Array | None, *, x_weights: Weights = None) -> Array:
        del y
        return ksd2_biased(x, score, kernel, x_weights=x_weights)

    def witness(points: Array, x: Array, y: Array | None, *, x_weights: Weights = None) -> Array:
        del y
        return ksd_witness(points, x, score, kernel, x_weights=x_weights)

    return stateless(divergence, witness)


def scored(x: Rows, score: Score, x_weights: Weights, least: int = 1) -> tuple[Array, Array, Array]:
    """Samples, the score at them, and their weights, all checked."""
    x = checks.samples("x", x, least=least)
    return x, functions.field("score", score, x), checks.weights("x_weights", x_weights, x, least=least)


def _checked(
    x: Rows, score: Score, kernel: KernelLike, x_weights: Weights, least: int = 1
) -> tuple[Array, Array, Array, Radial]:
    radial = _smooth_radial(kernel)
    x, scores, a = scored(x, score, x_weights, least)
    return x, scores, a, radial


def _smooth_radial(kernel: KernelLike) -> Radial:
    found = checked_kernel(kernel)
    radial = found.radial
    if radial is None or not smooth(radial.form) or has_corner(radial):
        raise TypeError(
            "`kernel` must be a function of the distance with a second derivative at zero, such as"
            " `igm_jax.kernels.inverse_multiquadric(1.0)`, `gaussian(1.0)` or, of your own,"
            f" `of_squared_distance(lambda squared: 1 / (1 + squared))`, but is {found.name}"
        )
    return radial
