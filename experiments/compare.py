"""Train one generator under every objective, under one budget, and compare what comes out.

    python -m experiments.compare
    python -m experiments.compare --objectives energy drifting --targets ring --seeds 5 --steps 5000
    python -m experiments.compare --equal time
    python -m experiments.compare --smoke

For each target, every objective trains the same generator from the same seeds on the same draws of data for the same number
of updates (or for the same time, or the same work of the cores), all seeds side by side. Judges that no objective minimises
give the numbers. In the directory, ``report.html`` tells the whole story; ``tables.md``, ``*.tex``, ``rows.jsonl``, ``cards/``
and the pictures hold its parts. All of them are there once the first objective has ended, and grow with each. Interrupted,
the same command goes on with the objective that it had begun. On two cores of an AMD EPYC the default takes thirteen minutes.
"""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from rich.console import Console

from experiments.configs import COMPARED, OBJECTIVES, TARGETS, Adam, Problem, Pushforward, narrowed
from experiments.configs.features import SUFFIX, TOLD, AnyObjective, encoder_of, plain_name, seen
from experiments.configs.words import file_name, target_of
from experiments.shared.budgets import Cost, Costs, Equal, measurable, measured_cost, updates
from experiments.shared.growing import Growing, expected
from experiments.shared.judge_files import judge_files
from experiments.shared.judging import NAMES, Judges, check_judges, judges
from experiments.shared.runs import Budget, Group, Groups, run_of, training_task
from experiments.shared.settings import IMAGES, PLANE, settings
from experiments.shared.study import aside, ended_with
from experiments.shared.summary import summarise, title
from experiments.shared.tasks import Recipe, Task, worked
from igm_jax import checks
from igm_jax.evaluation import floor
from igm_jax.files import sha256_of
from igm_jax.reporting import FLOOR, read_jsonl, write_jsonl
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import provenance
from igm_jax.training.directory import run_directory

ROOM = 200 << 20


@dataclasses.dataclass(frozen=True)
class Compare:
    """Train one generator under every objective, under one budget, and compare what comes out."""

    targets: tuple[str, ...] = ("grid", "digits")
    """What to learn; see ``python -m experiments.train energy --help`` for all; images:FOLDER, file:FILE ... are yours."""
    objectives: tuple[str, ...] = COMPARED
    """Which objectives, by name; see ``python -m experiments.train --help`` for all. With ``--features`` names such as
    drifting@features are on the encoder's maps, the others on pixels; if none is marked, all are on the maps."""
    features: Path | None = None
    """The file of an encoder for objectives on features (see ``python -m experiments.encoder``), or dinov2=FILE."""
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
    judges: tuple[Literal["lite0", "classifier", "random"], ...] = NAMES
    """Whose opinion to ask of images, where it can be had: EfficientNet-Lite0 of 28 pixels and more (the extra ``judges``)."""
    judge_files: tuple[str, ...] = ()
    """Published networks as further judges of images, and your files of them: inception=FILE, clean-fid=FILE, dinov2=FILE."""
    directory: Path = Path("results/compare")
    """Where everything is kept."""
    workers: int = 1
    """Objectives at once, each in a process of its own; their times are then those of a shared machine."""
    smoke: bool = False
    """Only try whether everything works: few steps, small networks, in a directory beside, results/compare-smoke."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the report is written, 1 if a run broke, 2 for a wrong config, 130 after Ctrl-C."""
    config = command_line(Compare, arguments, "python -m experiments.compare")
    with contextlib.ExitStack() as stack:
        try:  # all that can be wrong with a config shows here, before any long work
            config = checked(small(config) if config.smoke else config)
            problems = {name: problem_of(name) for name in config.targets}
            check_judges(problems.values(), config.judges, judge_files(config.judge_files))
            for target, problem in problems.items():
                for name in (*config.objectives, *(() if config.equal == "updates" else (config.reference,))):
                    run_of(name, chosen(config, target, name), problem, budget(config, problem))
            settled = run_directory(config.directory, _identity(config), jax.random.key(0), ROOM)
            config = dataclasses.replace(config, directory=stack.enter_context(settled))
        except (ValueError, TypeError, OSError, ImportError) as error:
            return ended_with(error)
        try:
            rows, groups = _measured(config, problems)
            report = summarise(rows, groups, problems, config.directory)
        except KeyboardInterrupt:
            return ended_with("stopped; the same command goes on with the objective that it had begun", 130)
        except OSError as error:
            return ended_with(f"{error}; what was finished is kept, and the same command goes on", 1)
    for table in report.tables:
        Console().print(table)
    return ended_with(f"report: {report.path}", int(bool(report.broken)))


