"""A publication whose runs say in which process they were done, for tests of workers; one of them can be broken."""

import os
import time
from functools import partial

import numpy as np

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Part, Publication
from experiments.tables.published import Entry

BROKEN = "IGM_JAX_TEST_BROKEN"


def place(seed):
    if seed == 1 and os.environ.get(BROKEN):
        raise ValueError("seed 1 is broken")
    time.sleep(0.5)
    return Found({"pid": float(os.getpid())}, {"draws": np.arange(seed)})


def tasks(config):
    return [Task("place", seed, partial(place, seed)) for seed in range(4)]


def parts(config, results):
    return [Part("Places", "", [Entry("a", "pid", None, tuple(found.metrics["pid"] for found in results["place"]))])]


PUBLICATION = Publication("places", "Places", "Where runs are done.", tasks, parts, lambda config: [])
