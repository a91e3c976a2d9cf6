"""One objective on one target, all seeds side by side: train, judge, and keep everything that the report shows."""

import json
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.configs import Problem, Pushforward
from experiments.configs.features import AnyObjective, options_of
from experiments.shared.budgets import PARTS, Cost, Equal
from experiments.shared.first_look import first_look
from experiments.shared.judging import Judges
from experiments.shared.tasks import Task
from igm_jax import Generator, Objective
from igm_jax.arrays import read_npz
from igm_jax.base import Key
from igm_jax.files import write_npz
from igm_jax.reporting import field_on_grid, grid_of
from igm_jax.training import NonFiniteError, Run, TrainState, plain, provenance, train, training

POINTS, IMAGES = 500, 200
FIELD_SIDE, FIELD_ARROWS, FIELD_SAMPLES = 33, 17, 256


class Group(NamedTuple):
    """What came out of one objective on one target.

    Attributes:
        config: the settings that made it.
        metrics: the judges' numbers, one dictionary a seed, empty for a seed that broke; no dictionaries where all did.
        costs: ``seconds``, ``compile_seconds``, ``memory_mb`` of all seeds together.
        provenance: commit, versions, device and date.
        broken: why training broke, or the empty text.
        arrays: ``steps`` and ``frames`` of the first seed's samples through training, ``samples`` at its end, curves as
            ``curve/NAME`` (k, seeds) at ``curve_steps``, and in the plane ``field/points``, ``velocities``, ``heights``.
    """

    config: dict[str, Any]
    metrics: list[dict[str, float]]
    costs: dict[str, float]
    provenance: dict[str, Any]
    broken: str
    arrays: dict[str, np.ndarray]


class Budget(NamedTuple):
    """What every objective is given alike; if time or compute is equal, ``steps`` is what an objective gets of it."""

    generator: Pushforward
    optimizer: Any
    steps: int
    batch_size: int
    average: float
    seeds: int
    samples: int
    equal: Equal = "updates"
    cost: Cost | None = None


