"""Scores of conditional models: how well some draws under a condition fit the one datum that was observed under it."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, digits, kernels
from igm_jax.checks import ArrayLike, Rows
from igm_jax.kernels.kernel import KernelLike, checked_kernel, measured
from igm_jax.pairwise.sums import kernel_mean_distinct, kernel_means, kernel_values

__all__ = ["energy_score", "kernel_score"]


def kernel_score(draws: ArrayLike, y: Rows, kernel: KernelLike) -> Float[Array, " c"]:
    """The kernel score of some draws at a datum, for each condition; smaller is better.

    ``S_c = ½ mean_{i≠j} k(x_ci, x_cj) − mean_i k(x_ci, y_c) + ½ k(y_c, y_c)``

    An unbiased estimate of half the squared MMD between the model's law under condition c and the datum. On average over
    data it is least for the true law (the score is proper), so the mean of the scores trains a conditional generator from
    one datum a condition, as a plain function of its draws. (Draws met with themselves, i = j, would reward too small a
    spread.) One number a condition leaves the mean, a standard error or weights to the caller.

    Args:
        draws: (c, k, d) draws of the model, k ≥ 2 for each condition.
        y: (c, d) data, one for each condition.
        kernel: from ``igm_jax.kernels``, or a function of two points.

    Returns:
        (c,) scores, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for fewer than two draws, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> objectives.kernel_score([[[1.0], [3.0]]], [[2.0]], kernels.linear()).tolist()  # ½ (2 - mean)² - ½ variance
        [-0.5]

    Source: Gneiting and Raftery, Strictly Proper Scoring Rules, JASA 102 (2007), Section 5; for generators, Pacchiardi et
    al., arXiv 2112.08217.
    """
    draws, y = _checked(draws, y)
    flat = draws.reshape(-1, draws.shape[2])
    kernel, height, flat, y, _ = measured(checked_kernel(kernel), flat, y)
    draws = flat.reshape(draws.shape)
    uniform = jnp.full((draws.shape[1],), 1 / draws.shape[1], draws.dtype)

    def score(some: Float[Array, "k d"], datum: Float[Array, " d"]) -> Array:
        datum = datum[None]
        apart = kernel_mean_distinct(kernel, some, uniform)
        towards = kernel_means(kernel, datum, some, uniform)[0]
        return 0.5 * apart - towards + 0.5 * kernel_values(kernel, datum, datum)[0]

    return height * jax.vmap(score)(draws, y)


def energy_score(draws: ArrayLike, y: Rows, *, beta: float = 1.0) -> Float[Array, " c"]:
    """The energy score of some draws at a datum, for each condition; smaller is better.

    ``ES_c = mean_i ‖x_ci − y_c‖^β − ½ mean_{i≠j} ‖x_ci − x_cj‖^β``

    In one dimension with β = 1 it is the continuous ranked probability score, without bias. Strictly proper for β < 2; at 2
    only means are judged. Its mean over conditions is ½ of the energy distance to the data, plus what no model can change.

    Args:
        draws: (c, k, d) draws of the model, k ≥ 2 for each condition.
        y: (c, d) data, one for each condition.
        beta: exponent, 0 < β ≤ 2.

    Returns:
        (c,) scores, in the units of the samples to the power β.

    Raises:
        ValueError: for fewer than two draws, an exponent outside (0, 2], wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.objectives import energy_score
        >>> energy_score([[[1.0], [3.0]]], [[6.0]]).tolist()  # mean of 5 and 3, less half of 2
        [3.0]

    Source: Gneiting and Raftery, JASA 102 (2007), Section 4.3; for generators, Shen and Meinshausen, Engression, arXiv
    2307.00835, and arXiv 2502.02483.
    """
    return kernel_score(draws, y, kernels.distance(beta))


def _checked(draws: ArrayLike, y: Rows) -> tuple[Float[Array, "c k d"], Float[Array, "c d"]]:
    draws, y = digits.as_given("draws", draws), digits.as_given("y", y)
    if draws.ndim != 3 or draws.shape[::2] != y.shape or draws.shape[1] < 2:
        raise ValueError(
            f"`draws` must have shape (c, k, d) with at least two draws for each of the data (c, d), but `draws` has shape"
            f" {draws.shape} and `y` {y.shape}; draw several times under each condition and stack along axis 1"
        )
    flat, y = checks.pair(draws.reshape(-1, draws.shape[2]), y, names=("draws", "y"))
    return flat.reshape(draws.shape), y
