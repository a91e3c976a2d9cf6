"""A process of its own for one implementation of one problem: it does what it is asked, one JSON line at a time.

    python -m benchmarks.worker

Requests on stdin have the field ``do``; every answer on stdout has ``ok``. What libraries print goes to stderr.
"""

import contextlib
import importlib.metadata
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.memory import extra_memory
from benchmarks.peers import PEERS
from benchmarks.peers.prepared import Prepared
from benchmarks.problems import load
from benchmarks.rates import measured_rates

# A step shorter than this is repeated within one timing, as the clock and the pipe would show in it.
SHORTEST = 0.05

# Threads of the library that was timed before spin for a fifth of a second, on the cores that are needed now.
REST = 0.3

Answers = dict[str, Any]


class Worker:
    """Holds the prepared implementation between requests; its public methods are what can be asked."""

    def __init__(self) -> None:
        self._prepared: Prepared | None = None
        self._count = 1

    def _step(self) -> Prepared:
        if self._prepared is None:
            raise ValueError("ask to `prepare` a problem first")
        return self._prepared

    def prepare(self, peer: str, problem: str) -> Answers:
        """Build the implementation and call it once: compilation and everything else that happens only once."""
        chosen = load(problem)
        start = time.perf_counter()
        self._prepared = PEERS[peer].steps[chosen.case](chosen)
        self._prepared.step()
        return {"compile_seconds": time.perf_counter() - start}

    def check(self, gradient: str) -> Answers:
        """Value, gradient (into a file) and facts; it also settles how many steps make one timing."""
        prepared = self._step()
        start = time.perf_counter()
        result = prepared.step()
        taken = time.perf_counter() - start
        self._count = max(1, min(1000, round(SHORTEST / taken)))
        value, slope = prepared.read(result)
        np.save(gradient, slope)
        return {"value": value, "facts": prepared.facts()}

    def memory(self) -> Answers:
        """Extra memory of one step."""
        megabytes, method = extra_memory(self._step().step)
        return {"memory_mb": megabytes, "method": method}

    def time(self) -> Answers:
        """Seconds of one step, when others' threads have come to rest and, unless it is long, its own are awake."""
        step = self._step().step
        time.sleep(REST)
        if self._count > 1:
            step()
        start = time.perf_counter()
        for _ in range(self._count):
            step()
        return {"seconds": (time.perf_counter() - start) / self._count}

    def about(self) -> Answers:
        """Commit, device, date, and the versions of all that is measured."""
        from igm_jax.training import provenance

        told = provenance()
        for package in ("ott-jax", "torch", "geomloss", "pot", "pykeops", "flash-sinkhorn"):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                told["versions"][package] = importlib.metadata.version(package)
        return told

    def rates(self, edge: int) -> Answers:
        """What the machine can do (see ``measured_rates``)."""
        return {"rates": measured_rates(edge)}

    def directions(self, dim: int, count: int, seed: int, path: str) -> Answers:
        """Unit vectors as ``igm_jax.sliced_wasserstein`` draws them, into a file, for everyone."""
        import jax

        from igm_jax.objectives import random_directions

        np.save(path, np.asarray(random_directions(jax.random.key(seed), dim, count)))
        return {}


def _alone_on_stdout() -> Any:
    """The real stdout for answers; whoever prints from now on prints to stderr, compilers in subprocesses too."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def main() -> None:
    """Answer until stdin ends."""
    answers, worker = _alone_on_stdout(), Worker()
    with contextlib.suppress(OSError):  # where memory runs out, this process is to go and not somebody else's (Linux)
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    for line in sys.stdin:
        request = json.loads(line)
        do: Callable[..., Answers] = getattr(worker, request.pop("do"))
        try:
            answer = {"ok": True, **do(**request)}
        except Exception as error:  # whatever a peer does wrong is a row of the table, not the end of the run
            traceback.print_exc()
            told = str(error).strip().splitlines()
            answer = {"ok": False, "reason": f"{type(error).__name__}: {told[0] if told else ''}"[:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
