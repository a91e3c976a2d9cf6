"""Train one generator under every objective, under one budget, and compare what comes out.

    python -m experiments.compare
    python -m experiments.compare --objectives energy drifting --targets ring --seeds 5 --steps 5000
    python -m experiments.compare --equal time
    python -m experiments.compare --smoke

For each target, every objective trains the same generator from the same seeds on the same draws of data for the same number
of updates (or for the same time, or the same work of the cores), all seeds side by side. Judges that no objective minimises
give the numbers. In the directory, ``report.html`` tells the whole story; ``tables.md``, ``*.tex``, ``rows.jsonl``, ``cards/``
and the pictures hold its parts. Interrupted, the same command goes on with the objective that it had begun. On two idle cores
the default takes about eight minutes.
"""

import contextlib
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro
from rich.console import Console

from experiments.configs import COMPARED, OBJECTIVES, TARGETS, Adam, ObjectiveConfig, Problem, Pushforward, narrowed
from experiments.shared.budgets import Cost, Costs, Equal, measurable, measured_cost, updates
from experiments.shared.runs import Budget, Group, Judges, flat_config, judges, load, run_of, save, trained_group
from experiments.shared.settings import IMAGES, PLANE, settings
from experiments.shared.summary import summarise, title
from igm_jax import checks
from igm_jax.evaluation import floor
from igm_jax.reporting import FLOOR, read_jsonl, write_jsonl
from igm_jax.training import provenance
from igm_jax.training.directory import run_directory

ROOM = 200 << 20


@dataclasses.dataclass(frozen=True)
class Compare:
    """Train one generator under every objective, under one budget, and compare what comes out."""

    targets: tuple[str, ...] = ("grid", "digits")
    """What to learn; see ``python -m experiments.train energy --help`` for all."""
    objectives: tuple[str, ...] = COMPARED
    """Which objectives, by name; see ``python -m experiments.train --help`` for all."""
    seeds: int = 3
    """Independent runs of each, side by side."""
    steps: int | None = None
    """Updates of the generator; by default 1000 in the plane and 1500 for images."""
    batch_size: int | None = None
    """Samples, and data, in each minibatch; by default 512 in the plane and 128 for images."""
    generator: Pushforward = dataclasses.field(default_factory=Pushforward)
    optimizer: Adam = dataclasses.field(default_factory=lambda: Adam(rate=None))
    equal: Equal = "updates"
    """What is the same for all: generator updates; or the time (on CPUs also core-seconds) that the reference's updates take."""
    reference: str = "energy"
    """Whose updates are counted out where time or compute is equal."""
    average: float = 0.99
    """Decay of the moving average of the parameters."""
    samples: int = 2000
    """Samples to judge, where the data are not limited."""
    directory: Path = Path("results/compare")
    """Where everything is kept."""
    smoke: bool = False
    """Only try whether everything works: few steps, small networks, in results/compare-smoke."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: its words; None for those of the process.

    Returns:
        The exit status: 0 when the report is written, 1 if a run broke, 2 for a wrong wish, 130 after Ctrl-C.
    """
    console = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    wish = tyro.cli(Compare, args=arguments, prog="python -m experiments.compare")
    with contextlib.ExitStack() as stack:
        try:  # all that can be wrong with a wish shows here, before any long work
            wish = checked(_small(wish) if wish.smoke else wish)
            problems = {name: TARGETS[name]().build() for name in wish.targets}
            for target, problem in problems.items():
                for name in (*wish.objectives, *(() if wish.equal == "updates" else (wish.reference,))):
                    settings(target, name).build(problem.space)
            settled = run_directory(wish.directory, _identity(wish), jax.random.key(0), ROOM)
            directory = stack.enter_context(settled)
        except (ValueError, TypeError, OSError, ImportError) as error:
            console.print(str(error))
            return 2
        try:
            rows, groups = _measured(wish, problems, directory, console)
            report = summarise(rows, groups, problems, directory)
        except KeyboardInterrupt:
            console.print("stopped; the same command goes on with the objective that it had begun")
            return 130
        except OSError as error:
            console.print(f"{error}; what was finished is kept: free some space, and the same command goes on")
            return 1
    for table in report.tables:
        Console().print(table)
    console.print(f"report: {report.path}")
    return 1 if report.broken else 0


def checked(wish: Compare) -> Compare:
    """The wish, if everything in it can be had; else an error that says what can."""
    for kind, chosen, known in (("targets", wish.targets, TARGETS), ("objectives", wish.objectives, OBJECTIVES)):
        for name in chosen:
            checks.choice(kind, name, [name for name in known if name != "file"])
        if not chosen or len(set(chosen)) < len(chosen):
            raise ValueError(f"`{kind}` must name at least one, each once, but is {' '.join(chosen) or 'empty'}")
    for name in ("seeds", "steps", "batch_size"):
        if getattr(wish, name) is not None:
            checks.count(name, getattr(wish, name))
    checks.choice("reference", wish.reference, list(OBJECTIVES))
    checks.count("samples", wish.samples, least=50)
    measurable(wish.equal)
    return wish


