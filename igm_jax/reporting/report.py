"""One HTML file that tells the whole story: what was compared, tables, pictures, and samples that play through training.

It loads nothing: styles, script, pictures and samples are inside, so it can be mailed, archived or opened without a
network. It needs the extra ``report``: ``pip install "igm-jax[report]"``.
"""

import os
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from igm_jax.files import write_whole
from igm_jax.reporting.canvas import Figure, png
from igm_jax.reporting.pages import rendered
from igm_jax.reporting.player import Player as Player
from igm_jax.reporting.player import decode as decode
from igm_jax.reporting.player import encode as encode
from igm_jax.reporting.rows import Row
from igm_jax.reporting.style import colours
from igm_jax.reporting.tables import Table


class Picture(NamedTuple):
    """A picture with its heading and what is to be seen on it: PNG bytes for light pages and, perhaps, for dark ones."""

    title: str
    caption: str
    light: bytes
    dark: bytes | None = None


class Section(NamedTuple):
    """One part of the report, say one target: any of the parts below, in this order but for tables, which follow the players.

    Attributes:
        title: its heading.
        text: what there is to say.
        tables: which are seen at once.
        players: samples that play through training.
        pictures: which are seen at once.
        folded: tables behind their titles.
        printed: pictures behind their titles, such as what the players show better.
        settings: behind a title, too, ``{name: text}``.
        findings: what came out, a sentence each, before all others.
    """

    title: str
    text: str = ""
    tables: tuple[Table, ...] = ()
    players: tuple[Player, ...] = ()
    pictures: tuple[Picture, ...] = ()
    folded: tuple[Table, ...] = ()
    printed: tuple[Picture, ...] = ()
    settings: Mapping[str, str] = {}
    findings: tuple[str, ...] = ()


class Report(NamedTuple):
    """The report: a title, a summary in a sentence or two, facts (see ``facts_of``), settings, and sections."""

    title: str
    summary: str
    facts: Mapping[str, str]
    sections: tuple[Section, ...]
    settings: Mapping[str, str] = {}


def picture(title: str, caption: str, draw: Callable[..., Figure], *args: Any, **options: Any) -> Picture:
    """A picture drawn twice, for light and for dark pages: ``draw(*args, **options, dark=...)``.

    Args:
        title: its heading.
        caption: what is to be seen.
        draw: a function of ``igm_jax.reporting.figures``.
        args: its arguments.
        options: its keyword arguments but ``dark``.

    Returns:
        The picture.
    """
    light, dark = (png(draw(*args, **options, dark=dark)) for dark in (False, True))
    return Picture(title, caption, light, dark)


def html(report: Report) -> str:
    """The report as one self-contained page; every text is escaped.

    Args:
        report: the report.

    Returns:
        The page. Its own policy forbids the browser to load anything.

    Raises:
        ValueError: for tables, players or pictures that do not fit together.

    Example:
        >>> from igm_jax.reporting.report import Report, Section, html
        >>> page = html(Report("A & B", "Two of them.", {"seeds": "0, 1"}, (Section("Ring"),)))
        >>> "<h1>A &amp; B</h1>" in page
        True
    """
    sections = [_section(section) for section in report.sections]
    return rendered("report.html.jinja", report=report, sections=sections)


def _section(section: Section) -> dict[str, Any]:
    """The section with its players encoded, and the colours that its tables share with its pictures."""
    players = [(player, encode(player)) for player in section.players]
    lines = [line.name for table in section.tables for line in table.lines if not line.floor]
    names = list(section.players[0].frames) if section.players else lines
    light, dark = colours(names), colours(names, dark=True)
    shades = {name: (light[name], dark[name]) for name in light}
    return {**section._asdict(), "players": players, "colours": shades}


def write_report(path: str | os.PathLike[str], report: Report) -> pathlib.Path:
    """Write the page, whole or not at all (see ``write_whole``).

    Args:
        path: the file.
        report: the report.

    Returns:
        The path.
    """
    return write_whole(path, html(report))


def facts_of(rows: Iterable[Row]) -> dict[str, str]:
    """What the rows share, for a report's head: seeds, device, versions, commit and dates.

    Args:
        rows: rows of results (see ``check_row``).

    Returns:
        ``{name: text}``; where rows differ, all values.
    """
    rows = list(rows)
    versions = {name: value for row in rows for name, value in row["versions"].items()}
    days = sorted(row["date"][:10] for row in rows)
    return {
        "seeds": ", ".join(map(str, sorted({row["seed"] for row in rows}))),
        "device": _all(_device(row["device"]) for row in rows),
        "commit": _all(row["commit"][:12] for row in rows),
        "date": days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}",
        "versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
    }


def settings_of(rows: Iterable[Row]) -> dict[str, str]:
    """Every setting in the rows' ``config``, flat; where objectives differ, each value with those that have it.

    Args:
        rows: rows of results (see ``check_row``).

    Returns:
        ``{"part.name": text}``.
    """
    values: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        for name, value in _flat(row["config"]).items():
            owners = values.setdefault(name, {}).setdefault(str(value), [])
            owners += [row["objective"]] * (row["objective"] not in owners)
    return {
        name: next(iter(found))
        if len(found) == 1
        else "; ".join(f"{v} ({', '.join(owners)})" for v, owners in found.items())
        for name, found in values.items()
    }


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _device(device: str | Mapping[str, Any]) -> str:
    """A device in words, as ``igm_jax.training.provenance`` describes it or as it was called."""
    if isinstance(device, str):
        return device
    count, cpus = device.get("count", 1), device.get("cpus")
    parts = [
        str(device.get("kind", "unknown")) + (f" × {count}" if count != 1 else ""),
        f"{cpus} CPU cores" if cpus else "",
    ]
    return ", ".join(part for part in (*parts, device.get("system")) if part)


def _all(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))
