"""Rules that read a length off samples: the median distance, the spread, and the one at which MMD² stands out most."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike, Rows, Scalar
from igm_jax.kernels.kernel import Kernel, KernelLike, bank, median_bandwidth
from igm_jax.kernels.pairs import unit_of
from igm_jax.objectives.moments.estimate import mmd2_estimate
from igm_jax.objectives.moments.mmd import mmd2_unbiased, mmd_witness
from igm_jax.records import recorded

__all__ = ["PowerChoice", "kernel_bank", "median_scale", "mmd_power", "power_bandwidth", "power_scale", "spread_scale"]

FACTORS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5)
"""What ``power_scale`` tries by default, in median distances of the data."""

# Of a batch so many samples are enough for a median: the pairs of all would be sorted at every update.
MAX_SAMPLES = 256

Rule = Callable[[Array, Array], Array]
"""``(x, y) -> scale``, a positive length that grows with the samples."""


def median_scale(x: Rows, y: Rows) -> Scalar:
    """The median distance of two data; where it is zero or there is one datum, what ``spread_scale`` gives.

    ``scale = median_{i<j} ‖y_i - y_j‖``

    Args:
        x: (n, d) generated samples, not used: a yardstick that shrinks with a collapsing model would hide the collapse.
        y: (m, d) data, of which at most 256 are looked at.

    Returns:
        Scalar, in the units of the samples.

    Raises:
        ValueError: for wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.objectives import median_scale
        >>> float(median_scale([[0.0]], [[0.0], [1.0], [3.0]]))
        2.0

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Section 8.
    """
    _, y = checks.pair(x, y)
    spread = spread_scale(x, y)
    if len(y) < 2:
        return spread
    median = _median(y).astype(spread.dtype)
    return jnp.where(median <= 0, spread, median)


# Compiled, so that a median of zero is no error here: the spread takes its place.
_median = jax.jit(lambda y: median_bandwidth(y, max_samples=MAX_SAMPLES))


def spread_scale(x: Rows, y: Rows) -> Scalar:
    """The root mean square distance of two data; 1 where all of them coincide.

    ``scale = (mean_{i≠j} ‖y_i - y_j‖²)^{1/2} = (2 tr Cov y)^{1/2}``

    Args:
        x: (n, d) generated samples, not used.
        y: (m, d) data.

    Returns:
        Scalar, in the units of the samples.

    Raises:
        ValueError: for wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.objectives import spread_scale
        >>> float(spread_scale([[0.0]], [[0.0], [2.0]]))
        2.0
    """
    _, y = checks.pair(x, y)
    unit = unit_of(y, y)
    gaps = (y - jnp.mean(y, axis=0, keepdims=True)) / unit
    # Far from the origin the mean is rounded as samples are, and what they have in common is no spread.
    total = jnp.sum(jnp.square(gaps)) - jnp.sum(jnp.square(jnp.sum(gaps, axis=0))) / len(y)
    square = 2 * total / max(len(y) - 1, 1)
    return unit * jnp.sqrt(jnp.where(square <= 0, 1, square))


RULES: dict[str, Rule] = {"median": median_scale, "spread": spread_scale}
"""The rules that ``auto`` knows by name."""


class PowerChoice(NamedTuple):
    """A bandwidth and why it was chosen.

    Attributes:
        bandwidth: the candidate of the largest ratio.
        ratios: (k,) MMD² over its standard error, for each candidate.
    """

    bandwidth: Scalar
    ratios: Float[Array, " k"]


def power_bandwidth(x: Rows, y: Rows, kernel_of: Callable[[Array], Kernel], candidates: ArrayLike) -> PowerChoice:
    """The bandwidth that gives a two-sample test the most power, among candidates.

    ``σ* = argmax_σ MMD²_u(x, y; k_σ) / standard error``: for large samples the power of the test grows with this ratio.

    Choose on samples that the test, or the training, does not see again: a choice made on the same ones finds differences
    where there are none. Without any difference the ratios are noise.

    Args:
        x: (n, d) generated samples, n ≥ 4.
        y: (m, d) data, m ≥ 4.
        kernel_of: from a bandwidth to a kernel, e.g. ``igm_jax.kernels.gaussian``.
        candidates: (k,) positive bandwidths.

    Returns:
        The best candidate and all ratios; a ratio is zero where the standard error is.

    Raises:
        TypeError: if ``kernel_of`` does not give kernels.
        ValueError: for candidates that are not (k,) positive numbers, fewer than four samples, or bad samples.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 100, 1))
        >>> float(objectives.power_bandwidth(x, y + 1, kernels.gaussian, [0.01, 1.0]).bandwidth)
        1.0

    Source: Sutherland et al., Generative Models and Model Criticism via Optimized Maximum Mean Discrepancy, arXiv 1611.04488.
    """
    x, y = checks.pair(x, y, least=4)
    widths = checks.samples("candidates", checks.column("candidates", candidates))[:, 0]
    if checks.is_concrete(widths):
        checks.positive("candidates", jnp.min(widths))

    def power(width: Array) -> Array:
        value, error = mmd2_estimate(x, y, kernel_of(width))
        return jnp.where(error <= 0, 0, value / jnp.where(error <= 0, 1, error))

    return _most_powerful(power, widths, x.dtype)


def power_scale(kernel_of: Callable[[Array], Kernel], factors: Sequence[float] = FACTORS) -> Rule:
    """The rule that tries multiples of the median distance, and takes that at which MMD² stands out most.

    ``scale = argmax_s MMD²_u / standard error`` under ``kernel_of(s)`` over ``s = factor · median``

    When x and y are of one law nothing stands out, and the choice is by chance.

    Args:
        kernel_of: from a scale to the kernel, e.g. ``gaussian``.
        factors: the multiples to try.

    Returns:
        A rule for ``auto``.

    Raises:
        ValueError: for no factors, or factors that are not positive.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> y = jax.random.normal(jax.random.key(0), (100, 1))
        >>> rule = objectives.power_scale(kernels.gaussian, (0.01, 1.0))
        >>> round(float(rule(y + 1, y) / rule(10 * y + 10, 10 * y)), 3)
        0.1

    Source: Sutherland et al., Generative Models and Model Criticism via Optimized MMD, arXiv 1611.04488.
    """
    tried = np.array(_checked_factors(factors))

    def rule(x: Array, y: Array) -> Array:
        unit = median_scale(x, y)
        scales = unit * jnp.asarray(tried, unit.dtype)
        return _most_powerful(lambda scale: mmd_power(x, y, kernel_of(scale)), scales, scales.dtype).bandwidth

    return rule


def mmd_power(x: Rows, y: Rows, kernel: KernelLike, *, floor: float = 1e-4) -> Scalar:
    """How far the unbiased MMD² stands out from its own noise, which decides the power of a test.

    ``MMD²_u / (σ² + floor²)^{1/2}`` with ``σ² = Var w(x_i) / n + Var w(y_j) / m``, w the witness and σ the standard error under
    the alternative, to first order in 1/n.

    Args:
        x: (n, d) generated samples, n ≥ 2.
        y: (m, d) data, m ≥ 2.
        kernel: from ``igm_jax.kernels``, bounded by about one.
        floor: in the units of the kernel, so that a kernel under which nothing happens does not win.

    Returns:
        Scalar, without units.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for fewer than two samples, wrong shapes, or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> x, y = [[0.0], [0.2]], [[1.0], [1.3]]
        >>> bool(objectives.mmd_power(x, y, kernels.gaussian(1.0)) > objectives.mmd_power(x, y, kernels.gaussian(0.01)))
        True

    Source: Liu et al., Learning Deep Kernels for Non-Parametric Two-Sample Tests, arXiv 2002.09116.
    """
    x, y = checks.pair(x, y, least=2)
    # With the witness 2 (E k(·, x) - E k(·, y)), MMD² has the influence function w - E w in x, and its negative in y.
    noise = sum(jnp.var(mmd_witness(points, x, y, kernel)) / len(points) for points in (x, y))
    return mmd2_unbiased(x, y, kernel) / jnp.sqrt(noise + floor**2)


def _most_powerful(power: Callable[[Array], Array], widths: Float[Array, " k"], dtype: Any) -> PowerChoice:
    """The width at which the power, computed in ``dtype``, is largest; one without a number (NaN) never is.

    Where none has a number, neither has the choice.
    """
    ratios = jax.lax.map(power, widths.astype(dtype))
    unknown = jnp.isnan(ratios)
    best = widths[jnp.argmax(jnp.where(unknown, -jnp.inf, ratios))]
    return PowerChoice(jnp.where(jnp.all(unknown), jnp.nan, best), ratios)


@recorded
def kernel_bank(kernel_of: Callable[[Array], Kernel], scale: ArrayLike, factors: Sequence[float]) -> Kernel:
    """A sum of kernels of several scales, multiples of one.

    ``k = Σ_f kernel_of(f · scale)``

    Args:
        kernel_of: from a scale to a kernel, e.g. ``laplace``.
        scale: their unit, which may be traced.
        factors: the multiples.

    Returns:
        The kernel.

    Raises:
        ValueError: for no factors, or factors that are not positive.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> objectives.kernel_bank(kernels.gaussian, 2.0, (0.5, 1.0))([[0.0]], [[0.0]]).tolist()
        [[2.0]]

    Source: five Gaussians of widths a factor apart: Li et al., Generative Moment Matching Networks, arXiv 1502.02761.
    """
    return bank([kernel_of(factor * scale) for factor in _checked_factors(factors)])


def _checked_factors(factors: Sequence[float]) -> list[Any]:
    if len(factors) == 0:
        raise ValueError("`factors` must hold at least one positive number, but is empty")
    return [checks.positive("factors", factor) for factor in factors]
