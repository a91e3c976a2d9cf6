"""Extra memory of a call."""

import numpy as np

from benchmarks.memory import extra_memory


def test_extra_memory_is_what_a_call_touches():
    megabytes, method = extra_memory(lambda: np.ones(4_000_000))
    if method == "peak resident":
        assert 25 < megabytes < 45


def test_a_call_that_touches_nothing_takes_next_to_nothing():
    megabytes, method = extra_memory(lambda: None)
    if method == "peak resident":
        assert megabytes < 2
