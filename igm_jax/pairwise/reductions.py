"""Sums over all pairs: kernel means, soft minima, soft barycentres, nearest neighbours.

Every divergence of the project is a few of these. Weights here are already normalised or counted by the caller; inputs are
already checked.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.pairwise.costs import Pairs, centred, matmul, safe_sqrt
from igm_jax.pairwise.kernels import Kernel


def block_sum(terms: Float[Array, "..."], axis: int = -1, block: int = 32) -> Float[Array, "..."]:
    """Sum along an axis, first within blocks and then over blocks: the rounding error grows with √n at most, not n.

    A squared MMD is a small difference of large means, so one running float32 sum is not good enough.
    """
    terms = jnp.moveaxis(terms, axis, -1)
    pad = -terms.shape[-1] % block
    terms = jnp.pad(terms, [(0, 0)] * (terms.ndim - 1) + [(0, pad)])
    return jnp.sum(jnp.sum(terms.reshape(*terms.shape[:-1], -1, block), axis=-1), axis=-1)


def weighted_mean(values: Float[Array, " n"], weights: Float[Array, " n"]) -> Float[Array, ""]:
    """``Σ_i w_i v_i`` for weights that sum to one, accurately."""
    return block_sum(weights * values)


def recentred(kernel: Kernel, x: Float[Array, "n d"], y: Float[Array, "m d"], most: int = 32) -> Kernel:
    """The kernel minus a constant, its mean over a few pairs of x and y.

    A squared MMD does not change, as its weights cancel. Its rounding error does: float weights sum to 1 ± 1e-7, and that
    error would multiply the kernel's height, which can be many times the squared MMD.
    """
    height = jax.lax.stop_gradient(jnp.mean(kernel.of(Pairs(x[:most], y[:most]))))
    return Kernel(f"{kernel.name} - constant", lambda pairs: kernel.of(pairs) - height)


def kernel_means(
    kernel: Kernel, points: Float[Array, "p d"], y: Float[Array, "m d"], weights: Float[Array, " m"]
) -> Float[Array, " p"]:
    """``Σ_j w_j k(p_i, y_j)`` at each of the points: the kernel mean embedding of the weighted ``y``."""
    return block_sum(kernel.of(Pairs(points, y)) * weights[None, :], axis=1)


def kernel_mean(
    kernel: Kernel,
    x: Float[Array, "n d"],
    y: Float[Array, "m d"],
    x_weights: Float[Array, " n"],
    y_weights: Float[Array, " m"],
) -> Float[Array, ""]:
    """``Σ_ij a_i b_j k(x_i, y_j)``."""
    return weighted_mean(kernel_means(kernel, x, y, y_weights), x_weights)


def kernel_mean_distinct(kernel: Kernel, x: Float[Array, "n d"], weights: Float[Array, " n"]) -> Float[Array, ""]:
    """``Σ_{i≠j} w_i w_j k(x_i, x_j) / Σ_{i≠j} w_i w_j``: the mean over pairs of different samples."""
    matrix = jnp.where(np.eye(len(x), dtype=bool), 0, kernel.of(Pairs(x, x)))
    total = weighted_mean(block_sum(matrix * weights[None, :], axis=1), weights)
    return total / (1 - jnp.sum(jnp.square(weights)))


def soft_minimum(
    costs: Float[Array, "n m"], potential: Float[Array, " m"], log_weights: Float[Array, " m"], epsilon: Array | float
) -> Float[Array, " n"]:
    """``-ε log Σ_j w_j exp((g_j - C_ij)/ε)``: tends to ``min_j C_ij - g_j`` as ε → 0. A weight of zero is a log-weight of -∞."""
    return -epsilon * jax.nn.logsumexp((potential[None, :] - costs) / epsilon + log_weights[None, :], axis=1)


def soft_assignment(scores: Float[Array, "n m"], axis: int) -> Float[Array, "n m"]:
    """``log softmax`` of scores that may all be -∞, where it is -∞: nobody to be assigned to, hence no weight."""
    total = jax.nn.logsumexp(scores, axis=axis, keepdims=True)
    return jnp.where(jnp.isneginf(total), -jnp.inf, scores - jnp.where(jnp.isneginf(total), 0, total))


def displacement(
    weights: Float[Array, "n m"], points: Float[Array, "n d"], y: Float[Array, "m d"]
) -> Float[Array, "n d"]:
    """``Σ_j W_ij (y_j - p_i)``, with both sets centred first so that nothing is lost far from the origin."""
    points, y = centred(points, y)
    return matmul(weights, y) - jnp.sum(weights, axis=1, keepdims=True) * points


def nearest(
    points: ArrayLike, y: ArrayLike, k: int = 1, *, rows: int = 512
) -> tuple[Float[Array, "p k"], Int[Array, "p k"]]:
    """The k nearest of ``y`` to each point, by Euclidean distance.

    Args:
        points: (p, d) where to ask.
        y: (m, d) the candidates.
        k: how many, at most m.
        rows: points are taken this many at a time, so that memory grows with ``rows · m``, not p · m.

    Returns:
        Distances (p, k), ascending, and the indices (p, k) into ``y``; equal distances keep the order of ``y``.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or k > m.

    Example:
        >>> from igm_jax.pairwise import nearest
        >>> distance, index = nearest([[0.0]], [[3.0], [-1.0]], k=2)
        >>> distance.tolist(), index.tolist()
        ([[1.0, 3.0]], [[1, 0]])
    """
    points, y = checks.pair(points, y, names=("points", "y"))
    k = checks.count("k", k)
    if k > len(y):
        raise ValueError(
            f"`k` must be at most the number of candidates, {len(y)}, but is {k}; ask for fewer neighbours"
        )
    # One shift for all row blocks: the squared norms then stay small, and equal rows stay equal.
    points, y = centred(points, y)

    def block(some: Array) -> tuple[Array, Array]:
        values, indices = jax.lax.top_k(-Pairs(some, y).squared, k)
        return safe_sqrt(-values), indices

    rows = min(rows, len(points))
    padded = jnp.pad(points, ((0, -len(points) % rows), (0, 0)))
    distance, index = jax.lax.map(block, padded.reshape(-1, rows, padded.shape[1]))
    return distance.reshape(-1, k)[: len(points)], index.reshape(-1, k)[: len(points)]
