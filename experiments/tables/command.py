"""What every table's command does: its runs, each kept as it ends, then the tables and pictures.

A command that is stopped goes on where it was when it is given again, since every finished run is a row of ``rows.jsonl``.
"""

import dataclasses
import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import rich
import tyro

from experiments.shared.study import progress, row_maker, writable
from experiments.tables.published import Entry, tabulated
from experiments.tables.workers import ended
from igm_jax import checks
from igm_jax.reporting import append_jsonl, read_jsonl, to_console, to_latex, to_markdown, write_whole
from igm_jax.reporting.tables import Table
from igm_jax.training import plain

Preset = Literal["smoke", "cpu", "full"]
Pictures = Mapping[str, tuple[bytes, str]]


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings that all tables share."""

    smoke: bool = False
    """A run of seconds that shows that everything works; its numbers mean nothing."""
    cpu: bool = False
    """Made for about 20 minutes on two idle cores (the default); the pages say what each took."""
    full: bool = False
    """The paper's own budget: for a GPU, or for patience."""
    seed: int = 0
    """The first seed."""
    seeds: int | None = None
    """Independent runs of what is random; by default as many as the preset has."""
    workers: int = 1
    """Runs at once, each in a process of its own: on CPUs as many as there are cores, where runs are small."""
    output: Path | None = None
    """The directory for tables, rows and pictures; by default results/tables/NAME/PRESET."""

    @property
    def preset(self) -> Preset:
        return "smoke" if self.smoke else "full" if self.full else "cpu"

    @property
    def directory(self) -> Path:
        """Where results go, once the settings are ``prepared``."""
        return Path() if self.output is None else self.output


class Found(NamedTuple):
    """What a run found.

    Attributes:
        metrics: numbers, by name.
        arrays: what pictures need, by name.
        compile_seconds: of the run's time, if it was measured.
    """

    metrics: dict[str, float]
    arrays: Mapping[str, Any] = {}
    compile_seconds: float | None = None


class Task(NamedTuple):
    """One run: what it is about, its seed, and how it is done."""

    name: str
    seed: int
    run: Callable[[], Found]


Results = Mapping[str, Sequence[Found]]
"""For each task's name what its seeds found, in order."""

C = TypeVar("C", bound=Config)


class Part(NamedTuple):
    """One table of a page: its title, what it shows, its cells, and what stands above the names of its lines."""

    title: str
    caption: str
    entries: Sequence[Entry]
    heading: str = ""

    def table(self) -> Table:
        return tabulated(*self)


class Publication(NamedTuple):
    """A published result, and how it is made again.

    Attributes:
        name: the module's name; the module of ``tasks`` holds this as ``PUBLICATION``, where workers look for it.
        title: what it is, with the paper's number.
        text: what is done, in a paragraph.
        tasks: ``config -> the runs``, quick ones first, and the same whenever asked; the config is checked here, before any
            work.
        parts: ``(config, results) -> the tables``.
        differs: ``config -> what is not as in the paper``, a line each; empty if all is.
        pictures: ``(config, results) -> file name: (png, caption)``.
    """

    name: str
    title: str
    text: str
    tasks: Callable[[Any], Sequence[Task]]
    parts: Callable[[Any, Results], Sequence[Part]]
    differs: Callable[[Any], Sequence[str]]
    pictures: Callable[[Any, Results], Pictures] = lambda config, results: {}


