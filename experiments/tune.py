"""Search the settings that objectives are compared with: every objective gets the same trials along one number.

    python -m experiments.tune
    python -m experiments.tune --targets grid --objectives energy drifting
    python -m experiments.tune --smoke

Each objective has a ladder of settings in ``experiments/shared/settings.py``. Five of them are trained with three seeds each
under the same budget and judged on held-out data that the comparison does not use (fresh draws, or the validation images); the
best has the best mean over seeds. Where it stands at an edge, the search goes on beyond that edge, until the best stands inside.
The table says which won, so that ``settings.py`` can use it. Trials are kept in a directory beside the table, so that a stopped
search goes on.
"""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import tyro

from experiments.compare import Compare, budget, checked, problem_of, small
from experiments.configs import COMPARED, Problem, narrowed
from experiments.configs.features import SUFFIX
from experiments.configs.words import file_name
from experiments.shared.judging import Judges, check_judged, judges
from experiments.shared.outputs import check_page
from experiments.shared.runs import Group, Groups, training_task
from experiments.shared.settings import LADDERS, Ladder, ladders
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

Trial = tuple[str, str, float]
"""A target, an objective, and the place on its ladder."""

Scores = dict[Trial, np.ndarray]
"""What each seed of a trial scored; NaN where training broke."""


@dataclasses.dataclass(frozen=True)
class Tune:
    """Search the settings that objectives are compared with."""

    targets: tuple[str, ...] = tuple(LADDERS)
    """Which targets; your own as images:FOLDER, file:FILE or table:FILE."""
    objectives: tuple[str, ...] = COMPARED
    """Which objectives."""
    steps: int | None = None
    """Updates of the generator in each trial; by default as many as in the comparison."""
    batch_size: int | None = None
    """Samples, and data, in each minibatch; by default as many as in the comparison."""
    seeds: int = 3
    """Runs of each setting, side by side."""
    extensions: int = 4
    """How often a search goes on beyond an edge of a ladder, at most."""
    output: Path = Path("results/tuning.md")
    """Where the table goes; the trials are kept in a directory of its name, without the ending."""
    workers: int = 1
    """Trials at once, each in a process of its own."""
    smoke: bool = False
    """Only try whether everything works: few steps, small networks, in results/tuning-smoke.md."""
    further: Annotated[tuple[Trial, ...], tyro.conf.Suppress] = ()
    """Trials beyond the edges, which a search adds by itself."""


def main(arguments: Sequence[str] | None = None) -> None:
    command("tune", Tune, __doc__, prepared, run, arguments)


def prepared(config: Tune) -> Tune:
    """The settings, checked before any work."""
    if marked := [name for name in config.objectives if name.endswith(SUFFIX)]:
        raise ValueError(
            f"a search is in pixels, but {marked[0]} is on the maps of an encoder; leave {SUFFIX} out, or try settings on maps by"
            " `python -m experiments.train OBJECTIVE TARGET --features FILE`"
        )
    _compared(config)
    for target in config.targets:
        problem = problem_of(target)
        check_judged(problem)
        for name in config.objectives:
            checks.choice("objectives", name, list(ladders(target, problem.space.image_shape)))
    checks.count("workers", config.workers)
    checks.count("extensions", config.extensions, least=0)
    if config.smoke and config.output.name:
        config = dataclasses.replace(config, output=config.output.with_stem(f"{config.output.stem}-smoke"))
    check_page("--output", config.output, HEADING)
    writable(_kept(config))
    return config


def run(config: Tune) -> None:
    """Do all trials, go on beyond the edges where the best stand there, and write the table."""
    for _ in range(config.extensions):
        scores = searched(config)
        write_whole(config.output, page(config, scores))
        if not (more := beyond(scores)):
            break
        config = dataclasses.replace(config, further=(*config.further, *more))
    else:
        write_whole(config.output, page(config, searched(config)))
    print(f"table: {config.output}")


def searched(config: Tune) -> Scores:
    """What every trial scored."""
    recipe = Recipe("experiments.tune", "tasks", config)
    found = worked(tasks(config), Groups(_kept(config)), recipe, config.workers)
    return {trial: _score(group, trial, config.seeds) for trial, group in zip(trials(config), found, strict=True)}


def trials(config: Tune) -> list[Trial]:
    """All trials: five of each ladder, then those beyond an edge."""
    first = [
        (target, name, place)
        for target in config.targets
        for name in config.objectives
        for place in ladder_of(target, name).places
    ]
    return [*first, *config.further]


def ladder_of(target: str, name: str) -> Ladder:
    """The settings of an objective on a target."""
    return ladders(target, problem_of(target).space.image_shape)[name]


def beyond(scores: Mapping[Trial, np.ndarray]) -> list[Trial]:
    """The trials to go on with: one beyond the edge of each ladder whose best stands there."""
    more = []
    for target, name in dict.fromkeys(trial[:2] for trial in scores):
        places = [place for *where, place in scores if tuple(where) == (target, name)]
        best = best_of({place: scores[target, name, place] for place in places}, target)
        further = None if best is None else ladder_of(target, name).beyond(places, best)
        if further is not None:
            more.append((target, name, further))
    return more


