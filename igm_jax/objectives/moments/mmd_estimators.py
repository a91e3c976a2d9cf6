"""Estimates of the squared maximum mean discrepancy from few of the pairs: the linear, the block and the incomplete one.

All three average ``h(i, j) = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i)`` over some i ≠ j. Each h is an unbiased
estimate, so their mean is one, too; what differs is the time, the variance, and how well the variance is known.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import checks
from igm_jax.base import Key, Objective
from igm_jax.checks import Rows, Samples, Scalar
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel, measured
from igm_jax.kernels.pairs import safe_sqrt
from igm_jax.lifts import stochastic
from igm_jax.objectives.moments.estimate import Estimate, mean_of
from igm_jax.pairwise.sums import kernel_mean, kernel_mean_distinct, kernel_offset, kernel_values
from igm_jax.records import recorded

__all__ = ["mmd2_block", "mmd2_incomplete", "mmd2_linear", "mmd_block"]

NO_WITNESS = (
    "each sample meets only some others, drawn anew at every call; on average over the draws its velocity is minus the"
    " gradient of `mmd_witness`"
)


def mmd2_linear(x: Rows, y: Rows, kernel: KernelLike) -> Estimate:
    """The linear-time estimate of the squared maximum mean discrepancy: every sample meets one other.

    ``MMD² = mean_{i ≤ n/2} h(2i - 1, 2i)``, unbiased, from independent terms; its standard error is their standard
    deviation over the root of their number.

    Args:
        x: (n, d) generated samples in random order, n ≥ 4.
        y: (m, d) data in random order, m ≥ 4; of the larger set only as many are used as the smaller has.
        kernel: from ``igm_jax.kernels``.

    Returns:
        The estimate and its standard error over draws of the samples, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for fewer than four samples, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> x, y = [[0.0], [2.0], [2.0], [0.0]], [[4.0], [4.0], [4.0], [4.0]]
        >>> [float(number) for number in objectives.mmd2_linear(x, y, kernels.linear())]
        [8.0, 0.0]

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Section 6.
    """
    return mmd2_block(x, y, kernel, block_size=2)


def mmd2_block(x: Rows, y: Rows, kernel: KernelLike, *, block_size: int) -> Estimate:
    """The block estimate of the squared maximum mean discrepancy: samples meet all others of their block (the B-test).

    ``MMD² = mean_b 1/(B(B - 1)) Σ_{i≠j in block b} h(i, j)``, unbiased, from independent blocks. Its standard error is the
    blocks' standard deviation over the root of their number. Blocks of two make it ``mmd2_linear``, and one block of all
    samples would be the U-statistic without the pairs (x_i, y_i). √n is a usual size of a block.

    Args:
        x: (n, d) generated samples in random order.
        y: (m, d) data in random order; of the larger set only as many are used as the smaller has.
        kernel: from ``igm_jax.kernels``.
        block_size: B ≥ 2, at most half of the smaller set; what does not fill a block is left out.

    Returns:
        The estimate and its standard error over draws of the samples, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for blocks of fewer than two samples or fewer than two blocks, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> x, y = [[0.0], [2.0], [2.0], [0.0]], [[4.0], [4.0], [4.0], [4.0]]
        >>> float(objectives.mmd2_block(x, y, kernels.linear(), block_size=2).value)
        8.0

    Source: Zaremba, Gretton, Blaschko, B-tests: Low Variance Kernel Two-Sample Tests, arXiv 1307.1954, Section 2.
    """
    size = checks.count("block_size", block_size, least=2)
    x, y, _, _ = checks.weighted_pair(x, y)
    if 2 * size > min(len(x), len(y)):
        raise ValueError(
            f"two blocks of {size} do not fit into the smaller set of {min(len(x), len(y))} samples, and one block has no"
            " standard error; give more samples or smaller blocks"
        )
    kernel, height, x, y, _ = measured(checked_kernel(kernel), x, y, compared=True)
    return mean_of(height * _blocks(kernel, x, y, size))


def mmd2_incomplete(key: Key, x: Rows, y: Rows, kernel: KernelLike, *, num_shifts: int) -> Estimate:
    """An incomplete U-statistic for the squared maximum mean discrepancy: every sample meets 2R others, drawn by a key.

    ``MMD² = mean_{r ≤ R, i ≤ n} h(i, i + s_r)``, indices modulo n, with R different random shifts s_r < n/2. No pair occurs
    twice and every sample occurs equally often, which is the design of least variance for its number of pairs; with all
    ⌊(n - 1)/2⌋ shifts of an odd n it is the complete U-statistic without the pairs (x_i, y_i).

    The terms are dependent, and their spread over the root of their number would be too small. The standard error adds
    the products of the deviations of all terms that share a sample: consistent for large n, whether the laws differ or not.

    Args:
        key: random key of the shifts.
        x: (n, d) generated samples in random order, n ≥ 3.
        y: (m, d) data in random order, m ≥ 3; of the larger set only as many are used as the smaller has.
        kernel: from ``igm_jax.kernels``.
        num_shifts: R ≥ 1, at most ⌊(n - 1)/2⌋; the time is that of 4 R n values of the kernel.

    Returns:
        The estimate and its standard error over draws of the samples, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for too many shifts, fewer than three samples, wrong shapes or non-finite numbers.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> x, y, key = [[0.0], [1.0], [2.0]], [[4.0]] * 3, jax.random.key(0)
        >>> float(objectives.mmd2_incomplete(key, x, y, kernels.linear(), num_shifts=1).value)
        8.666666984558105

    Source: Blom, Some properties of incomplete U-statistics, Biometrika 63 (1976); for kernels Schrab et al., arXiv
    2206.09194; the standard error, Fafchamps and Gubert, J. Dev. Econ. 83 (2007).
    """
    key = checks.key("key", key)
    x, y, _, _ = checks.weighted_pair(x, y, least=3)
    n, count = min(len(x), len(y)), checks.count("num_shifts", num_shifts)
    if count > (n - 1) // 2:
        raise ValueError(
            f"`num_shifts` must be at most {(n - 1) // 2} for {n} samples, as a pair would come twice, but is {count};"
            " `mmd2_estimate` takes all pairs"
        )
    shifts = _shifts(key, n, count)
    kernel, height, x, y, _ = measured(checked_kernel(kernel), x[:n], y[:n], compared=True)
    terms = height * _shifted(kernel, x, y, shifts)
    value = jnp.mean(terms)
    return Estimate(value, _error_of_sharing(terms - value, shifts))


@recorded
def mmd_block(kernel: KernelLike, block_size: int = 32) -> Objective:
    """The block estimate of the squared maximum mean discrepancy as an objective, in time nB instead of n².

    ``loss = mean_b MMD²(x in block b, y in block b)``, the blocks drawn anew at every call; unbiased.

    Blocks of two make it the linear-time estimate. (For training, the incomplete one would be no better for its number of
    pairs, and blocks are sums over pairs like any other.) Both samples are drawn in the same order where they are equally many,
    so that a sample against itself is at rest. One sample alone meets itself, and is only attracted.

    Args:
        kernel: from ``igm_jax.kernels``.
        block_size: B ≥ 2; a smaller minibatch is one block.

    Returns:
        The objective.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for blocks of fewer than two samples.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> x = jax.random.normal(jax.random.key(0), (8, 3))
        >>> abs(float(objectives.mmd_block(kernels.gaussian(1.0), 4).loss(jax.random.key(1), (), x, x))) < 1e-6
        True

    Source: Zaremba, Gretton, Blaschko, arXiv 1307.1954.
    """
    kernel, block_size = checked_kernel(kernel), checks.count("block_size", block_size, least=2)

    def divergence(key: Key, x: Array, y: Array) -> Array:
        known, height, x, y, _ = measured(kernel, *_in_random_order(key, x, y), compared=True)
        return height * jnp.mean(_blocks(known, x, y, min(block_size, len(x))))

    return stochastic(divergence, reason=NO_WITNESS)


def _in_random_order(key: Key, x: Array, y: Array) -> tuple[Array, Array]:
    """As many of x as of y, in random order, the same for both where they are equally many; a lone one is repeated."""
    x, y, _, _ = checks.weighted_pair(x, y)
    size = max(min(len(x), len(y)), 2)
    x, y = (some[jnp.resize(jax.random.permutation(key, len(some)), (size,))] for some in (x, y))
    return x, y


def _blocks(kernel: Kernel, x: Array, y: Array, size: int) -> Float[Array, " b"]:
    """The mean of h over the pairs of each block."""
    blocks = min(len(x), len(y)) // size
    cut = tuple(some[: blocks * size].reshape(blocks, size, some.shape[1]) for some in (x, y))
    return jax.lax.map(lambda block: _of_all(kernel, *block), cut)


def _of_all(kernel: Kernel, x: Float[Array, "n d"], y: Float[Array, "n d"]) -> Scalar:
    """The mean of h over all pairs i ≠ j."""
    n, uniform = len(x), jnp.full((len(x),), 1 / len(x), x.dtype)
    offset = kernel_offset(kernel, x, y)
    within = kernel_mean_distinct(kernel, x, uniform, offset) + kernel_mean_distinct(kernel, y, uniform, offset)
    partners = jnp.mean(kernel_values(kernel, x, y) - offset)
    between = (n * kernel_mean(kernel, x, y, uniform, uniform, offset) - partners) / (n - 1)
    return within - 2 * between


def _shifts(key: Key, n: int, count: int) -> Int[Array, " r"]:
    """Different numbers below n/2: i and i + s are then another pair for every i and s."""
    return 1 + jax.random.permutation(key, (n - 1) // 2)[:count]


def _shifted(kernel: Kernel, x: Samples, y: Samples, shifts: Int[Array, " r"]) -> Float[Array, "r n"]:
    """``h(i, i + s)`` for each shift s and each i."""

    def of_shift(shift: Array) -> Array:
        other_x, other_y = (jnp.roll(some, -shift, axis=0) for some in (x, y))
        # The differences first: they are small where x and y are near.
        at_x = kernel_values(kernel, x, other_x) - kernel_values(kernel, x, other_y)
        return at_x + kernel_values(kernel, y, other_y) - kernel_values(kernel, other_x, y)

    return jax.lax.map(of_shift, shifts)


def _error_of_sharing(deviations: Float[Array, "r n"], shifts: Int[Array, " r"]) -> Scalar:
    """``√Σ d_a d_b`` over all terms a and b that share a sample, over the number of terms."""
    of_second = jax.vmap(jnp.roll)(deviations, shifts)
    # Squares of what falls to each sample hold the terms that share it; a term shares two samples with itself.
    shared = jnp.sum(jnp.square(jnp.sum(deviations + of_second, axis=0))) - jnp.sum(jnp.square(deviations))
    return safe_sqrt(jnp.maximum(shared, 0)) / deviations.size