def checked(config: Compare) -> Compare:
    """The config, if everything in it can be had; else an error that says what can."""
    checks.choices("targets", config.targets, config.targets)  # which there must be, each once
    for word in config.targets:
        target_of(word, TARGETS)
    if len({title(word) for word in config.targets}) < len(config.targets):
        raise ValueError(
            f"two of the targets {config.targets} would have one name in the tables; rename a file or folder"
        )
    config = _marked(config)
    for name in ("seeds", "steps", "batch_size", "workers"):
        if getattr(config, name) is not None:
            checks.count(name, getattr(config, name))
    checks.choice("reference", plain_name(config.reference), list(OBJECTIVES))
    checks.count("samples", config.samples, least=50)
    measurable(config.equal)
    return config


def _marked(config: Compare) -> Compare:
    """The config with the names of its objectives checked; where an encoder is given and no name is marked, all are."""
    names = config.objectives
    if config.features is not None and not any(name.endswith(SUFFIX) for name in names):
        names = tuple(f"{name}{SUFFIX}" for name in names)
    if marked := [name for name in (*names, config.reference) if name.endswith(SUFFIX) and config.features is None]:
        raise ValueError(
            f"{marked[0]} is on the maps of an encoder, but none is given; say --features FILE, which"
            " `python -m experiments.encoder classifier TARGET` makes"
        )
    if both := {str(config.features).partition("=")[0]} & set(judge_files(config.judge_files)):
        raise ValueError(f"{both.pop()} cannot be what losses look through and a judge; leave it out of --judge-files")
    for name in names:
        checks.choice("objectives", plain_name(name), OBJECTIVES)
    checks.choices("objectives", names, names)  # of which there must be one, each once
    return dataclasses.replace(config, objectives=names)


def small(config: Compare) -> Compare:
    """The same comparison in miniature, and its results aside."""
    return dataclasses.replace(
        config,
        seeds=2,
        steps=min(config.steps or 20, 20),
        batch_size=min(config.batch_size or 32, 32),
        generator=dataclasses.replace(config.generator, width=16),
        samples=min(config.samples, 100),
        directory=aside(config.directory, True),
    )


def _identity(config: Compare) -> dict[str, Any]:
    """What must be equal for results to stand in one table; objectives, targets and seeds may be added to."""
    shared = ["steps", "batch_size", "generator", "optimizer", "average", "samples", "seeds", "smoke", "equal"]
    if config.equal != "updates":
        shared.append("reference")
    if config.judges != NAMES:
        shared.append("judges")
    files = {name: sha256_of(path) for name, path in sorted(judge_files(config.judge_files).items())}
    return {name: getattr(config, name) for name in shared} | ({"judge_files": files} if files else {})


def budget(config: Compare, problem: Problem) -> Budget:
    """What every objective is given alike on a target."""
    effort = PLANE if problem.space.image_shape is None else IMAGES
    given = {name: getattr(config, name) for name in Budget._fields if name != "cost"}
    given |= {name: given[name] or getattr(effort, name) for name in ("steps", "batch_size")}
    if config.optimizer.rate is None:
        given["optimizer"] = dataclasses.replace(config.optimizer, rate=effort.rate)
    return Budget(**given)


def _measured(
    config: Compare, problems: Mapping[str, Problem]
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Group]]]:
    """All rows and groups, read where they are there already, trained where not, with a report that grows meanwhile."""
    recipe, runs = Recipe("experiments.compare", "tasks", config), tasks(config)
    # The quickest one of the first target comes first, so that there is something to look at.
    quickest = min(range(len(config.objectives)), key=lambda i: runs[i].expected or 0.0)
    growing = Growing(lambda found: gathered(config, found), problems, len(config.objectives), config.directory)
    kept = Groups(config.directory / "groups")
    return gathered(config, dict(enumerate(worked(runs, kept, recipe, config.workers, first=quickest, on_end=growing))))


