"""Rules that read a length off samples: the median distance, the spread, and the one at which MMD² stands out most."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.kernels.kernel import Kernel, median_bandwidth
from igm_jax.objectives.moments.mmd import mmd2_unbiased, mmd_witness

FACTORS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5)
"""What ``power_scale`` tries by default, in median distances of the data."""

# Of a batch so many samples are enough for a median: the pairs of all would be sorted at every update.
MOST = 256

Rule = Callable[[Array, Array], Array]
"""``(x, y) -> scale``, a positive length that grows with the samples."""


def median_scale(x: ArrayLike, y: ArrayLike) -> Float[Array, ""]:
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
    return jnp.where(median > 0, median, spread)


# Compiled, so that a median of zero is no error here: the spread takes its place.
_median = jax.jit(lambda y: median_bandwidth(y, max_samples=MOST))


def spread_scale(x: ArrayLike, y: ArrayLike) -> Float[Array, ""]:
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
    y = y.astype(checks.at_least_single(y.dtype))
    square = 2 * jnp.sum(jnp.square(y - jnp.mean(y, axis=0, keepdims=True))) / max(len(y) - 1, 1)
    return jnp.sqrt(jnp.where(square > 0, square, 1))


RULES: dict[str, Rule] = {"median": median_scale, "spread": spread_scale}
"""The rules that ``auto`` knows by name."""


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
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import power_scale
        >>> y = jax.random.normal(jax.random.key(0), (100, 1))
        >>> rule = power_scale(gaussian, (0.01, 1.0))
        >>> round(float(rule(y + 1, y) / rule(10 * y + 10, 10 * y)), 3)
        0.1

    Source: Sutherland et al., Generative Models and Model Criticism via Optimized MMD, arXiv 1611.04488.
    """
    if len(factors) == 0:
        raise ValueError("`factors` must hold at least one positive number, but is empty")
    tried = np.array([checks.positive("factors", factor) for factor in factors])

    def rule(x: Array, y: Array) -> Array:
        scales = median_scale(x, y) * jnp.asarray(tried, checks.at_least_single(jnp.asarray(y).dtype))
        found = jax.lax.map(lambda scale: mmd_power(x, y, kernel_of(scale)), scales)
        return scales[jnp.argmax(jnp.where(jnp.isnan(found), -jnp.inf, found))]

    return rule


def mmd_power(x: ArrayLike, y: ArrayLike, kernel: Kernel, *, floor: float = 1e-4) -> Float[Array, ""]:
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
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import mmd_power
        >>> x, y = [[0.0], [0.2]], [[1.0], [1.3]]
        >>> bool(mmd_power(x, y, gaussian(1.0)) > mmd_power(x, y, gaussian(0.01)))
        True

    Source: Liu et al., Learning Deep Kernels for Non-Parametric Two-Sample Tests, arXiv 2002.09116.
    """
    x, y = checks.pair(x, y, least=2)
    # With the witness 2 (E k(·, x) - E k(·, y)), MMD² has the influence function w - E w in x, and its negative in y.
    noise = sum(jnp.var(mmd_witness(points, x, y, kernel)) / len(points) for points in (x, y))
    return mmd2_unbiased(x, y, kernel) / jnp.sqrt(noise + floor**2)


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
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import kernel_bank
        >>> kernel_bank(gaussian, 2.0, (0.5, 1.0))([[0.0]], [[0.0]]).tolist()
        [[2.0]]

    Source: five Gaussians of widths a factor apart: Li et al., Generative Moment Matching Networks, arXiv 1502.02761.
    """
    if len(factors) == 0:
        raise ValueError("`factors` must hold at least one positive number, but is empty")
    parts = [kernel_of(checks.positive("factors", factor) * scale) for factor in factors]
    return sum(parts[1:], parts[0])
