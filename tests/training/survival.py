"""What a run survives: kills at random moments, and damage to the files of its directory, counted.

    python -m tests.training.survival --kills 100 --flips 500 --damages 80

A kill is ``kill -9`` of a process that trains; the run is then started again, until it has all its steps, whose state and log are
compared to the last bit with those of a run that nobody disturbed. Damage is done to a copy of a finished run's directory, which
is then read by ``load_generator`` and trained on: either that is refused in a sentence and nothing on the disk is touched, or it
comes to the same bits, with a warning where something had to be left aside. It takes about ten minutes on two cores.
"""

import dataclasses
import sys
import time

import tyro

from tests.training.damage import damaged
from tests.training.kills import killed


@dataclasses.dataclass(frozen=True)
class Survival:
    """Count what a run survives."""

    kills: int = 100
    """Kills at random moments."""
    flips: int = 500
    """Single bits, over all files of a run's directory."""
    damages: int = 80
    """Files and folders that are deleted, emptied, halved, replaced."""
    seed: int = 0
    """Seed of everything random."""


def main() -> int:
    """The command line: 0 if nothing was different, silent, lost or a traceback, else 1."""
    wish = tyro.cli(Survival, prog="python -m tests.training.survival")
    bad = 0
    # First the kills: as long as JAX has not begun in this process, it may be copied.
    for name, counts in (
        ("kills", lambda: killed(wish.kills, wish.seed)),
        ("flips", lambda: damaged(wish.flips, wish.seed, True)),
        ("damages", lambda: damaged(wish.damages, wish.seed, False)),
    ):
        begin, found = time.monotonic(), counts()
        print(f"{name}: {dict(found)}, {time.monotonic() - begin:.0f} s", flush=True)
        bad += sum(found[one] for one in ("differences", "errors", "silent", "tracebacks", "lost"))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
