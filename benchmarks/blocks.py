"""Time the fused kernels with blocks of several sizes on this GPU, beside XLA's tiles: where ``fused.DOT`` comes from.

    python -m benchmarks.blocks
    python -m benchmarks.blocks --dims 64 --n 65536 --tiles

Values and pulls of the Gaussian kernel between two samples, each checked against float64 on some rows. The directory gets
``blocks.md`` and ``blocks.jsonl``.
"""

import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from igm_jax import checks
from igm_jax.kernels.forms import Gaussian
from igm_jax.kernels.pairs import DIRECT_FEATURES
from igm_jax.pairwise import fused, tiles
from igm_jax.pairwise.fused import Blocks
from igm_jax.pairwise.summer import Sums
from igm_jax.reporting import Cell, Line, Table, to_console, to_markdown, write_whole
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import provenance

DIRECT = (
    Blocks(32, 32, 2, 2, 2048),
    Blocks(64, 32),
    Blocks(32, 32, 2),
    Blocks(64, 16),
    Blocks(128, 16),
    Blocks(32, 64),
)
DOT = (
    Blocks(64, 64), Blocks(64, 32), Blocks(128, 64, 8), Blocks(64, 128, 8), Blocks(64, 64, 8), Blocks(128, 32),
    Blocks(128, 128, 8), Blocks(64, 64, 4, 3), Blocks(32, 64), Blocks(64, 64, 4, 2, 2048),
)  # fmt: skip
CHECKED = 256
"""Rows that are compared with float64."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Time the fused kernels with blocks of several sizes on this GPU."""

    n: int = 16384
    """Samples on both sides."""
    dims: tuple[int, ...] = (2, 8, 16, 32, 64, 128)
    """Numbers of features."""
    repeats: int = 7
    """Timings of each, of which the median counts."""
    seconds: float = 600.0
    """After so many nothing new is begun."""
    tiles: bool = False
    """Whether XLA's tiles are timed, too, which take long to compile."""
    interpret: bool = False
    """Interpret the kernels, on any device: only to see that this command works."""
    output: Path = Path("results/blocks")
    """The directory."""


class Problem(NamedTuple):
    """Two weighted samples, the width of the kernel, and the first rows' sums and pulls in float64."""

    arrays: tuple[np.ndarray, np.ndarray, np.ndarray]
    scale: jax.Array
    sums: np.ndarray
    pulls: np.ndarray


def problem(n: int, d: int) -> Problem:
    """Two Gaussian samples, the kernel as wide as they are."""
    rng = np.random.default_rng(d)
    x, y, weights = rng.normal(size=(n, d)), rng.normal(0.3, 1, size=(n, d)), rng.uniform(0.5, 2, n) / n
    arrays = x.astype(np.float32), y.astype(np.float32), weights.astype(np.float32)
    x, y, weights = (array.astype(np.float64) for array in (arrays[0][:CHECKED], *arrays[1:]))
    squared = sum((np.square(x[:, k, None] - y[None, :, k]) for k in range(d)), np.zeros((len(x), n)))
    values = np.exp(-squared / (2 * d)) * weights
    slopes = -values / (2 * d)
    return Problem(arrays, jnp.float32(d**0.5), values.sum(1), x * slopes.sum(1)[:, None] - slopes @ y)


def timed(call: Callable[[], Any], repeats: int) -> float:
    """The median of the seconds that a call takes; short ones are repeated within a timing."""
    jax.block_until_ready(call())
    start = time.perf_counter()
    jax.block_until_ready(call())
    count = max(1, min(100, int(0.01 / (time.perf_counter() - start))))
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready([call() for _ in range(count)][-1])
        taken.append((time.perf_counter() - start) / count)
    return statistics.median(taken)


