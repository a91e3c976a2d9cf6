"""Never slower where people train: single divergences and whole training steps, beside plain JAX and torch by hand.

    python -m benchmarks.steps                        every cell, 16 minutes on 2 cores of an Intel Xeon; leave the machine alone
    python -m benchmarks.steps --groups steps         whole steps alone
    python -m benchmarks.steps --smoke

Every cell is timed in one process, implementations in turn, after a first call that compiles and is timed apart; medians of
seven. A ratio is the other's time over ours: above 1 is where ours is faster. Torch is timed where it is installed; beside its
ratios stands the one of the two libraries' rates for matrix products, measured in the same run. ``steps.md`` and
``steps.jsonl``, which grows on the way, go to ``results/benchmarks``.
"""

import dataclasses
import json
import os
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.peers import ours, plain_jax, torch_tiles
from benchmarks.peers.prepared import package
from benchmarks.problems import Size, problem
from benchmarks.step_tables import tabulated
from benchmarks.whole_steps import CHUNK, IMAGES, NAMES, PLANE, setting
from benchmarks.whole_steps import ours as our_steps
from benchmarks.whole_steps import plain as plain_steps
from igm_jax import checks
from igm_jax.reporting import to_console, to_markdown, write_whole
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import plain, provenance

GROUPS = ("divergences", "steps")
CASES = ("mmd", "energy", "sinkhorn", "sliced", "drifting")
SHORTEST = 5e-3
"""Shorter calls are repeated within one timing."""
SETTLED, MOST = 0.25, 6
"""Short calls vary most: so many times as many timings are taken of them, while they take so many seconds at most."""


@dataclasses.dataclass(frozen=True)
class Steps:
    """Time divergences and whole training steps beside the same by hand."""

    groups: tuple[str, ...] = GROUPS
    """Which: divergences, steps."""
    sizes: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    """Samples, and as many data, of a divergence."""
    dims: tuple[int, ...] = (2, 16, 64, 784, 3072)
    """Features."""
    cases: tuple[str, ...] = CASES
    """Which divergences."""
    batches: tuple[int, ...] = (512,)
    """Samples of a whole step in the plane."""
    image_batches: tuple[int, ...] = (64,)
    """Samples of a whole step of images."""
    seeds: tuple[int, ...] = (1, 3)
    """Runs side by side."""
    objectives: tuple[str, ...] = NAMES
    """Which objectives are stepped."""
    problems: tuple[str, ...] = (PLANE, IMAGES)
    """On which data."""
    repeats: int = 7
    """Timings of each, in turn, at least; the median counts."""
    directory: Path = Path("results/benchmarks")
    """Where the results go."""
    smoke: bool = False
    """Only try whether everything works: one small cell of each, in results/benchmarks-smoke."""


