"""Kernel density estimates with any radial kernel: their logarithms and scores, in the log domain."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.checks import Data, OfData, OfPoints, Points
from igm_jax.kernels.forms import Form, Radial
from igm_jax.kernels.logs import log_slope
from igm_jax.kernels.pairs import Pairs, centred, matmul
from igm_jax.pairwise.budget import by_rows
from igm_jax.pairwise.reductions import LARGEST_EXPONENT, corrected_shares, log_correction
from igm_jax.pairwise.sums import form_parameters


class LogSums(NamedTuple):
    """At each point ``log Σ_j w_j k(p, y_j)``, and its gradient there."""

    logs: OfPoints
    scores: Points


def log_sums(
    radial: Radial, points: Points, y: Data, weights: OfData, *, leave_out: bool = False, corrected: bool = False
) -> LogSums:
    """``log Σ_j w_j k(p, y_j)`` of a positive radial kernel, and its score ``Σ_j α_j ∇ log k(p, y_j)``, α the shares of the sum.

    Where no sample is seen, or every kernel is zero, as those without a formula in ``log_slope`` may be far away, the logarithm
    is -∞ and the score 0.

    Args:
        radial: the kernel.
        points: where to evaluate.
        y: what the density is of.
        weights: non-negative.
        leave_out: whether y are the points themselves and none sees itself.
        corrected: whether shares are those of ``corrected_shares``, and the logarithm has ``log_correction`` added.

    Returns:
        Logarithms and scores.
    """
    points, y = centred(points, y, weights)
    parameters = form_parameters(radial, y)
    return _log_sums(radial.form, parameters, points, y, weights, leave_out=leave_out, corrected=corrected)


@partial(jax.jit, static_argnums=0, static_argnames=("leave_out", "corrected"))
def _log_sums(
    form: Form, parameters: tuple, points: Array, y: Array, weights: Array, *, leave_out: bool, corrected: bool
) -> LogSums:
    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, LogSums]:
        logs, slopes = log_slope(form, Pairs(rows, y).squared, parameters)
        others = index[:, None] != jnp.arange(len(y))[None, :] if leave_out else jnp.ones((1, len(y)), bool)
        seen = (weights > 0)[None, :] & others & (logs > -jnp.inf)
        highest = jax.lax.stop_gradient(jnp.max(jnp.where(seen, logs, -jnp.inf), axis=1, keepdims=True))
        highest = jnp.where(jnp.isneginf(highest), 0, highest)
        # What has no weight has a derivative in it, and may be far above all that is seen.
        kernel = jnp.where(others, jnp.exp(jnp.minimum(logs - highest, LARGEST_EXPONENT)), 0)
        mass = matmul(kernel, weights[:, None])
        nobody = ~jnp.any(seen, axis=1, keepdims=True)
        shares = kernel * (weights[None, :] / jnp.where(nobody, 1, mass))
        heights = jnp.where(nobody, -jnp.inf, highest + jnp.log(jnp.where(nobody, 1, mass)))[:, 0]
        if corrected:
            heights = heights + log_correction(shares, jnp.where(others, weights[None, :], 0))
            shares = corrected_shares(shares)
        forces = 2 * jnp.where(others, shares * slopes, 0)
        return carry, LogSums(heights, rows * jnp.sum(forces, axis=1, keepdims=True) - matmul(forces, y))

    return by_rows(visit, (), points, len(points), len(y))[1]
