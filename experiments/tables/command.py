"""What every table's command does: its runs as tasks, each kept as it ends, then the tables and pictures."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from experiments.shared.study import Pictures, command, short, writable, write_page
from experiments.shared.tasks import Book, Found, Recipe, Task, deciding, worked
from experiments.tables.committed import COMMITTED, agreement, read_entries
from experiments.tables.published import Entry, tabulated
from igm_jax import checks
from igm_jax.reporting import to_latex, write_whole
from igm_jax.reporting.tables import Table

Preset = Literal["smoke", "cpu", "full"]

REPRODUCED = Path("results/reproduced")
"""Where tables go that are made again: not over those that are committed, beside which they are told."""


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings that all tables share."""

    preset: Preset = "cpu"
    """How much is done. cpu: made for about 20 minutes on two idle cores; the pages say what each took. full: the paper's own
    budget, for a GPU, or for patience. smoke (or --smoke, for short): seconds that show that everything works, with numbers that
    mean nothing."""
    seed: int = 0
    """The first seed."""
    seeds: int | None = None
    """Independent runs of what is random; by default as many as the preset has."""
    workers: int = 1
    """Runs at once, each in a process of its own: on CPUs as many as there are cores, where runs are small."""
    output: Path | None = None
    """The directory for tables, rows and pictures; by default results/reproduced/NAME/PRESET, beside the committed ones in
    results/tables."""
    expected: float | None = None
    """Seconds that the whole table should take, for the time left; told by the command that makes all of them."""
    after: float = 0.0
    """Seconds that the tables after this one should take."""

    @property
    def smoke(self) -> bool:
        """Whether it is only tried out."""
        return self.preset == "smoke"

    @property
    def directory(self) -> Path:
        """Where results go, once the settings are ``prepared``."""
        return Path() if self.output is None else self.output


Results = Mapping[str, Sequence[Found]]
"""For each task's name what its seeds found, in order."""

C = TypeVar("C", bound=Config)


def numbers(found: Sequence[Found], metric: str) -> tuple[float, ...]:
    """A metric of all seeds, in order."""
    return tuple(one.metrics[metric] for one in found)


class Part(NamedTuple):
    """One table of a page: its title, what it shows, its cells, and what stands above the names of its lines."""

    title: str
    caption: str
    entries: Sequence[Entry]
    heading: str = ""

    def table(self) -> Table:
        return tabulated(*self)

    def unjudged(self) -> "Part":
        """The same without any word on whether numbers agree, for those of a trial, which mean nothing."""
        caption = f"{self.caption} Only tried out: these numbers mean nothing, and none is judged.".strip()
        return self._replace(caption=caption, entries=[entry._replace(rule=None) for entry in self.entries])


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
    """The command of one table, whose settings are a subclass of ``Config``."""

    def ready(config: C) -> C:
        config = prepared(config, publication.name)
        publication.tasks(config)
        book(publication, config)
        return config

    def run(config: C) -> None:
        tasks, kept = timed(publication.tasks(config), config.expected), book(publication, config)
        recipe = Recipe(_module(publication), "PUBLICATION.tasks", config)
        results: dict[str, list[Found]] = {}
        for task, found in zip(tasks, worked(tasks, kept, recipe, config.workers, after=config.after), strict=True):
            results.setdefault(task.name, []).append(found)
        written(publication, config, results, kept.rows())

    description = f"{publication.title}\n\n{publication.text}"
    command(f"tables.{publication.name}", config_type, description, ready, run, arguments)


def timed(tasks: Sequence[Task], seconds: float | None) -> Sequence[Task]:
    """The tasks, which share the time that the table should take."""
    return tasks if seconds is None else [task._replace(expected=seconds / len(tasks)) for task in tasks]


def prepared(config: C, name: str) -> C:
    """The settings, checked, with the number of seeds left to the table and the directory named."""
    checks.seed("seed", config.seed)
    checks.count("workers", config.workers)
    if config.seeds is not None:
        checks.count("seeds", config.seeds)
    output = config.output or REPRODUCED / name / config.preset
    writable(output)
    return dataclasses.replace(config, output=output)


def book(publication: Publication, config: Config) -> Book:
    """The runs of an earlier, stopped command with the same settings; an error for other settings."""
    name = publication.name
    return Book(config.directory, f"tables.{name}", name, _settings(config), config.workers)


def _module(publication: Publication) -> str:
    name = publication.tasks.__module__
    return f"experiments.tables.{publication.name}" if name == "__main__" else name


def written(publication: Publication, config: Config, results: Results, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the tables, and how they stand beside the committed ones; write ``report.md``, ``table.tex``, ``entries.jsonl`` and
    the pictures.
    """
    directory = config.directory
    parts = publication.parts(config, results)
    entries = [_judged(part, entry, config, rows) for part in parts for entry in part.entries]
    found = agreement(entries, read_entries(COMMITTED / publication.name / config.preset))
    write_whole(directory / "entries.jsonl", "".join(json.dumps(entry) + "\n" for entry in entries))
    tables = [(part.unjudged() if config.smoke else part).table() for part in parts]
    write_whole(directory / "table.tex", "\n".join(map(to_latex, tables)))
    write_page(directory, _head(publication, config, rows), tables, publication.pictures(config, results))
    print(found.told())


def _head(publication: Publication, config: Config, rows: Sequence) -> list[str]:
    """What the page says before its tables."""
    differs = [f"- {line}" for line in publication.differs(config)] or ["- Nothing."]
    seconds = sum(row["seconds"] for row in rows)
    devices = _each("{platform} ({kind}, {cpus} cores)".format(**row["device"]) for row in rows)
    commits = _each(short(row["commit"]) for row in rows)
    versions = _each(row["versions"]["jax"] for row in rows)
    made = (
        f"`python -m experiments.tables.{publication.name} --preset {config.preset}`: {seconds:.0f} s in {len(rows)} runs on"
        f" {devices}, jax {versions}, commit {commits}, {rows[-1]['date'][:10]}."
    )
    head = [f"# {publication.title}\n", publication.text + "\n", made + "\n", "What is not as in the paper:\n"]
    return [*head, *differs, ""]


def _each(told: Iterable[str]) -> str:
    """What rows tell, each once: a table that was resumed may have begun elsewhere."""
    return ", ".join(dict.fromkeys(told))


def _different(told: Iterable[dict[str, Any]]) -> dict[str, Any] | list[dict[str, Any]]:
    """The same of what is not a text: one where all are alike, else a list."""
    found: list[dict[str, Any]] = []
    for one in told:
        if one not in found:
            found.append(one)
    return found[0] if len(found) == 1 else found


def _judged(part: Part, entry: Entry, config: Config, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One cell with everything that is needed to check it."""
    ours = [float(value) if np.isfinite(value) else None for value in entry.ours]
    return {
        "table": part.title, "line": entry.line, "column": entry.column,
        "published": entry.published, "published_spread": entry.spread, "ours": ours, "digits": entry.digits,
        "agrees": entry.agrees, "rule": entry.rule.text if entry.rule else None, "config": _settings(config),
        "seed": config.seed, "commit": _each(row["commit"] for row in rows),
        "versions": _different(row["versions"] for row in rows), "device": _different(row["device"] for row in rows),
        "date": rows[-1]["date"],
    }  # fmt: skip


def _settings(config: Config) -> dict[str, Any]:
    """What decides the numbers: the preset and the table's own settings, not where results go."""
    return {"preset": config.preset, **deciding(config, "preset")}
