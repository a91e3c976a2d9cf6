"""Scores of conditional models: how well some draws under a condition fit what was observed under it."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, kernels, loops
from igm_jax.base import Objective
from igm_jax.batches import refused
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.forms import measured_in
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel, measured
from igm_jax.lifts import stateless
from igm_jax.objectives.scores.draws import (
    Fairness,
    Transform,
    check_several,
    each_condition,
    fairness_of,
    shares,
    weighed,
)
from igm_jax.pairwise.small import small_score
from igm_jax.pairwise.sums import form_parameters, kernel_mean, kernel_means, kernel_sum_distinct, kernel_values
from igm_jax.records import recorded, told

__all__ = ["energy_score", "energy_scoring", "kernel_score", "kernel_scoring"]


def kernel_score(
    draws: ArrayLike,
    y: Rows,
    kernel: KernelLike,
    *,
    alpha: float = 1.0,
    temperature: float = 1.0,
    observed: ArrayLike | None = None,
    of: Transform | None = None,
) -> Float[Array, " c"]:
    """The kernel score of some draws at data, for each condition; smaller is better.

    ``S_c = ½ mean_{i≠j} k(x_ci, x_cj) − mean_i k(x_ci, y_c) + ½ k(y_c, y_c)``

    An unbiased estimate of half the squared MMD between the model's law under condition c and the datum. On average over
    data it is least for the true law (the score is proper), so the mean of the scores trains a conditional generator from
    one datum a condition, as a plain function of its draws. (Draws met with themselves, i = j, would reward too small a
    spread: that is ``alpha=0``.) One number a condition leaves the mean, a standard error or weights to the caller.

    Args:
        draws: (c, k, d) draws of the model under each of c conditions.
        y: (c, d) data, one for each condition; or (c, m, d), m of each, over which the score is a mean.
        kernel: from ``igm_jax.kernels``, or a function of two points.
        alpha: 1 for the mean over i ≠ j (fair), which takes two draws; 0 for that over all i, j (the V-statistic); between them
            α times the one and 1 − α times the other (almost fair).
        temperature: what the mean over pairs of draws is multiplied with, in (0, 1]; below 1 the score is not proper, and draws
            come out sharper than the data.
        observed: booleans of the shape of ``y``. Draws and a datum are compared in the features that are known of it; a datum of
            which none is known is left out, and a condition with no other data scores 0.
        of: ``(n, d) -> (n, e)``, through which draws and data are seen first, e.g. ``pooled`` or ``differences``.

    Returns:
        (c,) scores, in the units of the kernel.

    Raises:
        TypeError: if ``kernel`` is not a kernel, or one that is no function of the distance with ``observed``.
        ValueError: for too few draws, numbers out of their range, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> objectives.kernel_score([[[1.0], [3.0]]], [[2.0]], kernels.linear()).tolist()  # ½ (2 - mean)² - ½ variance
        [-0.5]

    Source: Gneiting and Raftery, Strictly Proper Scoring Rules, JASA 102 (2007), Section 5; for generators, Pacchiardi et
    al., arXiv 2112.08217; almost fair, Lang et al., arXiv 2412.15832.
    """
    kernel, fairness = checked_kernel(kernel), fairness_of(alpha, temperature)
    several = check_several(draws, y, observed, fairness.least).seen(of)
    k, m = several.draws.shape[1], several.y.shape[1]
    a = jnp.full((k,), 1 / k, several.draws.dtype)

    def score(x: Array, data: Array, known: Array | None) -> Array:
        return _observed_score(kernel, fairness, x, data, a, shares(known, m, x.dtype), known)

    return each_condition(score, several)


def energy_score(
    draws: ArrayLike,
    y: Rows,
    *,
    beta: float = 1.0,
    alpha: float = 1.0,
    temperature: float = 1.0,
    observed: ArrayLike | None = None,
    of: Transform | None = None,
) -> Float[Array, " c"]:
    """The energy score of some draws at data, for each condition; smaller is better.

    ``ES_c = mean_i ‖x_ci − y_c‖^β − ½ mean_{i≠j} ‖x_ci − x_cj‖^β``

    In one dimension with β = 1 it is the continuous ranked probability score, without bias. Strictly proper for β < 2; at 2
    only means are judged. Its mean over conditions is ½ of the energy distance to the data, plus what no model can change.

    Args:
        draws: (c, k, d) draws of the model under each of c conditions.
        y: (c, d) data, one for each condition; or (c, m, d), m of each.
        beta: exponent, 0 < β ≤ 2.
        alpha: 1 for the fair score, which takes two draws; 0 for the V-statistic, in which the mean over pairs is (k − 1)/k times
            as large; between them almost fair.
        temperature: what the mean over pairs of draws is multiplied with, in (0, 1].
        observed: booleans of the shape of ``y``, as in ``kernel_score``.
        of: ``(n, d) -> (n, e)``, through which draws and data are seen first.

    Returns:
        (c,) scores, in the units of the samples to the power β.

    Raises:
        TypeError, ValueError: for too few draws, an exponent outside (0, 2], wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.objectives import energy_score
        >>> energy_score([[[1.0], [3.0]]], [[6.0]]).tolist()  # mean of 5 and 3, less half of 2
        [3.0]

    Source: Gneiting and Raftery, JASA 102 (2007), Section 4.3; for generators, Shen and Meinshausen, Engression, arXiv
    2307.00835, and arXiv 2502.02483.
    """
    distance = kernels.distance(beta)
    return kernel_score(draws, y, distance, alpha=alpha, temperature=temperature, observed=observed, of=of)


@recorded
@told(later=("alpha", "temperature"))
def kernel_scoring(kernel: KernelLike, alpha: float = 1.0, temperature: float = 1.0) -> Objective:
    """The mean kernel score of draws at data, as an objective: of one condition, or by ``per_condition`` of many.

    ``loss = ½ mean_{i≠j} k(x_i, x_j) − mean_ij k(x_i, y_j) + ½ mean_j k(y_j, y_j)``

    With weights, means are weighted, that over pairs by products. Where data are observed in part, draws and datum are compared
    in the features that are known of it, for kernels of the distance alone.

    Args:
        kernel: from ``igm_jax.kernels``, or a function of two points.
        alpha: 1 for the mean over i ≠ j (fair), which takes two draws; 0 for that over all pairs (the V-statistic); between them
            almost fair.
        temperature: what the mean over pairs of draws is multiplied with, in (0, 1].

    Returns:
        The objective. Its witness is that of the law behind the draws: of a fair score each sample's velocity leaves the sample
        itself out.

    Raises:
        TypeError: if ``kernel`` is not a kernel; while running, for ``observed`` with a kernel that is not one of the distance.
        ValueError: for numbers out of their range; while running, for one draw unless ``alpha`` is 0.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> objective = objectives.kernel_scoring(kernels.linear())
        >>> x, y = jax.numpy.array([[1.0], [3.0]]), jax.numpy.array([[2.0]])
        >>> objective.loss(jax.random.key(0), (), x, y).item()
        -0.5

    Source: Gneiting and Raftery, JASA 102 (2007), Section 5; almost fair, Lang et al., arXiv 2412.15832.
    """
    kernel, fairness = checked_kernel(kernel), fairness_of(alpha, temperature)

    def divergence(
        x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None, y_observed: Array | None = None
    ) -> Array:
        x, y, a, b = weighed(x, y, x_weights, y_weights, y_observed, fairness.least)
        if y_observed is not None:
            b = jnp.where(jnp.any(y_observed, axis=1), b, 0)
            b = b / jnp.where(jnp.sum(b) > 0, jnp.sum(b), 1)
        return _observed_score(kernel, fairness, x, y, a, b, y_observed)

    def witness(points: Array, x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None) -> Array:
        x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
        points, _ = checks.pair(points, y, names=("points", "y"))
        scaled, height, x, y, unit = measured(kernel, x, y, a, b)
        points = points / unit
        towards = kernel_means(scaled, points, y, b)
        return height * (fairness.temperature * kernel_means(scaled, points, x, a) - towards)

    return stateless(divergence, witness)


def _observed_score(
    kernel: Kernel, fairness: Fairness, x: Array, y: Array, a: Array, b: Array, known: Array | None
) -> Array:
    """The score of one condition; of data that are known in part, the mean of scores in what is known of each."""
    if known is None:
        return _score(kernel, fairness, x, y, a, b)
    if kernel.radial is None:
        raise refused("y", "observed", f"the kernel {kernel.name}, which is no function of the distance,")

    def one(datum: Array, there: Array) -> Array:
        masked = jnp.where(there[None], x, 0), jnp.where(there, datum, 0)[None]
        return _score(kernel, fairness, *masked, a, jnp.ones((1,), x.dtype))

    return jnp.sum(b * jax.vmap(one)(y, known))


def _score(kernel: Kernel, fairness: Fairness, x: Array, y: Array, a: Array, b: Array) -> Array:
    """``½ pairs − towards + ½ own``, whose first two are one sum where they are small."""
    own = _own(kernel, x, jnp.square(a)) if fairness.alpha < 1 else jnp.zeros((), x.dtype)
    rest = 0.5 * fairness.own_share * own + 0.5 * _own(kernel, y, b)
    pairs = fairness.pair_share(a)
    if loops.ring.value is None and (small := small_score(kernel, x, y, a, b, pairs)) is not None:
        return small + rest
    kernel, height, x, y, _ = measured(kernel, x, y, a, b)
    return rest + height * (0.5 * pairs * kernel_sum_distinct(kernel, x, a) - kernel_mean(kernel, x, y, a, b))


def _own(kernel: Kernel, x: Array, weights: Array) -> Array:
    """``Σ_i w_i k(x_i, x_i)``, which for a function of the distance is one number."""
    if kernel.radial is None:
        return jnp.sum(weights * kernel_values(kernel, x, x))
    radial, height, _ = measured_in(jnp.ones((), x.dtype), kernel.radial) or (kernel.radial, 1.0, 1.0)
    alone = radial.form.value(jnp.zeros((), x.dtype), *form_parameters(radial, x))
    return jnp.sum(weights) * height * alone


@recorded
@told(later=("alpha", "temperature"))
def energy_scoring(beta: float = 1.0, alpha: float = 1.0, temperature: float = 1.0) -> Objective:
    """The mean energy score of draws at data, as an objective: of one condition, or by ``per_condition`` of many.

    ``loss = mean_ij ‖x_i − y_j‖^β − ½ mean_{i≠j} ‖x_i − x_j‖^β``

    Args:
        beta: exponent, 0 < β ≤ 2.
        alpha: 1 for the fair score, 0 for the V-statistic, between them almost fair.
        temperature: what the mean over pairs of draws is multiplied with, in (0, 1].

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
    return kernel_scoring(kernels.distance(beta), alpha, temperature)
