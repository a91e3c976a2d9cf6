"""Doubly normalised affinities: kernels divided by the roots of their row and column sums, and the pulls that they make.

    ``A_ij = exp(-c_ij/τ) / √(Σ_j exp(-c_ij/τ) · Σ_i exp(-c_ij/τ))``

Two passes over the pairs, some rows at a time: one for the sums, in logarithms so that a small τ does not underflow, and one
for the pulls. All temperatures share the distances.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax.pairwise.costs import Pairs, matmul
from igm_jax.pairwise.rows import by_rows


class Targets(NamedTuple):
    """One kind of targets, the columns.

    Attributes:
        points: (m, d) their places, centred.
        weights: (m,) how strongly each pulls.
        counts: (m,) how much each counts in a row's sum.
        own: whether they are the samples themselves, so that one of them is the row's own and the costs are symmetric.
    """

    points: Float[Array, "m d"]
    weights: Float[Array, " m"]
    counts: Float[Array, " m"]
    own: bool


Costs = Callable[[Float[Array, "r m"], Float[Array, "r m"]], Float[Array, "r m"]]
"""From a tile of distances, and 1 where a target is the row itself, else 0, to the cost c ≥ 0, which may be infinite."""


class Totals(NamedTuple):
    """``log Σ`` of the affinities' rows (t, n), and of their columns, (t, m) for each kind of targets."""

    rows: Float[Array, "t n"]
    columns: tuple[Float[Array, "t m"], ...]


def _tile(rows: Array, index: Int[Array, " r"], targets: Targets, costs: Costs) -> Array:
    distance = Pairs(rows, targets.points).distance
    own = index[:, None] == jnp.arange(len(targets.points))[None, :] if targets.own else jnp.zeros_like(distance, bool)
    return costs(distance, own.astype(distance.dtype))


def _log_sums(cost: Array, temperatures: Array, weights: Array, axis: int) -> Float[Array, "t k"]:
    """``log Σ w exp(-c/τ)`` along an axis; -∞ where nothing is summed. The least cost is taken off once for all τ."""
    least = jnp.min(cost, axis=axis, keepdims=True)
    least = jnp.where(jnp.isinf(least), 0, least)
    kernels = [jnp.exp((least - cost) / temperature) for temperature in temperatures]
    sums = [matmul(k, weights[:, None])[:, 0] if axis == 1 else matmul(weights[None, :], k)[0] for k in kernels]
    found = jnp.stack(sums)
    # The logarithm of nothing has no derivative, and is not taken.
    logs = jnp.where(found > 0, jnp.log(jnp.where(found > 0, found, 1)), -jnp.inf)
    return logs - jnp.squeeze(least, axis)[None, :] / temperatures[:, None]


def totals(
    x: Float[Array, "n d"],
    counts: Float[Array, " n"],
    kinds: tuple[Targets, ...],
    costs: Costs,
    temperatures: Float[Array, " t"],
) -> Totals:
    """The logarithms of all row and column sums of ``exp(-c/τ)``.

    Args:
        x: the samples, the rows, centred.
        counts: how much each counts in a column's sum.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.

    Returns:
        The totals; -∞ where nothing is summed.
    """
    others = [number for number, kind in enumerate(kinds) if not kind.own]

    def visit(carry: list[Array], block: tuple[Array, Array], index: Array) -> tuple[list[Array], Array]:
        rows, own_counts = block
        tiles = [_tile(rows, index, kind, costs) for kind in kinds]
        own_counts = jnp.where(index < len(x), own_counts, 0)
        new = [_log_sums(tiles[number], temperatures, own_counts, 0) for number in others]
        along_rows = [_log_sums(tile, temperatures, kind.counts, 1) for tile, kind in zip(tiles, kinds, strict=True)]
        return [jnp.logaddexp(*pair) for pair in zip(carry, new, strict=True)], jnp.stack(along_rows).T

    start = [jnp.full((len(temperatures), len(kinds[number].points)), -jnp.inf, x.dtype) for number in others]
    columns, rows = by_rows(visit, start, (x, counts), len(x), sum(len(kind.points) for kind in kinds))
    # Among the samples themselves costs are symmetric, so what a row sums is what its column sums.
    found = iter(columns)
    each = tuple(rows[..., number].T if kind.own else next(found) for number, kind in enumerate(kinds))
    return Totals(jax.nn.logsumexp(rows, axis=-1).T, each)


def pulls(
    x: Float[Array, "n d"],
    kinds: tuple[Targets, ...],
    costs: Costs,
    temperatures: Float[Array, " t"],
    found: Totals,
    least: float,
) -> list[tuple[Float[Array, "n t d"], Float[Array, "n t"]]]:
    """What the targets of each kind pull at each sample with: ``Σ_j A_ij w_j t_j`` and ``Σ_j A_ij w_j``.

    Args:
        x: the samples, centred.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.
        found: the totals.
        least: the smallest affinity.

    Returns:
        For each kind the weighted sums and the masses.
    """
    halves = tuple(0.5 * jnp.where(jnp.isneginf(part), 0, part) for part in (found.rows.T, *found.columns))
    rows_half, *columns_half = halves
    augmented = [
        jnp.concatenate([kind.points * kind.weights[:, None], kind.weights[:, None]], axis=1) for kind in kinds
    ]

    def visit(carry: tuple, block: tuple[Array, Array], index: Array) -> tuple[tuple, tuple]:
        rows, half = block
        out = []
        for kind, columns, factor in zip(kinds, columns_half, augmented, strict=True):
            cost, reduced = _tile(rows, index, kind, costs), []
            for number, temperature in enumerate(temperatures):
                exponent = -half[:, number, None] - columns[number][None, :] - cost / temperature
                affinity = jnp.exp(exponent) if least == 0 else jnp.maximum(jnp.exp(exponent), least)
                reduced.append(matmul(affinity, factor))
            out.append(jnp.stack(reduced, axis=1))
        return carry, tuple(out)

    _, out = by_rows(visit, (), (x, rows_half), len(x), sum(len(kind.points) for kind in kinds))
    return [(part[..., :-1], part[..., -1]) for part in out]
