"""Time igm_jax and every installed peer on the same inputs: value and gradient, in float32.

    python -m benchmarks.run
    python -m benchmarks.run --cases mmd energy --sizes 1024 4096 16384 --dims 2 64
    python -m benchmarks.run --smoke
    python -m benchmarks.run --compare old/results.json
    python -m benchmarks.run --compare old/results.json --against new/results.json

Each implementation has a process of its own, is first checked against a float64 reference, and then timed in turn with the
others. The directory gets ``results.json``, ``results.md`` and two pictures; ``rows.jsonl`` grows on the way. Peers come with
``pip install "igm-jax[benchmarks]"`` (flash-sinkhorn, for GPUs, on its own); what is not installed is listed as absent.
"""

import dataclasses
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.cases import CASES
from benchmarks.comparison import MANY, changes, lost, told
from benchmarks.driver import Limits, Lost, Process
from benchmarks.measure import Bench, floored, measured
from benchmarks.peers import OURS, PEERS, absent
from benchmarks.problems import DIRECTIONS, Size
from benchmarks.rows import OK, Results, Row, read_results, write_lines
from benchmarks.summary import tables, write_summary
from igm_jax import checks
from igm_jax.arrays import read_npy
from igm_jax.files import same_file
from igm_jax.reporting import to_console
from igm_jax.reporting.terminal import command_line, ended

EDGE, GPU_EDGE, SMOKE_EDGE = 2048, 16384, 512


@dataclasses.dataclass(frozen=True)
class Run:
    """Time igm_jax and every installed peer on the same inputs."""

    cases: tuple[str, ...] = tuple(CASES)
    """What to measure."""
    sizes: tuple[int, ...] = (1024, 4096)
    """Numbers of samples n, with as many data."""
    dims: tuple[int, ...] = (2, 64)
    """Numbers of features d."""
    peers: tuple[str, ...] = tuple(PEERS)
    """Which implementations, by name; those not installed are listed as absent."""
    repeats: int = 7
    """Timings of each, in turn; the median counts."""
    tolerance: float = 1e-2
    """Marginal error to which transport is solved, by everyone."""
    seed: int = 0
    """Of the samples."""
    budget: float = 60.0
    """Seconds of timing after which an implementation gets no more repeats, once it has two."""
    timeout: float = 300.0
    """Seconds that one call may take, its compilation included."""
    memory_limit: float = 16.0
    """Gigabytes that one process may hold."""
    passive: bool = False
    """Let idle OpenMP threads sleep rather than spin: for machines that others use, where torch would stall."""
    directory: Path = Path("results/benchmarks")
    """Where the results go."""
    compare: Path | None = None
    """An older results.json: print what got slower, and end with status 1 if igm_jax did."""
    against: Path | None = None
    """With --compare: a newer results.json to compare with, instead of measuring."""
    threshold: float = MANY
    """How many times slower counts as slower."""
    smoke: bool = False
    """Only try whether everything works: small sizes, few repeats, in results/benchmarks-smoke."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status is 0 when all is well, 1 if igm_jax got slower, fails, disagrees or cannot be compared.

    It is 2 for a wrong config, and 130 after Ctrl-C.
    """
    console = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    wish = command_line(Run, arguments, "python -m benchmarks.run")
    try:
        wish = checked(small(wish) if wish.smoke else wish)
        old = None if wish.compare is None else read_results(wish.compare)
        if old is not None and wish.against is not None:
            return _compared(old, read_results(wish.against), wish.threshold)
        wish.directory.mkdir(parents=True, exist_ok=True)
    except (ValueError, TypeError, OSError) as error:
        console.print(str(error))
        return 2
    try:
        results, status = _results(wish, console)
    except (OSError, Lost) as error:
        console.print(f"{error}; what the workers printed is in {wish.directory / 'workers.log'}")
        return 1
    out = Console()
    for table in tables(results):
        out.print(to_console(table._replace(caption="")))  # results.md has the captions
    for name, reason in results.absent.items():
        console.print(f"absent: {name} ({reason})")
    console.print(f"written: {wish.directory / 'results.md'}")
    return status or (_compared(old, results, wish.threshold) if old is not None else 0)


def checked(wish: Run) -> Run:
    """The wish, if everything in it can be had; else an error that says what can."""
    checks.choices("cases", wish.cases, CASES)
    checks.choices("peers", wish.peers, PEERS)
    for kind, numbers in (("sizes", wish.sizes), ("dims", wish.dims)):
        if not numbers:
            raise ValueError(f"`{kind}` must hold at least one number, but is empty")
        for number in numbers:
            checks.count(kind, number, least=2 if kind == "sizes" else 1)
    checks.count("repeats", wish.repeats)
    for name in ("tolerance", "budget", "timeout", "memory_limit", "threshold"):
        checks.positive(name, getattr(wish, name))
    if wish.against is not None and wish.compare is None:
        raise ValueError("`--against NEW.json` must come with `--compare OLD.json`, which is missing")
    if wish.compare is not None and wish.against is None and same_file(wish.compare, wish.directory / "results.json"):
        raise ValueError(
            f"--compare {wish.compare} lies where the new results would be written; choose another --directory"
        )
    return wish


