"""Where does each objective fail? Particles flow under every one of them, in circumstances that are known to be difficult.

    python -m experiments.failures                                   a minute or two on 2 cores
    python -m experiments.failures --objectives mmd energy gan
    python -m experiments.failures --smoke                           seconds

Each objective moves 200 particles of the plane in eight scenarios at once: one healthy, then far modes, unequal weights,
duplicated data, a thin manifold, heavy tails, a collapsed start, a pair of Diracs. Its step is set on the healthy one, and is
then the same in all, so that an objective whose force dies out far from the data shows it. What is left of the exact distance W2
to fresh data is the outcome: 0 is as near as other fresh data are, 1 is no better than the start, above 1 is worse. A flow that
breaks is shown as broken; objectives that need the data's score have a dash where data have no density.

No particle moves further in a step than three times that length. Scores are as steep as 1/width²: the step that suits the
healthy scenario is 16 to 41 times too long for the narrow modes of the others, and without the limit every flow along a score
breaks there, exact as the score is. What is left is the objectives' own. Along a score particles end in the modes that are
nearest to their start. Score difference and KDE drift smooth by a tenth of the data's size, in which 200 particles have hardly a
neighbour; in the comparison, where the score difference leads, the width was searched and each step sees 512 fresh samples.
Two-batch Sinkhorn pulls no outlier back, and pushes whatever is matched with one; with a fifth of the step (``--stride 0.02``)
less than a fifth of the distance is left in every scenario.

A heat map, a table, ``report.md`` and ``rows.jsonl`` go to ``results/failures``, or with ``--smoke`` to
``results/failures-smoke``. What became of an objective is kept in ``runs`` there, so that a stopped command goes on where it was,
and one that names more objectives does only these; what could not be run is tried again.
"""

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from experiments.configs import OBJECTIVES, Space, narrowed
from experiments.shared.scenarios import SCENARIOS, Law, Scenario, judged, log_density, scenario
from experiments.shared.study import aside, command, row_maker, table, writable, write
from experiments.shared.tasks import Book, Found, Recipe, Task, deciding, worked
from igm_jax import Objective, checks, velocity
from igm_jax.distributions import Distribution
from igm_jax.reporting.tables import Table
from igm_jax.reporting.terminal import ended
from igm_jax.training.average import strong

HELD = 20

LONGEST = 3.0
"""No particle moves further in a step than so many times the length that the first step in the healthy scenario has."""

METRICS = ("left", "w2", "w2_start", "w2_floor")


@dataclasses.dataclass(frozen=True)
class Config:
    """Particle flows of every objective in difficult circumstances: what is left of the distance to the data."""

    output: Path = Path("results/failures")
    """The directory for table, rows and picture."""
    objectives: tuple[str, ...] = tuple(OBJECTIVES)
    """Which objectives, by name; all by default."""
    particles: int = 200
    """How many particles, and data; at most 2000."""
    steps: int = 200
    """Steps of each flow."""
    stride: float = 0.1
    """How far particles move in the first step of the healthy scenario, in median distances of the data."""
    width: int = 64
    """Units of a critic's hidden layers."""
    seeds: int = 1
    """Independent draws of every scenario, side by side."""
    seed: int = 0
    """The first seed."""
    workers: int = 1
    """Objectives at once, each in a process of its own; times are then of a shared machine."""
    smoke: bool = False
    """A run of seconds that shows that everything works: few particles, few steps, small critics."""


class Outcome(NamedTuple):
    """What became of an objective's flows.

    Attributes:
        places: (scenarios · seeds, n, 2) where the particles ended; NaN where the objective could not be run at all.
        seconds: of all flows together.
        compile_seconds: before they began.
        broken: why nothing could be run, or the empty text.
    """

    places: np.ndarray
    seconds: float
    compile_seconds: float
    broken: str