def main(publication: Publication, config_type: type[C], arguments: Sequence[str] | None = None) -> None:
    """The command of one table.

    Args:
        publication: the table.
        config_type: its settings, a subclass of ``Config``.
        arguments: of the command line; by default the process's own.
    """
    config = tyro.cli(
        config_type,
        args=arguments,
        description=f"{publication.title}\n\n{publication.text}",
        prog=f"python -m experiments.tables.{publication.name}",
    )
    try:
        config = prepared(config, publication.name)
        tasks = publication.tasks(config)
        from igm_jax.reporting import figures  # noqa: F401  (if the extra is missing, say so now and not at the end)

        done = finished(config)
    except (OSError, TypeError, ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    try:
        results = worked(publication, config, tasks, done)
    except KeyboardInterrupt:
        sys.exit("stopped; the finished runs are kept, and the same command goes on from there")
    written(publication, config, results)


def prepared(config: C, name: str) -> C:
    """The settings, checked, with the number of seeds left to the table and the directory named."""
    if config.smoke + config.cpu + config.full > 1:
        raise ValueError("--smoke, --cpu and --full exclude each other; give one of them, or none for --cpu")
    checks.count("seed", config.seed, least=0)
    checks.count("workers", config.workers)
    if config.seeds is not None:
        checks.count("seeds", config.seeds)
    output = config.output or Path("results/tables") / name / config.preset
    writable(output)
    return dataclasses.replace(config, output=output)


def finished(config: Config) -> list[dict[str, Any]]:
    """The rows of an earlier, stopped command with the same settings; an error for other settings."""
    path = _rows(config)
    rows = read_jsonl(path) if path.exists() else []
    wanted = _settings(config)
    for row in rows:
        found = row["config"]["settings"]
        if found != wanted:
            names = ", ".join(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
            raise ValueError(
                f"{str(path)!r} must hold runs with these settings, but its runs differ in {names};"
                " choose another --output, or move that directory away"
            )
    return rows


def worked(
    publication: Publication, config: Config, tasks: Sequence[Task], rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[Found]]:
    """Do what is not done yet, keeping each run as it ends; all runs' findings."""
    make_row = row_maker(f"tables.{publication.name}", config)
    done = {(row["target"], row["seed"]): row["metrics"] for row in rows}
    found = {
        i: Found(done[task.name, task.seed], _load(config, task))
        for i, task in enumerate(tasks)
        if (task.name, task.seed) in done
    }
    with progress() as bar:
        shown = bar.add_task("", total=len(tasks), completed=len(found))

        def tell(i: int) -> None:
            bar.update(shown, description=f"{tasks[i].name}, seed {tasks[i].seed}")

        def sent(i: int) -> tuple[str, Config, int, str, int]:
            # A task is a closure, which cannot be sent: a worker is told its number, and makes all of them again.
            return _module(publication), config, i, tasks[i].name, tasks[i].seed

        missing = [i for i in range(len(tasks)) if i not in found]
        runs = ended(missing, config.workers, lambda i: _timed(tasks[i]), _numbered, sent, tell)
        with closing(runs):
            for i, (one, seconds) in runs:
                task = tasks[i]
                row = make_row(task.name, publication.name, task.seed, one.metrics, seconds, one.compile_seconds)
                row["config"] = {"settings": _settings(config), "workers": config.workers}
                _save(config, task, one.arrays)  # before the row that says that it is done
                append_jsonl(_rows(config), [row])
                found[i] = one
                bar.advance(shown)
    results: dict[str, list[Found]] = {}
    for i, task in enumerate(tasks):
        results.setdefault(task.name, []).append(found[i])
    return results


def _module(publication: Publication) -> str:
    name = publication.tasks.__module__
    return f"experiments.tables.{publication.name}" if name == "__main__" else name


def _numbered(module: str, config: Config, number: int, name: str, seed: int) -> tuple[Found, float]:
    task = import_module(module).PUBLICATION.tasks(config)[number]
    if (task.name, task.seed) != (name, seed):
        raise RuntimeError(
            f"run {number} should be {name!r} with seed {seed}, but is {task.name!r} with {task.seed} now"
        )
    found, seconds = _timed(task)
    return found._replace(arrays={key: np.asarray(array) for key, array in found.arrays.items()}), seconds


def _timed(task: Task) -> tuple[Found, float]:
    start = time.perf_counter()
    return task.run(), time.perf_counter() - start


def written(publication: Publication, config: Config, results: Results) -> None:
    """Print the tables; write ``report.md``, ``table.tex``, ``entries.jsonl`` and the pictures."""
    directory, rows = config.directory, read_jsonl(_rows(config))
    parts, pictures = publication.parts(config, results), publication.pictures(config, results)
    for name, (content, _) in pictures.items():
        write_whole(directory / name, content)
    lines = [json.dumps(_judged(part, entry, config, rows)) for part in parts for entry in part.entries]
    write_whole(directory / "entries.jsonl", "".join(line + "\n" for line in lines))
    tables = [part.table() for part in parts]
    write_whole(directory / "table.tex", "\n".join(map(to_latex, tables)))
    write_whole(directory / "report.md", _page(publication, config, tables, pictures, rows))
    for some in tables:
        rich.print(to_console(some))
    rich.print(f"Tables, rows and pictures are in {directory}.")


def _page(publication: Publication, config: Config, tables: Sequence[Table], pictures: Pictures, rows: Sequence) -> str:
    differs = [f"- {line}" for line in publication.differs(config)] or ["- Nothing."]
    shown = [f"![{caption}]({name})\n\n{caption}\n" for name, (_, caption) in pictures.items()]
    seconds = sum(row["seconds"] for row in rows)
    devices = _each("{platform} ({kind}, {cpus} cores)".format(**row["device"]) for row in rows)
    commits = _each(row["commit"][:10] + "+changes" * ("+" in row["commit"]) for row in rows)
    versions = _each(row["versions"]["jax"] for row in rows)
    made = (
        f"`python -m experiments.tables.{publication.name} --{config.preset}`: {seconds:.0f} s in {len(rows)} runs on"
        f" {devices}, jax {versions}, commit {commits}, {rows[-1]['date'][:10]}."
    )
    head = [f"# {publication.title}\n", publication.text + "\n", made + "\n", "What is not as in the paper:\n"]
    return "\n".join([*head, *differs, "", *map(to_markdown, tables), *shown])


def _each(told: Iterable[str]) -> str:
    """What rows tell, each once: a table that was resumed may have begun elsewhere."""
    return ", ".join(dict.fromkeys(told))


def _different(told: Iterable[dict[str, Any]]) -> dict[str, Any] | list[dict[str, Any]]:
    """The same of what is not a text: one where all are alike, else a list."""
    found: list[dict[str, Any]] = []
    for one in told:
        found += [one] * (one not in found)
    return found[0] if len(found) == 1 else found


def _judged(part: Part, entry: Entry, config: Config, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One cell with everything that is needed to check it."""
    ours = [float(value) if np.isfinite(value) else None for value in entry.ours]
    return {
        "table": part.title, "line": entry.line, "column": entry.column,
        "published": entry.published, "published_spread": entry.spread, "ours": ours,
        "agrees": entry.agrees, "rule": entry.rule.text if entry.rule else None, "config": _settings(config),
        "seed": config.seed, "commit": _each(row["commit"] for row in rows),
        "versions": _different(row["versions"] for row in rows), "device": _different(row["device"] for row in rows),
        "date": rows[-1]["date"],
    }  # fmt: skip


def _settings(config: Config) -> dict[str, Any]:
    """What decides the numbers: the preset and the table's own settings, not where results go."""
    settings = plain(config)
    for name in ("kind", "output", "workers", "smoke", "cpu", "full"):
        settings.pop(name)
    return {"preset": config.preset, **settings}


def _rows(config: Config) -> Path:
    return config.directory / "rows.jsonl"


def _kept(config: Config, task: Task) -> Path:
    return config.directory / "arrays" / f"{re.sub(r'[^A-Za-z0-9]+', '-', task.name).strip('-')}-{task.seed}.npz"


def _save(config: Config, task: Task, arrays: Mapping[str, Any]) -> None:
    if arrays:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **{name: np.asarray(a) for name, a in arrays.items()})  # pyrefly: ignore
        write_whole(_kept(config, task), buffer.getvalue())


def _load(config: Config, task: Task) -> dict[str, np.ndarray]:
    path = _kept(config, task)
    if not path.exists():
        return {}
    with np.load(path) as found:
        return dict(found)
