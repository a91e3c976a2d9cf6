"""Docstrings on the site: sources as a section, names of the library and papers as links, arguments in short."""

import inspect
import re
from functools import cache
from typing import Any

ARXIV = re.compile(r"arXiv ((?:\d{4}\.\d{4,5}(?:, )?)+)")
LITERAL = re.compile(r"``([a-z_]+\.)*([A-Za-z_][A-Za-z0-9_]*)``")


def sourced(lines: list[str]) -> list[str]:
    """The lines with ``Source: ...`` at their end as a section, which napoleon then shows like the others."""
    for i, line in enumerate(lines):
        if line.startswith("Source: "):
            text = [line.removeprefix("Source: "), *lines[i + 1 :]]
            return [*lines[:i], "Source:", *(f"    {each}" if each else "" for each in text)]
    return lines


@cache
def known() -> dict[str, str]:
    """The full name of every documented object, by its short one; names that mean two things are left out."""
    import site_api

    entries = list(site_api.documented().values())
    short = [entry.short for entry in entries]
    return {entry.short: entry.name for entry in entries if short.count(entry.short) == 1}


def linked(line: str, without: set[str]) -> str:
    """A line of reStructuredText with the library's names and the papers' numbers as links."""

    def reference(match: re.Match) -> str:
        name = match[2]
        if name in without or name not in known():
            return match[0]
        return f":py:obj:`{match[1] or ''}{name} <{known()[name]}>`"

    def paper(match: re.Match) -> str:
        numbers = [number for number in match[1].split(", ") if number]
        end = ", " if match[1].endswith(", ") else ""
        return "arXiv " + ", ".join(f"`{number} <https://arxiv.org/abs/{number}>`__" for number in numbers) + end

    if line.lstrip().startswith((">>>", "...")):
        return line
    # Outside of code a bar is a bar, and not the beginning of a substitution.
    parts = re.split(r"(``.*?``)", line)
    plain = [part if i % 2 else part.replace("|", "\\|") for i, part in enumerate(parts)]
    return ARXIV.sub(paper, LITERAL.sub(reference, "".join(plain)))


def before(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Before napoleon."""
    del app, what, name, value, options
    lines[:] = sourced(lines)


def after(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """After napoleon: links, but not for the object itself nor for its own arguments."""
    del app, what, options
    try:
        arguments = set(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        arguments = set()
    without = {*arguments, name.rpartition(".")[2]}
    lines[:] = [linked(line, without) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", before, priority=400)
    app.connect("autodoc-process-docstring", after, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
