"""Why a generator of images gives copies of one grey mean, measured: what its samples see of the data through each length.

    python -m experiments.collapse               about 10 minutes on one core, Fashion-MNIST
    python -m experiments.collapse --smoke       seconds, digits

Two images of a data set lie as far from each other as most others do, and those of a generator at its start lie in a heap, far
from all data. A temperature or a bandwidth that was chosen elsewhere then sees nothing: affinities to data underflow, or a floor
makes all of them equal, and every sample is pulled to one mean. This trains each objective as it is known, and with its lengths
taken from the data, and says at checkpoints how far apart the samples are, how much of what they see is data, and how evenly.

Tables are printed; ``report.md``, ``rows.jsonl`` and pictures go to ``results/collapse``. Finished runs are kept in ``runs``
there, so that a stopped command goes on where it was.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments.configs import TARGETS, Adam, Problem, Pushforward, Space
from experiments.configs.words import target_of
from experiments.shared.judging import Judges, judges
from experiments.shared.pictures import ends_of
from experiments.shared.study import aside, command, row_maker, table, writable, write
from experiments.shared.tasks import Book, Found, Recipe, Task, deciding, worked
from igm_jax import Objective, checks, kernels, objectives
from igm_jax.pairwise import distances
from igm_jax.reach import reaches
from igm_jax.reporting.sheets import sheet
from igm_jax.reporting.terminal import ended
from igm_jax.training import TrainState, train, training

LOOKED_AT, SHOWN, CHECKPOINTS = 128, 32, 8

Of = Callable[[Space], Objective]

CASES: dict[str, Of] = {
    "drifting, released": lambda space: objectives.drifting(preset="released"),
    "the same without its floor": lambda space: objectives.drifting(preset="released", floor=0.0),
    "drifting, paper, τ = .05": lambda space: objectives.drifting(0.05),
    "the same, τ in median distances": lambda space: objectives.drifting(_lengths(space, 0.03, 0.08, 0.16)),
    "MMD, bandwidth 1": lambda space: objectives.mmd(kernels.laplace(1.0)),
    "the same, in median distances": lambda space: objectives.mmd(_bank(space, 0.1, 0.3)),
}
"""Objectives as they are known, and with lengths that the data give."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Why a generator of images gives copies of one grey mean, measured."""

    target: str = "fashion-mnist"
    """What to learn; images:FOLDER are yours."""
    steps: int = 1000
    """Updates of the generator."""
    batch_size: int = 128
    """Samples, and data, in each minibatch."""
    rate: float = 3e-3
    """Learning rate of Adam, which falls to zero along a cosine."""
    width: int = 128
    """Of the generator, as of experiments.train."""
    seed: int = 0
    """Seed of everything random."""
    output: Path = Path("results/collapse")
    """The directory for tables, rows and pictures."""
    workers: int = 1
    """Runs at once, each in a process of its own; times are then of a shared machine."""
    smoke: bool = False
    """A run of seconds that shows that everything works: few steps on digits, in results/collapse-smoke."""


def _lengths(space: Space, *factors: float) -> tuple[float, ...]:
    return tuple(factor * space.scale for factor in factors)


def _bank(space: Space, *factors: float) -> kernels.Kernel:
    return objectives.kernel_bank(kernels.laplace, space.scale, factors)


@cache
def problem_of(target: str) -> Problem:
    """The target, built once."""
    return target_of(target, TARGETS).build()


@cache
def _judges(target: str, output: Path) -> Judges:
    return judges(problem_of(target), 2000, output / "judges")


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name in ("steps", "batch_size", "width", "workers"):
        checks.count(name, getattr(config, name))
    checks.positive("rate", config.rate)
    checks.seed("seed", config.seed)
    if config.smoke:
        small = {
            "target": "digits",
            "steps": min(config.steps, 16),
            "batch_size": min(config.batch_size, 32),
            "width": 16,
        }
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    problem = problem_of(config.target)
    if not problem.of_images or problem.stream is not None:
        raise ValueError(f"`target` must be a set of images in memory, but is {config.target!r}; see experiments.train")
    writable(config.output, ["runs", "judges"])
    book(config)
    return config


def book(config: Config) -> Book:
    """What was trained earlier with the same settings; an error for other settings."""
    return Book(config.output / "runs", "collapse", "runs", deciding(config), config.workers)


def tasks(config: Config) -> list[Task[Found]]:
    """A run for each case."""
    return [Task(name, config.seed, partial(trained, config, name)) for name in CASES]


