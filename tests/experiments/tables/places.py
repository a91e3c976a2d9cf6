"""A publication whose runs say in which process they were done, for tests of workers; one of them can be broken."""

import os
import time
from functools import partial
from pathlib import Path

import numpy as np

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Part, Publication
from experiments.tables.published import Entry

BROKEN = "IGM_JAX_TEST_BROKEN"
"""Names a file where the broken run says that it has begun: the run beside it waits for that, however busy the machine is."""


def place(seed):
    if begun := os.environ.get(BROKEN):
        if seed == 1:
            Path(begun).touch()
            raise ValueError("seed 1 is broken")
        while not Path(begun).exists():
            time.sleep(0.05)
    time.sleep(0.5)
    return Found({"pid": float(os.getpid())}, {"draws": np.arange(seed)})


def tasks(config):
    return [Task("place", seed, partial(place, seed)) for seed in range(4)]


def parts(config, results):
    return [Part("Places", "", [Entry("a", "pid", None, tuple(found.metrics["pid"] for found in results["place"]))])]


PUBLICATION = Publication("places", "Places", "Where runs are done.", tasks, parts, lambda config: [])
