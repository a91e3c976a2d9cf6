"""One case at one size: check every implementation, then time them in turn, so that all see the same weather."""

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases import CASES
from benchmarks.driver import Limits, Lost, Process
from benchmarks.peers import OURS, PEERS
from benchmarks.problems import Size, problem, save
from benchmarks.rates import floor_seconds
from benchmarks.references import Answer
from benchmarks.rows import DISAGREES, FAILED, OK, Row, timing
from igm_jax.arrays import read_npy

Report = Callable[[str], None]
"""Told what is being done."""


class Bench(NamedTuple):
    """What stays the same for all cases of a run."""

    limits: Limits
    repeats: int
    seed: int
    tolerance: float
    log: Path
    rates: dict[str, float]
    provenance: dict[str, Any]
    budget: float = 60.0
    """Seconds after which no more repeats of an implementation are made, once it has two."""
    worker: str = "benchmarks.worker"
    """The module that implementations run in."""


class Errors(NamedTuple):
    """Relative errors of a value and of a gradient."""

    value: float
    gradient: float


def errors_of(value: float, gradient: np.ndarray, answer: Answer) -> Errors:
    """``|v - v₀| / |v₀|`` and ``‖g - g₀‖ / ‖g₀‖``; infinite where something is not finite or of another shape."""
    if gradient.shape != answer.gradient.shape or not np.isfinite(value) or not np.isfinite(gradient).all():
        return Errors(float("inf"), float("inf"))
    scale = max(float(np.linalg.norm(answer.gradient)), 1e-30)
    difference = float(np.linalg.norm(gradient - answer.gradient))
    return Errors(abs(value - answer.value) / max(abs(answer.value), 1e-30), difference / scale)


def allowed(case: str, tolerance: float) -> float:
    """The relative error up to which implementations are said to agree.

    A gradient of transport has the marginal error that it stops at, the tolerance.
    """
    return max(CASES[case].agreement, 10 * tolerance if case == "sinkhorn" else 0.0)


def measured(
    case: str, size: Size, peers: Sequence[str], directions: np.ndarray, bench: Bench, report: Report
) -> list[Row]:
    """Measure every implementation of a case at one size: a row for each of the peers that have the case.

    Args:
        case: a name of ``CASES``.
        size: n, m and d.
        peers: names of ``PEERS`` that are installed.
        directions: (k, d) unit vectors.
        bench: the rest.
        report: told what is being done.
    """
    chosen = problem(case, size, directions, bench.seed, bench.tolerance)
    report("reference")
    answer = CASES[case].reference(chosen)
    names = [name for name in peers if case in PEERS[name].steps]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        save(folder / "problem.npz", chosen)
        processes = {name: stack.enter_context(Process(bench.log, bench.limits, bench.worker)) for name in names}
        rows = {}
        for name in names:
            report(f"{name}, checked")
            rows[name] = _checked(Row(case, *size, name, OK), processes[name], folder, answer, bench)
        for name, seconds in _timed(rows, processes, bench, report).items():
            if rows[name].status != FAILED:
                rows[name] = rows[name]._replace(**timing(seconds))
    return floored([row._replace(**bench.provenance) for row in rows.values()], bench.rates)


def floored(rows: list[Row], rates: dict[str, float]) -> list[Row]:
    """The rows with the floors that go with some rates; transport is counted in the iterations that igm_jax took."""
    rounds = {
        (row.case, row.size): (row.facts or {}).get("iterations", 1) for row in rows if row.implementation == OURS
    }

    def floor(row: Row) -> float:
        return floor_seconds(CASES[row.case].work(row.size, int(rounds.get((row.case, row.size), 1))), rates)

    return [row._replace(floor_seconds=floor(row)) for row in rows]


def _checked(row: Row, process: Process, folder: Path, answer: Answer, bench: Bench) -> Row:
    """The row with everything but times: first call, errors, memory."""
    try:
        first = process.ask("prepare", peer=row.implementation, problem=str(folder / "problem.npz"))
        told = process.ask("check", gradient=str(folder / "gradient.npy"))
        memory = process.ask("memory")
        gradient = read_npy(folder / "gradient.npy")
    except (Lost, OSError, ValueError) as lost:
        return row._replace(status=FAILED, reason=str(lost))
    errors = errors_of(told["value"], gradient, answer)
    row = row._replace(
        compile_seconds=first["compile_seconds"],
        memory_mb=memory["memory_mb"],
        memory_method=memory["method"],
        value=told["value"],
        value_error=errors.value,
        gradient_error=errors.gradient,
        facts=told["facts"] or None,
    )
    worst, most = max(errors), allowed(row.case, bench.tolerance)
    return row if worst <= most else row._replace(status=DISAGREES, reason=f"error {worst:.0e}, allowed {most:.0e}")


def _timed(rows: dict[str, Row], processes: dict[str, Process], bench: Bench, report: Report) -> dict[str, list[float]]:
    """Repeats of every implementation, one after the other in every round; who fails on the way is marked in ``rows``."""
    seconds: dict[str, list[float]] = {name: [] for name, row in rows.items() if row.status != FAILED}
    for number in range(bench.repeats):
        report(f"round {number + 1} of {bench.repeats}")
        for name in list(seconds):
            if number > 1 and sum(seconds[name]) > bench.budget:
                continue
            try:
                seconds[name].append(processes[name].ask("time")["seconds"])
            except Lost as lost:
                del seconds[name]
                rows[name] = rows[name]._replace(status=FAILED, reason=str(lost))
    return seconds
