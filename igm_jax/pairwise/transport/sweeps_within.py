"""Sweeps over the pairs of one sample with itself: each unordered pair once.

The blocks of rows stand in a circle, and each meets itself and the next half of the circle; their number is odd, so that
every two blocks meet once. A tile's row sums go to its rows and its column sums, taken as ``featuresᵀ @ plan``, to the
others, whose array is written twice in a row so that a window never wraps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from igm_jax import loops
from igm_jax.checks import OfSamples, Samples
from igm_jax.kernels.pairs import Norms, centred, dot_form, matmul, norms
from igm_jax.pairwise.budget import tiling
from igm_jax.pairwise.reductions import LARGEST_EXPONENT
from igm_jax.pairwise.transport.problem import Relaxation
from igm_jax.pairwise.transport.sweeps import Swept, in_tiles, relaxed


class SelfTiles(NamedTuple):
    """A weighted sample in an odd number of tiles; padded rows have no weight.

    Attributes:
        x: (t, r, d) samples, centred.
        norms: (t, r) what distances need to know of them.
        a: (t, r) weights.
        costs: (t, r, w) squared distances to the w next rows, starting from the tile's own, or None where they are
            computed anew in every sweep.
    """

    x: Float[Array, "t r d"]
    norms: Norms
    a: Float[Array, "t r"]
    costs: Float[Array, "t r w"] | None


Features = Callable[[Array, Norms, Array, Array], Float[Array, "n k"]]
"""``(x (n, d), norms of n, a (n,), f (n,)) -> (n, k)``: what to sum over the plan of some rows."""


def _twice(values: Shaped[Array, "t r *k"]) -> Array:
    """The rows of all tiles, twice in a row."""
    flat = values.reshape(-1, *values.shape[2:])
    return jnp.concatenate([flat, flat])


def _window(doubled: Any, tile: Array, tiles: int) -> Any:
    """The rows that a tile meets: its own and the next half of the circle.

    They must be there before the tile is made: fused into it, every entry would look them up anew.
    """

    def rows_of(values: Array) -> Array:
        rows = len(values) // (2 * tiles)
        return jax.lax.dynamic_slice_in_dim(values, tile * rows, (tiles // 2 + 1) * rows)

    return jax.lax.optimization_barrier(jax.tree.map(rows_of, doubled))


def self_tiles(x: Samples, a: OfSamples, *, keep: bool) -> SelfTiles:
    """The tiles of one sample.

    Args:
        x: (n, d) samples.
        a: (n,) weights.
        keep: whether to keep the costs of all pairs.

    Returns:
        The tiles.
    """
    x, _ = centred(x, x, a)
    tiles, rows = tiling(len(x), len(x) // 2 + 1, odd=True)
    x, of_x, a = jax.tree.map(lambda values: in_tiles(values, tiles, rows), (x, norms(x), a))
    pairs = SelfTiles(x, of_x, a, None)
    if not keep:
        return pairs
    doubled = jax.tree.map(_twice, (x, of_x))

    def tile(row: tuple) -> Array:
        index, own, of_own = row
        window, of_window = _window(doubled, index, tiles)
        return dot_form(own, window, of_own, of_window)

    return pairs._replace(costs=jax.lax.map(tile, (jnp.arange(tiles), x, of_x)))


def masses(x: Array, norms: Norms, a: Array, f: Array) -> Array:
    """The weights alone, as features (n, 1) to sum."""
    del x, norms, f
    return a[:, None]


def plan_sums(pairs: SelfTiles, f: Float[Array, "t r"], epsilon: Array, features: Features) -> Float[Array, "t r k"]:
    """``Σ_j exp((f_i + f_j - C_ij)/ε) φ_j`` for each row, with one exponential for each unordered pair.

    Args:
        pairs: the sample.
        f: (t, r) its potential.
        epsilon: ε > 0.
        features: what to sum, weights included, computed where it is needed.

    Returns:
        (t, r, k) sums.
    """
    tiles, rows = f.shape
    doubled = jax.tree.map(_twice, (pairs.x, pairs.norms, pairs.a, f))

    def tile(columns: Array, row: tuple) -> tuple[Array, Array]:
        index, *own, costs = row
        window = _window(doubled, index, tiles)
        costs = dot_form(own[0], window[0], own[1], window[1]) if costs is None else costs
        plan = jnp.exp(jnp.minimum((own[3][:, None] + window[3][None, :] - costs) / epsilon, LARGEST_EXPONENT))
        here = jax.lax.dynamic_slice_in_dim(columns, index * rows, plan.shape[1], axis=1)
        # The tile's own block is symmetric: its row sums say it all.
        there = matmul(features(*own).T, plan).at[:, :rows].set(0)
        columns = jax.lax.dynamic_update_slice_in_dim(columns, here + there, index * rows, axis=1)
        return columns, matmul(plan, features(*window))

    k = jax.eval_shape(features, *jax.tree.map(lambda values: values[0], (pairs.x, pairs.norms, pairs.a, f))).shape[1]
    start = jnp.zeros((k, 2 * tiles * rows), f.dtype)
    row = (jnp.arange(tiles), pairs.x, pairs.norms, pairs.a, f, pairs.costs)
    columns, ahead = loops.scan(tile, start, row)
    behind = columns[:, : tiles * rows] + columns[:, tiles * rows :]
    return ahead + behind.T.reshape(tiles, rows, k)


def swept_within(pairs: SelfTiles, f: Float[Array, "t r"], relaxation: Relaxation) -> Swept:
    """The potential of a sample against itself, updated.

    Args:
        pairs: the sample.
        f: (t, r) its potential.
        relaxation: how to update.

    Returns:
        The new potential, as both f and g, and how far the old one was from solving.
    """
    found = plan_sums(pairs, f, relaxation.epsilon, masses)[:, :, 0]
    f, _, error, lost = relaxed(f, found, pairs.a, relaxation)
    return Swept(f, f, error, lost)
