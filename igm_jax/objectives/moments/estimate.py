"""An estimate with its standard error: of objectives as arrays, so that ``jax.jit`` may hold it, of metrics as numbers.

How sure the U-statistic of the squared maximum mean discrepancy is of its value comes from the sums that it is made of.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import Rows, Scalar
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel, measured
from igm_jax.kernels.pairs import safe_sqrt
from igm_jax.pairwise.sums import KernelMoments, kernel_moments, kernel_offset

__all__ = ["Estimate", "mmd2_estimate"]


class Estimate(NamedTuple):
    """An estimate and its standard error, both scalar arrays (of an objective) or both Python floats (of a metric).

    Attributes:
        value: the estimate.
        standard_error: its standard deviation over draws of what was drawn: of the samples, or of the features.
    """

    value: Any
    standard_error: Any


def mean_of(terms: Float[Array, " k"]) -> Estimate:
    """The mean of independent terms, and its standard error ``√(Σ (t - mean)² / (k (k - 1)))``.

    Args:
        terms: (k,) of them, k ≥ 2.

    Returns:
        The estimate.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.moments.estimate import mean_of
        >>> [float(number) for number in mean_of(jnp.array([1.0, 3.0]))]
        [2.0, 1.0]
    """
    return Estimate(jnp.mean(terms), safe_sqrt(jnp.var(terms, ddof=1) / len(terms)))


def mmd2_estimate(x: Rows, y: Rows, kernel: KernelLike) -> Estimate:
    """``mmd2_unbiased`` with its standard error, in one pass over the pairs and linear memory.

    ``Var MMD² = 4σ_x²/n + 4σ_y²/m + 2σ_xx²/n(n-1) + 2σ_yy²/m(m-1) + 4σ_xy²/nm``, exactly, where σ_x² is the variance of half
    the witness under the law of x, ``g(x) = E k(x, x') - E k(x, y)``, σ_xx² that of the kernel minus its row and column
    means, and so on. All five are estimated without bias from sums of k along rows and columns and of k².

    Where both laws are equal the first two vanish and the others rule, as for the degenerate U-statistic. (The distribution
    is then no normal one.) Where the estimate of the first two is below zero it counts as zero, so that on equal laws the
    standard error is about a quarter too large.

    Args:
        x: (n, d) generated samples, n ≥ 4.
        y: (m, d) data, m ≥ 4; n and m may differ.
        kernel: from ``igm_jax.kernels``.

    Returns:
        The estimate and its standard error over draws of the samples, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for fewer than four samples, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> x, y = [[0.0], [2.0], [0.0], [2.0]], [[4.0], [4.0], [4.0], [4.0]]
        >>> [round(float(number), 4) for number in objectives.mmd2_estimate(x, y, kernels.linear())]
        [8.6667, 3.3333]

    Source: the decomposition is Hoeffding's; Sutherland et al., arXiv 1611.04488, Section 2, and Sutherland and Deka, arXiv
    1906.02104, estimate the variance for n = m, with all terms for the second.
    """
    x, y, _, _ = checks.weighted_pair(x, y, least=4)
    n, m = len(x), len(y)
    kernel, height, x, y, _ = measured(checked_kernel(kernel), x, y, compared=True)
    offset = kernel_offset(kernel, x, y)
    of_x, of_y = _within(kernel, x, offset), _within(kernel, y, offset)
    between = kernel_moments(kernel, x, y, offset)
    across = _doubly_centred(between)
    # What is seen of the projections holds the noise of their sums.
    at_x = jnp.var(of_x.reach - between.rows, ddof=1) - of_x.spread / (n - 2) - across / m
    at_y = jnp.var(of_y.reach - between.columns, ddof=1) - of_y.spread / (m - 2) - across / n
    value = of_x.mean + of_y.mean - 2 * jnp.mean(between.rows)
    first = jnp.maximum(4 * (at_x / n + at_y / m), 0)
    second = 2 * (of_x.spread / (n * (n - 1)) + of_y.spread / (m * (m - 1))) + 4 * across / (n * m)
    return Estimate(height * value, height * safe_sqrt(first + second))


class _Within(NamedTuple):
    """Of a sample's pairs i ≠ j: the mean; ``Σ_{j≠i} k_ij / (n - 2)``, whose part of i alone is unshrunk; and σ_xx²."""

    mean: Scalar
    reach: Float[Array, " n"]
    spread: Scalar


def _within(kernel: Kernel, x: Array, offset: Array) -> _Within:
    n = len(x)
    moments = kernel_moments(kernel, x, x, offset, distinct=True)
    sums, squares = n * moments.rows, n * n * moments.square
    total = jnp.sum(sums)
    # The squares of k_ij - (sums_i + sums_j)/(n - 2) + total/(n - 1)(n - 2), whose rows sum to zero.
    centred = squares - 2 / (n - 2) * jnp.sum(jnp.square(sums)) + jnp.square(total) / ((n - 1) * (n - 2))
    return _Within(total / (n * (n - 1)), sums / (n - 2), jnp.maximum(centred, 0) / (n * (n - 3)))


def _doubly_centred(between: KernelMoments) -> Scalar:
    """σ_xy²: the residual variance of a table after its row and column means."""
    n, m = len(between.rows), len(between.columns)
    rows, columns = jnp.mean(jnp.square(between.rows)), jnp.mean(jnp.square(between.columns))
    residual = between.square - rows - columns + jnp.square(jnp.mean(between.rows))
    return jnp.maximum(residual, 0) * (n * m / ((n - 1) * (m - 1)))
