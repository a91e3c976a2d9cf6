"""All tables, one after the other, and one page with all of them: ``make tables``.

python -m experiments.tables               the presets for two cores
python -m experiments.tables --smoke       seconds each
python -m experiments.tables --workers 2   two runs of a table at once

Stopped with Ctrl-C, it keeps the finished runs, and the same command goes on from there.
"""

import dataclasses
import importlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.shared.left import words
from experiments.shared.study import ended_with, with_preset
from experiments.tables.command import REPRODUCED, Preset
from experiments.tables.committed import COMMITTED, Agreement, agreement, read_entries
from igm_jax import checks
from igm_jax.reporting import write_whole
from igm_jax.reporting.terminal import command_line, ended

TABLES: tuple[str, ...] = (
    "dirac_gan",
    "small_results",
    "f_gan",
    "drifting_toy",
    "fid_bias",
    "score_difference_flow",
    "two_sample",
    "kl_wgan",
    "mode_coverage",
    "wasserstein1",
    "engression",
    "lorenz96",
)
"""The tables' modules, in the order of the page: those that take seconds first."""

SECONDS: dict[str, dict[str, float]] = {
    "cpu": {
        "dirac_gan": 6, "small_results": 229, "f_gan": 743, "drifting_toy": 95, "fid_bias": 813, "score_difference_flow": 201,
        "two_sample": 2126, "kl_wgan": 3962, "mode_coverage": 623, "wasserstein1": 2109,
        "engression": 313, "lorenz96": 926,
    },
    "smoke": dict.fromkeys(TABLES, 15.0),
}  # fmt: skip
"""What the tables take, one run at a time on two cores, for the time that is left: of the preset cpu as their pages say."""


@dataclasses.dataclass(frozen=True)
class Config:
    """All published tables, made again, and one page with all of them."""

    tables: tuple[str, ...] = TABLES
    """Which tables, by name; all by default."""
    preset: Preset = "cpu"
    """How much is done: smoke (or --smoke, for short) takes seconds a table, full as long as the papers."""
    workers: int = 1
    """Runs of a table at once, each in a process of its own."""
    output: Path = REPRODUCED
    """The directory for the page, with a directory for each table; --output results/tables renews the committed ones."""


def page(output: Path, tables: Sequence[str], preset: str) -> str:
    """One page from the reports of a preset's tables, their headings a level lower and their pictures where they lie."""
    texts = [
        "#" + (output / name / preset / "report.md").read_text(encoding="utf-8").replace("](", f"]({name}/{preset}/")
        for name in tables
    ]
    head = (
        "# Published tables, made again\n\nEach by the command below its heading, where it says on what and in how many seconds;"
        " all of them by `make tables`.\n"
    )
    return "\n".join([head, *texts])


class Plan(NamedTuple):
    """What is made, in order, and how long it should take.

    Attributes:
        tables: the names.
        expected: seconds for each; empty where nothing is known of a preset.
        pace: how much longer everything takes here.
    """

    tables: tuple[str, ...]
    expected: Mapping[str, float]
    pace: float = 1.0

    def left(self, number: int) -> float | None:
        """Seconds for the tables from a number on."""
        return self.pace * sum(self.expected[name] for name in self.tables[number:]) if self.expected else None

    def told(self, number: int) -> str:
        """The line above a table."""
        left = words(self.left(number))
        return f"{self.tables[number]} (table {number + 1} of {len(self.tables)}{f', {left} for all' if left else ''}):"

    def learned(self, name: str, seconds: float) -> "Plan":
        """The plan after a table that was made from its start."""
        expected = self.expected.get(name, 0.0)
        return self._replace(pace=seconds / expected) if expected >= 60 else self


def made(config: Config, name: str, preset: str, plan: Plan) -> int:
    """Make one table: the exit status of its command."""
    command = [sys.executable, "-m", f"experiments.tables.{name}", "--preset", preset, "--workers", str(config.workers)]
    command += ["--output", str(config.output / name / preset)]
    if (after := plan.left(plan.tables.index(name) + 1)) is not None:
        command += ["--expected", str(plan.pace * plan.expected[name]), "--after", str(after)]
    # A process each: a table cannot change another's settings or keep its memory.
    with subprocess.Popen(command) as table:
        try:
            return table.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches the table, too, which ends in its own way as soon as compiled code lets it.
            print(f"stopping {name}; Ctrl-C again does not wait for the run that is on", file=sys.stderr)
            table.wait()
            raise


def all_made(config: Config, preset: str) -> list[str]:
    """Make the tables, one after the other, each with the time that is left for all: the names of those that failed."""
    expected = SECONDS.get(preset, {})
    plan = Plan(config.tables, {name: one / config.workers for name, one in expected.items()})
    failed = []
    for number, name in enumerate(config.tables):
        print(plan.told(number), flush=True)
        # A table that was begun before says nothing of how fast this machine is.
        begin, fresh = time.monotonic(), not (config.output / name / preset).exists()
        if made(config, name, preset, plan):
            failed.append(name)
        elif fresh:
            plan = plan.learned(name, time.monotonic() - begin)
    return failed


def stood(config: Config, committed: Mapping[str, list[dict[str, Any]]]) -> list[Agreement]:
    """How the tables that were made stand beside the committed ones."""
    return [agreement(read_entries(config.output / name / config.preset), there) for name, there in committed.items()]


def main(arguments: Sequence[str] | None = None) -> None:
    try:
        given = with_preset(sys.argv[1:] if arguments is None else arguments)
        config = command_line(Config, given, "python -m experiments.tables", description=__doc__)
        checks.count("workers", config.workers)
        for name in config.tables:
            checks.choice("tables", name, TABLES)
    except (TypeError, ValueError) as error:
        sys.exit(ended_with(error))
    preset = config.preset
    # Read first: where these are renewed, they are replaced.
    committed = {name: read_entries(COMMITTED / name / preset) for name in config.tables}
    try:
        for name in config.tables:
            importlib.import_module(f"experiments.tables.{name}")  # what is missing is told before any work
        failed = all_made(config, preset)
    except KeyboardInterrupt:
        sys.exit(ended_with("stopped; the finished runs are kept, and the same command goes on from there", 130))
    if failed:
        sys.exit(f"these tables did not end well, and the page was left as it was: {', '.join(failed)}")
    # Also those that were made before, and not now.
    there = [name for name in TABLES if (config.output / name / preset / "report.md").exists()]
    write_whole(config.output / "README.md", page(config.output, there, preset))
    print(f"All tables are in {config.output / 'README.md'}.")
    if found := [one for one in stood(config, committed) if not one.reason]:
        print(f"In all, {Agreement(sum(one.equal for one in found), sum(one.cells for one in found)).told()}")


if __name__ == "__main__":
    ended(main)
