"""Sums over all pairs in one GPU kernel: distances, form and reduction of a tile without writing it to memory.

The kernels are Pallas, lowered by Triton, tested by Pallas' interpreter on a CPU, and timed on an H100: 2.5 to 3 times as fast as
XLA's tiles of the default size (docs/benchmarks/gpu). They are not the default before every form has passed its test on a GPU.

A program of the grid takes a block of rows and a part of the columns, block by block. The sums and pulls it adds up come from
the tile itself, in registers: unlike a matrix product over a tile in memory, another sum over a tile costs little, so the value
is always summed on its own, and ``Form.ratio`` is of no use here. Few rows would leave a GPU without work, so they meet the
columns in several parts, added up at the end; short running sums are more accurate, too.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array

from igm_jax.kernels.forms import Form, inside_a_kernel
from igm_jax.kernels.pairs import Norms, Product, dot_form, matmul
from igm_jax.pairwise.budget import padded
from igm_jax.pairwise.summer import Sums
from igm_jax.pairwise.tiles import Side, is_direct

# A block of rows keeps its points and its pulls in registers and shared memory, so their features are limited.
MOST_FEATURES = 128

# Triton multiplies matrices of at least this many columns.
FEWEST_FEATURES = 16

# Three products of TF32 numbers, each the rest that the former rounded off: as exact as one in float32, which Triton has no
# tensor cores for. (On an H100 that one takes fifty times as long.)
THREE_PRODUCTS = jax.lax.DotAlgorithmPreset.TF32_TF32_F32_X3


class Blocks(NamedTuple):
    """How a kernel works.

    Attributes:
        rows: of a tile.
        columns: of a tile.
        warps: of 32 threads, for each program.
        stages: how many loads the compiler may have under way.
        programs: about as many as keep a large GPU busy.
    """

    rows: int
    columns: int
    warps: int = 4
    stages: int = 2
    programs: int = 512


# As fast as any that were timed on an H100 (python -m benchmarks.blocks): at 2, 64 and 128 features, and of three at 16.
DIRECT = Blocks(32, 32, warps=2, programs=2048)
DOT = {16: Blocks(64, 64), 32: Blocks(64, 64), 64: Blocks(64, 64), 128: Blocks(128, 64, warps=8)}


class _Grid(NamedTuple):
    """How the pairs are split: ``strips`` blocks of rows, times ``parts`` of ``steps`` blocks of columns each."""

    strips: int
    parts: int
    steps: int
    blocks: Blocks

    @property
    def rows(self) -> int:
        return self.blocks.rows

    @property
    def columns(self) -> int:
        return self.blocks.columns

    @property
    def n(self) -> int:
        return self.strips * self.rows

    @property
    def m(self) -> int:
        return self.parts * self.steps * self.columns


def _width(d: int) -> int:
    """How many features a block of the dot form has: Triton's are powers of two."""
    return max(FEWEST_FEATURES, pl.next_power_of_2(d))


def blocks_for(d: int, direct: bool) -> Blocks:
    """The blocks that were fastest for so many features."""
    return DIRECT if direct else DOT[_width(d)]


