"""Search the settings that objectives are compared with: every objective gets the same number of trials.

    python -m experiments.tune
    python -m experiments.tune --targets grid --objectives energy drifting

Each objective has three candidates in ``experiments/shared/settings.py``; each is trained once under the same budget and
judged on held-out data that the comparison does not use (fresh draws, or the validation images). The table says which won, so
that ``settings.py`` can name it first.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import tyro
from rich.console import Console

from experiments.compare import Compare, budget, checked
from experiments.configs import COMPARED, TARGETS, ObjectiveConfig, Problem
from experiments.shared.runs import Budget, Judges, flat_config, judges, trained_group
from experiments.shared.settings import CANDIDATES
from igm_jax.evaluation import MEASURES
from igm_jax.reporting import write_whole
from igm_jax.training import plain

SCORES = {"grid": "coverage", "digits": "frechet", "photo-patches": "frechet"}
"""What decides: on the grid the share of data with a sample near it (higher), of images the Fréchet distance (lower)."""


@dataclasses.dataclass(frozen=True)
class Tune:
    """Search the settings that objectives are compared with."""

    targets: tuple[str, ...] = tuple(CANDIDATES)
    """Which targets."""
    objectives: tuple[str, ...] = COMPARED
    """Which objectives."""
    steps: int | None = None
    """Updates of the generator in each trial; by default as many as in the comparison."""
    output: Path = Path("results/tuning.md")
    """Where the table goes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: its words; None for those of the process.

    Returns:
        The exit status: 0 when the table is written, 2 for a wrong wish.
    """
    wish = tyro.cli(Tune, args=arguments, prog="python -m experiments.tune")
    console = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    try:
        base = checked(Compare(targets=wish.targets, objectives=wish.objectives, steps=wish.steps, seeds=1))
        write_whole(wish.output, "The search has begun; its table will stand here.\n")
    except (ValueError, TypeError, OSError) as error:
        console.print(str(error))
        return 2
    lines = ["| target | objective | judged by | score | settings | |", "|---|---|---|---|---|---|"]
    for target in wish.targets:
        problem = TARGETS[target]().build()
        alike = budget(base, problem)
        judge = _on_validation(problem, judges(problem, base.samples, None))
        for name in wish.objectives:
            trials = [_score(name, kind, problem, alike, judge, SCORES[target]) for kind in CANDIDATES[target][name]]
            signed = np.asarray(trials) * (-1 if MEASURES[SCORES[target]].better == "higher" else 1)
            best = int(np.nanargmin(signed)) if np.isfinite(signed).any() else -1
            for number, (kind, score) in enumerate(zip(CANDIDATES[target][name], trials, strict=True)):
                mark = "best" * (number == best) + ", used" * (number == 0)
                lines.append(f"| {target} | {name} | {SCORES[target]} | {score:.4g} | `{plain(kind)}` | {mark} |")
                console.print(lines[-1])
    head = (
        f"# Tuning\n\nMade by `python -m experiments.tune`: one run for each setting, as long as{_length(wish)};"
        " judged on held-out data that the comparison does not use.\n\n"
    )
    write_whole(wish.output, head + "\n".join(lines) + "\n")
    console.print(f"table: {wish.output}")
    return 0


def _length(wish: Tune) -> str:
    return " in the comparison" if wish.steps is None else f" {wish.steps} updates"


def _on_validation(problem: Problem, judge: Judges) -> Judges:
    """The same judges on other data than the comparison's."""
    if problem.splits is None:
        return judge._replace(real=np.asarray(problem.held_out(jax.random.key(7), len(judge.real))))
    return judge._replace(real=np.asarray(problem.splits.validation.images))


def _score(name: str, kind: ObjectiveConfig, problem: Problem, budget: Budget, judge: Judges, measure: str) -> float:
    group = trained_group(name, flat_config(kind, budget), kind, problem, budget, judge)
    return group.metrics[0][measure] if group.metrics else float("nan")


if __name__ == "__main__":
    sys.exit(main())
