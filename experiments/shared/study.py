"""What the studies share: their command, a table of texts, a row's common part, a directory that is tried before the work."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import rich
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from igm_jax.reporting import to_console, to_markdown, write_jsonl, write_whole
from igm_jax.reporting.tables import Cell, Line, Table
from igm_jax.reporting.terminal import command_line
from igm_jax.training import NonFiniteError, RunDirectoryError, RunMismatchError, plain, provenance

Pictures = Mapping[str, tuple[bytes, str]]

PAGE = ("rows.jsonl", "report.md")
"""The files that each study writes."""

C = TypeVar("C")
R = TypeVar("R")


def command(
    name: str,
    config_type: type[C],
    description: str,
    prepared: Callable[[C], C],
    run: Callable[[C], R],
    arguments: Sequence[str] | None,
) -> R:
    """What every study's command does: read the settings, check all that can be wrong before any work, work.

    Args:
        name: the module's, below ``experiments``.
        config_type: the settings.
        description: for ``--help``.
        prepared: ``settings -> settings``, checked; its errors are told and end the command with status 2.
        run: ``settings -> result``; stopped with Ctrl-C, it keeps what was finished.
        arguments: of the command line; None for the process's own.

    Returns:
        What ``run`` does.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if "preset" in getattr(config_type, "__dataclass_fields__", {}):
            words = with_preset(words)
    except ValueError as error:
        sys.exit(ended_with(error))
    given = command_line(config_type, words, f"python -m experiments.{name}", description=description)
    try:
        config = prepared(given)
        from igm_jax.reporting import figures  # noqa: F401  (if the extra is missing, say so now and not at the end)
    except (OSError, TypeError, ValueError, ImportError) as error:
        sys.exit(ended_with(error))
    try:
        return run(config)
    except (RunDirectoryError, RunMismatchError) as error:  # another run's directory, found when it is opened
        sys.exit(ended_with(error))
    except NonFiniteError as error:
        sys.exit(ended_with(error, 1))
    except KeyboardInterrupt:
        sys.exit("stopped; the finished runs are kept, and the same command goes on from there")


def ended_with(text: object, status: int = 2) -> int:
    """Tell a text on the error stream, and give the exit status that the command ends with."""
    print(text, file=sys.stderr)
    return status


def with_preset(words: Sequence[str]) -> list[str]:
    """The words of a command line that has presets, ``--smoke`` written out: it is short for ``--preset smoke``."""
    if "--smoke" in words and any(word.split("=")[0] == "--preset" for word in words):
        raise ValueError(
            "--smoke is short for --preset smoke, so --smoke and --preset exclude each other; give one of them"
        )
    return [part for word in words for part in (("--preset", "smoke") if word == "--smoke" else (word,))]


def aside(output: Path, smoke: bool) -> Path:
    """Where results go: those of ``--smoke`` beside the others, not over them."""
    if smoke and output.name in ("", ".."):
        raise ValueError(f"`output` must be named to have a place beside it for --smoke, but is {str(output)!r}")
    return output.with_name(f"{output.name}-smoke") if smoke else output


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


def progress(left: ProgressColumn | None = None) -> Progress:
    """A bar on the terminal's error stream, which says what is being done, with a column for the time that is left."""
    remaining = left or TimeRemainingColumn(compact=True)
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), remaining)
    # The time that is left is judged by all that was done: a single run may well take longer than rich's half minute.
    return Progress(*columns, console=Console(stderr=True, force_jupyter=False), speed_estimate_period=float("inf"))


def distinct(name: str, values: Sequence[float], *, least: float | None = None) -> None:
    """An error unless there is at least one number, each once as results name it (to six digits), and none is too small.

    Args:
        name: the option's.
        values: its numbers.
        least: of these; None for numbers above 0.
    """
    for value in values:
        if not (0 < value < float("inf") if least is None else least <= value < float("inf")):
            told = "positive" if least is None else f"at least {least:g}"
            raise ValueError(f"`{name}` must be {told} and finite, but is {value}")
    if len({f"{value:g}" for value in values}) < max(1, len(values)):
        raise ValueError(f"`{name}` must be at least one number, each once (to six digits), but is {values}")


def writable(directory: Path, folders: Sequence[str] = ()) -> None:
    """An error that says what to do, unless the directory can be written; older results stay where they are.

    Args:
        directory: the directory.
        folders: folders in it that are written besides tables and rows.
    """
    for name in PAGE:
        if (directory / name).is_dir():
            raise IsADirectoryError(
                f"cannot write {directory / name}: it is a directory; move it, or choose another place"
            )
    for name in folders:
        if (directory / name).exists() and not (directory / name).is_dir():
            raise NotADirectoryError(
                f"cannot write into {directory / name}: it is a file; move it, or choose another place"
            )
    write_whole(directory / ".writable", "").unlink()


def short(commit: str) -> str:
    """The beginning of a commit's name, and whether there were changes on top of it."""
    return commit[:10] + ("+changes" if "+" in commit else "")


def origin(rows: Sequence[dict[str, Any]]) -> str:
    """Where rows come from, in a sentence: command, commit, device, versions, date."""
    row = rows[-1]
    device, versions = row["device"], row["versions"]
    return (
        f"Made by `python -m experiments.{row['experiment']}` at commit {short(row['commit'])} on {device['platform']}"
        f" ({device['kind']}, {device['cpus']} cores) with jax {versions['jax']}, Python {versions['python']},"
        f" {row['date'][:10]}."
    )


def write(directory: Path, title: str, text: str, tables: Sequence[Table], rows: list[dict], pictures: dict) -> None:
    """A study's results: ``rows.jsonl``, and a page with its title, the text that says what it is about, tables and pictures."""
    write_jsonl(directory / PAGE[0], rows)
    write_page(directory, [f"# {title}\n", text + "\n", origin(rows) + "\n"], tables, pictures)


def write_page(directory: Path, head: Sequence[str], tables: Sequence[Table], pictures: Pictures) -> None:
    """Print the tables, and write ``report.md`` and the pictures, each whole or not at all.

    Args:
        directory: where they go.
        head: paragraphs that come first on the page.
        tables: which follow.
        pictures: which end it, each with what is to be seen: ``file name: (content, caption)``.
    """
    for name, (content, _) in pictures.items():
        write_whole(directory / name, content)
    shown = [f"![{caption}]({name})\n\n{caption}\n" for name, (_, caption) in pictures.items()]
    write_whole(directory / PAGE[1], "\n".join([*head, *map(to_markdown, tables), *shown]))
    for some in tables:
        rich.print(to_console(some))
    rich.print(f"Tables, rows and pictures are in {directory}.")