def trained(config: Config, name: str) -> Found:
    """One run, and what its samples saw at checkpoints."""
    problem = problem_of(config.target)
    objective = CASES[name](problem.space)
    generator = Pushforward(width=config.width).build(problem.space)
    optimizer = Adam(rate=config.rate).build(config.steps)
    run = training(generator, objective, optimizer, problem.target, config.batch_size, average=0.995, name=name)
    draw = jax.jit(generator.sample, static_argnums=2)
    data = np.asarray(problem.held_out(jax.random.key(1), LOOKED_AT))
    seen: list[np.ndarray] = []

    def look(state: TrainState, rows: Any) -> None:
        del rows
        seen.append(
            looked(objective, np.asarray(draw(state.params, jax.random.key(2), LOOKED_AT)), data, int(state.step))
        )

    chunk = max(1, config.steps // CHECKPOINTS)
    found = train(
        run, jax.random.key(config.seed), config.steps, chunk=chunk, every=config.steps, on_chunk=look, progress=False
    )
    judge = _judges(config.target, config.output)
    samples = np.asarray(draw(found.state.average, jax.random.key(3), len(judge.real)))
    arrays = {"seen": np.asarray(seen), "samples": samples[:SHOWN]}
    metrics = {"spread": spread(samples[:LOOKED_AT], data)} | judge.quick(samples)
    return Found(metrics, arrays, found.compile_seconds, found.run_seconds)


def looked(objective: Objective, samples: np.ndarray, data: np.ndarray, step: int) -> np.ndarray:
    """The step, the samples' spread, and share and evenness of each length: what ``reaches`` finds."""
    each = [number for one in reaches(objective, samples, data) for number in (one.share, one.evenness)]
    return np.asarray([step, spread(samples, data), *each])


def spread(samples: np.ndarray, data: np.ndarray) -> float:
    """The mean distance of two samples, in that of two data: 0 for copies of one image."""
    return float(np.mean(distances(samples, samples)) / np.mean(distances(data, data)))


def shown(config: Config, found: dict[str, Found]) -> list[Any]:
    """The table: what samples see at the start and at the end, and what came out."""
    problem, lines = problem_of(config.target), []
    for name, one in found.items():
        seen = one.arrays["seen"]
        sights = ["; ".join(f"{share:.0e} / {even:.3f}" for share, even in seen[k, 2:].reshape(-1, 2)) for k in (0, -1)]
        score = next(value for key, value in one.metrics.items() if key != "spread")
        numbers = (seen[0, 1], one.metrics["spread"], score)
        lines.append([name, *sights, *(f"{number:.2f}" for number in numbers), f"{one.seconds:.0f}"])
    caption = (
        f"{config.steps} updates of {config.batch_size} samples on {problem.name}, whose median distance is"
        f" {problem.space.scale:.3g}. For each length: the share of data in what a sample sees (of a kernel: its value at the"
        " nearest datum, in that at distance zero), and how evenly it sees the data; 1.000 is all alike. Spread: the mean"
        " distance of two samples in that of two data. Fréchet in features of the judge"
        f" {_judges(config.target, config.output).judge!r}, which no objective sees."
    )
    headings = ["objective", "data's share / evenness, at the start", "at the end", "spread at the start", "at the end",
                "Fréchet", "seconds"]  # fmt: skip
    return [table("What samples see of the data", caption, headings, lines)]


def pictures(config: Config, found: dict[str, Found]) -> dict[str, tuple[bytes, str]]:
    """The spread through training, and each run's samples."""
    from igm_jax.reporting.figures import Trace, png, trace_panels

    splits = problem_of(config.target).splits
    assert splits is not None
    traces = {name: Trace(one.arrays["seen"][:, 0] + 1, one.arrays["seen"][:, 1]) for name, one in found.items()}
    figure = trace_panels({"": traces}, xlabel="updates + 1", ylabel="spread", log=False)
    drawn = {"spread.png": (png(figure), "The mean distance of two samples through training, in that of two data.")}
    for number, (name, one) in enumerate(found.items()):
        images = splits.undone(one.arrays["samples"])
        drawn[f"samples-{number}.png"] = (
            sheet(images, ends_of(splits, images), columns=16),
            f"{name}: samples at the end.",
        )
    return drawn


def run(config: Config) -> None:
    """Train every case; print the table and write the files."""
    recipe = Recipe("experiments.collapse", "tasks", config)
    found = dict(zip(CASES, worked(tasks(config), book(config), recipe, config.workers), strict=True))
    make_row = row_maker("collapse", config)
    rows = [
        make_row(config.target, name, config.seed, one.metrics, one.seconds, one.compile_seconds)
        for name, one in found.items()
    ]
    text = __doc__.split("\n\n")[2]
    write(
        config.output, "What samples see of data in pixels", text, shown(config, found), rows, pictures(config, found)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    command("collapse", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
