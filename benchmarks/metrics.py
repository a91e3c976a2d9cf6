"""How long density and coverage take, and how much memory.

    python -m benchmarks.metrics
    python -m benchmarks.metrics --n 50000 --d 64 --kind duplicates --output metrics.json

The samples are drawn first and do not count; memory is what is resident at the worst moment above what was before.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.memory import extra_memory
from igm_jax import checks
from igm_jax.evaluation import density_coverage, precision_recall
from igm_jax.reporting import write_whole
from igm_jax.reporting.terminal import command_line, ended


@dataclasses.dataclass(frozen=True)
class Metrics:
    """How long density and coverage, or precision and recall, take, and how much memory."""

    n: int = 10_000
    """Samples of each."""
    d: int = 1000
    """Features."""
    kind: Literal["normal", "duplicates", "clusters"] = "normal"
    """Gaussian samples; fake ones that are ten points many times over; or ten clusters, far apart."""
    metric: Literal["density_coverage", "precision_recall"] = "density_coverage"
    """What is measured."""
    output: Path | None = None
    """A .json file; nothing is written by default."""


def samples(n: int, d: int, kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Real and fake samples of a kind, (n, d) each, in single precision."""
    rng = np.random.default_rng(seed)
    real, fake = (rng.standard_normal((n, d), np.float32) for _ in range(2))
    if kind == "duplicates":
        fake = fake[np.arange(n) % 10]
    if kind == "clusters":
        centres = 30 * rng.standard_normal((10, d), np.float32)
        real, fake = (x + centres[np.arange(n) % 10] for x in (real, fake))
    return real, fake


def measured(metric: Callable[..., Any], real: np.ndarray, fake: np.ndarray) -> dict[str, Any]:
    """Value, seconds and megabytes of one call, and how memory was measured."""
    found: dict[str, Any] = {}

    def call() -> None:
        start = time.perf_counter()
        found.update(metric(real=real, fake=fake)._asdict())
        found["seconds"] = time.perf_counter() - start

    megabytes, how = extra_memory(call)
    return {**found, "extra_mb": megabytes, "memory": how}


def main(arguments: Sequence[str] | None = None) -> None:
    config = command_line(Metrics, arguments, "python -m benchmarks.metrics", description=__doc__)
    try:
        n, d = checks.count("n", config.n, least=20), checks.count("d", config.d)
        if config.output is not None and config.output.suffix != ".json":
            raise ValueError(f"--output must be a file that ends in .json, but is {str(config.output)!r}")
        metric = {"density_coverage": density_coverage, "precision_recall": precision_recall}[config.metric]
        small = samples(50, d, config.kind)
        metric(real=small[0], fake=small[1])  # what is imported and set up once
        found = measured(metric, *samples(n, d, config.kind))
        line = {"metric": config.metric, "kind": config.kind, "n": n, "d": d, **found}
        if config.output is not None:
            write_whole(config.output, json.dumps(line) + "\n")
    except (OSError, TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(json.dumps(line))


if __name__ == "__main__":
    ended(main)
