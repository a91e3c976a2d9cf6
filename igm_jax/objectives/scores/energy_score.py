"""Scores of conditional models: how well some draws under a condition fit the one datum that was observed under it."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, digits, kernels
from igm_jax.base import Objective
from igm_jax.batches import refused
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel, measured
from igm_jax.lifts import stateless
from igm_jax.objectives.moments.mmd import mmd_witness
from igm_jax.pairwise.sums import kernel_mean, kernel_mean_distinct, kernel_means, kernel_values
from igm_jax.records import recorded

__all__ = ["energy_score", "energy_scoring", "kernel_score", "kernel_scoring"]


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


@recorded
def kernel_scoring(kernel: KernelLike) -> Objective:
    """The mean kernel score of draws at data, as an objective: of one condition, or by ``per_condition`` of many.

    ``loss = ½ mean_{i≠j} k(x_i, x_j) − mean_ij k(x_i, y_j) + ½ mean_j k(y_j, y_j)``

    With weights, means are weighted, that over pairs by products. Where data are observed in part, draws and datum are compared
    in the features that are known of it, for kernels of the distance alone.

    Args:
        kernel: from ``igm_jax.kernels``, or a function of two points.

    Returns:
        The objective, of at least two draws. Its witness is that of the law behind the draws: each sample's velocity leaves the
        sample itself out.

    Raises:
        TypeError: if ``kernel`` is not a kernel; while running, for ``observed`` with a kernel that is not one of the distance.
        ValueError: while running, for one draw.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> objective = objectives.kernel_scoring(kernels.linear())
        >>> x, y = jax.numpy.array([[1.0], [3.0]]), jax.numpy.array([[2.0]])
        >>> objective.loss(jax.random.key(0), (), x, y).item()
        -0.5

    Source: Gneiting and Raftery, JASA 102 (2007), Section 5.
    """
    kernel = checked_kernel(kernel)

    def divergence(
        x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None, y_observed: Array | None = None
    ) -> Array:
        if y_observed is None:
            return _mean_score(kernel, x, y, x_weights, y_weights)
        if kernel.radial is None:
            raise refused("y", "observed", f"the kernel {kernel.name}, which is no function of the distance,")

        def one(datum: Array, known: Array) -> Array:
            return _mean_score(kernel, jnp.where(known, x, 0), jnp.where(known, datum, 0)[None], x_weights, None)

        return jnp.sum(checks.weights("y_weights", y_weights, y) * jax.vmap(one)(y, y_observed))

    def witness(points: Array, x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None) -> Array:
        return 0.5 * mmd_witness(points, x, y, kernel, x_weights=x_weights, y_weights=y_weights)

    return stateless(divergence, witness)


def _mean_score(kernel: Kernel, x: Array, y: Array, x_weights: Weights, y_weights: Weights) -> Array:
    if len(x) < 2:
        raise ValueError(
            "a score compares draws with each other, so `x` must hold at least 2 of them, but holds 1; ask for more under each"
            " condition, e.g. `training(..., draws=2)`"
        )
    x, y = checks.pair(x, y)
    a, b = checks.weights("x_weights", x_weights, x, least=2), checks.weights("y_weights", y_weights, y)
    kernel, height, x, y, _ = measured(kernel, x, y, a, b)
    apart, towards = kernel_mean_distinct(kernel, x, a), kernel_mean(kernel, x, y, a, b)
    return height * (0.5 * apart - towards + 0.5 * jnp.sum(b * kernel_values(kernel, y, y)))


@recorded
def energy_scoring(beta: float = 1.0) -> Objective:
    """The mean energy score of draws at data, as an objective: of one condition, or by ``per_condition`` of many.

    ``loss = mean_ij ‖x_i − y_j‖^β − ½ mean_{i≠j} ‖x_i − x_j‖^β``

    Args:
        beta: exponent, 0 < β ≤ 2.

    Returns:
        The objective, as of ``kernel_scoring(kernels.distance(beta))``.

    Raises:
        ValueError: for an exponent outside (0, 2].

    Example:
        >>> import jax
        >>> from igm_jax import objectives
        >>> x, y = jax.numpy.array([[1.0], [3.0]]), jax.numpy.array([[6.0]])
        >>> objectives.energy_scoring().loss(jax.random.key(0), (), x, y).item()
        3.0

    Source: Gneiting and Raftery, JASA 102 (2007), Section 4.3; for generators, Shen and Meinshausen, arXiv 2307.00835.
    """
    return kernel_scoring(kernels.distance(beta))


def _checked(draws: ArrayLike, y: Rows) -> tuple[Float[Array, "c k d"], Float[Array, "c d"]]:
    draws, y = digits.as_given("draws", draws), digits.as_given("y", y)
    if draws.ndim != 3 or draws.shape[::2] != y.shape or draws.shape[1] < 2:
        raise ValueError(
            f"`draws` must have shape (c, k, d) with at least two draws for each of the data (c, d), but `draws` has shape"
            f" {draws.shape} and `y` {y.shape}; draw several times under each condition and stack along axis 1"
        )
    flat, y = checks.pair(draws.reshape(-1, draws.shape[2]), y, names=("draws", "y"))
    return flat.reshape(draws.shape), y
