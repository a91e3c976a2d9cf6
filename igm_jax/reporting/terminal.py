"""What all commands have in common: settings from the command line, a terminal that takes whatever is printed, an end."""

import codecs
import contextlib
import dataclasses
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from igm_jax.files import absolute

C = TypeVar("C")


def command_line(kind: type[C], arguments: Sequence[str] | None, prog: str, **options: Any) -> C:
    """The settings that a command was given, and a terminal that takes what it will print.

    A path that begins with ``~`` lies in the home directory, also behind an equals sign, where no shell writes it out.

    Args:
        kind: the settings, a dataclass.
        arguments: of the command line; None for the process's own.
        prog: how the command is called.
        options: what else ``tyro.cli`` takes.

    Returns:
        The settings.

    Raises:
        SystemExit: after words on what is wrong, with status 2.

    Example:
        >>> import dataclasses, pathlib
        >>> from igm_jax.reporting.terminal import command_line
        >>> Draw = dataclasses.make_dataclass("Draw", [("out", pathlib.Path)])
        >>> command_line(Draw, ["--out=~/x.npy"], "draw").out == pathlib.Path.home() / "x.npy"
        True
    """
    import tyro

    make_printable()
    try:
        absolute(".")  # where the current directory is gone, nothing that is relative can be meant
        return with_homes(tyro.cli(kind, args=arguments, prog=prog, **options))
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


def ended(main: Callable[[], Any]) -> NoReturn:
    """End the process with what a command returns, also where nobody takes what it prints, or a file cannot be written.

    Args:
        main: the command; what it returns is the exit status, or a text for the error stream.

    Raises:
        SystemExit: always; with status 1 after a sentence if the system refused something, 130 after Ctrl-C.
    """
    try:
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        status = 1
        lost = (
            f"what was to be printed could not be ({error.strerror}), but files that were written are whole; send the output"
            " elsewhere, or do not end its reader early"
        )
        with contextlib.suppress(OSError):  # the error stream may be as full
            print(lost if error.errno and error.filename is None else error, file=sys.stderr)
        _unprinted()
    except KeyboardInterrupt:
        print("stopped; files that were written are whole", file=sys.stderr)
        status = 130
    raise SystemExit(status)


def _unprinted() -> None:
    """Let go of what waits to be printed, if it still cannot be: the interpreter would try again at its end."""
    with contextlib.suppress(AttributeError, ValueError):
        try:
            sys.stdout.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())


def make_printable() -> None:
    """Let no character stop a command: what a terminal or a file does not have is replaced, and warnings take a line each."""
    for stream in (sys.stdout, sys.stderr):
        encoding = getattr(stream, "encoding", None) or "ascii"
        if hasattr(stream, "reconfigure"):
            # UTF-8 has everything but the bytes in a file's name that are no text.
            stream.reconfigure(errors="backslashreplace" if codecs.lookup(encoding).name == "utf-8" else "replace")
    warnings.formatwarning = lambda message, *where, **more: f"{message}\n"  # pyrefly: ignore


def with_homes(value: Any) -> Any:
    """Settings whose paths have ``~`` written out; a ``ValueError`` for what no system takes as a path."""
    if isinstance(value, Path):
        return absolute(value) if str(value).startswith("~") or "\0" in str(value) else value
    if type(value) is tuple:
        return tuple(with_homes(part) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        before = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        after = {name: with_homes(part) for name, part in before.items()}
        changed = {name: part for name, part in after.items() if part is not before[name] and part != before[name]}
        return dataclasses.replace(value, **changed) if changed else value
    return value


def said(lines: Sequence[str]) -> None:
    """Lines on the error stream, for people: not part of what a command prints."""
    if lines:
        print("\n".join(lines), file=sys.stderr)


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of what is done of something long, with the time left; gone once it is done.

    Args:
        what: what is done, e.g. "reading images".

    Yields:
        A function of how many are done and how many there are.

    Example:
        >>> from igm_jax.reporting.terminal import counting
        >>> with counting("counting sheep") as progress:
        ...     progress(5, 10)
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
