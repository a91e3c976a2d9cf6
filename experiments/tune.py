"""Search the settings that objectives are compared with: every objective gets the same number of trials.

    python -m experiments.tune
    python -m experiments.tune --targets grid --objectives energy drifting
    python -m experiments.tune --smoke

Each objective has three candidates in ``experiments/shared/settings.py``; each is trained once under the same budget and
judged on held-out data that the comparison does not use (fresh draws, or the validation images). The table says which won, so
that ``settings.py`` can name it first. Trials are kept in a directory beside the table, so that a stopped search goes on.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from experiments.compare import Compare, budget, check_judged, checked, problem_of, small
from experiments.configs import COMPARED, Problem, narrowed
from experiments.configs.words import file_name
from experiments.shared.judging import Judges, judges
from experiments.shared.outputs import check_page
from experiments.shared.runs import Group, Groups, training_task
from experiments.shared.settings import CANDIDATES, candidates
from experiments.shared.study import command, writable
from experiments.shared.tasks import Recipe, Task, worked
from igm_jax import checks
from igm_jax.evaluation import MEASURES
from igm_jax.reporting import write_whole
from igm_jax.reporting.terminal import ended
from igm_jax.training import plain

SCORES = {True: "frechet", False: "coverage"}
"""What decides: of images the Fréchet distance (lower), else the share of data with a sample near it (higher)."""


HEADING = "# Tuning"


@dataclasses.dataclass(frozen=True)
class Tune:
    """Search the settings that objectives are compared with."""

    targets: tuple[str, ...] = tuple(CANDIDATES)
    """Which targets; your own as images:FOLDER, file:FILE or table:FILE."""
    objectives: tuple[str, ...] = COMPARED
    """Which objectives."""
    steps: int | None = None
    """Updates of the generator in each trial; by default as many as in the comparison."""
    output: Path = Path("results/tuning.md")
    """Where the table goes; the trials are kept in a directory of its name, without the ending."""
    workers: int = 1
    """Trials at once, each in a process of its own."""
    smoke: bool = False
    """Only try whether everything works: few steps, small networks, in results/tuning-smoke.md."""


def main(arguments: Sequence[str] | None = None) -> None:
    command("tune", Tune, __doc__, prepared, run, arguments)


def prepared(config: Tune) -> Tune:
    """The settings, checked before any work."""
    _compared(config)
    for target in config.targets:
        check_judged(problem_of(target))
        for name in config.objectives:
            checks.choice("objectives", name, list(candidates(target, problem_of(target).of_images)))
    checks.count("workers", config.workers)
    if config.smoke and config.output.name:
        config = dataclasses.replace(config, output=config.output.with_stem(f"{config.output.stem}-smoke"))
    check_page("--output", config.output, HEADING)
    writable(_kept(config))
    return config


def run(config: Tune) -> None:
    """Do all trials, and write the table."""
    recipe = Recipe("experiments.tune", "tasks", config)
    write_whole(config.output, _page(config, worked(tasks(config), Groups(_kept(config)), recipe, config.workers)))
    print(f"table: {config.output}")


def _compared(config: Tune) -> Compare:
    """The comparison that the trials are for, with one seed."""
    base = checked(Compare(targets=config.targets, objectives=config.objectives, steps=config.steps))
    return dataclasses.replace(small(base) if config.smoke else base, seeds=1)


def _kept(config: Tune) -> Path:
    return config.output.with_suffix("")


def tasks(config: Tune) -> list[Task[Group]]:
    """One training for each candidate of each objective on each target, judged on other data than the comparison's."""
    base, trials = _compared(config), []
    for target in config.targets:
        problem = problem_of(target)
        judge = _on_validation(problem, judges(problem, base.samples, None))
        for name in config.objectives:
            for number, kind in enumerate(candidates(target, problem.of_images)[name]):
                own = narrowed(kind) if config.smoke else kind
                title = f"{file_name(target)}-{name}-{number}"
                trials.append(training_task(title, name, own, problem, budget(base, problem), judge))
    return trials


def _page(config: Tune, found: Sequence[Group]) -> str:
    """The table of all trials: what each scored, and which is the best."""
    lines = ["| target | objective | judged by | score | settings | |", "|---|---|---|---|---|---|"]
    groups = iter(found)
    for target in config.targets:
        images = problem_of(target).of_images
        measure = SCORES[images]
        for name in config.objectives:
            kinds = candidates(target, images)[name]
            scores = [_score(next(groups), measure) for _ in kinds]
            signed = np.asarray(scores) * (-1 if MEASURES[measure].better == "higher" else 1)
            best = int(np.nanargmin(signed)) if np.isfinite(signed).any() else -1
            for number, (kind, score) in enumerate(zip(kinds, scores, strict=True)):
                marks = [mark for mark, of in (("best", best), ("used", 0)) if number == of]
                lines.append(f"| {target} | {name} | {measure} | {score:.4g} | `{plain(kind)}` | {', '.join(marks)} |")
    length = " in the comparison" if config.steps is None else f" {config.steps} updates"
    return (
        f"{HEADING}\n\nMade by `python -m experiments.tune`: one run for each setting, as long as{length};"
        " judged on held-out data that the comparison does not use. Used are the settings that"
        " `experiments/shared/settings.py` names first.\n\n"
    ) + "\n".join([*lines, ""])


def _score(group: Group, measure: str) -> float:
    return group.metrics[0][measure] if group.metrics else float("nan")


def _on_validation(problem: Problem, judge: Judges) -> Judges:
    """The same judges on other data than the comparison's."""
    if problem.splits is None:
        return judge._replace(real=np.asarray(problem.held_out(jax.random.key(7), len(judge.real))))
    return judge._replace(real=problem.some(["validation"], len(judge.real)))


if __name__ == "__main__":
    ended(main)
