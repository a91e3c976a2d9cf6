"""The one runner: tasks that are kept as they end, done in this process or in several.

A command that is stopped goes on where it was when it is given again, since what is kept is not done again.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from experiments.shared.left import Left, LeftColumn, words
from experiments.shared.study import progress, row_maker
from experiments.shared.workers import ended
from igm_jax.arrays import read_npz
from igm_jax.files import write_npz
from igm_jax.reporting import append_jsonl, read_jsonl, write_jsonl
from igm_jax.training import plain

T = TypeVar("T")


class Task(NamedTuple, Generic[T]):
    """One run.

    Attributes:
        name: what it is about; name and seed together occur once.
        seed: its seed.
        run: does it.
        config: what tells its results from those of other settings, where each task is kept with settings of its own.
        expected: seconds that it should take, for the time left; None where that is not known.
    """

    name: str
    seed: int
    run: Callable[[], T]
    config: Mapping[str, Any] = {}
    expected: float | None = None


class Found(NamedTuple):
    """What a run found.

    Attributes:
        metrics: numbers, by name.
        arrays: what tables and pictures need besides, by name.
        compile_seconds: of the run's time, if it was measured.
        seconds: of the run; where it does not say, the runner takes the time of the whole.
    """

    metrics: dict[str, float]
    arrays: Mapping[str, Any] = {}
    compile_seconds: float | None = None
    seconds: float | None = None


class Store(Protocol[T]):
    """Where tasks are kept."""

    def kept(self, task: Task[T]) -> T | None:
        """What the task found earlier; None if it has to be done."""
        ...

    def keep(self, task: Task[T], found: T) -> None:
        """Keep what it found."""
        ...


class Recipe(NamedTuple):
    """How a worker makes the tasks again: a task is a closure, which cannot be sent, so a worker is told its number.

    Attributes:
        module: the module's name.
        tasks: where its function ``config -> the tasks`` is, the same ones whenever asked, e.g. ``"PUBLICATION.tasks"``.
        config: the settings.
    """

    module: str
    tasks: str
    config: Any


OnEnd = Callable[[Mapping[int, Any], Left], None]


def worked(
    tasks: Sequence[Task[T]],
    store: Store[T],
    recipe: Recipe,
    workers: int = 1,
    *,
    first: int | None = None,
    after: float = 0.0,
    on_end: OnEnd | None = None,
) -> list[T]:
    """Do what is not done yet, keeping each task as it ends, with a bar for all of them and the time that is left.

    Args:
        tasks: in order; quick ones first.
        store: where they are kept.
        recipe: how workers find them.
        workers: how many processes at once; with one, everything is done in this process.
        first: number of the task to begin with, if it is not done; the order of the results is that of the tasks.
        after: seconds that the same command takes afterwards.
        on_end: told, after each but the last, what was found so far, by number, and the time that is left.
    """
    found = {i: one for i, task in enumerate(tasks) if (one := store.kept(task)) is not None}
    left = time_left(tasks, found, after)
    with progress(LeftColumn()) as bar:
        if found:
            more = len(tasks) - len(found)
            bar.console.print(
                f"{len(found)} of {len(tasks)} runs were found, {f'{more} to be made' if more else 'none to be made'}"
            )
        shown = bar.add_task("", total=len(tasks), completed=len(found), left=left)

        def tell(i: int) -> None:
            bar.update(shown, description=f"{tasks[i].name}, seed {tasks[i].seed}")

        def sent(i: int) -> tuple[Recipe, int, str, int]:
            return recipe, i, tasks[i].name, tasks[i].seed

        missing = sorted((i for i in range(len(tasks)) if i not in found), key=lambda i: i != first)
        runs = ended(missing, workers, lambda i: _done(tasks[i]), _numbered, sent, tell)
        with closing(runs):
            for i, one in runs:
                store.keep(tasks[i], one)
                found[i] = one
                left.end(i)
                bar.advance(shown)
                more = len(found) < len(tasks)
                if not bar.console.is_terminal:  # nobody sees the bar move: a line each
                    ahead = f", {words(left())}" if more else ""
                    bar.console.print(f"{tasks[i].name}, seed {tasks[i].seed}: {len(found)} of {len(tasks)}{ahead}")
                if on_end and more:
                    on_end(found, left)
    return [found[i] for i in range(len(tasks))]


def time_left(tasks: Sequence[Task[Any]], done: Iterable[int], after: float = 0.0) -> Left:
    """The time that is left; what is known of no task counts as much as the others on average."""
    known = [task.expected for task in tasks if task.expected is not None]
    usual = sum(known) / len(known) if known else 1.0
    expected = [usual if task.expected is None else task.expected for task in tasks]
    return Left(expected, list(done), seconds=bool(known), after=after if known else 0.0)


@lru_cache(maxsize=1)
def _made(recipe: Recipe) -> Sequence[Task]:
    return attrgetter(recipe.tasks)(import_module(recipe.module))(recipe.config)


def _numbered(recipe: Recipe, number: int, name: str, seed: int) -> Any:
    task = _made(recipe)[number]
    if (task.name, task.seed) != (name, seed):
        raise RuntimeError(
            f"run {number} should be {name!r} with seed {seed}, but is {task.name!r} with {task.seed} now"
        )
    return _done(task)


def _done(task: Task[Any]) -> Any:
    start = time.perf_counter()
    found = task.run()
    if not isinstance(found, Found):
        return found
    arrays = {name: np.asarray(array) for name, array in found.arrays.items()}
    seconds = time.perf_counter() - start if found.seconds is None else found.seconds
    return found._replace(arrays=arrays, seconds=seconds)


class Book:
    """A store of findings: a row each in ``rows.jsonl``, and their arrays in ``arrays``.

    Args:
        directory: where.
        experiment: the rows' experiment.
        objective: the rows' objective.
        settings: whatever decides the numbers of all tasks alike.
        workers: how many run at once, which the times depend on.

    Raises:
        ValueError: if the directory holds runs with other settings.
    """

    def __init__(
        self, directory: Path, experiment: str, objective: str, settings: Mapping[str, Any], workers: int
    ) -> None:
        self.path, self.objective = directory / "rows.jsonl", objective
        self.make_row = row_maker(experiment, {"settings": settings, "workers": workers})
        rows = self.rows()
        for row in rows:
            found = row["config"].get("settings")
            if not isinstance(found, dict):
                raise ValueError(
                    f"{str(self.path)!r} holds a run without its settings; choose another --output, or move it away"
                )
            if found != settings:
                names = ", ".join(name for name in {*found, *settings} if found.get(name) != settings.get(name))
                raise ValueError(
                    f"{str(self.path)!r} must hold runs with these settings, but its runs differ in {names};"
                    " choose another --output, or move that directory away"
                )
        self.done = {(row["target"], row["seed"]): row for row in rows}

    def rows(self) -> list[dict[str, Any]]:
        """The rows of all finished tasks."""
        return read_jsonl(self.path) if self.path.exists() else []

    def kept(self, task: Task[Found]) -> Found | None:
        """What the task found earlier; None if it has to be done."""
        row, path = self.done.get((task.name, task.seed)), self._arrays(task)
        if row is None:
            return None
        arrays = {}
        if path.exists():
            try:
                arrays = read_npz(path)
            except (OSError, ValueError):
                self._forget(row)  # it is done again
                return None
        return Found(row["metrics"], arrays, row["compile_seconds"], row["seconds"])

    def keep(self, task: Task[Found], found: Found) -> None:
        """Keep what the task found: first the arrays, then the row that says that it is done."""
        if found.arrays:
            write_npz(self._arrays(task), found.arrays, compressed=True)
        row = self.make_row(task.name, self.objective, task.seed, found.metrics, found.seconds, found.compile_seconds)
        append_jsonl(self.path, [row])

    def _forget(self, row: dict[str, Any]) -> None:
        write_jsonl(self.path, [other for other in self.rows() if other != row])

    def _arrays(self, task: Task[Found]) -> Path:
        name = re.sub(r"[^A-Za-z0-9]+", "-", task.name).strip("-")
        return self.path.parent / "arrays" / f"{name}-{task.seed}.npz"


def deciding(config: Any, *others: str) -> dict[str, Any]:
    """The settings that decide the numbers: all but those that say where results go, how, and ``others``."""
    left_out = ("kind", "output", "workers", "expected", "after", *others)
    return {name: value for name, value in plain(config).items() if name not in left_out}
