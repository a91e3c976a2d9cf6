"""How the objectives are connected: every identity with what it leaves over when it is measured, as a table and as a map.

    python -m experiments.connections                              about a minute on 2 cores
    python -m experiments.connections --only "Cramér" Pinsker
    python -m experiments.connections --page docs/connections.md   also the page of the documentation
    python -m experiments.connections --smoke                      one identity of each kind

Each identity is computed in float64 on small samples, from two sides that share no code. It prints a table and writes
``connections.md``, ``connections.jsonl`` and ``map.png`` to ``results/connections``; the exit status is 1 if one does not hold.
"""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
from rich.console import Console
from rich.progress import track

from experiments.identities import IDENTITIES, MEANING, Identity, Outcome
from experiments.shared.outputs import check_page
from experiments.shared.study import aside, ended_with, row_maker, writable
from igm_jax import checks
from igm_jax.reporting import to_console, to_markdown, write_jsonl, write_whole
from igm_jax.reporting.tables import Cell, Line, Table
from igm_jax.reporting.terminal import command_line, ended

HEADING = "# How the objectives are connected"
HEADINGS = ("identity", "statement", "kind", "discrepancy", "rate", "source")


@dataclasses.dataclass(frozen=True)
class Connections:
    """Measure the identities that connect the objectives."""

    only: tuple[str, ...] = ()
    """Names of identities; all if none is named."""
    output: Path = Path("results/connections")
    """Where table, rows and map go."""
    page: Path | None = None
    """A Markdown file to write as well, with the map beside it."""
    smoke: bool = False
    """Only the first identity of each kind, in results/connections-smoke."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status is 0 if every identity holds, 1 if one does not, 2 for a wrong config."""
    config = command_line(Connections, arguments, "python -m experiments.connections")
    try:
        chosen = selected(config)
        if config.page:
            check_page("--page", config.page, HEADING)
        output = aside(config.output, config.smoke)
        for directory in (output, *([config.page.parent] if config.page else [])):
            writable(directory)
    except (ValueError, OSError) as error:
        return ended_with(error)
    rows, outcomes = [], []
    for identity in track(chosen, "identities", console=Console(stderr=True, force_jupyter=False), transient=True):
        start = time.perf_counter()
        outcomes.append(measured(identity))
        rows.append(row(identity, outcomes[-1], time.perf_counter() - start, config))
    table = tabulated(chosen, outcomes)
    Console().print(to_console(table))
    picture = drawn(chosen, outcomes)
    write_jsonl(output / "connections.jsonl", rows)
    write_whole(output / "map.png", picture)
    write_whole(output / "connections.md", page(table, rows, "map.png"))
    if config.page:
        name = f"{config.page.stem}.png"
        write_whole(config.page.with_name(name), picture)
        write_whole(config.page, page(table, rows, name))
    failed = [identity.name for identity, outcome in zip(chosen, outcomes, strict=True) if not identity.holds(outcome)]
    told = f"; these do not hold: {', '.join(failed)}" if failed else ""
    return ended_with(f"written: {output}{told}", int(bool(failed)))


def selected(config: Connections) -> list[Identity]:
    """The identities that are asked for, in their order; a ValueError for an unknown name lists the nearest."""
    names = [identity.name for identity in IDENTITIES]
    for name in config.only:
        checks.choice("only", name, names)
    chosen = [identity for identity in IDENTITIES if not config.only or identity.name in config.only]
    if config.smoke:
        first = {identity.kind: identity for identity in reversed(chosen)}
        chosen = [identity for identity in chosen if first[identity.kind] is identity]
    return chosen


def measured(identity: Identity) -> Outcome:
    """The outcome of an identity, in float64."""
    with jax.enable_x64(True):
        return identity.measure()


def row(identity: Identity, outcome: Outcome, seconds: float, config: Connections) -> dict[str, Any]:
    """A line of the results file."""
    metrics = {"discrepancy": outcome.discrepancy} | ({} if outcome.rate is None else {"rate": outcome.rate})
    claim = {name: getattr(identity, name) for name in ("statement", "kind", "source", "bound", "rate")}
    told = {"claim": claim, "errors": outcome.errors, "at": outcome.at, "holds": identity.holds(outcome)}
    make_row = row_maker("connections", config)
    return {**make_row(identity.name, " and ".join(identity.between), 0, metrics, seconds, None), **told}


def tabulated(chosen: Sequence[Identity], outcomes: Sequence[Outcome]) -> Table:
    """The identities as a table; who does not hold is marked."""
    lines = []
    for identity, outcome in zip(chosen, outcomes, strict=True):
        rate = "" if outcome.rate is None or identity.rate is None else f"{outcome.rate:.2f} (theory {identity.rate:g})"
        found = f"{outcome.discrepancy:.0e}" if outcome.discrepancy else "0"
        found += "" if identity.holds(outcome) else " FAILS"
        cells = (identity.statement, identity.kind, found, rate, identity.source)
        lines.append(Line(identity.name, tuple(map(Cell, cells))))
    kinds = {identity.kind for identity in chosen}
    caption = " ".join(f"{kind}: {MEANING[kind]}." for kind in MEANING if kind in kinds)
    return Table("Identities between the objectives, measured", caption, HEADINGS, tuple(lines))


def drawn(chosen: Sequence[Identity], outcomes: Sequence[Outcome]) -> bytes:
    """The map as PNG: objectives as nodes, identities as edges."""
    from igm_jax.reporting.canvas import png
    from igm_jax.reporting.graph import Edge, graph

    edges = [
        Edge(*identity.between, identity.kind, identity.holds(outcome))
        for identity, outcome in zip(chosen, outcomes, strict=True)
    ]
    return png(graph(edges))


def page(table: Table, rows: Sequence[dict[str, Any]], picture: str) -> str:
    """The page of the documentation, from a run."""
    story = rows[0]
    seconds = sum(each["seconds"] for each in rows)
    device = story["device"]
    where = f"{device['platform']} {device['kind']}" if isinstance(device, dict) else device
    return "\n".join([
        f"{HEADING}\n",
        "Made by `python -m experiments.connections --page docs/connections.md`; the same identities are asserted by"
        " `tests/experiments/identities`.\n",
        f"![Objectives as nodes, identities as edges]({picture})\n",
        to_markdown(table),
        f"{len(rows)} identities in {seconds:.0f} s on {where}, jax {story['versions']['jax']}, commit {story['commit']},"
        f" {story['date']}.\n",
    ])  # fmt: skip


if __name__ == "__main__":
    ended(main)
