"""The bandwidth under which two samples are told apart best."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.kernels.kernel import Kernel
from igm_jax.objectives.moments.mmd_error import mmd2_estimate


class PowerChoice(NamedTuple):
    """A bandwidth and why it was chosen.

    Attributes:
        bandwidth: the candidate of the largest ratio.
        ratios: (k,) MMD² over its standard error, for each candidate.
    """

    bandwidth: Float[Array, ""]
    ratios: Float[Array, " k"]


def power_bandwidth(
    x: ArrayLike, y: ArrayLike, kernel_of: Callable[[Array], Kernel], candidates: ArrayLike
) -> PowerChoice:
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
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import power_bandwidth
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 100, 1))
        >>> float(power_bandwidth(x, y + 1, gaussian, [0.01, 1.0]).bandwidth)
        1.0

    Source: Sutherland et al., Generative Models and Model Criticism via Optimized Maximum Mean Discrepancy, arXiv 1611.04488.
    """
    x, y = checks.pair(x, y, least=4)
    widths = checks.samples("candidates", jnp.asarray(candidates)[..., None])[:, 0]
    if checks.is_concrete(widths):
        checks.positive("candidates", jnp.min(widths))

    def ratio(width: Array) -> Array:
        value, error = mmd2_estimate(x, y, kernel_of(width))
        return jnp.where(error > 0, value / jnp.where(error > 0, error, 1), 0)

    ratios = jax.lax.map(ratio, widths.astype(checks.at_least_single(x.dtype)))
    return PowerChoice(widths[jnp.argmax(ratios)], ratios)
