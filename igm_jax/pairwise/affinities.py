"""Doubly normalised affinities: kernels divided by the roots of their row and column sums, and the pulls that they make.

    ``A_ij = exp(-c_ij/τ) / √(Σ_j exp(-c_ij/τ) · Σ_i exp(-c_ij/τ))``

Two passes over the pairs, some rows at a time: one for the sums, one for the pulls. All temperatures share the distances. Where
a small τ makes kernels underflow, the sums are taken again in logarithms.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax.checks import Data, OfData, OfSamples, Samples
from igm_jax.kernels.pairs import Pairs, matmul, safe_sqrt
from igm_jax.pairwise.branch import seldom
from igm_jax.pairwise.budget import by_rows, in_tables
from igm_jax.pairwise.reductions import LARGEST_EXPONENT
from igm_jax.pairwise.tables import middle, squared


class Targets(NamedTuple):
    """One kind of targets, the columns.

    Attributes:
        points: (m, d) their places, centred.
        weights: (m,) how strongly each pulls.
        counts: (m,) how much each counts in a row's sum.
        own: whether they are the samples themselves, so that one of them is the row's own and the costs are symmetric.
    """

    points: Data
    weights: OfData
    counts: OfData
    own: bool


Costs = Callable[[Float[Array, "r m"], Float[Array, "r m"]], Float[Array, "r m"]]
"""From a tile of distances, and 1 where a target is the row itself, else 0, to the cost c ≥ 0, which may be infinite."""


class Totals(NamedTuple):
    """``log Σ`` of the affinities' rows (t, n), and of their columns, (t, m) for each kind of targets."""

    rows: Float[Array, "t n"]
    columns: tuple[Float[Array, "t m"], ...]


Tables = tuple[Float[Array, "n _"], ...]
"""The distances of all samples to the targets of each kind."""


def tables_of_few(x: Samples, others: tuple[Float[Array, "_ d"], ...]) -> Tables | None:
    """The distances of samples to each other and to all others, where so few pairs are met at once; else None.

    They are made once for the scale, the sums and the pulls; tiles make them for each of the three.

    Args:
        x: (n, d) samples.
        others: (m, d) further targets.

    Returns:
        The tables, that of the samples first.
    """
    targets = (x, *others)
    if not all(in_tables(x, some) for some in targets):
        return None
    place = middle(others[0])
    return tuple(safe_sqrt(squared(x - place, some - place)) for some in targets)


def _tile(rows: Array, index: Int[Array, " r"], targets: Targets, costs: Costs) -> Array:
    return _priced(Pairs(rows, targets.points).distance, index, targets, costs)


def _priced(distance: Array, index: Int[Array, " r"], targets: Targets, costs: Costs) -> Array:
    """The costs of a tile of distances, whose rows are the samples of these numbers."""
    own = index[:, None] == jnp.arange(len(targets.points))[None, :] if targets.own else jnp.zeros_like(distance, bool)
    return costs(distance, own.astype(distance.dtype))


def _log_sums(cost: Array, temperatures: Array, weights: Array, axis: int) -> Float[Array, "t k"]:
    """``log Σ w exp(-c/τ)`` along an axis; -∞ where nothing is summed. The least cost is taken off once for all τ.

    It is the least among what counts: the others could be so much nearer that all that counts underflows.
    """
    counted = jnp.expand_dims(weights > 0, 1 - axis)
    least = jnp.min(cost, axis=axis, keepdims=True, where=counted, initial=jnp.inf)
    least = jnp.where(jnp.isinf(least), 0, least)
    kernels = jnp.exp(jnp.minimum((least - cost)[None] / temperatures[:, None, None], LARGEST_EXPONENT))
    found = jnp.sum(kernels * jnp.expand_dims(weights, (0, 2 - axis)), axis=1 + axis)
    # The logarithm of nothing has no derivative, and is not taken.
    nothing = found <= 0
    logs = jnp.where(nothing, -jnp.inf, jnp.log(jnp.where(nothing, 1, found)))
    return logs - jnp.squeeze(least, axis)[None, :] / temperatures[:, None]


