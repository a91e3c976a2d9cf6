"""Let particles flow towards a target in the plane, under any objective, and watch them.

    python -m experiments.flow
    python -m experiments.flow score-difference grid --source square
    python -m experiments.flow sinkhorn moons --steps 200
    python -m experiments.flow drifting checkerboard --particles 2000

The first command sends a ring of 1000 particles along the score difference to 25 Gaussians. Each command writes a moving
picture (``flow.gif``), a page with a slider (``flow.html``) and the numbers (``flow.json``) to its directory, and prints the
exact distance to a fresh draw of the target, before and after, with the floor of one draw against another.

A particle flow is training: its generator is the particles themselves, and plain gradient descent with the rate
``step · particles`` moves each of them by ``step`` times the objective's velocity. There is no second loop here. The step is
chosen so that the first one is equally long for all objectives, and falls to zero along half a cosine.

On two cores the first command takes about half a minute; any choice with ``--smoke`` some seconds.
"""

import dataclasses
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from jaxtyping import Array
from rich.console import Console

from experiments.configs import ObjectiveChoice, Problem, TargetChoice, narrowed
from experiments.configs.fields import score_difference
from experiments.configs.targets import grid
from experiments.shared.study import ended_with, writable
from igm_jax import checks
from igm_jax.base import Key
from igm_jax.evaluation import MEASURES, exact_w2, mode_coverage
from igm_jax.generators import particles
from igm_jax.reporting import FLOOR, Cell, Line, Table, to_console, write_whole
from igm_jax.reporting.terminal import command_line, ended
from igm_jax.training import NonFiniteError, Run, Trained, plain, provenance, train, training

JUDGED, HELD = 1000, 20


@dataclasses.dataclass(frozen=True)
class Flow:
    """Let particles flow towards a target in the plane, under any objective."""

    objective: ObjectiveChoice = dataclasses.field(default_factory=lambda: score_difference(bandwidth=0.2))
    target: TargetChoice = dataclasses.field(default_factory=grid)
    source: Literal["ring", "square", "normal"] = "ring"
    """Where the particles start: on a circle, in a square, or from a Gaussian, as wide as the target."""
    particles: int = 1000
    """How many; each step also draws as many data."""
    steps: int = 400
    """Steps of the flow."""
    stride: float = 0.05
    """How far the particles move in the first step, as a root mean square, in median distances of the data."""
    frames: int = 60
    """Pictures of the animation."""
    seed: int = 0
    """Seed of everything random."""
    directory: Path | None = None
    """Where the results go; by default results/flow/OBJECTIVE-TARGET-SOURCE."""
    smoke: bool = False
    """Only try whether everything works: few particles and steps."""


class Film(NamedTuple):
    """What a flow left behind.

    Attributes:
        steps: (k,) when the snapshots were taken.
        frames: (k, n, 2) the particles then.
        trained: what ``train`` returned.
    """

    steps: np.ndarray
    frames: np.ndarray
    trained: Trained


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the results are written, 1 if the flow broke, 2 for a wrong config, 130 after Ctrl-C."""
    options = (tyro.conf.CascadeSubcommandArgs, tyro.conf.OmitSubcommandPrefixes)
    config = command_line(Flow, arguments, "python -m experiments.flow", config=options)
    try:
        config = _small(config) if config.smoke else config
        problem, flow = prepared(config)
        directory = config.directory or Path("results", "flow", _title(config, problem).replace(" ", "-"))
        writable(directory)  # complain before the work, and leave older results alone
        film = filmed(problem, flow, config)
        numbers = judged(film, problem, config)
        table = tabulated(numbers, film, problem, config)
        write_results(directory, config, problem, film, table, numbers)
    except NonFiniteError as error:
        return ended_with(error, 1)
    except (ValueError, TypeError, OSError, ImportError) as error:
        return ended_with(error)
    except KeyboardInterrupt:
        return ended_with("stopped; nothing was written", 128 + signal.SIGINT)
    Console().print(to_console(table))
    print(f"{directory / 'flow.html'} plays it; {directory / 'flow.gif'} shows it anywhere")
    return 0


def prepared(config: Flow) -> tuple[Problem, Callable[[Any], Run]]:
    """The target, and the flow for any rate of gradient descent, a number or a schedule.

    Raises:
        ValueError, TypeError, OSError, ImportError: for choices that cannot be; each text says what to do.
    """
    from igm_jax.reporting import figures, report  # noqa: F401  (if the extra is missing, say so now and not at the end)

    for name in ("particles", "steps", "frames"):
        checks.count(name, getattr(config, name), least=2 if name == "particles" else 1)
    checks.seed("seed", config.seed)
    problem = config.target.build()
    if problem.space.dim != 2:
        raise ValueError(
            f"a flow is shown in the plane, but {problem.name!r} has {problem.space.dim} features; choose a target with two,"
            " or train a generator: python -m experiments.train"
        )
    checks.positive("stride", config.stride)
    start = source(config.source, jax.random.key(config.seed), config.particles, problem)
    objective, n, inner_steps = config.objective.build(problem.space), config.particles, config.objective.inner_steps

    def flow(rate: Any) -> Run:
        sgd, name = optax.sgd(rate), config.objective.name
        return training(particles(start), objective, sgd, problem.target, n, inner_steps=inner_steps, name=name)

    return problem, flow


def source(name: str, key: Key, n: int, problem: Problem) -> Array:
    """The places (n, 2) of the particles at the start, with the target's mean, and its standard deviation."""
    key_data, key_noise = jax.random.split(key)
    data = problem.target(key_data, 1000)
    radius = jnp.sqrt(jnp.mean(jnp.sum(jnp.square(data - data.mean(0)[None]), axis=1)))
    if name == "ring":
        angles = 2 * jnp.pi * jnp.arange(n, dtype=data.dtype) / n
        shape = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    elif name == "square":
        shape = jax.random.uniform(key_noise, (n, 2), minval=-1.0, maxval=1.0) * jnp.sqrt(1.5)
    else:
        shape = jax.random.normal(key_noise, (n, 2)) / jnp.sqrt(2.0)
    return data.mean(0)[None] + radius * shape