def small(wish: Run) -> Run:
    """The wish in a size for trying out."""
    default = Run()
    return dataclasses.replace(
        wish,
        sizes=(64,) if wish.sizes == default.sizes else wish.sizes,
        dims=(2,) if wish.dims == default.dims else wish.dims,
        repeats=min(wish.repeats, 2),
        directory=wish.directory.with_name(wish.directory.name + "-smoke"),
    )


def _results(wish: Run, console: Console) -> tuple[Results, int]:
    """Measure, and write everything; also what there is when Ctrl-C comes."""
    if wish.passive:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    limits, log = Limits(wish.timeout, wish.memory_limit), wish.directory / "workers.log"
    log.write_bytes(b"")
    with tempfile.TemporaryDirectory() as folder, Process(log, limits) as service:
        about = service.ask("about")
        gpu = about["device"]["platform"] != "cpu"
        edge = SMOKE_EDGE if wish.smoke else GPU_EDGE if gpu else EDGE
        rates = service.ask("rates", edge=edge)["rates"]
        directions = {d: _directions(service, Path(folder), d, wish.seed) for d in wish.dims}
        _warn_if_busy(wish, console)
        away = {name: reason for name in wish.peers if (reason := absent(name, gpu))}
        bench = Bench(limits, wish.repeats, wish.seed, wish.tolerance, log, rates, about, wish.budget)
        rows: list[Row] = []
        status = 0
        try:
            _measure(wish, [name for name in wish.peers if name not in away], directions, bench, rows, console)
        except KeyboardInterrupt:
            console.print("stopped; what was measured is kept")
            status = 130
        # Once more: a floor is what the machine can do when nothing disturbs it, and at the start something may have.
        rates = {name: max(rate, rates[name]) for name, rate in service.ask("rates", edge=edge)["rates"].items()}
    settings = {n: str(value) if isinstance(value, Path) else value for n, value in dataclasses.asdict(wish).items()}
    results = Results(floored(rows, rates), rates, away, {**settings, "load": os.getloadavg()[0]})
    write_lines(wish.directory / "rows.jsonl", results.rows)
    write_summary(wish.directory, results)
    return results, status or int(any(row.implementation == OURS and row.status != OK for row in rows))


def _measure(
    wish: Run, peers: list[str], directions: dict[int, np.ndarray], bench: Bench, rows: list[Row], console: Console
) -> None:
    plan = [(case, Size(n, n, d)) for case in wish.cases for d in wish.dims for n in wish.sizes]
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=16), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[now]}"), console=console, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("benchmarks", total=len(plan), now="")
        for case, size in plan:

            def show(now: str, place: str = f"{case} n={size.n} d={size.d}") -> None:
                bar.update(task, now=f"{place}: {now}")

            done = measured(case, size, peers, directions[size.d], bench, show)
            rows += done
            write_lines(wish.directory / "rows.jsonl", rows)
            for row in done:
                bar.console.print(_line(row))
            bar.advance(task)


def _line(row: Row) -> str:
    place = f"{row.case} n={row.n} d={row.d} {row.implementation}"
    if row.seconds is None:
        return f"{place}: {row.status}, {row.reason}"
    errors = f"value error {row.value_error:.1e}, gradient error {row.gradient_error:.1e}"
    reason = f" ({row.reason})" if row.reason else ""
    return f"{place}: {1000 * row.seconds:.3g} ms, {row.memory_mb:.0f} MB, {errors}{reason}"


def _directions(service: Process, folder: Path, d: int, seed: int) -> np.ndarray:
    path = folder / f"directions-{d}.npy"
    service.ask("directions", dim=d, count=DIRECTIONS, seed=seed, path=str(path))
    return read_npy(path)


def _warn_if_busy(wish: Run, console: Console) -> None:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > 0.5 * cores and not wish.passive and not wish.smoke:
        console.print(
            f"this machine is busy (load {load:.1f} on {cores} cores), which distorts times;"
            " wait, or measure with --passive and few threads"
        )


def _compared(old: Results, new: Results, threshold: float) -> int:
    broken = lost(old, new)
    try:
        lines, worse = told(changes(old, new), threshold)
    except ValueError as error:  # a new run is measured and written by now: say it, and keep that
        lines, worse = [str(error)], True
    Console(soft_wrap=True, markup=False, highlight=False).print(
        "\n".join([*lines, *(f"lost: {line}" for line in broken)])
    )
    return int(worse or bool(broken))


if __name__ == "__main__":
    ended(main)
