"""Doubly normalised affinities of samples whose pairs are few: their distances are made once, and all is met at once.

    ``A_ij = H_ij H'_ij / √(Σ_j H_ij² · Σ_i H'_ij²)``,  H and H' the roots of kernels about the least cost of a row and a column

So no sum can underflow, and no logarithm is needed.
"""

from functools import reduce

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.checks import OfSamples, Samples
from igm_jax.kernels.pairs import matmul, safe_sqrt
from igm_jax.pairwise.affinities import Costs, Pull, Targets, finite, least, priced, pull_of, raised
from igm_jax.pairwise.budget import in_tables
from igm_jax.pairwise.reductions import LARGEST_EXPONENT
from igm_jax.pairwise.tables import middle, squared
from igm_jax.pairwise.temperatures import Temperatures

Tables = tuple[Float[Array, "n _"], ...]
"""The distances of all samples to the targets of each kind."""


def tables_of_few(x: Samples, others: tuple[Float[Array, "_ d"], ...]) -> Tables | None:
    """The distances of samples to each other and to all others, where so few pairs are met at once; else None.

    Args:
        x: (n, d) samples.
        others: (m, d) further targets.

    Returns:
        The tables, that of the samples first.
    """
    if not all(in_tables(x, some) for some in (x, *others)):
        return None
    place = middle(others[0])
    return tuple(safe_sqrt(squared(x - place, some - place)) for some in (x, *others))


def pulls_of_few(
    counts: OfSamples,
    kinds: tuple[Targets, ...],
    costs: Costs,
    temperatures: Temperatures,
    tables: Tables,
    smallest: float,
) -> list[list[Pull]]:
    """What the targets of each kind pull at each sample with.

    Args:
        counts: (n,) how much each sample counts in a column's sum.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.
        tables: what ``tables_of_few`` gave for these targets.
        smallest: the smallest affinity.

    Returns:
        For each kind the pulls at each temperature.
    """
    index = jnp.arange(len(counts))
    priced_each = [priced(table, index, kind, costs) for table, kind in zip(tables, kinds, strict=True)]
    along_rows = [least(cost, kind.counts, 1) for cost, kind in zip(priced_each, kinds, strict=True)]
    nearest = finite(reduce(jnp.minimum, along_rows))
    sums, parts = [jnp.zeros_like(nearest) for _ in range(len(temperatures))], []
    for cost, own_nearest, kind in zip(priced_each, along_rows, kinds, strict=True):
        part = _own(cost, own_nearest, nearest, kind, temperatures) if kind.own else _other(
            cost, nearest, counts, kind, temperatures)  # fmt: skip
        sums = [total + rows for total, (rows, _) in zip(sums, part, strict=True)]
        parts.append((kind.factor, [affinity for _, affinity in part]))
    shares = [_inverse_root(total)[:, None] for total in sums]
    return [
        [pull_of(matmul(raised(one * share, smallest), factor)) for one, share in zip(each, shares, strict=True)]
        for factor, each in parts
    ]


def _own(
    cost: Array, own: Array, nearest: Array, kind: Targets, temperatures: Temperatures
) -> list[tuple[Array, Array]]:
    """At each temperature the rows' sums, and affinities of the samples to each other but for the share of the row.

    Costs are symmetric, so one table of kernels about its rows serves for the columns as well.
    """
    found = []
    for root, value in zip(_roots(temperatures, finite(own)[:, None] - cost), temperatures.values, strict=True):
        sums = jnp.sum(root * root * kind.counts[None, :], axis=1)
        nearer = jnp.exp((nearest - own) / (2 * value))
        found.append((sums * nearer * nearer, root * root.T * (nearer[:, None] * _inverse_root(sums)[None, :])))
    return found


def _other(
    cost: Array, nearest: Array, counts: Array, kind: Targets, temperatures: Temperatures
) -> list[tuple[Array, Array]]:
    """The same for other targets: kernels about rows and about columns."""
    above = finite(least(cost, counts, 0))
    rows, columns = (_roots(temperatures, near - cost) for near in (nearest[:, None], above[None, :]))
    found = []
    for row, column in zip(rows, columns, strict=True):
        share = _inverse_root(jnp.sum(column * column * counts[:, None], axis=0))
        found.append((jnp.sum(row * row * kind.counts[None, :], axis=1), row * column * share[None, :]))
    return found


def _roots(temperatures: Temperatures, scores: Float[Array, "n m"]) -> list[Float[Array, "n m"]]:
    """The roots of kernels; their squares and products are finite."""
    return temperatures.kernels(scores / 2, LARGEST_EXPONENT / 2)


def _inverse_root(sums: Array) -> Array:
    """``1/√Σ``; 1 where nothing is summed."""
    return 1 / jnp.sqrt(jnp.where(sums > 0, sums, 1))
