"""Doubly normalised affinities: kernels divided by the roots of their row and column sums, and the pulls that they make.

    ``A_ij = exp(-c_ij/τ) / √(Σ_j exp(-c_ij/τ) · Σ_i exp(-c_ij/τ))``

Two passes over the pairs, some rows at a time: one for the sums, one for the pulls. All temperatures share the distances, and
exponentials where they can. Where a small τ makes kernels underflow, the sums are taken again in logarithms. Few pairs are met
at once in ``affinities_of_few``.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from igm_jax.checks import Data, OfData, OfSamples, Samples
from igm_jax.kernels.pairs import Pairs, matmul
from igm_jax.pairwise.branch import seldom
from igm_jax.pairwise.budget import by_rows
from igm_jax.pairwise.reductions import LARGEST_EXPONENT
from igm_jax.pairwise.temperatures import Temperatures


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

    @property
    def factor(self) -> Array:
        """(m, d + 1) what affinities are multiplied with: weighted places, and the weights."""
        return jnp.concatenate([self.points * self.weights[:, None], self.weights[:, None]], axis=1)


Costs = Callable[[Float[Array, "r m"], Float[Array, "r m"]], Float[Array, "r m"]]
"""From a tile of distances, and 1 where a target is the row itself, else 0, to the cost c ≥ 0, which may be infinite."""


class Nearest(NamedTuple):
    """The least cost that counts in each row and column; zero where nothing counts. They only shift, and have no derivative."""

    rows: Float[Array, " n"]
    columns: tuple[Float[Array, " _"], ...]


class Totals(NamedTuple):
    """``log Σ`` of the affinities' rows (t, n), and of their columns, (t, m) for each kind of targets.

    ``nearest`` holds the least cost that counts in each row (n,), and in each column (m,) of each kind.
    """

    rows: Float[Array, "t n"]
    columns: tuple[Float[Array, "t _"], ...]
    nearest: Nearest


class Pull(NamedTuple):
    """What targets pull at each sample with: ``Σ_j A_ij w_j t_j`` (n, d), and the mass ``Σ_j A_ij w_j`` (n, 1)."""

    places: Array
    mass: Array


def _tile(rows: Array, index: Int[Array, " r"], targets: Targets, costs: Costs) -> Array:
    return priced(Pairs(rows, targets.points).distance, index, targets, costs)


def priced(distance: Array, index: Int[Array, " r"], targets: Targets, costs: Costs) -> Array:
    """The costs of a table of distances, whose rows are the samples of these numbers."""
    own = index[:, None] == jnp.arange(len(targets.points))[None, :] if targets.own else jnp.zeros_like(distance, bool)
    return costs(distance, own.astype(distance.dtype))


def least(cost: Float[Array, "n m"], counts: Array, axis: int) -> Array:
    """The least cost along an axis among what counts, infinite where nothing does.

    Others could be so much nearer that all that counts underflows beside them.
    """
    found = jnp.min(cost, axis=axis, where=jnp.expand_dims(counts > 0, 1 - axis), initial=jnp.inf)
    return jax.lax.stop_gradient(found)


def finite(nearest: Array) -> Array:
    """Zero in the place of infinity: where nothing counts there is nothing to be shifted."""
    return jnp.where(jnp.isinf(nearest), 0, nearest)


def _log_sums(cost: Array, temperatures: Array, counts: Array, axis: int) -> Float[Array, "t k"]:
    """``log Σ w exp(-c/τ)`` along an axis; -∞ where nothing is summed. The least cost is taken off once for all τ."""
    nearest = finite(least(cost, counts, axis))
    exponents = (jnp.expand_dims(nearest, axis) - cost)[None] / temperatures[:, None, None]
    kernels = jnp.exp(jnp.minimum(exponents, LARGEST_EXPONENT))
    found = jnp.sum(kernels * jnp.expand_dims(counts, (0, 2 - axis)), axis=1 + axis)
    # The logarithm of nothing has no derivative, and is not taken.
    nothing = found <= 0
    logs = jnp.where(nothing, -jnp.inf, jnp.log(jnp.where(nothing, 1, found)))
    return logs - nearest[None, :] / temperatures[:, None]


def _numbers(kinds: tuple[Targets, ...], temperatures: Temperatures) -> int:
    """How many numbers a row of all kernels has: what a tile's height is measured by."""
    return len(temperatures) * sum(len(kind.points) for kind in kinds)


def _plain_totals(
    x: Samples, counts: OfSamples, kinds: tuple[Targets, ...], costs: Costs, temperatures: Temperatures
) -> tuple[Float[Array, "t n"], tuple[Float[Array, "t _"], ...], Nearest]:
    """The sums of rows and columns, without logarithms: each exponential serves its row and its column. And the least costs."""
    start = [
        (jnp.zeros((len(temperatures), len(kind.points)), x.dtype), jnp.full(len(kind.points), jnp.inf, x.dtype))
        for kind in kinds
        if not kind.own
    ]

    def visit(carry: list, block: tuple[Array, Array], index: Array) -> tuple[list, tuple[Array, Array]]:
        rows, own_counts = block
        own_counts = jnp.where(index < len(x), own_counts, 0)
        new, along, near = [], [], []
        for kind in kinds:
            cost = _tile(rows, index, kind, costs)
            kernels = temperatures.kernels(-cost)
            along.append(jnp.concatenate([matmul(kernel, kind.counts[:, None]) for kernel in kernels], axis=1))
            near.append(least(cost, kind.counts, 1))
            if not kind.own:
                columns = jnp.concatenate([matmul(own_counts[None, :], kernel) for kernel in kernels])
                new.append((columns, least(cost, own_counts, 0)))
        carry = [(old[0] + more[0], jnp.minimum(old[1], more[1])) for old, more in zip(carry, new, strict=True)]
        return carry, (jnp.stack(along, axis=-1), jnp.stack(near, axis=-1))

    columns, (rows, near) = by_rows(visit, start, (x, counts), len(x), _numbers(kinds, temperatures))
    nearest = _each(near, [part for _, part in columns], kinds)
    return (
        jnp.sum(rows, axis=-1).T,
        _each(rows, [part for part, _ in columns], kinds),
        Nearest(finite(jnp.min(near, axis=-1)), tuple(map(finite, nearest))),
    )


