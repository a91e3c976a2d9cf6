"""Numbered runs: in order here; in processes, what runs beside a broken one is kept, and nothing is begun after it."""

import os
import time

import pytest

from experiments.shared.workers import ended


def squared(number):
    if number == 1:
        raise ValueError("1 is broken")
    time.sleep(0.5)
    return number**2, os.getpid()


def test_one_worker_is_this_process_and_keeps_the_order():
    told = []
    runs = ended([3, 1, 2], 1, lambda i: 10 * i, None, None, told.append)
    assert next(runs) == (3, 30)
    assert told == [3]  # nothing is begun before it is asked for
    assert list(runs) == [(1, 10), (2, 20)]
    assert told == [3, 1, 2]


def test_a_run_that_fails_here_ends_them():
    runs = ended((1, 0, 2), 1, lambda i: 1 / i, lambda i: None, lambda i: (i,), lambda i: None)
    assert next(runs) == (1, 1.0)
    with pytest.raises(ZeroDivisionError):
        next(runs)


def test_processes_do_what_is_sent_and_stop_at_the_first_that_breaks():
    told, found = [], []
    with pytest.raises(ValueError, match="1 is broken"):
        found.extend(ended([0, 1, 2, 3], 2, None, squared, lambda i: (i,), told.append))
    assert told[:2] == [0, 1]
    assert 3 not in told


def test_every_run_is_done_in_a_process_of_the_pool():
    found = dict(ended([0, 2, 3], 2, None, squared, lambda i: (i,), lambda i: None))
    assert {i: square for i, (square, _) in found.items()} == {0: 0, 2: 4, 3: 9}
    assert os.getpid() not in {pid for _, pid in found.values()}
