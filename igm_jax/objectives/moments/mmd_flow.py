"""The flow of the squared maximum mean discrepancy with noise: its witness is climbed down from places nearby."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key, Objective
from igm_jax.checks import ArrayLike
from igm_jax.kernels.kernel import KernelLike, checked_kernel
from igm_jax.lifts import stochastic
from igm_jax.objectives.adversarial.base import not_negative
from igm_jax.objectives.moments.mmd import mmd_witness
from igm_jax.records import recorded

__all__ = ["mmd_flow"]


@recorded
def mmd_flow(kernel: KernelLike, noise: ArrayLike) -> Objective:
    """The velocity of the squared maximum mean discrepancy, taken at places that noise has moved.

    ``v_i = −∇ w(x_i + β u_i),  u_i ~ N(0, I)``, w the witness ``mmd_witness`` of the samples where they are

    Samples that MMD's own flow would leave where the gradient of the witness vanishes, in local minima and far from the
    data, see beyond that place; and unlike with noise added to the samples themselves, at the data the witness is flat and
    they are at rest. ``loss = mean_i w(x_i + β u_i)`` with the witness held fixed: only its gradient is of use, and it is
    zero on average where both laws agree. At β = 0 the velocity is that of ``mmd``.

    Args:
        kernel: from ``igm_jax.kernels``.
        noise: β ≥ 0, in the units of the samples. The paper lets it fall slowly; here it stays, and a loop of your own may
            make the objective anew.

    Returns:
        The objective.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for a negative β.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives, velocity
        >>> x, y = jax.numpy.zeros((2, 1)), jax.numpy.ones((2, 1))
        >>> velocity(objectives.mmd_flow(kernels.linear(), noise=1.0), jax.random.key(0), (), x, y).tolist()
        [[2.0], [2.0]]

    Source: Arbel, Korba, Salim, Gretton, Maximum Mean Discrepancy Gradient Flow, arXiv 1906.04370, Section 4.2.
    """
    kernel, _ = checked_kernel(kernel), not_negative("noise", noise)

    def divergence(key: Key, x: Array, y: Array) -> Array:
        x, y = checks.pair(x, y)
        moved = x + jnp.asarray(noise).astype(x.dtype) * jax.random.normal(key, x.shape, x.dtype)
        return jnp.mean(mmd_witness(moved, jax.lax.stop_gradient(x), y, kernel))

    return stochastic(
        divergence,
        reason="the velocity at a sample is minus the gradient of `mmd_witness` at a place nearby, drawn anew at every call",
    )
