"""Maximum mean discrepancy: the distance of kernel mean embeddings."""

from functools import partial

from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.kernel import KernelLike, checked_kernel, measured
from igm_jax.lifts import stateless
from igm_jax.pairwise.budget import after
from igm_jax.pairwise.dense import mmd2_of_few
from igm_jax.pairwise.sums import kernel_mean, kernel_mean_distinct, kernel_mean_within, kernel_means, kernel_offset
from igm_jax.records import recorded

__all__ = ["mmd", "mmd2_biased", "mmd2_unbiased", "mmd_witness"]


def mmd2_biased(
    x: Rows, y: Rows, kernel: KernelLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """The squared maximum mean discrepancy of two weighted samples (the V-statistic).

    ``MMD² = Σ a_i a_j k(x_i, x_j) + Σ b_i b_j k(y_i, y_j) - 2 Σ a_i b_j k(x_i, y_j)``

    Exact between the two empirical measures, hence zero only where they agree; as an estimate between the distributions
    behind them it is too large by about (E k(x,x) - E k(x,x'))/n. Rounding can make it negative by a few units in the last
    place of its terms; it is never clipped, because a clip would stop the gradient.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        kernel: from ``igm_jax.kernels``, or a function of two points.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax import kernels, mmd2_biased
        >>> float(mmd2_biased([[0.0], [2.0]], [[4.0]], kernels.linear()))
        9.0

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Eq. 5.
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    kernel = checked_kernel(kernel)
    if x_weights is None and y_weights is None and (value := mmd2_of_few(kernel, x, y)) is not None:
        return value
    kernel, height, x, y, _ = measured(kernel, x, y, a, b, compared=True)
    offset = kernel_offset(kernel, x, y, a, b)
    within = kernel_mean_within(kernel, y, b, offset)
    x, y = after(within, x, y)
    between = kernel_mean(kernel, x, y, a, b, offset)
    (x,) = after(between, x)
    return height * (kernel_mean_within(kernel, x, a, offset) + within - 2 * between)


@checks.needs(2)
def mmd2_unbiased(
    x: Rows, y: Rows, kernel: KernelLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Scalar:
    """An unbiased estimate of the squared maximum mean discrepancy (the U-statistic).

    ``MMD² = Σ_{i≠j} a_i a_j k(x_i, x_j) / Σ_{i≠j} a_i a_j + (same of y) - 2 Σ a_i b_j k(x_i, y_j)``

    Negative about half of the time when both samples have one law; that is what makes it unbiased, so it is never clipped.

    Args:
        x: (n, d) generated samples, n ≥ 2.
        y: (m, d) data, m ≥ 2.
        kernel: from ``igm_jax.kernels``, or a function of two points.
        x_weights: (n,) non-negative weights, at least two of them positive; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for fewer than two samples, wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax import kernels, mmd2_unbiased
        >>> float(mmd2_unbiased([[0.0], [2.0]], [[4.0], [4.0]], kernels.linear()))
        8.0

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Eq. 3.
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights, least=2)
    kernel = checked_kernel(kernel)
    if x_weights is None and y_weights is None and (value := mmd2_of_few(kernel, x, y, distinct=True)) is not None:
        return value
    kernel, height, x, y, _ = measured(kernel, x, y, a, b, compared=True)
    offset = kernel_offset(kernel, x, y, a, b)
    within = kernel_mean_distinct(kernel, x, a, offset) + kernel_mean_distinct(kernel, y, b, offset)
    return height * (within - 2 * kernel_mean(kernel, x, y, a, b, offset))


def mmd_witness(
    points: Rows, x: Rows, y: Rows, kernel: KernelLike, *, x_weights: Weights = None, y_weights: Weights = None
) -> Float[Array, " p"]:
    """The first variation of the squared maximum mean discrepancy in the distribution of ``x``.

    ``w(p) = 2 (Σ a_i k(p, x_i) - Σ b_j k(p, y_j))``: positive where the model has too much mass.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        kernel: from ``igm_jax.kernels``, or a function of two points.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (p,) witness values.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for wrong shapes, non-finite numbers, or weights that are negative or sum to zero.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> objectives.mmd_witness([[1.0]], [[3.0]], [[0.0]], kernels.linear()).tolist()
        [6.0]

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Section 2.3 (there without the factor 2).
    """
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    points, _ = checks.pair(points, y, names=("points", "y"))
    kernel, height, x, y, unit = measured(checked_kernel(kernel), x, y, a, b, compared=True)
    points = points / unit
    return 2 * height * (kernel_means(kernel, points, x, a) - kernel_means(kernel, points, y, b))


@recorded
def mmd(kernel: KernelLike) -> Objective:
    """Squared maximum mean discrepancy as an objective; nothing is learned.

    ``loss = MMD²(x, y)``, the V-statistic, whose velocity is exactly minus the gradient of its witness.

    Args:
        kernel: from ``igm_jax.kernels``, or a function of two points.

    Returns:
        The objective.

    Raises:
        TypeError: if ``kernel`` is not a kernel.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> objective = objectives.mmd(kernels.gaussian(1.0))
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> state = objective.init(jax.random.key(1), x)
        >>> bool(objective.loss(jax.random.key(2), state, x, y) > 0)
        True

    Source: Dziugaite et al., arXiv 1505.03906; Li et al., Generative Moment Matching Networks, arXiv 1502.02761.
    """
    kernel = checked_kernel(kernel)
    return stateless(partial(mmd2_biased, kernel=kernel), partial(mmd_witness, kernel=kernel))