def best_of(scores: Mapping[float, np.ndarray], target: str) -> float | None:
    """The place with the best mean over seeds, of those where none broke; None where all did."""
    sign = -1 if MEASURES[SCORES[problem_of(target).of_images]].better == "higher" else 1
    means = {place: sign * float(np.mean(found)) for place, found in scores.items()}
    whole = {place: mean for place, mean in means.items() if np.isfinite(mean)}
    return min(whole, key=lambda place: whole[place]) if whole else None


def tasks(config: Tune) -> list[Task[Group]]:
    """One training of all seeds for each trial, judged on other data than the comparison's."""
    base, runs = _compared(config), []
    judged = {target: _on_validation(problem_of(target), base) for target in config.targets}
    for target, name, place in trials(config):
        problem, kind = problem_of(target), ladder_of(target, name).of(place)
        own = narrowed(kind) if config.smoke else kind
        title = f"{file_name(target)}-{name}-{place:g}"
        runs.append(training_task(title, name, own, problem, budget(base, problem), judged[target]))
    return runs


def _compared(config: Tune) -> Compare:
    """The comparison that the trials are for."""
    shared = ("targets", "objectives", "steps", "batch_size", "seeds")
    base = checked(Compare(**{name: getattr(config, name) for name in shared}))
    return dataclasses.replace(small(base), seeds=config.seeds) if config.smoke else base


def _kept(config: Tune) -> Path:
    return config.output.with_suffix("")


def page(config: Tune, scores: Scores) -> str:
    """The table of all trials: what each scored, and which is the best."""
    lines = ["| target | objective | place | judged by | score | settings | |", "|---|---|--:|---|--:|---|---|"]
    for target in config.targets:
        for name in config.objectives:
            own = {place: found for (*where, place), found in scores.items() if tuple(where) == (target, name)}
            best, ladder = best_of(own, target), ladder_of(target, name)
            for place in sorted(own):
                marks = [mark for mark, of in (("best", best), ("used", ladder.used)) if place == of]
                if place == best and place in (min(own), max(own)):
                    marks.append("at the edge")
                measure, told = SCORES[problem_of(target).of_images], plain(ladder.of(place))
                score = _shown(own[place])
                lines.append(f"| {target} | {name} | {place:g} | {measure} | {score} | `{told}` | {', '.join(marks)} |")
    length = "as long as in the comparison" if config.steps is None else f"{config.steps} updates"
    length += "" if config.batch_size is None else f", minibatches of {config.batch_size}"
    return (
        f"{HEADING}\n\nMade by `{_told(config)}`: {config.seeds} seeds of each setting, {length}; judged on held-out"
        " data that the comparison does not use, mean ± standard error over seeds. Where the best of a ladder stood at an edge,"
        f" the search went on beyond it, up to {config.extensions} times. Used are the settings that"
        " `experiments/shared/settings.py` names.\n\n"
    ) + "\n".join([*lines, ""])


def _told(config: Tune) -> str:
    """The command, with those of its options that say what was tried."""
    words = ["python -m experiments.tune"]
    for name in ("targets", "objectives", "steps", "batch_size", "seeds", "extensions"):
        value = getattr(config, name)
        if value != getattr(Tune, name):
            words += [f"--{name.replace('_', '-')}", *map(str, value if isinstance(value, tuple) else (value,))]
    return " ".join([words[0], *map(shlex.quote, words[1:]), *(["--smoke"] if config.smoke else [])])


def _shown(found: np.ndarray) -> str:
    if not np.isfinite(found).all():
        return f"{np.sum(~np.isfinite(found))} of {len(found)} broke"
    error = f" ± {found.std(ddof=1) / len(found) ** 0.5:.2g}" if len(found) > 1 else ""
    return f"{found.mean():.4g}{error}"


def _score(group: Group, trial: Trial, seeds: int) -> np.ndarray:
    measure = SCORES[problem_of(trial[0]).of_images]
    scores = [metrics.get(measure, np.nan) for metrics in group.metrics]
    return np.asarray(scores or [np.nan] * seeds)


def _on_validation(problem: Problem, base: Compare) -> Judges:
    """The comparison's judge on other data than the comparison's; of images it gives no more than what decides."""
    if problem.splits is None:
        judge = judges(problem, base.samples, None)
        return judge._replace(real=np.asarray(problem.held_out(jax.random.key(7), len(judge.real))))
    splits = problem.splits
    held_out = problem._replace(splits=splits._replace(test=splits.validation))
    judge = judges(held_out, base.samples, None, names=("classifier", "random"))
    return judge._replace(final=lambda real, fake: judge.quick(fake)) if problem.of_images else judge


if __name__ == "__main__":
    ended(main)
