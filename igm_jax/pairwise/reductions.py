"""Sums over all pairs: soft minima, soft barycentres, densities, nearest neighbours; kernel means have a file of their own.

Every divergence of the project is a few of these. Weights here are already normalised or counted by the caller; inputs are
already checked.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax import checks
from igm_jax.checks import ArrayLike, Data, OfData, OfPoints, OfSamples, Points, Samples, Scalar
from igm_jax.kernels.pairs import Pairs, centred, matmul, safe_sqrt, unit_of
from igm_jax.pairwise.budget import by_rows, in_tables
from igm_jax.pairwise.tables import middle, squared

# Exponentials of single precision stay finite up to this. At a solution of transport no exponent of the plan is above -log of
# a weight; on the way there steps are cut to it and repeated.
LARGEST_EXPONENT = 60.0


def block_sum(terms: Float[Array, "..."], axis: int = -1, block: int = 32) -> Float[Array, "..."]:
    """Sum along an axis, first within blocks and then over blocks: the rounding error grows with √n at most, not n.

    A squared MMD is a small difference of large means, so one running float32 sum is not good enough.
    """
    terms = jnp.moveaxis(terms, axis, -1)
    pad = -terms.shape[-1] % block
    terms = jnp.pad(terms, [(0, 0)] * (terms.ndim - 1) + [(0, pad)])
    return jnp.sum(jnp.sum(terms.reshape(*terms.shape[:-1], -1, block), axis=-1), axis=-1)


def weighted_mean(values: OfSamples, weights: OfSamples) -> Scalar:
    """``Σ_i w_i v_i`` for weights that sum to one, accurately."""
    return block_sum(weights * values)


def without_own(tile: Float[Array, "r m"], start: Array | int) -> Float[Array, "r m"]:
    """A tile of samples against themselves, its rows the samples from ``start`` on, with zeros where one meets itself."""
    row, column = (jax.lax.broadcasted_iota(jnp.int32, tile.shape, axis) for axis in (0, 1))
    return jnp.where(column - row == jnp.asarray(start).astype(jnp.int32), 0, tile)


def weight_of_others(weights: OfSamples) -> OfSamples:
    """``Σ_{j≠i} w_j`` for weights that sum to one: of a weight near one, ``1 - w_i`` would have no digits left."""
    heavy = weights > 0.5
    return jnp.where(heavy, block_sum(jnp.where(heavy, 0, weights)), 1 - weights)


def row_means(tile: Callable[[Array], Array], points: Points, weights: OfData, *, distinct: bool = False) -> OfPoints:
    """``Σ_j w_j tile(points)_ij``, some rows at a time, from operations that can be differentiated in everything.

    With ``distinct`` the columns are the points themselves, and none counts its own: j ≠ i.
    """

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        values = without_own(tile(rows), index[0]) if distinct else tile(rows)
        return carry, block_sum(values * weights[None, :], axis=1)

    return by_rows(visit, (), points, len(points), len(weights))[1]


def difference_means(function: Callable[[Array], Array], a: OfSamples, b: OfData, weights: OfData) -> OfSamples:
    """``Σ_j w_j function(a_i − b_j)``: means over all pairs of two lists of numbers, some rows at a time.

    Args:
        function: elementwise.
        a: numbers.
        b: what each is compared with.
        weights: of b.

    Returns:
        One mean for each of ``a``.
    """

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        return carry, jnp.sum(function(rows[:, None] - b[None, :]) * weights[None, :], axis=1)

    return by_rows(visit, (), a, len(a), len(b))[1]


def soft_minimum(
    costs: Float[Array, "n m"], potential: OfData, log_weights: OfData, epsilon: Array | float
) -> OfSamples:
    """``-ε log Σ_j w_j exp((g_j - C_ij)/ε)``: tends to ``min_j C_ij - g_j`` as ε → 0. A weight of zero is a log-weight of -∞."""
    return -epsilon * jax.nn.logsumexp((potential[None, :] - costs) / epsilon + log_weights[None, :], axis=1)


def corrected_shares(shares: Float[Array, "n m"]) -> Float[Array, "n m"]:
    """``α_j (1 - Σ α² + α_j)``: shares whose means have a bias of order 1/n², where α has one of order 1/n.

    The mean ``T = Σ α_j v_j`` of shares ``α_j = w_j / Σ w`` is a ratio of two sums over the same draws, and misses its limit by
    ``-Σ α_j² (v_j - T)`` to first order. That much is given back. The new shares are non-negative, and sum to one.

    Args:
        shares: non-negative, each row of sum one; or all zero, and so it stays.

    Returns:
        The new shares.
    """
    return shares * (1 - jnp.sum(jnp.square(shares), axis=1, keepdims=True) + shares)


def log_correction(shares: Float[Array, "n m"], weights: Float[Array, "_ m"]) -> Float[Array, " n"]:
    """``½ (Σ α² - Σ w² / (Σ w)²)``: what the logarithm of ``Σ_j w_j k_j`` misses of that of its limit, to first order.

    Args:
        shares: ``α_j = w_j k_j / Σ w k``, or all zero.
        weights: those that each row has, or all rows have; all zero where it has none.

    Returns:
        What to add; 0 of a single draw, which tells nothing of the spread. Its gradient is that of ``½ Σ α²``.
    """
    total = jnp.sum(weights, axis=1)
    equal = jnp.sum(jnp.square(weights), axis=1) / jnp.square(jnp.where(total > 0, total, 1))
    return 0.5 * (jnp.sum(jnp.square(shares), axis=1) - equal)


@partial(jax.jit, static_argnames=("leave_out", "corrected"))
def soft_barycentres(
    x: Samples, y: Data, weights: OfData, bandwidth: Scalar, *, leave_out: bool = False, corrected: bool = False
) -> Samples:
    """``Σ_j w_j k(x_i, y_j) (y_j - x_i) / Σ_j w_j k(x_i, y_j)`` with the Gaussian kernel k, where it is defined, else 0.

    Args:
        x: where to evaluate.
        y: what is averaged.
        weights: non-negative.
        bandwidth: σ of the kernel.
        leave_out: whether y is x itself and no sample sees itself.
        corrected: whether the shares are those of ``corrected_shares``.

    Returns:
        The displacements to the barycentres.
    """
    few = in_tables(x, y)
    place = middle(y, weights) if few else 0
    x, y = (x - place, y - place) if few else centred(x, y, weights)
    factor = jnp.concatenate([y * weights[:, None], weights[:, None]], axis=1)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        pairs = squared(rows, y) if few else Pairs(rows, y).squared
        scores, seen = pairs * (-0.5 / jnp.square(bandwidth)), jnp.broadcast_to(weights > 0, (len(rows), len(y)))
        if leave_out:
            seen &= index[:, None] != jnp.arange(len(y))[None, :]
        kernel, _ = _scaled(scores, seen)
        if leave_out:
            kernel = jnp.where(index[:, None] == jnp.arange(len(y))[None, :], 0, kernel)
        sums = matmul(kernel, factor)
        alone = ~jnp.any(seen, axis=1, keepdims=True)
        mass = jnp.where(alone, 1, sums[:, -1:])
        if not corrected:
            return carry, jnp.where(alone, 0, sums[:, :-1] / mass - rows)
        shares = jnp.where(seen, kernel * (weights[None, :] / mass), 0)
        return carry, jnp.where(alone, 0, matmul(corrected_shares(shares), y) - rows)

    return visit((), x, jnp.arange(len(x)))[1] if few else by_rows(visit, (), x, len(x), len(y))[1]


@partial(jax.jit, static_argnames=("leave_out", "corrected"))
def log_density(
    points: Points, y: Data, weights: OfData, bandwidth: Scalar, *, leave_out: bool = False, corrected: bool = False
) -> OfPoints:
    """``log Σ_j w_j exp(-‖p - y_j‖²/2σ²)``: a Gaussian kernel density estimate, up to its constant.

    With ``leave_out`` y are the points themselves and none sees itself; a lone point has the density 0. ``corrected`` adds
    ``log_correction``. The gradient is that of ``soft_barycentres``, over σ², with the same correction or none.
    """
    points, y = centred(points, y, weights)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        others = index[:, None] != jnp.arange(len(y))[None, :] if leave_out else jnp.ones((1, len(y)), bool)
        seen = jnp.broadcast_to((weights > 0)[None, :] & others, (len(rows), len(y)))
        kernel, highest = _scaled(_gaussian_scores(rows, y, bandwidth), seen)
        sums = matmul(jnp.where(others, kernel, 0), weights[:, None])
        logs = highest + jnp.log(sums[:, 0])
        if not corrected:
            return carry, logs
        shares = jnp.where(seen, kernel * (weights[None, :] / jnp.where(sums > 0, sums, 1)), 0)
        return carry, logs + log_correction(shares, jnp.where(others, weights[None, :], 0))

    return by_rows(visit, (), points, len(points), len(y))[1]


def _gaussian_scores(rows: Array, y: Array, bandwidth: Array) -> Array:
    """``-‖x - y‖²/2σ²``."""
    return Pairs(rows, y).squared * (-0.5 / jnp.square(bandwidth))


def _scaled(scores: Array, seen: Array) -> tuple[Array, Array]:
    """``exp(scores - highest)`` and the highest score of each row among those seen, so that no sum of them underflows.

    What is not seen has weight zero, and yet a derivative in that weight: only the highest is taken among the seen. An
    unseen score far above it would overflow, and is held.
    """
    highest = jax.lax.stop_gradient(jnp.max(jnp.where(seen, scores, -jnp.inf), axis=1, keepdims=True))
    highest = jnp.where(jnp.isneginf(highest), 0, highest)
    return jnp.exp(jnp.minimum(scores - highest, LARGEST_EXPONENT)), highest[:, 0]


@partial(jax.jit, static_argnums=2)
def _nearest(points: Array, y: Array, k: int) -> tuple[Array, Array]:
    def visit(carry: tuple, some: Array, index: Array) -> tuple[tuple, tuple[Array, Array]]:
        del index
        values, indices = jax.lax.top_k(-Pairs(some, y).squared, k)
        return carry, (safe_sqrt(-values), indices)

    return by_rows(visit, (), points, len(points), len(y))[1]


def nearest(points: ArrayLike, y: ArrayLike, k: int = 1) -> tuple[Float[Array, "p k"], Int[Array, "p k"]]:
    """The k nearest of ``y`` to each point, by Euclidean distance.

    Args:
        points: (p, d) where to ask.
        y: (m, d) the candidates.
        k: how many, at most m.

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
    unit = unit_of(points, y)
    # One shift for all row blocks: the squared norms then stay small, and equal rows stay equal.
    points, y = centred(points / unit, y / unit)
    distance, index = _nearest(points, y, k)
    return unit * distance, index
