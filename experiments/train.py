"""Train one generator under one objective on one target.

    python -m experiments.train energy grid
    python -m experiments.train wgan-gp digits --steps 5000 --critic.rate 3e-4
    python -m experiments.train gan images --path FOLDER --size 32
    python -m experiments.train sinkhorn file --path samples.npy --directory results/mine
    python -m experiments.train drifting fashion-mnist --features results/encoders/classifier-fashion-mnist-seed0.npz

The run lives in its directory: stop it with Ctrl-C, start the same command again, and it continues as if nothing had
happened; with ``--schedule constant`` a finished run goes on if asked for more ``--steps``. In the end a table sums it up,
and ``samples.npz`` holds samples of the averaged generator with their provenance. ``report.html`` shows what came out, also while
the run goes on, ``samples/`` what the samples looked like at each checkpoint, ``curves.png`` the log (all three need
``pip install "igm-jax[report]"``; ``--no-pictures`` does without).

``python -m experiments.train --help`` lists objectives and targets, ``python -m experiments.train energy grid --help`` all
options of a choice. On two cores ``energy grid`` takes about a minute; with ``--smoke`` any choice takes some seconds.
"""

import dataclasses
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.configs import Adam, ObjectiveChoice, Problem, Pushforward, TargetChoice, narrowed
from experiments.configs.features import encoder_of, seen
from experiments.configs.generator import paired
from experiments.configs.scores import check_unconditional, under_conditions
from experiments.shared.first_look import first_look
from experiments.shared.pictures import Album, Pairs, Told, album, data_lines
from experiments.shared.study import ended_with
from igm_jax import Generator, checks
from igm_jax.evaluation import exact_w2, mode_coverage
from igm_jax.files import write_npz
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import (
    Interrupted,
    NonFiniteError,
    Run,
    RunDirectoryError,
    RunMismatchError,
    Trained,
    plain,
    provenance,
    train,
    training,
)

JUDGED = 500


@dataclasses.dataclass(frozen=True)
class Train:
    """Train one generator under one objective on one target."""

    objective: ObjectiveChoice
    target: TargetChoice
    features: Path | None = None
    """File of an encoder (``python -m experiments.encoder``), or dinov2=FILE: the objective is then one on each of its maps."""
    generator: Pushforward = dataclasses.field(default_factory=Pushforward)
    optimizer: Adam = dataclasses.field(default_factory=lambda: Adam(rate=3e-3))
    steps: int = 3000
    """Updates of the generator in all."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Whether the rate falls to zero at the last step; a run of constant rate can be made longer afterwards."""
    batch_size: int = 256
    """Samples, and data, in each minibatch."""
    average: float = 0.995
    """Decay of the moving average of the parameters."""
    seed: int = 0
    """Seed of everything random."""
    directory: Path | None = None
    """Where the run is kept; by default results/train/OBJECTIVE-TARGET-seedSEED."""
    every: int = 500
    """Steps between two checkpoints."""
    chunk: int = 100
    """Steps between two looks at the progress."""
    samples: int = 2000
    """How many samples to save in the end."""
    pictures: bool = True
    """Whether to draw pictures and a page of the run; they change nothing of it."""
    smoke: bool = False
    """Only try whether everything works: few steps, small networks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the run is finished, 1 if it broke, 2 for a wrong choice, 128 + n after signal n."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = (tyro.conf.CascadeSubcommandArgs, tyro.conf.OmitSubcommandPrefixes)
    config = command_line(Train, words, "python -m experiments.train", config=options)
    try:
        config = small(config) if config.smoke else config
        problem, generator, run = prepared(config)
        directory = config.directory or _default_directory(config, problem)
    except (ValueError, TypeError, OSError, ImportError) as error:
        return ended_with(error)
    try:
        draw = _drawing(generator, config)
        pictures = _album(config, problem, draw, directory, again(words))
        objective = seen(config.objective, config.features).build(problem.space)
        trained = train(
            run,
            jax.random.key(config.seed),
            config.steps,
            directory=directory,
            config=identity(config, problem),
            chunk=config.chunk,
            every=config.every,
            on_chunk=first_look(objective, problem, lambda state: draw(state.average), pictures),
            command=again(words),
        )
        samples = draw(trained.state.average)
        saved(directory / "samples.npz", samples, config, problem, int(trained.state.step))
        judged = _judged(problem, samples)
        if pictures is not None:
            pictures.finish(int(trained.state.step), samples, trained.rows, judged)
    except (RunMismatchError, RunDirectoryError) as error:
        return ended_with(error)
    except NonFiniteError as error:
        return ended_with(error, 1)
    except Interrupted as error:
        return ended_with(f"{error}:\n  {again(words)}", 128 + error.signal)
    except KeyboardInterrupt:
        return ended_with("stopped at once; the same command continues from the last checkpoint", 128 + signal.SIGINT)
    Console().print(summary(config, problem, trained, judged, directory))
    return 0


def again(words: Sequence[str]) -> str:
    """The command that goes on with a run, in the shell's words."""
    return " ".join(["python -m experiments.train", *map(_quoted, words)])