def measured(config: Config, d: int, told: Problem, blocks: Blocks | None) -> dict[str, Any]:
    """Time and errors with some blocks, or of XLA's tiles without any."""

    def sums(x: jax.Array, y: jax.Array, weights: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        sides = tiles.side(x, jnp.ones(len(x))), tiles.side(y, weights)
        between = tiled_between if blocks is None else partial(
            fused.between, blocks=blocks, interpret=config.interpret
        )  # fmt: skip
        found = between(Gaussian(), (told.scale,), *sides, slopes=True)
        return found.values, found.pulls

    arrays = tuple(map(jnp.asarray, told.arrays))
    row: dict[str, Any] = {"n": config.n, "d": d, "blocks": "tiles" if blocks is None else tuple(blocks)}
    start = time.perf_counter()
    try:
        compiled = jax.jit(sums).lower(*arrays).compile()
        row["compile_seconds"] = time.perf_counter() - start
        found = compiled(*arrays)
        errors = [
            float(np.linalg.norm(np.asarray(one)[:CHECKED] - right) / np.linalg.norm(right))
            for one, right in zip(found, (told.sums, told.pulls), strict=True)
        ]
        row |= {"value_error": errors[0], "gradient_error": errors[1]}
        row["seconds"] = timed(lambda: compiled(*arrays), config.repeats)
        analysis = compiled.memory_analysis()
        row["memory_mb"] = None if analysis is None else analysis.temp_size_in_bytes / 2**20
    except Exception as error:  # blocks that do not fit a GPU are a row of the table
        row["reason"] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return row


def tiled_between(*arguments: Any, **options: Any) -> Sums:
    """XLA's tiles, at the rows alone."""
    return tiles.between(*arguments, **options)[0]


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The fastest first, for each number of features."""
    lines = [
        Line(str(row["blocks"]).strip("()"), (
            Cell(str(row["d"])), *(Cell(text) for text in _texts(row)),
        ))
        for row in sorted(rows, key=lambda row: (row["d"], row.get("seconds", float("inf"))))
    ]  # fmt: skip
    headings = ("rows, columns, warps, stages, programs", "d", "ms", "MB", "error", "gradient", "compile, s")
    return Table("Blocks of the fused kernels", "Fastest first.", headings, tuple(lines))


def _texts(row: dict[str, Any]) -> list[str]:
    if "seconds" not in row:
        return [row["reason"], "", "", "", ""]
    memory = "–" if row["memory_mb"] is None else f"{row['memory_mb']:.1f}"
    errors = [f"{row[name]:.0e}" for name in ("value_error", "gradient_error")]
    return [f"{1000 * row['seconds']:.3f}", memory, *errors, f"{row['compile_seconds']:.1f}"]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    config = command_line(Config, arguments, "python -m benchmarks.blocks", description=__doc__)
    try:
        for name in ("n", "repeats"):
            checks.count(name, getattr(config, name))
        for d in config.dims:
            if checks.count("dims", d) > fused.MOST_FEATURES:
                raise ValueError(
                    f"`dims` must be at most {fused.MOST_FEATURES}, which the kernels support, but holds {d}"
                )
        if jax.default_backend() != "gpu" and not config.interpret:
            raise ValueError("blocks are timed on a GPU, but jax sees none; --interpret tries the command without one")
    except (TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    start, source, console = time.perf_counter(), provenance(), Console(stderr=True)
    rows = []
    for d in config.dims:
        told = problem(config.n, d)
        for blocks in (*(DIRECT if d <= DIRECT_FEATURES else DOT), *([None] if config.tiles else [])):
            if time.perf_counter() - start > config.seconds:
                console.print("out of time: the rest is left out")
                break
            rows.append({**measured(config, d, told, blocks), **source})
            console.print(f"d = {d}, {rows[-1]['blocks']}: {' '.join(_texts(rows[-1]))}")
            write_whole(config.output / "blocks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write_whole(config.output / "blocks.md", to_markdown(table(rows)))
    Console().print(to_console(table(rows)))


if __name__ == "__main__":
    ended(main)