class _Recorder:
    """Looks at a run at every snapshot; the run itself is not touched."""

    def __init__(self, problem: Problem, generator: Generator, objective: Objective, judge: Judges):
        points = IMAGES if problem.of_images else POINTS
        self.draw = jax.jit(jax.vmap(lambda params: generator.sample(params, jax.random.key(2), points)))
        self.judge, self.problem, self.objective = judge, problem, objective
        self.steps: list[int] = []
        self.frames: list[np.ndarray] = []
        self.looks: list[list[dict[str, float]]] = []
        self.field: dict[str, np.ndarray] = {}

    def __call__(self, state: TrainState, rows: Any) -> None:
        del rows
        samples = np.asarray(self.draw(state.average))
        self.steps.append(int(state.step[0]))
        self.frames.append(samples[0])
        finite = np.isfinite(samples).all()
        self.looks.append([self.judge.quick(fake) if finite else {} for fake in samples])
        if self.problem.space.dim == 2 and len(self.steps) == 3:  # early, while the field still has something to say
            state_of_first = jax.tree.map(lambda leaf: leaf[0], state.objective_state)
            self.field = field(self.objective, state_of_first, samples[0][:FIELD_SAMPLES], self.judge.real)

    def arrays(self, rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
        """Everything recorded, with the measures of the log."""
        names = [name for name in (rows[0] if rows else {}) if name not in ("step", "seconds")]
        logged = {f"curve/{name}": np.asarray([row[name] for row in rows], float) for name in names}
        looked = {f"look/{name}": np.asarray([[one.get(name, np.nan) for one in look] for look in self.looks], float)
                  for name in (self.looks[0][0] if self.looks else {})}  # fmt: skip
        numbers = np.asarray([row["step"] for row in rows])
        frames = {"steps": np.asarray(self.steps), "frames": np.asarray(self.frames)}
        return frames | {"curve_steps": numbers} | logged | looked | self.field


def field(objective: Objective, state: Any, x: np.ndarray, data: np.ndarray) -> dict[str, np.ndarray]:
    """Witness and velocity of an objective on a grid around plane data, of which as many are used as there are samples.

    Returns:
        ``field/points`` (k, 2), ``field/velocities`` (k, 2), and ``field/heights`` (k,) where there is a witness.
    """
    low, high = data.min(0), data.max(0)
    edge = 0.12 * (high - low)
    fine, coarse = (grid_of(low - edge, high + edge, side).astype(x.dtype) for side in (FIELD_SIDE, FIELD_ARROWS + 2))
    found = field_on_grid(objective, state, fine, x, data[: len(x)], coarse=coarse, key=jax.random.key(3))
    heights = {} if found.witness is None else {"field/heights": found.witness}
    return {"field/points": found.points, "field/velocities": found.velocities} | heights


def run_of(name: str, kind: AnyObjective, problem: Problem, budget: Budget) -> Run:
    """How one objective trains the generator on a target."""
    return training(
        budget.generator.build(problem.space),
        kind.build(problem.space),
        budget.optimizer.build(budget.steps),
        problem.target,
        budget.batch_size,
        inner_steps=kind.inner_steps,
        average=budget.average,
        name=name,
    )


def trained_group(
    name: str,
    config: dict[str, Any],
    kind: AnyObjective,
    problem: Problem,
    budget: Budget,
    judge: Judges,
) -> Group:
    """Train all seeds of one objective under a budget, and judge them; ``config`` is what the results file says of it.

    A run that broke has no metrics, and says why. Seeds run side by side stop together, so where one breaks each is trained
    again by itself.
    """
    keys = jax.random.split(jax.random.key(0), budget.seeds)
    group = _trained(name, config, kind, problem, budget, judge, keys)
    if not group.broken or len(keys) == 1:
        return group
    alone = [_trained(name, config, kind, problem, budget, judge, key[None]) for key in keys]
    whole = [one for one in alone if not one.broken]
    if not whole:
        return group
    costs = {cost: float(np.mean([one.costs[cost] for one in whole])) for cost in whole[0].costs}
    return whole[0]._replace(
        metrics=[one.metrics[0] if one.metrics else {} for one in alone],
        costs=costs | {"seconds": costs["seconds"] * len(keys)},
        broken=f"{len(keys) - len(whole)} of {len(keys)} seeds: {group.broken}",
    )


def _trained(
    name: str,
    config: dict[str, Any],
    kind: AnyObjective,
    problem: Problem,
    budget: Budget,
    judge: Judges,
    keys: Key,
) -> Group:
    """Train seeds side by side and judge them."""
    objective, generator = kind.build(problem.space), budget.generator.build(problem.space)
    run = run_of(name, kind, problem, budget)
    recorder = _Recorder(problem, generator, objective, judge)
    chunk = max(1, budget.steps // PARTS)
    options: dict[str, Any] = {
        "chunk": chunk,
        "every": budget.steps,
        "log_every": chunk,
        "on_chunk": first_look(objective, problem, lambda state: recorder.draw(state.average)[0], recorder),
        "progress": False,
    }
    try:
        trained = train(run, keys, budget.steps, **options)
    except NonFiniteError as error:
        return Group(config, [], {}, provenance(), str(error), recorder.arrays([]))
    number = len(judge.real)
    draw = jax.jit(jax.vmap(lambda params, key: generator.sample(params, key, number)))
    samples = np.asarray(draw(trained.state.average, jax.random.split(jax.random.key(4), len(keys))))
    metrics = [judge.final(real=judge.real, fake=fake) for fake in samples]
    costs = {
        "seconds": trained.run_seconds,
        "compile_seconds": trained.compile_seconds,
        "memory_mb": float("nan") if trained.memory_bytes is None else trained.memory_bytes / 2**20,
    }
    arrays = recorder.arrays(trained.rows) | {"samples": samples[0]}
    return Group(config, metrics, costs, provenance(), "", arrays)


def training_task(
    title: str, name: str, kind: AnyObjective, problem: Problem, budget: Budget, judge: Judges
) -> Task[Group]:
    """The training of all seeds of one objective as a task, whose title names its file."""
    config = (
        flat_config(kind, budget) | ({"data": problem.fingerprint} if problem.fingerprint else {}) | dict(judge.told)
    )
    return Task(title, 0, partial(trained_group, name, config, kind, problem, budget, judge), config)


class Groups(NamedTuple):
    """A store of groups: a file each, with nothing pickled in it, of use for the settings that made it.

    Attributes:
        directory: where.
    """

    directory: Path

    def kept(self, task: Task[Group]) -> Group | None:
        """The group, if it was trained under the task's settings; None where it is absent, damaged or another."""
        try:
            arrays = read_npz(self._path(task))
            story = json.loads(str(arrays.pop("story")))
            group = Group(arrays=arrays, **story)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return group if group.config == plain(task.config) else None

    def keep(self, task: Task[Group], found: Group) -> None:
        """Write the group, whole or not at all."""
        story = json.dumps({name: plain(value) for name, value in found._asdict().items() if name != "arrays"})
        write_npz(self._path(task), {"story": story, **found.arrays}, compressed=True)

    def _path(self, task: Task[Group]) -> Path:
        return self.directory / f"{task.name}.npz"


def flat_config(kind: AnyObjective, budget: Budget) -> dict[str, Any]:
    """The settings of an objective and of the budget, as plain values."""
    return plain({"objective": options_of(kind), **budget._asdict(), "inner_steps": kind.inner_steps})
