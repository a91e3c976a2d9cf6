"""Sweeps over all pairs of two samples for entropic optimal transport: row tiles against all columns, one exponential a pair.

The potential of a row needs the whole row, and a tile has whole rows. So when a tile's row sums are known its rows are
updated at once, and its column sums are taken of the updated plan: an alternating update of both sides costs one
exponential a pair. Memory is that of a tile, unless the costs are kept.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from igm_jax import loops
from igm_jax.checks import Data, OfData, Samples, Scalar
from igm_jax.kernels.pairs import Norms, centred, dot_form, matmul, norms
from igm_jax.pairwise.budget import tiling
from igm_jax.pairwise.reductions import LARGEST_EXPONENT
from igm_jax.pairwise.transport.problem import Relaxation


class CrossTiles(NamedTuple):
    """Two weighted samples, the first in tiles of rows; padded rows have no weight.

    Attributes:
        x: (t, r, d) rows, centred.
        x_norms: (t, r) what distances need to know of them.
        a: (t, r) weights.
        y: (m, d) columns, centred.
        y_norms: (m,) likewise.
        b: (m,) weights.
        costs: (t, r, m) squared distances, or None where they are computed anew in every sweep.
    """

    x: Float[Array, "t r d"]
    x_norms: Norms
    a: Float[Array, "t r"]
    y: Data
    y_norms: Norms
    b: OfData
    costs: Float[Array, "t r m"] | None


class Swept(NamedTuple):
    """What an update leaves behind.

    Attributes:
        f: the rows' potential, in tiles.
        g: the columns' potential.
        error: the larger of the two marginal errors before their updates.
        lost: whether a step was cut because a mass was out of the range of the float type.
    """

    f: Array
    g: Array
    error: Scalar
    lost: Bool[Array, ""]


def in_tiles(values: Array, tiles: int, rows: int) -> Array:
    """``values`` (n, ...) padded by zeros and cut to (tiles, rows, ...)."""
    pad = [(0, tiles * rows - len(values))] + [(0, 0)] * (values.ndim - 1)
    return jnp.pad(values, pad).reshape(tiles, rows, *values.shape[1:])


def cross_tiles(x: Samples, y: Data, a: Array, b: Array, *, keep: bool) -> CrossTiles:
    """The tiles of two samples.

    Args:
        x: (n, d) rows.
        y: (m, d) columns.
        a: (n,) weights of the rows.
        b: (m,) weights of the columns.
        keep: whether to keep the costs of all pairs.

    Returns:
        The tiles.
    """
    x, y = centred(x, y, b)
    tiles, rows = tiling(len(x), len(y))
    x, x_norms, a = jax.tree.map(lambda values: in_tiles(values, tiles, rows), (x, norms(x), a))
    y_norms = norms(y)
    costs = jax.lax.map(lambda tile: dot_form(tile[0], y, tile[1], y_norms), (x, x_norms)) if keep else None
    return CrossTiles(x, x_norms, a, y, y_norms, b, costs)


def tile_costs(pairs: CrossTiles, x: Array, x_norms: Norms, costs: Array | None) -> Array:
    """The costs of one tile: kept, or computed. Also of few features by a product, which is faster here than differences."""
    return dot_form(x, pairs.y, x_norms, pairs.y_norms) if costs is None else costs


def relaxed(
    potential: Array, masses: Array, weights: Array, relaxation: Relaxation
) -> tuple[Array, Array, Array, Array]:
    """One update of a potential from the masses of the plan on its points.

    Args:
        potential: the potential f.
        masses: the plan's mass on each point, relative to its weight: ``exp((f - T)/ε)``.
        weights: weights of the points.
        relaxation: how to update.

    Returns:
        The new potential, its step in units of ε, the marginal error before, and whether the step was cut.
    """
    epsilon, omega, kappa = relaxation
    correction = (kappa - 1) * potential / epsilon - kappa * jnp.log(
        jnp.maximum(masses, jnp.finfo(masses.dtype).tiny * 64)
    )
    whole = omega * correction
    step = jnp.clip(whole, -LARGEST_EXPONENT, LARGEST_EXPONENT)
    error = jnp.sum(weights * jnp.abs(jnp.expm1(jnp.clip(-correction, -LARGEST_EXPONENT, LARGEST_EXPONENT))))
    lost = jnp.any((jnp.abs(whole) >= LARGEST_EXPONENT / 2) & (weights > 0))
    return potential + epsilon * step, step, error, lost


def swept(pairs: CrossTiles, f: Float[Array, "t r"], g: OfData, relaxation: Relaxation) -> Swept:
    """Both potentials updated, first the rows' and then the columns', with one exponential a pair.

    Args:
        pairs: the two samples.
        f: (t, r) potential of the rows.
        g: (m,) potential of the columns.
        relaxation: how to update.

    Returns:
        The new potentials and how far the old ones were from solving.
    """
    epsilon = relaxation.epsilon

    def tile(carry: tuple[Array, Array, Array], rows: tuple) -> tuple[tuple[Array, Array, Array], Array]:
        columns, error, lost = carry
        x, x_norms, a, f, costs = rows
        scores = (f[:, None] + g[None, :] - tile_costs(pairs, x, x_norms, costs)) / epsilon
        plan = jnp.exp(jnp.minimum(scores, LARGEST_EXPONENT))
        masses = matmul(plan, pairs.b[:, None])[:, 0]
        f, step, miss, cut = relaxed(f, masses, a, relaxation)
        columns = columns + matmul((a * jnp.exp(step))[None, :], plan)
        return (columns, error + miss, lost | cut), f

    zero = jnp.zeros((), g.dtype)
    start = (jnp.zeros((1, len(g)), g.dtype), zero, jnp.zeros((), bool))
    (columns, error, lost), f = loops.scan(tile, start, (pairs.x, pairs.x_norms, pairs.a, f, pairs.costs))
    g, _, miss, cut = relaxed(g, columns[0], pairs.b, relaxation)
    return Swept(f, g, jnp.maximum(error, miss), lost | cut)


def soft_minima(pairs: CrossTiles, g: OfData, epsilon: Array) -> Float[Array, "t r"]:
    """``-ε log Σ_j b_j exp((g_j - C_ij)/ε)`` for each row, safe at any g: the way back where a sweep got lost."""

    def tile(rows: tuple) -> Array:
        scores = (g[None, :] - tile_costs(pairs, *rows)) / epsilon + jnp.log(pairs.b)[None, :]
        return -epsilon * jax.nn.logsumexp(scores, axis=1)

    return jax.lax.map(tile, (pairs.x, pairs.x_norms, pairs.costs))


class PlanMoments(NamedTuple):
    """Sums over the plan ``π_ij = a_i b_j exp((f_i + g_j - C_ij)/ε)``, with f the exact soft minimum κ T.

    Attributes:
        f: (t, r) the potential.
        rows: (t, r, k) means of the columns' features under each row of the plan.
        columns: (1 + l, m) the plan's column sums, and the column sums of the rows' features.
    """

    f: Array
    rows: Array
    columns: Array


def plan_moments(pairs: CrossTiles, g: Array, relaxation: Relaxation, of_columns: Array, of_rows: Array) -> PlanMoments:
    """The final sweep: exact potentials of the rows, and means of features under the plan.

    Args:
        pairs: the two samples.
        g: (m,) potential of the columns.
        relaxation: ε and κ.
        of_columns: (m, k) features of the columns to average for each row.
        of_rows: (t, r, l) features of the rows to sum for each column.

    Returns:
        The moments.
    """
    epsilon, _, kappa = relaxation
    features = jnp.concatenate([jnp.ones((len(g), 1), g.dtype), of_columns], axis=1)
    bias = g / epsilon + jnp.log(pairs.b)

    def tile(columns: Array, rows: tuple) -> tuple[Array, tuple[Array, Array]]:
        x, x_norms, a, of_rows, costs = rows
        scores = bias[None, :] - tile_costs(pairs, x, x_norms, costs) / epsilon
        largest = jnp.max(scores, axis=1, keepdims=True)
        plan = jnp.exp(scores - largest)
        sums = matmul(plan, features)
        soft = -epsilon * (jnp.log(sums[:, 0]) + largest[:, 0])
        # The row's mass, relative to its weight, is exp((f - T)/ε), which is one where marginals are met.
        scale = a * jnp.exp((kappa - 1) * soft / epsilon) / sums[:, 0]
        of_rows = jnp.concatenate([jnp.ones_like(of_rows[:, :1]), of_rows], axis=1) if of_rows.shape[1] else None
        weighted = scale[None, :] if of_rows is None else of_rows.T * scale[None, :]
        return columns + matmul(weighted, plan), (kappa * soft, sums[:, 1:] / sums[:, :1])

    start = jnp.zeros((1 + of_rows.shape[2], len(g)), g.dtype)
    columns, (f, rows) = loops.scan(tile, start, (pairs.x, pairs.x_norms, pairs.a, of_rows, pairs.costs))
    return PlanMoments(f, rows, columns)
