"""All tables, one after the other, and one page with all of them: ``make tables``.

python -m experiments.tables               the presets for two cores
python -m experiments.tables --smoke       seconds each
"""

import dataclasses
import importlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import tyro

from igm_jax.reporting import write_whole

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
)
"""The tables' modules, in the order of the page: those that take seconds first."""


@dataclasses.dataclass(frozen=True)
class Config:
    """All published tables, made again, and one page with all of them."""

    tables: tuple[str, ...] = TABLES
    """Which tables, by name; all by default."""
    smoke: bool = False
    """Runs of seconds that show that everything works."""
    output: Path = Path("results/tables")
    """The directory for the page, with a directory for each table."""


def page(output: Path, tables: Sequence[str], preset: str) -> str:
    """One page from the reports of the tables, their headings a level lower and their pictures where they lie.

    Args:
        output: the directory that has one for each table.
        tables: their names.
        preset: whose reports.

    Returns:
        The page, in Markdown.
    """
    texts = [
        "#" + (output / name / preset / "report.md").read_text().replace("](", f"]({name}/{preset}/") for name in tables
    ]
    head = "# Published tables, made again\n\nBy `make tables`; each table has its own command, below its heading.\n"
    return "\n".join([head, *texts])


def main(arguments: Sequence[str] | None = None) -> None:
    config = tyro.cli(Config, args=arguments, description=__doc__, prog="python -m experiments.tables")
    unknown = [name for name in config.tables if name not in TABLES]
    if unknown:
        print(f"`tables` must be among {', '.join(TABLES)}, but {unknown[0]!r} is not", file=sys.stderr)
        sys.exit(2)
    preset = "smoke" if config.smoke else "cpu"
    failed = []
    for name in config.tables:
        module = f"experiments.tables.{name}"
        importlib.import_module(module)  # what is missing is told before any work
    for name in config.tables:
        print(f"{name}:", flush=True)
        # A process each: a table cannot change another's settings or keep its memory.
        command = [sys.executable, "-m", f"experiments.tables.{name}", f"--{preset}"]
        done = subprocess.run([*command, "--output", str(config.output / name / preset)], check=False)
        failed += [name] * bool(done.returncode)
    if failed:
        sys.exit(f"these tables did not end well, and the page was left as it was: {', '.join(failed)}")
    # Also those that were made before, and not now.
    there = [name for name in TABLES if (config.output / name / preset / "report.md").exists()]
    write_whole(config.output / "README.md", page(config.output, there, preset))
    print(f"All tables are in {config.output / 'README.md'}.")


if __name__ == "__main__":
    main()