def flows(
    objective_of: Callable[[Law], Objective], inner_steps: int, steps: int, stride: float
) -> Callable[[Array, Array, Array, Law], Array]:
    """``(keys, starts, data, laws) -> places``: the flows of many scenarios side by side, the first of them the healthy one.

    The objective first learns for a while with particles held still. The step is then set once, so that the first move in the
    healthy scenario is ``stride`` long in the root mean square, and falls to zero along half a cosine.
    """

    def learned(law: Law, key: Array, state: Any, x: Array, y: Array) -> Any:
        objective = objective_of(law)

        def once(state: Any, key: Array) -> tuple[Any, None]:
            return strong(objective.update(key, state, x, y)[0]), None

        return jax.lax.scan(once, state, jax.random.split(key, inner_steps))[0]

    def moving(law: Law, key: Array, state: Any, x: Array, y: Array) -> Array:
        return velocity(objective_of(law), key, state, x, y)

    def flow(keys: Array, starts: Array, data: Array, laws: Law) -> Array:
        def step(carry: tuple, t: Array) -> tuple[tuple, None]:
            x, state, rate = carry
            key_state, key_loss = jax.vmap(lambda key: jax.random.split(jax.random.fold_in(key, t)), out_axes=1)(keys)
            state = jax.vmap(learned)(laws, key_state, state, x, data)
            v = jax.vmap(moving)(laws, key_loss, state, x, data)
            speed = jnp.sqrt(jnp.mean(jnp.sum(jnp.square(v[0]), axis=1)))
            rate = jnp.where(t == HELD, stride / jnp.maximum(speed, 1e-12), rate)
            falling = 0.5 * (1 + jnp.cos(jnp.pi * (t - HELD).astype(x.dtype) / steps))
            return (jnp.where(t < HELD, x, x + falling * _capped(rate * v, LONGEST * stride)), state, rate), None

        begun = strong(jax.vmap(lambda law, key, x: objective_of(law).init(key, x))(laws, keys, starts))
        start = (starts, begun, jnp.zeros((), starts.dtype))
        return jax.lax.scan(step, start, jnp.arange(HELD + steps))[0][0]

    return flow


def _capped(moves: Array, longest: float) -> Array:
    """Moves of at most a length, in their own directions; those without one are left as they are."""
    # Scaled first, since the square of a length may be infinite where the length is not.
    largest = jnp.max(jnp.abs(moves), axis=-1, keepdims=True)
    lengths = largest * jnp.linalg.norm(moves / jnp.where(largest > 0, largest, 1), axis=-1, keepdims=True)
    return jnp.where(lengths > longest, moves * (longest / jnp.where(lengths > 0, lengths, 1)), moves)


def outcome(config: Config, kind: type[Any], scenes: Sequence[Scenario]) -> Outcome:
    """The flows of one objective; one that cannot even be run is an outcome, too."""
    stacked = jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts), jnp.float32), *scenes)
    starts, data = stacked.start, stacked.data
    keys = jax.random.split(jax.random.key(config.seed), len(scenes))
    begun = time.perf_counter()
    try:
        settings = narrowed(kind(), config.width)
        flow = flows(partial(_objective, settings), settings.inner_steps, config.steps, config.stride)
        compiled = jax.jit(flow).lower(keys, starts, data, stacked.law).compile()
        built = time.perf_counter()
        places = np.asarray(compiled(keys, starts, data, stacked.law))
    except Exception as error:  # whatever it is, it belongs into the table, and the others go on
        return Outcome(np.full(starts.shape, np.nan), np.nan, np.nan, f"{type(error).__name__}: {error}".split("\n")[0])
    return Outcome(places, time.perf_counter() - built, built - begun, "")


def _objective(settings: Any, law: Law) -> Objective:
    """The objective for data of a law, of which only those that need it see the density."""
    target = Distribution("scenario", 2, lambda key, n: jnp.full((n, 2), jnp.nan), partial(log_density, law))
    return settings.build(Space(2, 1.0, target=target if settings.needs_density else None))


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    checks.choices("objectives", config.objectives, OBJECTIVES)
    for name, least in (("particles", 2), ("steps", 1), ("width", 1), ("seeds", 1), ("workers", 1)):
        checks.count(name, getattr(config, name), least=least)
    checks.seed("seed", config.seed)
    checks.positive("stride", config.stride)
    if config.particles > 2000:
        raise ValueError(f"`particles` must be at most 2000, as the exact distance takes, but is {config.particles}")
    if config.smoke:
        config = dataclasses.replace(
            config, particles=min(config.particles, 40), steps=min(config.steps, 30), width=min(config.width, 16)
        )
    config = dataclasses.replace(config, output=aside(config.output, config.smoke))
    writable(config.output)
    book(config)
    return config


class Attempts(Book):
    """A store that does not keep what could not be run, so that the same command tries it again."""

    def keep(self, task: Task[Found], found: Found) -> None:
        """Keep what became of an objective."""
        if not found.arrays["broken"]:
            super().keep(task, found)


def book(config: Config) -> Book:
    """What was run earlier with the same settings; an error for other settings. Objectives may be added to."""
    return Attempts(config.output / "runs", "failures", "flows", deciding(config, "objectives"), config.workers)


def lanes(config: Config) -> list[tuple[str, int]]:
    """Scenario and seed of the flows that run side by side, the healthy ones first."""
    seeds = range(config.seed, config.seed + config.seeds)
    return [(name, seed) for seed in seeds for name in SCENARIOS]


