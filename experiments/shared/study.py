"""What the studies share: a table of texts, a row's common part, and a directory that is tried before the work."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rich
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from igm_jax.reporting import to_console, to_markdown, write_jsonl, write_whole
from igm_jax.reporting.tables import Cell, Line, Table
from igm_jax.training import plain, provenance


def table(title: str, caption: str, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    """A table of texts; the first of each line is its name."""
    return Table(title, caption, tuple(headings), tuple(Line(name, tuple(map(Cell, cells))) for name, *cells in lines))


def row_maker(experiment: str, config: Any) -> Callable[..., dict[str, Any]]:
    """``(target, objective, seed, metrics, seconds, compile_seconds, **config) -> row`` with all that the rows share."""
    shared, settings = provenance(), plain(config)

    def row(target: str, objective: str, seed: int, metrics: dict[str, float], seconds: float | None,
            compile_seconds: float | None, **more: Any) -> dict[str, Any]:  # fmt: skip
        place = {"experiment": experiment, "target": target, "objective": objective, "seed": seed}
        costs = {"seconds": seconds, "compile_seconds": compile_seconds, "memory_mb": None}
        return {**place, "metrics": metrics, **costs, "config": {**settings, **plain(more)}, **shared}

    return row


def progress() -> Progress:
    """A bar on the terminal's error stream, which says what is being done."""
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    return Progress(*columns, console=Console(stderr=True))


def writable(directory: Path) -> None:
    """An error that says what to do, unless the directory can be written; older results stay where they are."""
    write_whole(directory / ".writable", "").unlink()


def origin(rows: Sequence[dict[str, Any]]) -> str:
    """Where rows come from, in a sentence: command, commit, device, versions, date."""
    row = rows[-1]
    device, versions = row["device"], row["versions"]
    commit = row["commit"][:10] + "+changes" * ("+" in row["commit"])
    return (
        f"Made by `python -m experiments.{row['experiment']}` at commit {commit} on {device['platform']} ({device['kind']},"
        f" {device['cpus']} cores) with jax {versions['jax']}, Python {versions['python']}, {row['date'][:10]}."
    )


def write(directory: Path, title: str, text: str, tables: Sequence[Table], rows: list[dict], pictures: dict) -> None:
    """Print the tables, and write ``report.md``, ``rows.jsonl`` and the pictures, each whole or not at all.

    Args:
        directory: where.
        title: the page's heading.
        text: what it is about.
        tables: in order.
        rows: of results.
        pictures: for each file's name its bytes and what is to be seen.
    """
    for name, (content, _) in pictures.items():
        write_whole(directory / name, content)
    write_jsonl(directory / "rows.jsonl", rows)
    shown = [f"![{caption}]({name})\n\n{caption}\n" for name, (_, caption) in pictures.items()]
    head = [f"# {title}\n", text + "\n", origin(rows) + "\n"]
    write_whole(directory / "report.md", "\n".join([*head, *map(to_markdown, tables), *shown]))
    for some in tables:
        rich.print(to_console(some))
    rich.print(f"Tables, rows and pictures are in {directory}.")