def _each(rows: Float[Array, "n *t k"], columns: list[Array], kinds: tuple[Targets, ...]) -> tuple[Array, ...]:
    """What holds of the columns of each kind: among the samples themselves costs are symmetric, so what holds of their rows."""
    found = iter(columns)
    return tuple(rows[..., number].T if kind.own else next(found) for number, kind in enumerate(kinds))


def totals(
    x: Samples, counts: OfSamples, kinds: tuple[Targets, ...], costs: Costs, temperatures: Temperatures
) -> Totals:
    """The logarithms of all row and column sums of ``exp(-c/τ)``: of plain sums, unless one of them is too small.

    Args:
        x: the samples, the rows, centred.
        counts: how much each counts in a column's sum.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.

    Returns:
        The totals; -∞ where nothing is summed.
    """
    *plain, nearest = _plain_totals(x, counts, kinds, costs, temperatures)
    smallest = jnp.min(jnp.stack([jnp.min(sums) for sums in jax.tree.leaves(plain)]))
    lost = ~(smallest > jnp.finfo(x.dtype).tiny / jnp.finfo(x.dtype).eps)
    careful = partial(_careful_totals, x, counts, kinds, costs, temperatures)
    # Where they are lost, logarithms of others stand in: those of zero would have no derivative, taken or not.
    safe = jax.tree.map(lambda sums: jnp.where(lost, 1, sums), tuple(plain))
    rows, columns = seldom(lost, careful, lambda: jax.tree.map(jnp.log, safe))
    return Totals(rows, columns, nearest)


def _careful_totals(
    x: Samples, counts: OfSamples, kinds: tuple[Targets, ...], costs: Costs, temperatures: Temperatures
) -> tuple[Float[Array, "t n"], tuple[Float[Array, "t _"], ...]]:
    """The totals in logarithms, each sum about its largest term."""
    others, values = [number for number, kind in enumerate(kinds) if not kind.own], temperatures.values

    def visit(carry: list[Array], block: tuple[Array, Array], index: Array) -> tuple[list[Array], Array]:
        rows, own_counts = block
        tiles = [_tile(rows, index, kind, costs) for kind in kinds]
        own_counts = jnp.where(index < len(x), own_counts, 0)
        new = [_log_sums(tiles[number], values, own_counts, 0) for number in others]
        along_rows = [_log_sums(tile, values, kind.counts, 1) for tile, kind in zip(tiles, kinds, strict=True)]
        return [jnp.logaddexp(*pair) for pair in zip(carry, new, strict=True)], jnp.stack(along_rows).T

    start = [jnp.full((len(temperatures), len(kinds[number].points)), -jnp.inf, x.dtype) for number in others]
    columns, rows = by_rows(visit, start, (x, counts), len(x), _numbers(kinds, temperatures))
    return jax.nn.logsumexp(rows, axis=-1).T, _each(rows, columns, kinds)


def pulls(
    x: Samples, kinds: tuple[Targets, ...], costs: Costs, temperatures: Temperatures, found: Totals, least: float
) -> list[list[Pull]]:
    """What the targets of each kind pull at each sample with.

    Each kernel is taken about the least costs of its row and its column, where no power of it is lost.

    Args:
        x: the samples, centred.
        kinds: the targets.
        costs: the cost of a pair.
        temperatures: τ > 0.
        found: the totals.
        least: the smallest affinity.

    Returns:
        For each kind the pulls at each temperature.
    """
    to_rows = _shares(found.rows, found.nearest.rows, temperatures).T
    to_columns = [_shares(*pair, temperatures) for pair in zip(found.columns, found.nearest.columns, strict=True)]
    factors = [kind.factor for kind in kinds]

    def visit(carry: tuple, block: tuple[Array, Array, Array], index: Array) -> tuple[tuple, tuple]:
        rows, shares, near = block
        out = []
        for kind, columns, nearest, factor in zip(kinds, to_columns, found.nearest.columns, factors, strict=True):
            cost = _tile(rows, index, kind, costs)
            kernels = temperatures.kernels((near[:, None] + nearest[None, :]) / 2 - cost)
            parts = zip(kernels, shares.T, columns, strict=True)
            out.append(
                [matmul(raised(kernel * row[:, None] * to[None, :], least), factor) for kernel, row, to in parts]
            )
        return carry, tuple(out)

    _, out = by_rows(visit, (), (x, to_rows, found.nearest.rows), len(x), _numbers(kinds, temperatures))
    return [[pull_of(one) for one in some] for some in out]


def _shares(logs: Float[Array, "t k"], nearest: Float[Array, " k"], temperatures: Temperatures) -> Float[Array, "t k"]:
    """``1/√Σ`` of kernels about the least cost; 1 where nothing is summed."""
    shifted = logs + nearest[None, :] / temperatures.values[:, None]
    return jnp.exp(-0.5 * jnp.where(jnp.isneginf(logs), 0, shifted))


def raised(affinity: Array, least: float) -> Array:
    """Affinities, at least so large."""
    return affinity if least == 0 else jnp.maximum(affinity, least)


def pull_of(out: Float[Array, "n _"]) -> Pull:
    """The columns that ``Targets.factor`` made, apart again."""
    return Pull(out[:, :-1], out[:, -1:])