def filmed(problem: Problem, flow: Callable[[Any], Run], config: Flow) -> Film:
    """Train, which here means flow, and keep snapshots, from the first step to the last."""
    key, frames = jax.random.key(config.seed), {}
    # Each objective measures its velocity in units of its own, so measure it: with the particles held still, and long
    # enough for a critic to look at them.
    speed = train(flow(0.0), key, HELD, progress=False, log_every=HELD).rows[-1]["velocity"]
    step = config.stride * problem.space.scale / max(speed, 1e-12)

    def rate(count: Array) -> Array:
        return step * config.particles * 0.5 * (1 + jnp.cos(jnp.pi * count.astype(float) / config.steps))

    def keep(state: Any, rows: Sequence[Any]) -> None:
        del rows
        frames[int(state.step)] = np.array(state.params)  # a copy: the next steps take the buffer over

    every = -(-config.steps // config.frames)
    trained = train(flow(rate), key, config.steps, chunk=every, log_every=every, on_chunk=keep)
    keep(trained.state, [])
    return Film(np.array(sorted(frames)), np.stack([frames[step] for step in sorted(frames)]), trained)


def judged(film: Film, problem: Problem, config: Flow) -> dict[str, dict[str, float]]:
    """The distance to fresh data, and the modes, before and after, and of the floor, which is another draw of the data."""
    keys = jax.random.split(jax.random.fold_in(jax.random.key(config.seed), 1))
    n = min(JUDGED, config.particles)
    fresh, other = (np.asarray(problem.held_out(key, n)) for key in keys)
    numbers = {}
    for name, points in (("before", film.frames[0]), ("after", film.frames[-1]), (FLOOR, other)):
        chosen = np.random.default_rng(config.seed).permutation(len(points))[:n]
        numbers[name] = {"w2": exact_w2(real=fresh, fake=points[chosen])}
        if problem.target.modes is not None:
            found = mode_coverage(fake=points, modes=problem.target.modes)
            numbers[name] |= {"modes": float(found.modes), "high_quality": found.high_quality}
    return numbers


def tabulated(numbers: dict[str, dict[str, float]], film: Film, problem: Problem, config: Flow) -> Table:
    """The numbers of ``judged`` as a table, with the flow's time in its caption."""
    columns = [MEASURES[name] for name in numbers[FLOOR]]
    decimals = {"modes": 0}
    lines = tuple(
        Line(name, tuple(Cell(f"{value[m.name]:.{decimals.get(m.name, m.digits)}f}") for m in columns), name == FLOOR)
        for name, value in numbers.items()
    )
    caption = (
        f"W2: exact distance of {min(JUDGED, config.particles)} particles from as many fresh data. The last line is that of"
        " other fresh data: a flow that spreads its particles more evenly than chance does can come closer."
        f" {config.steps} steps in {film.trained.run_seconds:.1f} s and {film.trained.compile_seconds:.1f} s to compile."
    )
    return Table(_title(config, problem), caption, ("", *(measure.label for measure in columns)), lines)


def write_results(
    directory: Path, config: Flow, problem: Problem, film: Film, table: Table, numbers: dict[str, dict[str, float]]
) -> None:
    """Write the moving picture, the page and the numbers, each whole or not at all."""
    from igm_jax.reporting import figures
    from igm_jax.reporting.report import Player, Report, Section, picture, write_report

    data = np.asarray(problem.target(jax.random.key(config.seed), 1000))
    view = figures.view_of(np.concatenate([data, film.frames[0]]), margin=0.06)
    name = config.objective.name
    player = Player(film.steps, {name: film.frames}, data, view=view, clock="step")
    shown = {"before": film.frames[0], "after": film.frames[-1]}
    ends = picture(
        "Before and after", "Particles in colour, data in grey.", figures.scatter_panels, shown, data, view=view
    )
    section = Section("Flow", "", (table,), (player,), (ends,))
    story = _story(config, numbers)
    shown_facts = ("source", "particles", "steps", "stride", "seed")
    facts = {name: str(getattr(config, name)) for name in shown_facts} | {"commit": story["commit"][:12]}
    summary = f"Particles that start in the shape of a {config.source} follow {name} to {problem.name}."
    moving = figures.animation(film.frames, film.steps, data, title=_title(config, problem), view=view)
    write_whole(directory / "flow.gif", moving)
    write_report(directory / "flow.html", Report(_title(config, problem), summary, facts, (section,)))
    write_whole(directory / "flow.json", json.dumps(story, indent=2) + "\n")


def _story(config: Flow, numbers: dict[str, dict[str, float]]) -> dict[str, Any]:
    settings = {name: value for name, value in plain(config).items() if name != "directory"}
    return {"experiment": "flow", "numbers": numbers, "config": settings, **provenance()}


def _title(config: Flow, problem: Problem) -> str:
    return f"{config.objective.name} {problem.name} {config.source}" + (" smoke" if config.smoke else "")


def _small(config: Flow) -> Flow:
    """The same config in miniature."""
    return dataclasses.replace(
        config,
        objective=narrowed(config.objective),
        particles=min(config.particles, 64),
        steps=min(config.steps, 12),
        frames=min(config.frames, 4),
    )


if __name__ == "__main__":
    ended(main)
