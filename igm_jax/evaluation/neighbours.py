"""Neighbours and balls on the host, exact and fast: single precision tells most pairs apart, double decides the rest.

A tile of squared distances is one matrix product, whose rounding error has a bound. What the bound leaves open is looked at
again: in double precision where a tile has much of it, and at last by the difference of the two samples, so that copies are
at distance zero and a neighbour on the rim of a ball is on its rim.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

# A tile holds at most this many pairs: 16 MB in single precision.
TILE = 2**22

# Differences of so many numbers are taken at once.
DIFFERENCES = 2**20

# Beyond this share of open pairs in a tile, a product in double precision costs less than their differences.
MANY = 1 / 32

# Roundings besides those of the product itself: of the samples, of their squared norms, and of the sums, in units.
UNITS = 32

Rows = Float[np.ndarray, "_ d"]


class Frame(NamedTuple):
    """Where distances are measured from, and in which unit: a power of two, so that it rounds nothing."""

    centre: Float[np.ndarray, " d"]
    unit: float

    def scaled(self, x: Rows, dtype: type) -> Rows:
        """``(x - centre) / unit``, some rows at a time."""
        out = np.empty(x.shape, dtype)
        for some in blocks(len(x), x.shape[1]):
            out[some] = (x[some] - self.centre) / self.unit
        return out


class Scaled(NamedTuple):
    """Samples in a frame, in the precision of a screen.

    Attributes:
        rows: (n, d) samples.
        squares: (n,) their squared norms.
    """

    rows: Rows
    squares: Float[np.ndarray, " _"]

    def at(self, some: slice) -> "Scaled":
        """A few of them."""
        return Scaled(self.rows[some], self.squares[some])


def blocks(n: int, width: int, size: int = TILE) -> Iterator[slice]:
    """Slices of rows that hold at most ``size`` numbers together."""
    step = max(1, size // max(width, 1))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def frame(x: Rows, y: Rows) -> Frame:
    """A frame for both: about a median, which one far sample does not move, and in a unit that all of them fit in."""
    centre = np.median(y[:: 1 + len(y) // 1000], axis=0)
    reach = max(np.abs(extreme - centre).max() for z in (x, y) for extreme in (z.min(0), z.max(0)))
    return Frame(centre, 2.0 ** math.frexp(reach)[1] if reach > 0 else 1.0)


def scaled(x: Rows, within: Frame, dtype: type) -> Scaled:
    """The samples in a frame, and their squared norms."""
    rows = within.scaled(x, dtype)
    return Scaled(rows, np.einsum("nd,nd->n", rows, rows, dtype=np.float64))


def bound(width: int, dtype: type) -> tuple[float, float]:
    """``(relative, absolute)``: squared distances in the frame are wrong by at most relative · (‖x‖² + ‖y‖²) + absolute.

    A sum of d products errs by at most d units of Σ|x_k y_k| ≤ (‖x‖² + ‖y‖²)/2, in any order, and the squared norms are such
    sums, too; numbers that are too small for the type become zero.
    """
    info = np.finfo(dtype)
    return (2 * width + UNITS) * float(info.eps) / 2 * 1.01, UNITS * width * float(info.tiny)


def distances_of(x: Rows, y: Rows, i: Int[np.ndarray, " p"], j: Int[np.ndarray, " p"], unit: float) -> np.ndarray:
    """``‖x_i - y_j‖`` of single pairs, by their differences."""
    out = np.empty(len(i))
    for some in blocks(len(i), x.shape[1], DIFFERENCES):
        gap = x[i[some]]
        gap -= y[j[some]]
        gap /= unit  # no square over- or underflows
        out[some] = np.sqrt(np.einsum("pd,pd->p", gap, gap)) * unit
    return out


class Distinct(NamedTuple):
    """Samples without their copies.

    Attributes:
        first: (u,) where each distinct sample is first seen.
        which: (n,) for each sample, which of the distinct ones it is.
    """

    first: Int[np.ndarray, " u"]
    which: Int[np.ndarray, " n"]


def distinct(x: Rows) -> Distinct:
    """Equal rows as one, so that a set which has collapsed to a few points does not cost a difference for every pair."""
    whole = np.ascontiguousarray(x).view(np.dtype((np.void, x.dtype.itemsize * x.shape[1]))).ravel()
    order = np.argsort(whole, kind="stable")
    new = np.ones(len(x), bool)
    for some in blocks(len(x) - 1, x.shape[1]):
        new[1:][some] = whole[order[1:][some]] != whole[order[:-1][some]]
    which = np.empty(len(x), np.intp)
    which[order] = np.cumsum(new) - 1
    return Distinct(order[new], which)


def nearest_exact(points: Rows, y: Rows, k: int) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"]]:
    """The k nearest of ``y`` to each point, ascending, and their indices; of equally near ones the first.

    Exact to the rounding of double precision; equal samples are at distance zero.

    Args:
        points: (n, d) float64.
        y: (m, d) float64.
        k: at most m.

    Returns:
        Distances and indices.
    """
    once, of = distinct(points), distinct(y)
    seen = points if len(once.first) == len(points) else points[once.first]
    met = y if len(of.first) == len(y) else y[of.first]
    copies = np.argsort(of.which, kind="stable")  # the members of each group, one group after the other
    counts = np.bincount(of.which)
    if met is y:
        copies, counts = np.arange(len(y)), np.ones(len(y), np.intp)
    found = [_merged(*part, copies, counts, k) for part in _candidates(seen, met, min(k, len(met)))]
    distances, indices = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return (distances, indices) if seen is points else (distances[once.which], indices[once.which])


def _candidates(
    points: Rows, y: Rows, k: int
) -> Iterator[tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"], np.ndarray]]:
    """For some rows at a time the pairs that may be among the k nearest, with their distances."""
    within = frame(points, y)
    columns = scaled(y, within, np.float32)
    for some in blocks(len(points), len(y)):
        rows = points[some]
        open_pairs = _may_be_nearest(scaled(rows, within, np.float32), columns, k)
        if open_pairs.sum() > 4 * k * len(rows) + MANY * open_pairs.size:
            finer = scaled(rows, within, np.float64), scaled(y, within, np.float64)
            open_pairs = _may_be_nearest(finer[0], finer[1], k)
        i, j = np.nonzero(open_pairs)
        yield i, j, distances_of(rows, y, i, j, within.unit)


def _products(x: Scaled, y: Scaled) -> Float[np.ndarray, "n m"]:
    """``-2 x·y``."""
    tile = np.matmul(x.rows, y.rows.T)
    tile *= -2
    return tile


def _may_be_nearest(x: Scaled, y: Scaled, k: int) -> Bool[np.ndarray, "n m"]:
    """Which pairs the bound allows to be among the k nearest of a row."""
    dtype = x.rows.dtype.type
    relative, absolute = bound(x.rows.shape[1], dtype)
    tile = _products(x, y)
    tile += ((1 + relative) * y.squares).astype(dtype)  # an upper bound, without the row's own part
    reached = np.partition(tile, k - 1, axis=1)[:, k - 1] + 2 * relative * x.squares + absolute
    tile -= (2 * relative * y.squares).astype(dtype)
    return tile <= reached.astype(dtype)[:, None]


def _merged(
    i: np.ndarray, j: np.ndarray, distance: np.ndarray, copies: np.ndarray, counts: np.ndarray, k: int
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"]]:
    """The k nearest of each row among candidates, each of which stands for all its copies."""
    repeats = np.minimum(counts[j], k)
    starts = (np.cumsum(counts) - counts)[j]
    nth = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    i, distance = np.repeat(i, repeats), np.repeat(distance, repeats)
    index = copies[np.repeat(starts, repeats) + nth]
    order = np.lexsort((index, distance, i))
    chosen = order[np.searchsorted(i[order], np.arange(i[-1] + 1))[:, None] + np.arange(k)[None, :]]
    return distance[chosen], index[chosen]


class Held(NamedTuple):
    """Points in balls.

    Attributes:
        balls: (n,) in how many balls each point lies.
        points: (m,) how many points each ball holds.
    """

    balls: Int[np.ndarray, " n"]
    points: Int[np.ndarray, " m"]


def held(points: Rows, centres: Rows, radius: Float[np.ndarray, " m"]) -> Held:
    """Which points lie in which closed balls, counted from both sides; exact to the rounding of double precision.

    Args:
        points: (n, d) float64.
        centres: (m, d) float64.
        radius: (m,) of the balls.

    Returns:
        The counts.
    """
    once = distinct(points)
    seen = points if len(once.first) == len(points) else points[once.first]
    times = np.bincount(once.which)
    balls, inside = np.empty(len(seen), np.intp), np.zeros(len(centres), np.intp)
    for some, mask in _inside(seen, centres, radius):
        balls[some] = mask.sum(1)
        inside += mask.sum(0) if seen is points else times[some] @ mask
    return Held(balls if seen is points else balls[once.which], inside)


def _inside(points: Rows, centres: Rows, radius: np.ndarray) -> Iterator[tuple[slice, Bool[np.ndarray, "n m"]]]:
    """For some rows at a time, in which balls they lie."""
    within = frame(points, centres)
    columns = scaled(centres, within, np.float32)
    # Every point of the frame is nearer than this; a larger radius would only cost digits.
    reach = (np.minimum(radius, 4 * math.sqrt(points.shape[1]) * within.unit) / within.unit) ** 2
    for some in blocks(len(points), len(centres)):
        rows = points[some]
        sure, maybe = _screened(scaled(rows, within, np.float32), columns, reach)
        if maybe.sum() > MANY * maybe.size:
            finer = scaled(rows, within, np.float64), scaled(centres, within, np.float64)
            sure, maybe = _screened(finer[0], finer[1], reach)
        i, j = np.nonzero(maybe)
        near = distances_of(rows, centres, i, j, within.unit) <= radius[j]
        sure[i[near], j[near]] = True
        yield some, sure


def _screened(
    x: Scaled, y: Scaled, reach: Float[np.ndarray, " m"]
) -> tuple[Bool[np.ndarray, "n m"], Bool[np.ndarray, "n m"]]:
    """Which pairs are certainly in a ball, and of which the bound leaves it open."""
    dtype = x.rows.dtype.type
    relative, absolute = bound(x.rows.shape[1], dtype)
    tile = _products(x, y)
    tile += ((1 - relative) * y.squares - (1 + relative) * reach).astype(dtype)  # a lower bound of ‖x - y‖² - reach
    maybe = tile <= (absolute - (1 - relative) * x.squares).astype(dtype)[:, None]
    tile += (2 * relative * (y.squares + reach)).astype(dtype)  # an upper bound
    sure = tile <= (-absolute - (1 + relative) * x.squares).astype(dtype)[:, None]
    maybe &= ~sure
    return sure, maybe