def _quoted(word: str) -> str:
    """A word as a shell reads it; the bytes of one that is no text, such as a file's name, by their numbers."""
    try:
        word.encode()
        return shlex.quote(word)
    except UnicodeEncodeError:
        return "$'" + "".join(f"\\x{byte:02x}" for byte in os.fsencode(word)) + "'"


def prepared(config: Train) -> tuple[Problem, Generator, Run]:
    """The target, the generator and the run that a config describes.

    Raises:
        ValueError, TypeError, OSError, ImportError: for choices that cannot be; each text says what to do.
    """
    for name in ("steps", "batch_size", "every", "chunk", "samples"):
        checks.count(name, getattr(config, name), least=1)
    checks.seed("seed", config.seed)
    problem = config.target.build()
    generator, run = run_of(config, problem)
    jax.eval_shape(run.init, jax.random.key(0))
    return problem, generator, run


def run_of(config: Train, problem: Problem) -> tuple[Generator, Run]:
    """The generator and the run of a config, once its target is built."""
    kind = seen(config.objective, config.features)
    objective, target, draws = kind.build(problem.space), problem.target, 1
    if problem.stream is not None:
        target = problem.stream(config.batch_size, config.seed)
    if problem.pairs is None:
        check_unconditional(config.objective)
        generator = trained = config.generator.build(problem.space)
    else:
        trained = config.generator.given(problem.space, problem.pairs)
        generator = paired(trained, problem.pairs.conditions)
        (objective, draws), target = under_conditions(config.objective, objective), problem.pairs.given
    run = training(
        trained,
        objective,
        config.optimizer.build(config.steps if config.schedule == "cosine" else None),
        target,
        config.batch_size,
        inner_steps=kind.inner_steps,
        average=config.average,
        name=kind.name,
        draws=draws,
    )
    return generator, run


def identity(config: Train, problem: Problem) -> dict[str, Any]:
    """What tells this run from others. What may change from session to session, as its directory, is left out."""
    parts = ["objective", "target", "generator", "optimizer", "schedule", "batch_size", "average", "seed"]
    # Where the rate falls to zero at the last step, a longer run is another run from its first step on.
    if config.schedule == "cosine":
        parts.append("steps")
    told = {"inner_steps": config.objective.inner_steps, "data": problem.fingerprint}
    if config.features is not None:  # runs without features began before there were any
        told["encoder"] = encoder_of(str(config.features)).fingerprint  # wherever its file lies
    return {name: getattr(config, name) for name in parts} | told


def small(config: Train) -> Train:
    """The same config in miniature."""
    return dataclasses.replace(
        config,
        objective=narrowed(config.objective),
        generator=dataclasses.replace(config.generator, width=16),
        steps=min(config.steps, 20),
        batch_size=min(config.batch_size, 32),
        chunk=10,
        every=10,
        samples=min(config.samples, 200),
    )


def _default_directory(config: Train, problem: Problem) -> Path:
    data = re.sub(r"[^\w.-]+", "-", problem.name).strip("-.") or "data"
    name = f"{seen(config.objective, config.features).name}-{data}-seed{config.seed}"
    return Path("results", "train", f"{name}-smoke" if config.smoke else name)


