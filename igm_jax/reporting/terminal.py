"""What all commands have in common: settings from the command line, and a terminal that takes whatever is printed."""

import codecs
import dataclasses
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

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
        return with_homes(tyro.cli(kind, args=arguments, prog=prog, **options))
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


def make_printable() -> None:
    """Let no character stop a command: what a terminal or a file does not have is replaced, and warnings take a line each."""
    for stream in (sys.stdout, sys.stderr):
        encoding = getattr(stream, "encoding", None) or "ascii"
        if hasattr(stream, "reconfigure") and codecs.lookup(encoding).name != "utf-8":
            stream.reconfigure(errors="replace")
    warnings.formatwarning = lambda message, *where, **more: f"{message}\n"  # pyrefly: ignore


def with_homes(value: Any) -> Any:
    """Settings whose paths have ``~`` written out."""
    if isinstance(value, Path):
        return absolute(value) if str(value).startswith("~") else value
    if type(value) is tuple:
        return tuple(with_homes(part) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        before = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        after = {name: with_homes(part) for name, part in before.items()}
        changed = {name: part for name, part in after.items() if part is not before[name] and part != before[name]}
        return dataclasses.replace(value, **changed) if changed else value
    return value
