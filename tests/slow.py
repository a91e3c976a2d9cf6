"""The tests that ``make test`` leaves out for their time, by name in ``slow.txt``, besides those that are marked by hand.

::

    : > tests/slow.txt
    make test ARGS="--durations=0 --durations-min=0.01 -vv" | tee build/durations.log
    python -m tests.slow build/durations.log --seconds 720

writes the list anew: the largest limit is taken with which the other tests take so many seconds of one core. No test may take
longer than it, nor the k-th quickest case of a test longer than 1/√k of it, as each case says less than the ones before. So every
day most tests run, some of them in a few of their cases, and every night all of them in all cases. ``conftest.py`` marks what the
list names.
"""

import argparse
import collections
import re
from collections.abc import Mapping
from pathlib import Path

LIST = Path(__file__).parent / "slow.txt"
KEPT = ("tests/test_conformance.py::test_velocities_witnesses_and_translations",)
"""Tests that run every day in all cases, whatever they take: the identity that every objective is held to."""
_LINE = re.compile(r"\s*([\d.]+)s (?:call|setup|teardown) +(tests/\S+?::.*?)\s*$")


def measured(log: str) -> dict[str, float]:
    """Seconds of each test, out of what pytest prints with ``--durations=0``."""
    found: dict[str, float] = collections.defaultdict(float)
    for line in log.splitlines():
        if match := _LINE.match(line):
            found[match[2]] += float(match[1])
    return dict(found)


def listed(text: str) -> dict[str, float]:
    """The names of a list, and their seconds."""
    lines = [line.split(" ", 1) for line in text.splitlines() if line]
    return {name: float(seconds) for seconds, name in lines}


def left_out(seconds: Mapping[str, float], limit: float) -> dict[str, float]:
    """What is left out with a limit: of a test's cases, by their time, the k-th if it takes longer than limit / √k."""
    cases: dict[str, list[tuple[float, str]]] = collections.defaultdict(list)
    for name, took in seconds.items():
        cases[name.split("[")[0]].append((took, name))
    out = {}
    for test, each in cases.items():
        own = {name: took for rank, (took, name) in enumerate(sorted(each), 1) if took * rank**0.5 > limit}
        out |= {} if test in KEPT else own
    return out


def fitting(seconds: Mapping[str, float], budget: float) -> dict[str, float]:
    """What has to be left out for the others to take no longer than a budget, by the largest limit that does it."""
    total = sum(seconds.values())
    low, high = 0.0, 2 * total * len(seconds) ** 0.5
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if total - sum(left_out(seconds, middle).values()) <= budget else (low, middle)
    return left_out(seconds, low)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("log", type=Path, help="what pytest printed with --durations=0, of all tests")
    parser.add_argument("--seconds", type=float, default=720.0, help="that all others may take, of one core")
    words = parser.parse_args()
    seconds = measured(words.log.read_text(encoding="utf-8"))
    if not seconds:
        raise SystemExit(f"{words.log} tells no test's time; run pytest with --durations=0 --durations-min=0.01")
    names = fitting(seconds, words.seconds)
    LIST.write_text("".join(f"{names[name]:.1f} {name}\n" for name in sorted(names)), encoding="utf-8")
    print(f"{len(names)} lines, {sum(names.values()):.0f} of {sum(seconds.values()):.0f} seconds, are left out")


if __name__ == "__main__":
    main()
