"""Sums over all pairs of two samples, a tile of rows at a time: memory grows with n + m, and each pair is visited once.

A tile is some rows against all columns. Its distances, one function of them and one matrix product that reduces it are all
that happens to a pair: with ones and coordinates for the columns of that product, the same pass gives the sums and, since
``∇_x Σ_j b_j φ(‖x - y_j‖²) = 2 (x Σ_j b_j φ' - Σ_j b_j φ' y_j)``, their gradients. Of a sample against itself only half of the
pairs are visited: block i meets the next half of the blocks, in a circle, and reduces its tile along both sides.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import loops
from igm_jax.checks import OfSamples, Samples
from igm_jax.kernels.forms import Form
from igm_jax.kernels.pairs import DIRECT_FEATURES, Norms, direct_form, dot_form, matmul, norms
from igm_jax.pairwise.branch import seldom
from igm_jax.pairwise.budget import rows_of_a_half, rows_of_a_tile
from igm_jax.pairwise.reductions import block_sum, row_means, without_own
from igm_jax.pairwise.summer import Summer, Sums

# Where the mean of |φ'| ‖x‖² is this many times that of |φ|, sums of φ' times coordinates no longer give the sum of φ in full.
RESOLVED = 16.0

# Up to this many pairs, values are always summed by themselves where distances are exact.
FEW = 1 << 20


class Side(NamedTuple):
    """One of the two samples, prepared: what a tile needs of its rows, or of its columns.

    Attributes:
        points: (n, d) samples, centred.
        weights: (n,) weights.
        norms: squared lengths, and what tells equal samples.
    """

    points: Samples
    weights: OfSamples
    norms: Norms

    def augmented(self, squares: bool) -> Float[Array, "n dk"]:
        """``[w x, w]``, and ``w ‖x‖²`` where asked for: what a tile of slopes is multiplied with."""
        w = self.weights[:, None]
        last = [w * self.norms.squares[:, None]] if squares else []
        return jnp.concatenate([self.points * w, w, *last], axis=1)


def side(points: Samples, weights: OfSamples) -> Side:
    """Prepare one sample; ``points`` must be centred already."""
    return Side(points, weights, norms(points))


def squared(rows: Side, columns: Side) -> Float[Array, "r m"]:
    """The tile of squared distances, exactly zero where two rows are equal."""
    if is_direct(rows):
        return direct_form(rows.points, columns.points)
    return dot_form(rows.points, columns.points, rows.norms, columns.norms)


def is_direct(of: Side) -> bool:
    """Whether distances come from differences, and not from norms and inner products."""
    return of.points.shape[1] <= DIRECT_FEATURES


def _padded(of: Side, rows: int) -> Side:
    """The side with a multiple of ``rows`` samples: what is added is a copy of the first sample without weight."""
    extra = -len(of.points) % rows
    if not extra:
        return of
    copies = jax.tree.map(lambda leaf: jnp.concatenate([leaf, jnp.repeat(leaf[:1], extra, axis=0)]), of)
    return copies._replace(weights=jnp.concatenate([of.weights, jnp.zeros(extra, of.weights.dtype)]))


def _pointless(of: Side) -> Side:
    """The side without its points, for those who take slices of them: cut into blocks they would be copied whole."""
    return of._replace(points=of.points[:, :0])


def _blocks(of: Side, rows: int) -> Side:
    return jax.tree.map(lambda leaf: leaf.reshape(len(leaf) // rows, rows, *leaf.shape[1:]), of)


class _Plan(NamedTuple):
    """How a tile of some form is reduced: which tiles, and what each is multiplied with.

    ``slopes`` alone give the values where ``φ = (α + β s) φ'``; then β asks for squares, unless it is zero. With ``few`` pairs
    those of nearby samples are not put together from squares: what is gained in time is not worth the check. ``distinct``
    leaves out pairs of a sample with itself, which would take the digits of the sum along if they were taken off it.
    """

    form: Form
    parameters: tuple
    slopes: bool
    few: bool
    distinct: bool

    @property
    def ratio(self) -> tuple[Array | float, Array | float] | None:
        ratio = self.form.ratio(*self.parameters)
        return None if ratio is not None and self.few and not _is_zero(ratio[1]) else ratio

    @property
    def squares(self) -> bool:
        return self.slopes and self.ratio is not None and not _is_zero(self.ratio[1])

    def width(self, d: int) -> int:
        return 1 if not self.slopes else d + 1 + (self.squares or self.ratio is None)

    def tiles(self, squared: Array, start: Array | int) -> list[tuple[Array, bool]]:
        """The tiles that are to be reduced, and whether each is of slopes, which coordinates go with, or of values."""
        counted = partial(without_own, start=start) if self.distinct else lambda tile: tile
        if not self.slopes:
            return [(counted(self.form.value(squared, *self.parameters)), False)]
        value, slope = map(counted, self.form.both(squared, *self.parameters))
        return [(slope, True)] if self.ratio is not None else [(slope, True), (value, False)]

    def along_rows(self, tiles: list[tuple[Array, bool]], columns: Side) -> Array:
        """(r, width): at each row ``Σ w φ``; or ``Σ w φ' y``, ``Σ w φ'``, and what else it takes to know ``Σ w φ``."""
        factors = {True: columns.augmented(self.squares), False: columns.weights[:, None]}
        return jnp.concatenate([matmul(tile, factors[of_slopes]) for tile, of_slopes in tiles], axis=1)

    def along_columns(self, tiles: list[tuple[Array, bool]], rows: Side) -> Array:
        """(width, m): the same at each column."""
        factors = {True: rows.augmented(self.squares).T, False: rows.weights[None, :]}
        return jnp.concatenate([matmul(factors[of_slopes], tile) for tile, of_slopes in tiles], axis=0)

    def sums(self, at: Side, reduced: Array) -> Sums:
        """From what the tiles were reduced to, (n, width), to sums and pulls at the samples."""
        if not self.slopes:
            return Sums(reduced[:, 0])
        d = at.points.shape[1]
        weighted, mass = reduced[:, :d], reduced[:, d]
        pulls = at.points * mass[:, None] - weighted
        # What rounding leaves of a far sample's pull on itself is no pull, and may be more than that of all others.
        pulls = jnp.where(jnp.abs(pulls) > 4 * jnp.finfo(mass.dtype).eps * jnp.abs(weighted), pulls, 0)
        if self.ratio is None:
            return Sums(reduced[:, d + 1], pulls, mass)
        alpha, beta = self.ratio
        if not self.squares:
            return Sums(alpha * mass, pulls, mass)
        inner = jnp.sum(at.points * (pulls - weighted), axis=1)  # ‖x‖² Σ w φ' - 2 x·Σ w φ' y
        return Sums(alpha * mass + beta * (inner + reduced[:, d + 1]), pulls, mass)

    def resolved(self, at: Side, sums: Sums, again: Callable[[], Array]) -> Sums:
        """The sums, with their values taken anew from φ where sums of φ' have lost digits to far away, dense clusters.

        ``β Σ w φ' ‖x - y‖²`` was put together from terms of the size of ``β Σ w φ' ‖x‖²``. (Distances in the dot form have
        lost the same digits before, so nothing would be gained there.)
        """
        ratio, mass = self.ratio, sums.mass
        if not self.squares or not is_direct(at) or ratio is None or mass is None:
            return sums
        terms = jnp.sum(at.weights * jnp.abs(mass) * at.norms.squares) * jnp.abs(ratio[1])
        lost = terms > RESOLVED * jnp.sum(at.weights * jnp.abs(sums.values))
        return sums._replace(values=seldom(lost, again, lambda: sums.values))


def _is_zero(value: Array | float) -> bool:
    return isinstance(value, float) and value == 0


def _plan(form: Form, parameters: tuple, slopes: bool, x: Side, y: Side, distinct: bool) -> _Plan:
    return _Plan(form, parameters, slopes, is_direct(x) and len(x.points) * len(y.points) <= FEW, distinct)


def between(
    form: Form, parameters: tuple, x: Side, y: Side, *, slopes: bool, columns: bool = False, distinct: bool = False
) -> tuple[Sums, Sums | None]:
    """Sums over all pairs of x and y, at the samples of x and, if asked for, at those of y.

    Args:
        form: the function φ of squared distances.
        parameters: its parameters.
        x: the rows.
        y: the columns.
        slopes: whether the pulls are needed, too.
        columns: whether the sums at y are needed.
        distinct: whether y is x, and no sample is to meet itself.

    Returns:
        The sums at x, and those at y or None.
    """
    n, d = x.points.shape
    rows, plan = rows_of_a_tile(n, len(y.points)), _plan(form, parameters, slopes, x, y, distinct)

    padded = _padded(x, rows)

    def visit(total: Array | None, step: tuple[Array, Side]) -> tuple[Array | None, Array]:
        start, block = step
        block = block._replace(points=jax.lax.dynamic_slice_in_dim(padded.points, start, rows))
        tiles = plan.tiles(squared(block, y), start)
        return None if total is None else total + plan.along_columns(tiles, block), plan.along_rows(tiles, y)

    begun = jnp.zeros((plan.width(d), len(y.points)), x.points.dtype) if columns else None
    # A second derivative computes a tile again rather than keeping all of them.
    steps = (jnp.arange(0, len(padded.points), rows), _blocks(_pointless(padded), rows))
    total, out = loops.scan(jax.checkpoint(visit, prevent_cse=False), begun, steps)
    again = partial(between, form, parameters, slopes=False, distinct=distinct)
    at_x = plan.sums(x, out.reshape(-1, out.shape[-1])[:n])
    at_x = plan.resolved(x, at_x, lambda: again(x, y)[0].values)
    if total is None:
        return at_x, None
    return at_x, plan.resolved(y, plan.sums(y, total.T), lambda: again(y, x)[0].values)


def _shares(blocks: int, rows: int) -> np.ndarray:
    """How much of each column of a window counts, where some pairs are seen from both ends."""
    share = np.ones((blocks // 2 + 1) * rows)
    # A block meets itself, and the last block of the window meets this one again, if their number is even.
    share[:rows] = 0.5
    if blocks % 2 == 0:
        share[-rows:] = 0.5
    return share


def within(form: Form, parameters: tuple, x: Side, *, slopes: bool, each: bool = True, distinct: bool = False) -> Sums:
    """Sums over all pairs of x with itself, each pair visited once for both of its ends.

    Args:
        form: the function φ of squared distances.
        parameters: its parameters.
        x: the samples.
        slopes: whether the pulls are needed, too.
        each: whether the sums are needed at each sample; if not, only their weighted total is right, and cheaper.
        distinct: whether pairs of a sample with itself are left out.

    Returns:
        The sums.
    """
    n, d = x.points.shape
    rows, plan = rows_of_a_half(n), _plan(form, parameters, slopes, x, x, distinct)
    if rows >= n:
        return between(form, parameters, x, x, slopes=slopes, distinct=distinct)[0]
    padded = _padded(x, rows)
    length = len(padded.points)
    blocks = length // rows
    window = (blocks // 2 + 1) * rows
    share = jnp.asarray(_shares(blocks, rows), x.points.dtype)

    # The columns turn by a block a step, so that the window is always the first of them. A window sliced at a moving place
    # would be fused into the tile, and cost more than the rest. Where points only feed a matrix product, a slice is cheaper.
    turning = padded if is_direct(x) else _pointless(padded)
    around = None if is_direct(x) else jnp.concatenate([padded.points, padded.points[:window]])

    def visit(carry: tuple[Side, Array], step: tuple[Array, Side]) -> tuple[tuple[Side, Array], Array]:
        (columns, total), (start, block) = carry, step
        met = jax.tree.map(lambda leaf: leaf[:window], columns)
        if around is not None:
            met = met._replace(points=jax.lax.dynamic_slice_in_dim(around, start, window))
            block = block._replace(points=met.points[:rows])
        tiles = plan.tiles(squared(block, met), 0)
        out = plan.along_rows(tiles, met._replace(weights=met.weights * share))
        if both_ends:
            seen = jax.lax.dynamic_slice_in_dim(total, start, window, axis=1)
            seen = seen + plan.along_columns(tiles, block) * share[None, :]
            total = jax.lax.dynamic_update_slice_in_dim(total, seen, start, axis=1)
        return (jax.tree.map(lambda leaf: jnp.roll(leaf, -rows, axis=0), columns), total), out

    both_ends = slopes or each
    # Windows that reach beyond the last block go on behind it, and come back to the first ones in the end.
    total = jnp.zeros((plan.width(d), length + window if both_ends else 0), x.points.dtype)
    steps = (jnp.arange(0, length, rows), _blocks(turning, rows))
    (_, total), out = loops.scan(jax.checkpoint(visit, prevent_cse=False), (turning, total), steps)
    reduced = out.reshape(length, -1)[:n]
    if not both_ends:
        return plan.sums(x, 2 * reduced)
    total = total[:, :length].at[:, :window].add(total[:, length:])
    sums = plan.sums(x, reduced + total.T[:n])
    return plan.resolved(x, sums, lambda: within(form, parameters, x, slopes=False, distinct=distinct).values)


def means(form: Form, parameters: tuple, points: Array, y: Array, weights: Array) -> Array:
    """``Σ_j w_j φ(‖p_i - y_j‖²)``, from operations that can be differentiated in everything."""
    of_y = norms(y)

    def tile(rows: Array) -> Array:
        direct = points.shape[1] <= DIRECT_FEATURES
        return form.value(direct_form(rows, y) if direct else dot_form(rows, y, norms(rows), of_y), *parameters)

    return row_means(tile, points, weights)


def _between(
    form: Form, parameters: tuple, x: Array, y: Array, a: Array, b: Array, slopes: bool = False, columns: bool = False
) -> tuple[Sums, Sums | None]:
    return between(form, parameters, side(x, a), side(y, b), slopes=slopes, columns=columns)


def _within(form: Form, parameters: tuple, x: Array, a: Array, **how: bool) -> Sums:
    return within(form, parameters, side(x, a), **{"slopes": False, **how})


TILES = Summer(_between, _within, block_sum, means)