def gathered(config: Compare, found: Mapping[int, Group]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Group]]]:
    """Rows and groups of what was found, by the number of its task; a target of which there is nothing yet is left out."""
    groups: dict[str, dict[str, Group]] = {}
    rows = []
    places = [(target, name) for target in config.targets for name in config.objectives]
    for number in sorted(found):
        target, name = places[number]
        groups.setdefault(target, {})[name] = found[number]
    for target, some in groups.items():
        own = [_rows(config, target, name, group, problem_of(target).of_images) for name, group in some.items()]
        judge = judges_of(config, target).judge
        rows += [{**row, "judge": judge} for part in (*own, _floors(config, target)) for row in part]
    return read_jsonl(write_jsonl(config.directory / "rows.jsonl", rows)), groups


@cache
def problem_of(target: str) -> Problem:
    """A target, built once."""
    return target_of(target, TARGETS).build()


@cache
def judges_of(config: Compare, target: str) -> Judges:
    """The judges of a target, made once."""
    kept, files = config.directory / "judges", judge_files(config.judge_files)
    return judges(problem_of(target), config.samples, kept, config.judges, files)


def tasks(config: Compare) -> list[Task[Group]]:
    """Every objective on every target, all its seeds side by side."""
    costs, runs = Costs(config.directory / "costs.json"), []
    for target in config.targets:
        for name in config.objectives:
            problem, kind = problem_of(target), chosen(config, target, name)
            own, judge = share(config, target, problem, name, costs), judges_of(config, target)
            task = training_task(f"{file_name(target)}-{name}", name, kind, problem, own, judge)
            usual = expected(title(target), plain_name(name), config.seeds) / config.workers
            runs.append(task._replace(expected=usual))
    return runs


def chosen(config: Compare, target: str, name: str) -> AnyObjective:
    """The settings of an objective, those of pixels also on features; with ``smoke`` a small critic."""
    kind = settings(target, plain_name(name), problem_of(target).space.image_shape)
    kind = narrowed(kind) if config.smoke else kind
    return seen(kind, config.features if name.endswith(SUFFIX) else None, shares=False)  # times are compared


def share(config: Compare, target: str, problem: Problem, name: str, costs: Costs) -> Budget:
    """What an objective gets of the budget: with equal updates all of it, else as many updates as it can afford."""
    alike = budget(config, problem)
    if config.equal == "updates":
        return alike
    keys = jax.random.split(jax.random.key(8), config.seeds)

    def cost(name: str) -> Cost:
        run = run_of(name, chosen(config, target, name), problem, alike)
        through = f", encoder {encoder_of(str(config.features)).fingerprint[:TOLD]}" if name.endswith(SUFFIX) else ""
        return costs.of(f"{target}, {name}{through}", lambda: measured_cost(run, keys))

    own = cost(name)
    return alike._replace(steps=updates(config.equal, alike.steps, own, cost(config.reference)), cost=own)


def _row(target: str, name: str, seed: int, metrics: dict[str, float], costs: Any, story: Any, config: Any) -> dict:
    known = {cost: costs.get(cost) for cost in ("seconds", "compile_seconds", "memory_mb")}
    place = {"experiment": "compare", "target": title(target), "objective": name, "seed": seed}
    return {**place, "metrics": metrics, **known, "config": config, **story}


def _rows(config: Compare, target: str, name: str, group: Group, image: bool) -> list[dict[str, Any]]:
    # Seeds run side by side, so a seed's share of the time is the group's over their number.
    each = {cost: value / (config.seeds if cost == "seconds" else 1) for cost, value in group.costs.items()}
    measured = next((metrics for metrics in group.metrics if metrics), {"frechet" if image else "w2": 0.0})
    failed = dict.fromkeys(measured, float("nan"))
    return [
        _row(target, name, seed, metrics or failed, each, group.provenance, group.config)
        for seed, metrics in enumerate(group.metrics or [{}] * config.seeds)
    ]


@cache
def _floors(config: Compare, target: str) -> list[dict[str, Any]]:
    """What the judges say of real data, in the place of samples; told once, since it takes some seconds."""
    problem, judge = problem_of(target), judges_of(config, target)
    size = len(judge.real)
    if problem.splits is None:
        held_out = np.asarray(problem.held_out(jax.random.key(6), 2 * size))
    else:
        held_out = problem.some(["test", "validation"], 2 * size)
    values = floor(judge.final, held_out, size, seeds=range(config.seeds), fake_size=min(size, len(held_out) - size))
    metrics = [{name: numbers[seed] for name, numbers in values.items()} for seed in range(config.seeds)]
    return [_row(target, FLOOR, seed, metrics[seed], {}, provenance(), {}) for seed in range(config.seeds)]


if __name__ == "__main__":
    ended(main)
