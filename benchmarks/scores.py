"""Time the energy score of some draws under each of many conditions: value and gradient, beside what else there is.

    python -m benchmarks.scores             about 3 minutes on 2 cores
    python -m benchmarks.scores --smoke

Ours, plain JAX from the definition, a loss for two draws as one writes it by hand, and the JAX backend of scoringrules where it
is installed (``pip install scoringrules``), all compiled, in float32, interleaved in one process; medians of seven. What would
hold a table of more than two gigabytes is left out and says so. A second table has the scratch memory of each compiled program,
as XLA plans it, against the number of draws. ``scores.md`` and ``scores.jsonl`` go to ``results/benchmarks``.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from rich.console import Console

from igm_jax import checks
from igm_jax.objectives import crps, energy_score
from igm_jax.reporting import to_console, to_markdown, write_whole
from igm_jax.reporting.tables import Cell, Line, Table
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import plain, provenance

LARGEST = 2 * 2**30
"""Bytes of a table that plain JAX may hold."""


@dataclasses.dataclass(frozen=True)
class Scores:
    """Time the energy score of draws under many conditions."""

    conditions: int = 4096
    """How many conditions."""
    draws: tuple[int, ...] = (2, 8, 64)
    """Draws under each."""
    dims: tuple[int, ...] = (1, 16, 256)
    """Features."""
    repeats: int = 7
    """Timings of each, in turn; the median counts."""
    directory: Path = Path("results/benchmarks")
    """Where the results go."""
    smoke: bool = False
    """Only try whether everything works: few conditions, in results/benchmarks-smoke."""


def _length(gap: Array) -> Array:
    squared = jnp.sum(jnp.square(gap), axis=-1)
    there = squared > 0
    return jnp.where(there, jnp.sqrt(jnp.where(there, squared, 1)), 0)


def ours(x: Array, y: Array) -> Array:
    return jnp.mean(energy_score(x, y))


def by_definition(x: Array, y: Array) -> Array:
    """Plain JAX: all pairs of draws at once."""
    k = x.shape[1]
    apart = jnp.sum(_length(x[:, :, None] - x[:, None]), axis=(1, 2)) / (k * (k - 1))
    return jnp.mean(jnp.mean(_length(x - y[:, None]), axis=1) - 0.5 * apart)


def by_hand(x: Array, y: Array) -> Array:
    """For two draws, as one writes it down."""
    first, second = x[:, 0], x[:, 1]
    return jnp.mean(0.5 * (_length(first - y) + _length(second - y)) - 0.5 * _length(first - second))


def scoringrules(x: Array, y: Array) -> Array:
    library: Any = import_module("scoringrules")
    return jnp.mean(library.es_ensemble(y, x, estimator="fair", backend="jax"))


def margins(x: Array, y: Array) -> Array:
    """Ours, of every feature by itself."""
    return jnp.mean(crps(x, y))


def peers(k: int, d: int, conditions: int) -> dict[str, Callable[[Array, Array], Array] | None]:
    """Who is timed; None for what would hold too large a table."""
    small = conditions * k * k * d * 4 <= LARGEST
    known: dict[str, Callable[[Array, Array], Array] | None] = {
        "igm_jax": ours,
        "plain JAX": by_definition if small else None,
    }
    if find_spec("scoringrules") is not None:
        known["scoringrules"] = scoringrules if small else None
    if k == 2:
        known["pair loss by hand"] = by_hand
    return known | {"igm_jax, CRPS": margins}


def timed(run: dict[str, Any], repeats: int, *arguments: Array) -> dict[str, list[float]]:
    """Seconds of each, in turn, after a call that compiles."""
    for function in run.values():
        jax.block_until_ready(function(*arguments))
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(repeats):
        for name, function in run.items():
            begin = time.perf_counter()
            jax.block_until_ready(function(*arguments))
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def scratch(function: Callable, *arguments: Array) -> float | None:
    """Megabytes that a compiled program plans for itself, beyond what goes in and comes out; None where XLA does not say."""
    analysis: Any = function.lower(*arguments).compile().memory_analysis()  # pyrefly: ignore
    return None if analysis is None else analysis.temp_size_in_bytes / 2**20


def measured(config: Scores) -> list[dict[str, Any]]:
    """A row for each implementation in each cell."""
    rows, shared = [], {"benchmark": "scores", "config": plain(config), **provenance()}
    for d in config.dims:
        for k in config.draws:
            keys = jax.random.split(jax.random.key(0))
            x = jax.random.normal(keys[0], (config.conditions, k, d))
            y = jax.random.normal(keys[1], (config.conditions, d))
            known = peers(k, d, config.conditions)
            run = {name: jax.jit(jax.value_and_grad(one)) for name, one in known.items() if one is not None}
            seconds = timed(run, config.repeats, x, y)
            for name in known:
                own = seconds.get(name)
                memory = scratch(run[name], x, y) if name in run else None
                rows.append({"name": name, "k": k, "d": d, "seconds": own, "scratch_mb": memory, **shared})
                said = "left out" if own is None else f"{1e3 * np.median(own):.2f} ms"
                print(f"d = {d}, k = {k}, {name}: {said}", flush=True)
    return rows


def tabulated(config: Scores, rows: list[dict[str, Any]]) -> list[Table]:
    """Times over ours, and scratch memory."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    cells = {(row["name"], row["k"], row["d"]): row for row in rows}
    headings = tuple(f"d = {d}, k = {k}" for d in config.dims for k in config.draws)
    places = [(k, d) for d in config.dims for k in config.draws]

    def time_of(name: str, place: tuple[int, int]) -> str:
        row, own = cells.get((name, *place)), cells["igm_jax", *place]
        if row is None:
            return ""
        if row["seconds"] is None:
            return "more than 2 GB"
        middle, mine = np.median(row["seconds"]), np.median(own["seconds"])
        return f"{1e3 * middle:.2f} ms" if name == "igm_jax" else f"{middle / mine:.2f}"

    def memory_of(name: str, place: tuple[int, int]) -> str:
        row = cells.get((name, *place))
        return "" if row is None or row["scratch_mb"] is None else f"{row['scratch_mb']:.1f}"

    def made(title: str, caption: str, text: Callable[[str, tuple[int, int]], str]) -> Table:
        lines = tuple(Line(name, tuple(Cell(text(name, place)) for place in places)) for name in names)
        return Table(title, caption, ("", *headings), lines)

    device = rows[0]["device"]
    told = f"{config.conditions} conditions, float32, on {device['kind']} ({device['cpus']} cores, {processor()})"
    return [
        made(
            "Energy score, value and gradient",
            f"{told}; medians of {config.repeats}, interleaved. Ours in milliseconds, the others as multiples of ours: above 1 is"
            " slower than ours. The CRPS is another score, of every feature by itself.",
            time_of,
        ),
        made("Scratch memory", "Megabytes that the compiled program plans for itself.", memory_of),
    ]


def processor() -> str:
    """The processor's name, where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when all is written, 2 for a wrong config."""
    config = command_line(Scores, arguments, "python -m benchmarks.scores", description=__doc__)
    try:
        for name in ("conditions", "repeats"):
            checks.count(name, getattr(config, name))
        for name in ("draws", "dims"):
            for number in getattr(config, name):
                checks.count(name, number, least=2 if name == "draws" else 1)
        if config.smoke:
            away = config.directory.with_name(f"{config.directory.name}-smoke")
            config = dataclasses.replace(config, conditions=16, draws=(2, 5), dims=(1, 9), repeats=2, directory=away)
        write_whole(config.directory / ".writable", "").unlink()
    except (ValueError, TypeError, OSError) as error:
        print(error)
        return 2
    rows = measured(config)
    write_whole(config.directory / "scores.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    tables = tabulated(config, rows)
    head = f"Made by `python -m benchmarks.scores`, jax {rows[0]['versions']['jax']}, {rows[0]['date'][:10]}.\n"
    write_whole(
        config.directory / "scores.md", "\n".join(["# Energy scores beside others\n", head, *map(to_markdown, tables)])
    )
    for some in tables:
        Console().print(to_console(some))
    return 0


if __name__ == "__main__":
    ended(main)