def _kernels(kinds: tuple[Targets, ...], temperatures: Array) -> int:
    """How many numbers a row of all kernels has: what a tile's height is measured by."""
    return len(temperatures) * sum(len(kind.points) for kind in kinds)


def _stacked(cost: Array, temperatures: Array) -> Float[Array, "tr m"]:
    """The kernels of all temperatures below each other, computed once for all that is done with them."""
    kernels = jnp.exp(-cost[None] / temperatures[:, None, None]).reshape(-1, cost.shape[1])
    return jax.lax.optimization_barrier(kernels)


def _plain_totals(
    x: Samples, counts: OfSamples, kinds: tuple[Targets, ...], costs: Costs, temperatures: Float[Array, " t"]
) -> Totals:
    """The totals without logarithms: each exponential serves its row and its column."""
    number, start = (
        len(temperatures),
        [jnp.zeros((len(temperatures), len(k.points)), x.dtype) for k in kinds if not k.own],
    )

    def visit(carry: list[Array], block: tuple[Array, Array], index: Array) -> tuple[list[Array], Array]:
        rows, own_counts = block
        own_counts = jnp.where(index < len(x), own_counts, 0)
        new, along = [], []
        for kind in kinds:
            kernels = _stacked(_tile(rows, index, kind, costs), temperatures)
            along.append(matmul(kernels, kind.counts[:, None]).reshape(number, len(rows)).T)
            if not kind.own:
                each = kernels.reshape(number, len(rows), -1)
                new.append(jnp.concatenate([matmul(own_counts[None, :], kernel) for kernel in each]))
        return [old + more for old, more in zip(carry, new, strict=True)], jnp.stack(along, axis=-1)

    columns, rows = by_rows(visit, start, (x, counts), len(x), _kernels(kinds, temperatures))
    return _gathered(rows, columns, kinds, jnp.sum)


def _gathered(
    rows: Float[Array, "n t k"], columns: list[Array], kinds: tuple[Targets, ...], total: Callable[..., Array]
) -> Totals:
    """The totals from the rows' sums for each kind, and the columns' sums for the kinds that are not the samples themselves.

    Among the samples themselves costs are symmetric, so what a row sums is what its column sums.
    """
    found = iter(columns)
    each = tuple(rows[..., number].T if kind.own else next(found) for number, kind in enumerate(kinds))
    return Totals(total(rows, axis=-1).T, each)


def totals(
    x: Samples,
    counts: OfSamples,
    kinds: tuple[Targets, ...],
    costs: Costs,
    temperatures: Float[Array, " t"],
    tables: Tables | None = None,
) -> Totals:
    """The logarithms of all row and column sums of ``exp(-c/τ)``: of plain sums, unless one of them is too small.

    Args:
        x: the samples, the rows, centred.
        counts: how much each counts in a column's sum.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.
        tables: what ``tables_of_few`` gave.

    Returns:
        The totals; -∞ where nothing is summed.
    """
    if tables is not None:
        index = jnp.arange(len(x))
        priced = [_priced(table, index, kind, costs) for table, kind in zip(tables, kinds, strict=True)]
        along_rows = [_log_sums(cost, temperatures, kind.counts, 1) for cost, kind in zip(priced, kinds, strict=True)]
        others = [_log_sums(c, temperatures, counts, 0) for c, kind in zip(priced, kinds, strict=True) if not kind.own]
        return _gathered(jnp.stack(along_rows).T, others, kinds, jax.nn.logsumexp)
    plain = _plain_totals(x, counts, kinds, costs, temperatures)
    smallest = jnp.min(jnp.stack([jnp.min(sums) for sums in jax.tree.leaves(plain)]))
    lost = ~(smallest > jnp.finfo(x.dtype).tiny / jnp.finfo(x.dtype).eps)
    careful = partial(_careful_totals, x, counts, kinds, costs, temperatures)
    # Where they are lost, logarithms of others stand in: those of zero would have no derivative, taken or not.
    safe = jax.tree.map(lambda sums: jnp.where(lost, 1, sums), plain)
    return seldom(lost, careful, lambda: jax.tree.map(jnp.log, safe))


