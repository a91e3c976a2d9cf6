"""Rows of measurements: one implementation of one case at one size, as JSON."""

import json
import math
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.problems import Size
from igm_jax.files import regular
from igm_jax.reporting import write_whole

OK, DISAGREES, FAILED = "ok", "disagrees", "failed"


class Row(NamedTuple):
    """One measurement; what was not measured is None."""

    case: str
    n: int
    m: int
    d: int
    implementation: str
    status: str
    """``ok``, ``disagrees`` (it computes another number) or ``failed`` (an error, a crash, no time or memory left)."""
    reason: str = ""
    seconds: float | None = None
    """The median."""
    seconds_min: float | None = None
    seconds_iqr: float | None = None
    repeats: int = 0
    compile_seconds: float | None = None
    memory_mb: float | None = None
    memory_method: str = ""
    value: float | None = None
    value_error: float | None = None
    gradient_error: float | None = None
    facts: dict[str, float] | None = None
    floor_seconds: float | None = None
    device: Any = None
    versions: Any = None
    commit: str = ""
    date: str = ""

    @property
    def size(self) -> Size:
        """n, m and d."""
        return Size(self.n, self.m, self.d)

    @property
    def key(self) -> tuple[str, int, int, int, str]:
        """What two runs have in common when they measured the same."""
        return self.case, self.n, self.m, self.d, self.implementation


class Results(NamedTuple):
    """All that one run measured."""

    rows: list[Row]
    rates: dict[str, float]
    absent: dict[str, str]
    """Implementations that were asked for and cannot run here, with the reason."""
    settings: dict[str, Any]


def timing(seconds: list[float]) -> dict[str, Any]:
    """Median, minimum and interquartile range of repeats, as the fields of ``Row`` that hold them."""
    low, median, high = (float(value) for value in np.percentile(seconds, [25, 50, 75]))
    return {"seconds": median, "seconds_min": min(seconds), "seconds_iqr": high - low, "repeats": len(seconds)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_lines(path: str | os.PathLike[str], rows: Iterable[Row]) -> None:
    """Write the rows so far, one JSON object a line, all or nothing."""
    write_whole(path, "".join(json.dumps(_plain(row._asdict())) + "\n" for row in rows))


def write_results(path: str | os.PathLike[str], results: Results) -> None:
    """Write everything as one JSON object, all or nothing."""
    told = {**results._asdict(), "rows": [_plain(row._asdict()) for row in results.rows]}
    write_whole(path, json.dumps(told, indent=1) + "\n")


def read_results(path: str | os.PathLike[str]) -> Results:
    """Read what ``write_results`` wrote.

    Raises:
        ValueError: if the file is not one of results.
        OSError: if it cannot be read.
    """
    try:
        told = json.loads(regular(path).read_text(encoding="utf-8"))
        rows = [Row(**row) for row in told["rows"]]
        return Results(rows, told["rates"], told["absent"], told["settings"])
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there are no results at {str(path)!r}; give the results.json of an earlier `python -m benchmarks.run`"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{str(path)!r} must be a results.json that `python -m benchmarks.run` wrote, but is not: {error}"
        ) from error
