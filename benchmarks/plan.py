"""What value and gradient of one objective will take, before it is run: time and memory.

    python -m benchmarks.plan --n 16384 --d 64 --objective mmd

Memory is what the compiler says that the program needs at that size; nothing of that size is run. Time is the floor at that
size, at rates measured now, times how far from its floor a small run stays (``--sample`` samples), beside what the compiler
counts. It takes a few seconds, and about a minute where compiling is slow.
"""

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from rich.console import Console

from benchmarks.cases import CASES, Work
from benchmarks.problems import TEMPERATURES, Size
from benchmarks.rates import fastest, floor_seconds, measured_rates
from benchmarks.summary import milliseconds
from igm_jax import checks, objectives
from igm_jax.base import Objective
from igm_jax.kernels import gaussian
from igm_jax.reporting import Cell, Line, Table, to_console
from igm_jax.reporting.terminal import command_line, ended

OBJECTIVES = ("mmd", "energy", "sinkhorn", "sliced", "drifting", "score_difference")
TOLERANCE = 1e-2
REPEATS = 5
MB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Plan:
    """What value and gradient of one objective will take, before it is run."""

    n: int
    """Generated samples."""
    m: int | None = None
    """Data; as many as samples if left out."""
    d: int = 2
    """Features."""
    objective: str = "mmd"
    """One of mmd, energy, sinkhorn, sliced, drifting, score_difference."""
    sample: int = 512
    """Samples of the small run."""
    edge: int = 2048
    """Edge of the arrays that the machine's rates are measured with."""


class Analysis(NamedTuple):
    """What the compiler says about a program."""

    memory_mb: float
    """Arguments, results and temporaries together."""
    temporary_mb: float
    flops: float
    """Arithmetic, the body of every loop counted once."""
    exponentials: float
    """Transcendental functions, likewise."""


def objective_of(name: str, d: int) -> Objective:
    """One of ``OBJECTIVES``, with parameters for standardised samples of d features."""
    width = float(d) ** 0.5
    chosen = {
        "mmd": lambda: objectives.mmd(gaussian(width)),
        "energy": objectives.energy,
        "sinkhorn": lambda: objectives.sinkhorn(0.1 * d, tolerance=TOLERANCE),
        "sliced": objectives.sliced,
        "drifting": lambda: objectives.drifting(TEMPERATURES, preset="released"),
        "score_difference": lambda: objectives.score_difference(width),
    }
    return chosen[checks.choice("objective", name, OBJECTIVES)]()


def work_of(name: str, size: Size, iterations: int = 1) -> Work:
    """The least work for one value and gradient (see ``benchmarks.cases``); transport takes so many iterations."""
    n, m, d = size
    if name == "score_difference":  # distances to both samples, a softmax over each, and two barycentres
        return Work(2 * d * (n * m + n * n / 2) + 2 * n * (n + m) * d, exponentials=n * m + n * n / 2)
    return CASES[name].work(size, iterations)


def _program(objective: Objective, size: Size) -> tuple[Any, tuple[Any, ...]]:
    """Value and gradient as a function to be compiled, and the shapes that it takes."""
    n, m, d = size
    x, y = jax.ShapeDtypeStruct((n, d), jnp.float32), jax.ShapeDtypeStruct((m, d), jnp.float32)
    key = jax.eval_shape(lambda: jax.random.key(0))

    def both(key: Any, x: Any, y: Any) -> Any:
        state = objective.init(key, x)
        return jax.value_and_grad(objective.loss, argnums=2)(key, state, x, y)

    return jax.jit(both), (key, x, y)


def analysed(objective: Objective, size: Size) -> Analysis:
    """Compile, and ask the compiler for memory and counts."""
    program, shapes = _program(objective, size)
    compiled = program.lower(*shapes).compile()
    memory, costs = compiled.memory_analysis(), compiled.cost_analysis()
    temporary = float(getattr(memory, "temp_size_in_bytes", 0) or 0)
    others = float(memory.argument_size_in_bytes + memory.output_size_in_bytes) if memory is not None else 0.0
    counts = costs[0] if isinstance(costs, list | tuple) else (costs or {})
    return Analysis(
        (temporary + others) / MB,
        temporary / MB,
        float(counts.get("flops", 0.0)),
        float(counts.get("transcendentals", 0.0)),
    )


def _draws(size: Size) -> tuple[Any, Any]:
    key_x, key_y = jax.random.split(jax.random.key(1))
    return jax.random.normal(key_x, (size.n, size.d)), jax.random.normal(key_y, (size.m, size.d)) + 0.5


def _iterations(name: str, size: Size) -> int:
    """How often transport goes round at a small size; 1 for everything else."""
    if name != "sinkhorn":
        return 1
    x, y = _draws(size)
    return int(objectives.sinkhorn_potentials(x, y, 0.1 * size.d, tolerance=TOLERANCE, max_iterations=50).iterations)


def sample_seconds(objective: Objective, size: Size) -> float:
    """The fastest of a few small runs."""
    program, _ = _program(objective, size)
    key = jax.random.key(0)
    x, y = _draws(size)
    return fastest(lambda: jax.block_until_ready(program(key, x, y)), REPEATS)


def plan_table(wish: Plan) -> Table:
    """The whole plan as a table."""
    size = Size(wish.n, wish.m or wish.n, wish.d)
    objective, rates = objective_of(wish.objective, wish.d), measured_rates(wish.edge)
    analysis = analysed(objective, size)
    tried = Size(min(wish.sample, size.n), min(wish.sample, size.m), size.d)
    rounds = _iterations(wish.objective, tried)
    distance = sample_seconds(objective, tried) / floor_seconds(work_of(wish.objective, tried, rounds), rates)
    floor = floor_seconds(work_of(wish.objective, size, rounds), rates)
    counted = floor_seconds(Work(analysis.flops, exponentials=analysis.exponentials), rates)
    lines = {
        "memory, MB": f"{analysis.memory_mb:,.1f}",
        "of which temporary, MB": f"{analysis.temporary_mb:,.1f}",
        "expected time, ms": milliseconds(floor * distance),
        "floor, ms": milliseconds(floor),
        f"distance from the floor at n = {tried.n}": f"{distance:.1f} ×",
        "time of the compiler's counts, loops counted once, ms": milliseconds(counted),
    }
    title = f"{wish.objective}, n = {size.n}, m = {size.m}, d = {size.d}, on {jax.devices()[0].device_kind}"
    how = f"; transport in {rounds} iterations, as at n = {tried.n}." if rounds > 1 else ", compiled."
    shown = tuple(Line(name, (Cell(text),)) for name, text in lines.items())
    return Table(title, f"Value and gradient{how}", ("one step", ""), shown)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status is 0, or 2 for a wrong config."""
    wish = command_line(Plan, arguments, "python -m benchmarks.plan")
    try:
        for name in ("n", "d", "sample", "edge"):
            checks.count(name, getattr(wish, name))
        checks.count("m", wish.m if wish.m is not None else wish.n)
        checks.choice("objective", wish.objective, OBJECTIVES)
    except (ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 2
    Console().print(to_console(plan_table(wish)))
    return 0


if __name__ == "__main__":
    ended(main)