def _drawing(generator: Generator, config: Train) -> Callable[[Any], np.ndarray]:
    """From parameters to samples, the same for the same run."""
    draw, key = jax.jit(generator.sample, static_argnums=2), jax.random.fold_in(jax.random.key(config.seed), 1)
    return lambda params: np.asarray(draw(params, key, config.samples))


def _album(
    config: Train, problem: Problem, draw: Callable[[Any], np.ndarray], directory: Path, command: str
) -> Album | None:
    """The pictures of the run, if it shall have some; each shows the first ones of what samples.npz will hold."""
    if not config.pictures:
        return None
    settings = plain({**identity(config, problem), "steps": config.steps})
    names = seen(config.objective, config.features).name, problem.name
    told = Told(*names, settings, config.seed, config.steps, config.every, command, data_lines(problem))
    return album(directory, problem, lambda state: draw(state.average), told)


def saved(path: Path, samples: np.ndarray, config: Train, problem: Problem, step: int) -> None:
    """Samples, images in their own units too, and where they come from, whole or not at all; nothing in it is pickled."""
    story = {"config": plain(identity(config, problem)), "step": step, **provenance()}
    story |= {"image_shape": plain(problem.space.image_shape), "scale": problem.space.scale}
    arrays: dict[str, Any] = {"samples": samples, "provenance": json.dumps(story)}
    if problem.splits is not None and problem.splits.image_shape is not None:
        arrays["images"] = problem.splits.undone(samples)
    try:
        write_npz(path, arrays)
    except OSError as error:
        raise RunDirectoryError(f"{error}, and start the same command again") from error


def _judged(problem: Problem, samples: np.ndarray) -> Pairs:
    """Measures of the samples, and of real data in their place."""
    number = min(JUDGED, len(samples))
    key_target, key_held_out = jax.random.split(jax.random.key(0))
    if problem.splits is None:
        data, held_out = problem.target(key_target, number), problem.held_out(key_held_out, number)
    else:  # each row once: drawn again and again, few rows are a law of their own
        # Pairs are sampled under the conditions of the validation part, which those that they are compared with must not share.
        held_out = problem.some(["test" if problem.pairs else "validation"], number)
        number = min(len(held_out), len(data := problem.some(["train"], len(held_out))))
        held_out = held_out[:number]
    w2, floor = (exact_w2(real=held_out, fake=fake) for fake in (samples[:number], data))
    found = {f"W2 of {number} samples": (w2, floor)}
    if problem.target.modes is not None:
        real_data = problem.target(key_target, len(samples))  # as many: a divergence of fewer comes out larger
        ours, real = (mode_coverage(fake=fake, modes=problem.target.modes) for fake in (samples, real_data))
        found |= {name.replace("_", " "): (getattr(ours, name), getattr(real, name)) for name in ours._fields}
    return found


def summary(config: Train, problem: Problem, trained: Trained, judged: Pairs, directory: Path) -> Table:
    """A table of the run's measures, with the floor of real against real where there is one."""
    name = seen(config.objective, config.features).name
    table = Table("", "value", "real data", title=Text(f"{name} on {problem.name}, seed {config.seed}"))
    page = directory / "report.html"
    page_line = f"\nreport: {page}" if config.pictures and page.exists() else ""
    table.caption = Text(f"samples: {directory / 'samples.npz'}{page_line}")  # names are no markup
    table.add_row("steps", f"{int(trained.state.step)}")
    rows = trained.rows
    if trained.run_seconds:
        table.add_row("seconds", f"{trained.run_seconds:.1f} + {trained.compile_seconds:.1f} to compile")
    last = rows[-max(1, len(rows) // 10) :]
    for name in [name for name in (rows[-1] if rows else {}) if name not in ("step", "seconds")]:
        table.add_row(f"{name}, last tenth", f"{np.mean(np.asarray([row.get(name) for row in last], float)):.4g}")
    for name, pair in judged.items():
        table.add_row(name, *(f"{value:.4g}" for value in pair))
    return table


if __name__ == "__main__":
    ended(main)