def _grid(n: int, m: int, blocks: Blocks) -> _Grid:
    strips, of_columns = -(-n // blocks.rows), -(-m // blocks.columns)
    steps = -(-of_columns // min(of_columns, max(1, blocks.programs // strips)))
    return _Grid(strips, -(-of_columns // steps), steps, blocks)


def supports(x: Array) -> bool:
    """Whether there is a kernel for samples with so many features."""
    return x.shape[1] <= MOST_FEATURES


def between(
    form: Form,
    parameters: tuple[Array, ...],
    x: Side,
    y: Side,
    *,
    slopes: bool,
    interpret: bool = False,
    blocks: Blocks | None = None,
) -> Sums:
    """Sums over all pairs of x and y, at the samples of x.

    Args:
        form: the function φ of squared distances.
        parameters: its parameters, scalars.
        x: the rows; their weights do not matter.
        y: the columns.
        slopes: whether the pulls are needed, too.
        interpret: whether to run the kernel step by step on whatever device there is, for tests.
        blocks: how the kernel works; by default as was fastest.

    Returns:
        The sums at x.
    """
    n, d = x.points.shape
    direct = is_direct(x)
    grid = _grid(n, len(y.points), blocks or blocks_for(d, direct))
    scalars = [jnp.reshape(parameter, (1,)) for parameter in parameters]
    call = _direct_call if direct else _dot_call
    sums, *more = call(form, slopes, grid, interpret, scalars, padded(x, grid.n), padded(y, grid.m))
    sums = jnp.sum(sums, axis=0)[:n]
    if not slopes:
        return Sums(sums)
    mass, pulls = (jnp.sum(part, axis=0) for part in more)
    return Sums(sums, (pulls.T if direct else pulls)[:n, :d], mass[:n])


def _call(
    kernel: Any, grid: _Grid, interpret: bool, inputs: Sequence[tuple[Array, pl.BlockSpec]], pulls: tuple | None
) -> Sequence[Array]:
    """Run a kernel; it gives (parts, n) sums, and with the shape and blocks of ``pulls`` also mass and pulls."""
    dtype = inputs[-1][0].dtype
    strip = jax.ShapeDtypeStruct((grid.parts, grid.n), dtype), pl.BlockSpec((None, grid.rows), lambda i, p: (p, i))
    outputs = [strip] if pulls is None else [strip, strip, (jax.ShapeDtypeStruct(pulls[0], dtype), pulls[1])]
    arrays, specs = zip(*inputs, strict=True)
    return pl.pallas_call(
        kernel,
        [shape for shape, _ in outputs],
        grid=(grid.strips, grid.parts),
        in_specs=list(specs),
        out_specs=[spec for _, spec in outputs],
        interpret=interpret,
        # Said outright: without parameters jax 0.10 takes another compiler (Mosaic GPU) than later versions do.
        compiler_params=triton.CompilerParams(num_warps=grid.blocks.warps, num_stages=grid.blocks.stages),
        name="sums_over_pairs",
    )(*arrays)


def _scalar_inputs(scalars: Sequence[Array]) -> list[tuple[Array, pl.BlockSpec]]:
    return [(scalar, pl.BlockSpec((1,), lambda i, p: (0,))) for scalar in scalars]


def _columns_input(values: Array, grid: _Grid) -> tuple[Array, pl.BlockSpec]:
    """One number for each column: a program sees its part."""
    return values, pl.BlockSpec((grid.steps * grid.columns,), lambda i, p: (p,))


def _weighted_tiles(
    form: Form, slopes: bool, squared: Array, parameters: list[Array], weights: Array
) -> tuple[Array, Array | None]:
    """``w φ`` and, if asked for, ``w φ'`` on a tile."""
    with inside_a_kernel():
        if not slopes:
            return form.value(squared, *parameters) * weights[None, :], None
        value, slope = form.both(squared, *parameters)
    return value * weights[None, :], slope * weights[None, :]


# --- few features: differences ---


def _direct_call(
    form: Form, slopes: bool, grid: _Grid, interpret: bool, scalars: Sequence[Array], x: Side, y: Side
) -> Sequence[Array]:
    d = x.points.shape[1]
    # One feature a row: a kernel can load a row of any of them, but cannot take a column out of a block.
    inputs = [
        *_scalar_inputs(scalars),
        (x.points.T, pl.BlockSpec((d, grid.rows), lambda i, p: (0, i))),
        (y.points.T, pl.BlockSpec((d, grid.steps * grid.columns), lambda i, p: (0, p))),
        _columns_input(y.weights, grid),
    ]
    pulls = (grid.parts, d, grid.n), pl.BlockSpec((None, d, grid.rows), lambda i, p: (p, 0, i))
    kernel = partial(_direct_kernel, form, slopes, grid, len(scalars))
    return _call(kernel, grid, interpret, inputs, pulls if slopes else None)


def _direct_kernel(form: Form, slopes: bool, grid: _Grid, count: int, *refs: Any) -> None:
    parameters = [ref[0] for ref in refs[:count]]
    (x, y, w), outputs = refs[count : count + 3], refs[count + 3 :]
    features = range(x.shape[0])
    rows = [x[k, :] for k in features]

    def visit(step: Array, totals: tuple[Array, ...]) -> tuple[Array, ...]:
        at = pl.ds(step * grid.columns, grid.columns)
        differences = [rows[k][:, None] - y[k, at][None, :] for k in features]
        squared = sum((delta * delta for delta in differences[1:]), differences[0] * differences[0])
        value, slope = _weighted_tiles(form, slopes, squared, parameters, w[at])
        # The differences are at hand, so the pulls are summed as such: nothing is lost to clusters far from the origin.
        tiles = [value] if slope is None else [value, slope, *(slope * delta for delta in differences)]
        return tuple(total + tile for total, tile in zip(totals, tiles, strict=True))

    # Whole tiles are added up, and their rows summed once at the end: a sum along a row has threads talk to each other.
    start = jnp.zeros((grid.rows, grid.columns), x.dtype)
    tiles = jax.lax.fori_loop(0, grid.steps, visit, (start,) * (2 + len(rows) if slopes else 1))
    totals = [jnp.sum(tile, axis=1) for tile in tiles]
    outputs[0][...] = totals[0]
    if slopes:
        outputs[1][...] = totals[1]
        for k in features:
            outputs[2][k, :] = totals[2 + k]


# --- more features: norms and inner products ---


def _dot_call(
    form: Form, slopes: bool, grid: _Grid, interpret: bool, scalars: Sequence[Array], x: Side, y: Side
) -> Sequence[Array]:
    d = x.points.shape[1]
    width = _width(d)
    of_x, of_y = (jnp.pad(side.points, ((0, 0), (0, width - d))) for side in (x, y))
    strip = pl.BlockSpec((grid.rows,), lambda i, p: (i,))
    inputs = [
        *_scalar_inputs(scalars),
        (of_x, pl.BlockSpec((grid.rows, width), lambda i, p: (i, 0))),
        (x.norms.squares, strip),
        (x.norms.prints, strip),
        (of_y, pl.BlockSpec((grid.steps * grid.columns, width), lambda i, p: (p, 0))),
        _columns_input(y.norms.squares, grid),
        _columns_input(y.norms.prints, grid),
        _columns_input(y.weights, grid),
    ]
    pulls = (grid.parts, grid.n, width), pl.BlockSpec((None, grid.rows, width), lambda i, p: (p, i, 0))
    # Alone, TF32 would round coordinates to eleven bits: the distance of close samples is the difference of numbers that
    # large, and would be noise. The interpreter runs where there may be no TF32.
    exact = interpret or x.points.dtype != jnp.float32
    product = matmul if exact else partial(jnp.matmul, precision=THREE_PRODUCTS)
    kernel = partial(_dot_kernel, form, slopes, grid, product, len(scalars))
    return _call(kernel, grid, interpret, inputs, pulls if slopes else None)


def _dot_kernel(form: Form, slopes: bool, grid: _Grid, product: Product, count: int, *refs: Any) -> None:
    parameters = [ref[0] for ref in refs[:count]]
    (x, x_squares, x_prints, y, y_squares, y_prints, w), outputs = refs[count : count + 7], refs[count + 7 :]
    rows, of_rows = x[...], Norms(x_squares[...], x_prints[...])

    def visit(step: Array, totals: tuple[Array, ...]) -> tuple[Array, ...]:
        at = pl.ds(step * grid.columns, grid.columns)
        columns = y[at, :]
        squared = dot_form(rows, columns, of_rows, Norms(y_squares[at], y_prints[at]), product)
        value, slope = _weighted_tiles(form, slopes, squared, parameters, w[at])
        # Here the registers are full of points and pulls, and tiles are summed at once.
        sums = (totals[0] + jnp.sum(value, axis=1),)
        if slope is None:
            return sums
        return *sums, totals[1] + jnp.sum(slope, axis=1), totals[2] + product(slope, columns)

    start = (jnp.zeros_like(of_rows.squares),) * (2 if slopes else 1)
    totals = jax.lax.fori_loop(0, grid.steps, visit, (*start, jnp.zeros_like(rows)) if slopes else start)
    outputs[0][...] = totals[0]
    if slopes:
        outputs[1][...] = totals[1]
        outputs[2][...] = rows * totals[1][:, None] - totals[2]