def _small(wish: Compare) -> Compare:
    return dataclasses.replace(
        wish,
        seeds=2,
        steps=min(wish.steps or 20, 20),
        batch_size=min(wish.batch_size or 32, 32),
        generator=dataclasses.replace(wish.generator, width=16),
        samples=min(wish.samples, 100),
        directory=wish.directory.with_name(wish.directory.name + "-smoke"),
    )


def _identity(wish: Compare) -> dict[str, Any]:
    """What must be equal for results to stand in one table; objectives, targets and seeds may be added to."""
    shared = ["steps", "batch_size", "generator", "optimizer", "average", "samples", "seeds", "smoke", "equal"]
    shared += ["reference"] * (wish.equal != "updates")
    return {name: getattr(wish, name) for name in shared}


def budget(wish: Compare, problem: Problem) -> Budget:
    """What every objective is given alike on a target."""
    effort = PLANE if problem.space.image_shape is None else IMAGES
    given = {name: getattr(wish, name) for name in Budget._fields if name != "cost"}
    given |= {name: given[name] or getattr(effort, name) for name in ("steps", "batch_size")}
    if wish.optimizer.rate is None:
        given["optimizer"] = dataclasses.replace(wish.optimizer, rate=effort.rate)
    return Budget(**given)


def _measured(
    wish: Compare, problems: dict[str, Problem], directory: Path, console: Console
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Group]]]:
    """All rows and groups, read where they are there already, trained where not."""
    groups: dict[str, dict[str, Group]] = {target: {} for target in problems}
    rows = []
    for target, problem in problems.items():
        judge = judges(problem, wish.samples, directory / "judges")
        for number, name in enumerate(wish.objectives, start=1):
            console.print(f"{title(target)}: {name}, {number} of {len(wish.objectives)}")
            groups[target][name] = group = _group(wish, target, problem, name, judge, directory)
            rows += _rows(wish, target, name, group, problem.splits is not None)
        rows += _floors(wish, target, problem, judge)
    return read_jsonl(write_jsonl(directory / "rows.jsonl", rows)), groups


def _group(wish: Compare, target: str, problem: Problem, name: str, judge: Judges, directory: Path) -> Group:
    kind, path = chosen(wish, target, name), directory / "groups" / f"{target}-{name}.npz"
    own = share(wish, target, problem, name, Costs(directory / "costs.json"))
    config = flat_config(kind, own)
    group = load(path, config)
    if group is None:
        group = trained_group(name, config, kind, problem, own, judge)
        save(path, group)
    return group


def chosen(wish: Compare, target: str, name: str) -> ObjectiveConfig:
    """The settings of an objective; with ``smoke`` a small critic."""
    kind = settings(target, name)
    return narrowed(kind) if wish.smoke else kind


def share(wish: Compare, target: str, problem: Problem, name: str, costs: Costs) -> Budget:
    """What an objective gets of the budget: with equal updates all of it, else as many updates as it can afford."""
    alike = budget(wish, problem)
    if wish.equal == "updates":
        return alike
    keys = jax.random.split(jax.random.key(8), wish.seeds)

    def cost(name: str) -> Cost:
        run = run_of(name, chosen(wish, target, name), problem, alike)
        return costs.of(f"{target}, {name}", lambda: measured_cost(run, keys))

    own = cost(name)
    return alike._replace(steps=updates(wish.equal, alike.steps, own, cost(wish.reference)), cost=own)


def _row(target: str, name: str, seed: int, metrics: dict[str, float], costs: Any, story: Any, config: Any) -> dict:
    known = {cost: costs.get(cost) for cost in ("seconds", "compile_seconds", "memory_mb")}
    place = {"experiment": "compare", "target": title(target), "objective": name, "seed": seed}
    return {**place, "metrics": metrics, **known, "config": config, **story}


def _rows(wish: Compare, target: str, name: str, group: Group, image: bool) -> list[dict[str, Any]]:
    # Seeds run side by side, so a seed's share of the time is the group's over their number.
    each = {cost: value / (wish.seeds if cost == "seconds" else 1) for cost, value in group.costs.items()}
    measured = next((metrics for metrics in group.metrics if metrics), {"frechet" if image else "w2": 0.0})
    failed = dict.fromkeys(measured, float("nan"))
    return [
        _row(target, name, seed, metrics or failed, each, group.provenance, group.config)
        for seed, metrics in enumerate(group.metrics or [{}] * wish.seeds)
    ]


def _floors(wish: Compare, target: str, problem: Problem, judge: Judges) -> list[dict[str, Any]]:
    """What the judges say of real data, in the place of samples."""
    size = len(judge.real)
    if problem.splits is None:
        held_out = np.asarray(problem.held_out(jax.random.key(6), 2 * size))
    else:
        held_out = np.concatenate([problem.splits.test.images, problem.splits.validation.images])
    values = floor(judge.final, held_out, size, seeds=range(wish.seeds), fake_size=min(size, len(held_out) - size))
    metrics = [{name: numbers[seed] for name, numbers in values.items()} for seed in range(wish.seeds)]
    return [_row(target, FLOOR, seed, metrics[seed], {}, provenance(), {}) for seed in range(wish.seeds)]


if __name__ == "__main__":
    sys.exit(main())