def tasks(config: Config) -> list[Task[Found]]:
    """Every objective in all scenarios."""
    return [Task(name, config.seed, partial(_found, config, name)) for name in config.objectives]


def _found(config: Config, objective: str) -> Found:
    scenes = [scenario(name, config.particles, seed) for name, seed in lanes(config)]
    flowed = outcome(config, OBJECTIVES[objective], scenes)
    numbers = [judged(scene, places) for scene, places in zip(scenes, flowed.places, strict=True)]
    arrays = {name: [each[name] for each in numbers] for name in METRICS}
    return Found({}, {**arrays, "broken": flowed.broken}, flowed.compile_seconds, flowed.seconds)


def run(config: Config) -> list[str]:
    """Let everything flow; print the table, write the files, and say why objectives could not be run, where they could not."""
    make_row, rows, broken = row_maker("failures", config), [], []
    recipe = Recipe("experiments.failures", "tasks", config)
    all_found = worked(tasks(config), book(config), recipe, config.workers)
    for objective, found in zip(config.objectives, all_found, strict=True):
        why, share = str(found.arrays["broken"]), (found.seconds or 0.0) / len(lanes(config))
        if why:
            broken.append(f"{objective}: {why}")
        for i, (name, seed) in enumerate(lanes(config)):
            metrics = {metric: float(found.arrays[metric][i]) for metric in METRICS}
            rows.append(make_row(name, objective, seed, metrics, share, found.compile_seconds, broken=why))
    left = mean_left(rows, config.objectives)
    shown = [tabulated(left, config, rows)]
    text = "\n\n".join([*__doc__.split("\n\n")[2:4], *broken])
    write(
        config.output, "Where each objective fails", text, shown, rows, {"failures.png": drawn(left, config.objectives)}
    )
    return broken


def mean_left(rows: list[dict[str, Any]], objectives: Sequence[str]) -> np.ndarray:
    """(objectives, scenarios) what is left, the mean over seeds; infinite where a seed broke, NaN where there is no score."""
    cells = {(name, target): [] for name in objectives for target in SCENARIOS}
    for row in rows:
        cells[row["objective"], row["target"]].append(row["metrics"]["left"])
    values = np.array([[np.mean(cells[name, target]) for target in SCENARIOS] for name in objectives])
    values[~np.isfinite(values)] = np.inf
    for i, name in enumerate(objectives):
        values[i, [not applies(name, target) for target in SCENARIOS]] = np.nan
    return values


def applies(objective: str, target: str) -> bool:
    """Whether a scenario has what an objective needs."""
    return not (OBJECTIVES[objective].needs_density and np.isnan(SCENARIOS[target][2].centres).any())


def tabulated(left: np.ndarray, config: Config, rows: list[dict[str, Any]]) -> Table:
    """The outcomes as a table, with the seconds of each objective."""
    seconds = {name: 0.0 for name in config.objectives}
    for row in rows:
        seconds[row["objective"]] += row["seconds"]
    lines = [
        [name, *map(_shown, values), f"{seconds[name]:.1f}"]
        for name, values in zip(config.objectives, left, strict=True)
    ]
    caption = (
        f"What is left of W2 to fresh data after {config.steps} steps of {config.particles} particles: 0 is as near as the data"
        f" seen, 1 no better than the start. {config.seeds} draw{'s' if config.seeds > 1 else ''} of each scenario; the settings"
        " are the objectives' defaults, and each one's step is set on the healthy scenario. Below 0: spread more evenly"
        " than chance does. A dash: the data have no density, and so no score."
    )
    return table("Where each objective fails", caption, ["objective", *SCENARIOS, "time, s"], lines)


def _shown(value: float) -> str:
    if np.isnan(value):
        return "–"
    return "broken" if np.isinf(value) else f"{value:z.2f}" if abs(value) < 1000 else f"{value:.0e}"


def drawn(left: np.ndarray, objectives: Sequence[str]) -> tuple[bytes, str]:
    """The outcomes as a heat map, and what is to be seen on it."""
    from igm_jax.reporting.figures import heat_map, png

    caption = (
        "What is left of the distance W2 to fresh data: 0 as near as other fresh data, 1 no better than the start."
    )
    return png(heat_map(left, objectives, list(SCENARIOS), label="left of W2")), caption


def main(arguments: Sequence[str] | None = None) -> None:
    if broken := command("failures", Config, __doc__, prepared, run, arguments):
        sys.exit("\n".join(broken))


if __name__ == "__main__":
    ended(main)
