"""From groups of runs to tables, pictures, cards and the report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Group as Shown

from experiments.configs import Problem
from experiments.configs.words import file_name, short
from experiments.shared.findings import findings
from experiments.shared.judging import MOST_SEEN
from experiments.shared.runs import Group
from experiments.shared.sections import section, sketch
from igm_jax.evaluation import Measure, measures_of
from igm_jax.reporting import (
    FLOOR,
    Table,
    comparison_table,
    difference_table,
    rank_table,
    to_console,
    to_latex,
    to_markdown,
    write_whole,
)
from igm_jax.reporting.report import Report, Section, facts_of, picture, settings_of, write_report
from igm_jax.training import plain

Groups = Mapping[str, Group]

TITLES = {"grid": "25 Gaussians", "digits": "digits", "ring": "ring of 8 Gaussians", "photo-patches": "photo patches"}

DECISIVE = {"plane": "w2", "images": "frechet"}
"""The number by which pairs of objectives are tested."""

COLUMNS = {
    "plane": ("w2", "modes", "high_quality", "reverse_kl", "coverage", "c2st", "n50"),
    "images": (
        "frechet",
        "random_frechet",
        "kid",
        "precision",
        "recall",
        "density",
        "coverage",
        "class_reverse_kl",
        "class_entropy",
        "c2st",
        "n50",
        "memorisation",
    ),
}
"""The numbers that the tables show; of further judges what decides stands beside them, and the rest in tables of their own."""

MOST_CLASSES = 20
"""Of so many classes there is a table of the shares."""


class Summary(NamedTuple):
    """What was written: the report's path, the tables for the screen, and which runs broke."""

    path: Path
    tables: list[Shown]
    broken: list[str]


def title(target: str) -> str:
    """A target's name in tables and headings."""
    return TITLES.get(target, short(target))


def summarise(
    rows: list[dict[str, Any]],
    groups: Mapping[str, Groups],
    problems: Mapping[str, Problem],
    directory: Path,
    unfinished: str = "",
    known: dict[tuple[str, ...], Section] | None = None,
) -> Summary:
    """Write tables, pictures and the report of a comparison.

    Args:
        rows: with the floors.
        groups: for each target what came out of each objective.
        problems: the targets.
        directory: where.
        unfinished: of a comparison that goes on, how far it is; its pictures are drawn for light pages only.
        known: sections that were drawn before, by target and objectives, since each takes some seconds; new ones are added.

    Returns:
        What was written.
    """
    known, paint = {} if known is None else known, sketch if unfinished else picture
    tables = {target: _tables(rows, target, _kind(problems[target]), _seen(problems[target])) for target in groups}
    head = f"**{unfinished}**\n\n" if unfinished else ""
    write_whole(
        directory / "tables.md", head + "\n\n".join(to_markdown(t) for some in tables.values() for t in some) + "\n"
    )
    sections = []
    for target, some in tables.items():
        write_whole(directory / f"{file_name(target)}.tex", "\n".join(map(to_latex, some)))
        for name, group in groups[target].items():
            write_whole(directory / "cards" / f"{file_name(target)}-{name}.json", card(title(target), name, group))
        if (key := (target, *groups[target])) not in known:
            known[key] = section(groups[target], problems[target], rows, title(target), paint)
            for one in (*known[key].pictures, *known[key].printed):
                write_whole(directory / f"{file_name(target)}-{one.title.lower().replace(' ', '-')}.png", one.light)
        sections.append(known[key]._replace(**_words(some, rows, target, _kind(problems[target]))))
    broken = [
        f"{title(t)}, {name}: {group.broken}" for t in groups for name, group in groups[t].items() if group.broken
    ]
    text = (
        f"The same generator, the same draws of data and the same {_equal(groups)} for every objective, {_effort(groups)};"
        f" judges that no objective minimises. {' '.join(broken)}"
    )
    text = f"{unfinished} {text}" if unfinished else text
    nine = all(len(one) == 9 for one in groups.values())
    name = "One generator, nine ways to train it" if nine else "One generator, compared"
    report = Report(name, text, facts_of(rows), tuple(sections))
    path = write_report(directory / "report.html", report)
    return Summary(path, [to_console(some[0]) for some in tables.values()], broken)


def _words(tables: tuple[Table, ...], rows: list[dict[str, Any]], target: str, kind: str) -> dict[str, Any]:
    """What a section says and does not draw: findings, its tables, of which the first is seen at once, and settings."""
    mine = [row for row in rows if row["target"] == title(target)]
    trained = [row for row in mine if row["objective"] != FLOOR]
    main = tables[0]._replace(title="At the end of training")
    found = tuple(findings(mine, _measures(mine, (DECISIVE[kind],))[0], COLUMNS[kind]))
    return {"findings": found, "tables": (main,), "folded": tables[1:], "settings": settings_of(trained)}