def _careful_totals(
    x: Samples, counts: OfSamples, kinds: tuple[Targets, ...], costs: Costs, temperatures: Float[Array, " t"]
) -> Totals:
    """The totals in logarithms, each sum about its largest term."""
    others = [number for number, kind in enumerate(kinds) if not kind.own]

    def visit(carry: list[Array], block: tuple[Array, Array], index: Array) -> tuple[list[Array], Array]:
        rows, own_counts = block
        tiles = [_tile(rows, index, kind, costs) for kind in kinds]
        own_counts = jnp.where(index < len(x), own_counts, 0)
        new = [_log_sums(tiles[number], temperatures, own_counts, 0) for number in others]
        along_rows = [_log_sums(tile, temperatures, kind.counts, 1) for tile, kind in zip(tiles, kinds, strict=True)]
        return [jnp.logaddexp(*pair) for pair in zip(carry, new, strict=True)], jnp.stack(along_rows).T

    start = [jnp.full((len(temperatures), len(kinds[number].points)), -jnp.inf, x.dtype) for number in others]
    columns, rows = by_rows(visit, start, (x, counts), len(x), _kernels(kinds, temperatures))
    return _gathered(rows, columns, kinds, jax.nn.logsumexp)


def pulls(
    x: Samples,
    kinds: tuple[Targets, ...],
    costs: Costs,
    temperatures: Float[Array, " t"],
    found: Totals,
    least: float,
    tables: Tables | None = None,
) -> list[tuple[Float[Array, "n t d"], Float[Array, "n t"]]]:
    """What the targets of each kind pull at each sample with: ``Σ_j A_ij w_j t_j`` and ``Σ_j A_ij w_j``.

    Args:
        x: the samples, centred.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.
        found: the totals.
        least: the smallest affinity.
        tables: what ``tables_of_few`` gave.

    Returns:
        For each kind the weighted sums and the masses.
    """
    halves = tuple(0.5 * jnp.where(jnp.isneginf(part), 0, part) for part in (found.rows.T, *found.columns))
    rows_half, *columns_half = halves
    augmented = [
        jnp.concatenate([kind.points * kind.weights[:, None], kind.weights[:, None]], axis=1) for kind in kinds
    ]

    def reduced(cost: Array, half: Array, columns: Array, factor: Array) -> Array:
        exponent = -half.T[:, :, None] - columns[:, None, :] - cost[None] / temperatures[:, None, None]
        # Of what counts it is at most 0; what does not count has weight 0, which must not meet an infinity.
        exponent = jnp.minimum(exponent, LARGEST_EXPONENT)
        affinity = jnp.exp(exponent) if least == 0 else jnp.maximum(jnp.exp(exponent), least)
        # All temperatures in one product: a tall one is faster than several.
        out = matmul(affinity.reshape(-1, cost.shape[1]), factor)
        return jnp.swapaxes(out.reshape(len(temperatures), len(half), -1), 0, 1)

    def visit(carry: tuple, block: tuple[Array, Array], index: Array) -> tuple[tuple, tuple]:
        rows, half = block
        known = zip(kinds, columns_half, augmented, strict=True)
        return carry, tuple(
            reduced(_tile(rows, index, kind, costs), half, columns, factor) for kind, columns, factor in known
        )

    if tables is None:
        _, out = by_rows(visit, (), (x, rows_half), len(x), _kernels(kinds, temperatures))
    else:
        known, index = zip(tables, kinds, columns_half, augmented, strict=True), jnp.arange(len(x))
        out = [
            reduced(_priced(table, index, kind, costs), rows_half, columns, factor)
            for table, kind, columns, factor in known
        ]
    return [(part[..., :-1], part[..., -1]) for part in out]