def first_calls(run: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Seconds of the first call of each: tracing, compiling, and one call."""
    seconds = {}
    for name, call in run.items():
        begin = time.perf_counter()
        call()
        seconds[name] = time.perf_counter() - begin
    return seconds


def in_turn(run: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Seconds a call, the implementations in turn: at least so many timings, more of short calls."""
    counts, slowest = {}, SHORTEST
    for name, call in run.items():
        begin = time.perf_counter()
        call()
        once = time.perf_counter() - begin
        counts[name], slowest = max(1, int(SHORTEST / once)), max(slowest, once)
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(max(repeats, min(MOST * repeats, int(SETTLED / slowest)))):
        for name, call in run.items():
            begin = time.perf_counter()
            for _ in range(counts[name]):
                call()
            seconds[name].append((time.perf_counter() - begin) / counts[name])
    return seconds


def implementations(case: str, n: int, d: int) -> dict[str, Callable[[], Any]]:
    """Who computes a divergence, on the same inputs."""
    draws = np.random.default_rng(1).normal(size=(128, d))
    chosen = problem(case, Size(n, n, d), draws / np.linalg.norm(draws, axis=1, keepdims=True), 0, 1e-2)
    known = {"igm_jax": ours.STEPS, "plain JAX": plain_jax.STEPS}
    if find_spec("torch") is not None:
        known["torch by hand"] = torch_tiles.STEPS
    return {name: steps[case](chosen).step for name, steps in known.items() if case in steps}


def cells(config: Steps) -> list[tuple[dict[str, Any], Callable[[], dict[str, Callable[[], Any]]]]]:
    """What each cell is, and who is timed in it."""
    found: list[tuple[dict[str, Any], Callable[[], dict[str, Callable[[], Any]]]]] = []
    if "divergences" in config.groups:
        found += [
            ({"group": "divergences", "name": case, "n": n, "d": d}, lambda c=case, n=n, d=d: implementations(c, n, d))
            for case in config.cases
            for d in config.dims
            for n in config.sizes
        ]
    if "steps" in config.groups:

        def stepped(name: str, where: str, n: int, seeds: int) -> dict[str, Callable[[], Any]]:
            at = setting(where)
            return {"igm_jax": our_steps(name, at, n, seeds), "plain JAX": plain_steps(name, at, n, seeds)}

        found += [
            (
                {"group": "steps", "name": name, "problem": where, "n": n, "seeds": seeds, "calls": CHUNK},
                lambda a=name, b=where, n=n, s=seeds: stepped(a, b, n, s),
            )
            for where in config.problems
            for name in config.objectives
            for n in (config.image_batches if where == IMAGES else config.batches)
            for seeds in config.seeds
        ]
    return found


def product_rates() -> dict[str, float]:
    """Products of matrices a second of both libraries, in flops: the ground under all that has many features."""
    jnp, jax, edge = package("jax.numpy"), package("jax"), 2048
    left = np.random.default_rng(0).normal(size=(edge, edge)).astype(np.float32)
    product = jax.jit(lambda a, b: jnp.matmul(a, b, precision="highest"))
    a = jnp.asarray(left)
    run: dict[str, Callable[[], Any]] = {"igm_jax": lambda: jax.block_until_ready(product(a, a))}
    if find_spec("torch") is not None:
        b = package("torch").from_numpy(left)
        run["torch by hand"] = lambda: b @ b
    first_calls(run)
    return {name: 2 * edge**3 / float(np.median(taken)) for name, taken in in_turn(run, 7).items()}


def measured(config: Steps) -> list[dict[str, Any]]:
    """A row for each cell; the file of rows grows with each."""
    shared = {"benchmark": "steps", "config": plain(config), "rates": product_rates(), **provenance()}
    path, todo, begin = config.directory / "steps.jsonl", cells(config), time.perf_counter()
    rows: list[dict[str, Any]] = []
    for number, (cell, build) in enumerate(todo, 1):
        run = build()
        first = first_calls(run)
        seconds = in_turn(run, config.repeats)
        rows.append({**cell, "first": first, "seconds": seconds, "load": os.getloadavg()[0], **shared})
        write_whole(path, "".join(json.dumps(row) + "\n" for row in rows))
        left = (time.perf_counter() - begin) / number * (len(todo) - number)
        mine = float(np.median(seconds["igm_jax"]))
        others = [f"{name} {np.median(taken) / mine:.2f}" for name, taken in seconds.items() if name != "igm_jax"]
        place = " ".join(f"{value}" for key, value in cell.items() if key not in ("group", "calls"))
        print(
            f"{number}/{len(todo)} {place}: {1e3 * mine:.3f} ms, {', '.join(others)}; {left / 60:.0f} min left",
            flush=True,
        )
    return rows


def checked(config: Steps) -> Steps:
    """The config, if everything in it can be had; else an error that says what can."""
    for name, known in (
        ("groups", GROUPS), ("cases", CASES), ("objectives", NAMES), ("problems", (PLANE, IMAGES)),
    ):  # fmt: skip
        checks.choices(name, getattr(config, name), known)
    for name, least in (("sizes", 2), ("dims", 1), ("batches", 2), ("image_batches", 2), ("seeds", 1)):
        for number in getattr(config, name):
            checks.count(name, number, least=least)
    checks.count("repeats", config.repeats)
    if config.smoke:
        away = config.directory.with_name(f"{config.directory.name}-smoke")
        small = {"sizes": (16,), "dims": (2, 9), "batches": (8,), "seeds": (2,), "repeats": 2, "directory": away}
        config = dataclasses.replace(config, **small, problems=config.problems[:1])
    write_whole(config.directory / ".writable", "").unlink()
    return config


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when all is written, 2 for a wrong config."""
    config = command_line(Steps, arguments, "python -m benchmarks.steps", description=__doc__)
    try:
        config = checked(config)
    except (ValueError, TypeError, OSError) as error:
        print(error)
        return 2
    rows = measured(config)
    tables = tabulated(rows)
    head = f"Made by `python -m benchmarks.steps`, jax {rows[0]['versions']['jax']}, {rows[0]['date'][:10]}.\n"
    write_whole(config.directory / "steps.md", "\n".join(["# Where people train\n", head, *map(to_markdown, tables)]))
    for some in tables:
        Console().print(to_console(some))
    return 0


if __name__ == "__main__":
    ended(main)