def _tables(rows: list[dict[str, Any]], target: str, kind: str, seen: str = "") -> tuple[Table, ...]:
    """The comparison; with more than one seed also ranks and differences."""
    name = title(target)
    mine = [row for row in rows if row["target"] == name]
    names = dict.fromkeys(metric for row in mine for metric in row["metrics"])
    further = sorted({each.partition("@")[2] for each in names if "@" in each})
    metrics = _measures(mine, [*COLUMNS[kind], *(f"{DECISIVE[kind]}@{judge}" for judge in further)])
    table = comparison_table(rows, metrics, name)
    trained = [row for row in rows if row["target"] == name and row["objective"] != FLOOR]
    table = table._replace(caption=f"{table.caption} {_meant(trained)}{seen}")
    more = (*_through(rows, name, names, further), *_classes(rows, name, names))
    if len({row["seed"] for row in trained}) < 2 or len({row["objective"] for row in trained}) < 2:
        return (table, *more)
    pairs = difference_table(rows, _measures(mine, (DECISIVE[kind],))[0], name)
    return (table, rank_table(rows, metrics, name), pairs, *more)


def _measures(rows: Sequence[dict[str, Any]], names: Iterable[str]) -> list[Measure]:
    """How numbers of one target are shown, with the name of the judge in whose features they were found."""
    return measures_of(names, next((row["judge"] for row in rows if row.get("judge")), None))


def _through(rows: list[dict[str, Any]], target: str, names: Iterable[str], judges: Iterable[str]) -> tuple[Table, ...]:
    """The same numbers in the features of each further judge, a table of its own: one of all would have forty columns."""
    found = []
    for judge in judges:
        measures = measures_of(name for name in names if name.partition("@")[2] == judge)
        found.append(comparison_table(rows, measures, target)._replace(title=f"{target}, in features of {judge}"))
    return tuple(found)


def _classes(rows: list[dict[str, Any]], target: str, names: Iterable[str]) -> tuple[Table, ...]:
    """What share of the samples the classifier puts into each class."""
    shares = measures_of(each for each in names if each.startswith("class_share/"))
    if not 0 < len(shares) <= MOST_CLASSES:
        return ()
    shown = [share._replace(label=share.label.removeprefix("share of ")) for share in shares]
    table = comparison_table(rows, shown, target)
    return (table._replace(title=f"{target}, classes", caption=f"Shares by the classifier's guesses. {table.caption}"),)


def _seen(problem: Problem) -> str:
    """Against how many training images memorisation is measured, if not against all."""
    number = 0 if problem.splits is None or not problem.of_images else len(problem.splits.train.values)
    if number <= MOST_SEEN:
        return ""
    return f" Memorisation is measured against {MOST_SEEN} of the {number} training images, drawn at random."


def _meant(rows: list[dict[str, Any]]) -> str:
    """What the names in a table stand for, since settings were searched: ``energy(beta=0.5)`` is not ``energy()``."""
    settings = {row["objective"]: row["config"].get("objective", {}) for row in rows}
    calls = []
    for name, given in settings.items():
        own = [f"{key}={value}" for key, value in given.items() if not isinstance(value, dict) and value is not None]
        calls.append(f"{name}({', '.join(own)})")
    return f"Lengths are in the data's median distance: {', '.join(calls)}."


def card(target: str, name: str, group: Group) -> str:
    """What a reader needs to judge one objective's numbers, as JSON: settings, budget, costs, numbers, where they come from."""
    names = next((row for row in group.metrics if row), {})
    numbers = {metric: [row.get(metric) for row in group.metrics] for metric in names}
    story = {"target": target, "objective": name, "metrics": numbers, "broken": group.broken}
    rest = {"costs": group.costs, "config": group.config, **group.provenance}
    return json.dumps(plain({**story, **rest}), indent=1) + "\n"


def _equal(groups: Mapping[str, Groups]) -> str:
    """What was the same for all, e.g. "number of updates"."""
    config = next(iter(next(iter(groups.values())).values())).config
    return {"updates": "number of updates", "time": "time", "compute": "core-seconds"}[config["equal"]]


def _kind(problem: Problem) -> str:
    return "images" if problem.of_images else "plane"


def _effort(groups: Mapping[str, Groups]) -> str:
    """How long everybody trained, e.g. "3 seeds of 1500 updates with 256 samples each on digits"."""
    efforts = []
    for target, some in groups.items():
        config, counts = next(iter(some.values())).config, sorted({group.config["steps"] for group in some.values()})
        steps = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        efforts.append(
            f"{config['seeds']} seeds of {steps} updates with {config['batch_size']} samples each on {title(target)}"
        )
    return ", ".join(efforts)
