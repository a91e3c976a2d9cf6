"""What "the same budget" means: as many updates for everybody, or as many as cost the same time or the same work of the cores.

Floating point operations would be no better a measure of work here: a Sinkhorn solve stops when it has converged, so how many it
takes is known only by running it, and sorting takes none.
"""

import json
import statistics
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from igm_jax.files import regular
from igm_jax.reporting import write_whole
from igm_jax.training import Run
from igm_jax.training.chunks import chunk_of

Equal = Literal["updates", "time", "compute"]

UNITS: dict[str, str] = {
    "updates": "generator updates",
    "time": "seconds of training",
    "compute": "core-seconds of training",
}
"""What each budget is counted in."""

PARTS = 24
"""An unequal number of updates is a multiple of this, so that everybody is looked at after the same shares of the budget."""

MOST = 20
"""Nobody gets more than so many times the reference's updates."""


def measurable(equal: Equal) -> Equal:
    """The budget, if it can be measured on this device.

    Raises:
        ValueError: for core-seconds where the work is not done by the host's cores.
    """
    device = jax.default_backend()
    if equal == "compute" and device != "cpu":
        raise ValueError(
            f"`equal` must be updates or time on a {device}, but is compute, which counts the host's core-seconds: they say"
            f" nothing of the work of a {device}; use --equal time, or run on the CPU with JAX_PLATFORMS=cpu"
        )
    return equal


class Cost(NamedTuple):
    """What one update of all seeds costs.

    Attributes:
        time: seconds by the clock.
        compute: seconds of all the host's cores together.
    """

    time: float
    compute: float


def measured_cost(run: Run, keys: Any, *, length: int = 10, repeats: int = 5) -> Cost:
    """What one update of all seeds, a key each, costs once it is compiled: the median over a few stretches of updates."""
    chunk, state = chunk_of(run, length, True), jax.jit(jax.vmap(run.init))(keys)
    times, works = [], []
    for number in range(1 + repeats):  # the first one compiles
        start, work = time.perf_counter(), time.process_time()
        state, *_ = jax.block_until_ready(chunk(state, jnp.int32(length)))
        if number:
            times.append((time.perf_counter() - start) / length)
            works.append((time.process_time() - work) / length)
    return Cost(statistics.median(times), statistics.median(works))


def updates(equal: Equal, steps: int, cost: Cost, reference: Cost) -> int:
    """How many updates an objective may make.

    Args:
        equal: what is to be equal.
        steps: the reference's updates.
        cost: of an update of this objective.
        reference: of an update of the reference.

    Returns:
        ``steps`` for equal updates; else ``steps · reference / cost``, rounded down to a multiple of ``PARTS``, at least
        ``PARTS`` and at most ``MOST · steps``.

    Example:
        >>> from experiments.shared.budgets import Cost, updates
        >>> updates("time", 960, Cost(0.02, 0.02), Cost(0.01, 0.02)), updates("compute", 960, Cost(0.02, 0.02), Cost(0.01, 0.02))
        (480, 960)
    """
    if equal == "updates":
        return steps
    share = getattr(reference, equal) / getattr(cost, equal)
    return PARTS * max(1, int(min(MOST * steps, steps * share) / PARTS))


def _kept(path: Path) -> dict[str, list[float]]:
    """Costs by name as they were kept; none from a file that is not one of them, so that they are measured again."""
    try:
        known = json.loads(regular(path).read_text(encoding="utf-8"))
        return {str(name): [float(number) for number in Cost(*cost)] for name, cost in known.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


class Costs:
    """Costs that were measured once and are kept beside the results, so that a second command trains the same updates."""

    def __init__(self, path: Path):
        self.path = path
        self.known: dict[str, list[float]] = _kept(path)

    def of(self, name: str, measure: Any) -> Cost:
        """The cost that is known under a name, or that is measured now."""
        if name not in self.known:
            self.known[name] = list(measure())
            write_whole(self.path, json.dumps(self.known, indent=1) + "\n")
        return Cost(*self.known[name])
