"""Errors of runs: what they are besides, and that they come whole out of another process."""

import pickle

import pytest

from igm_jax.training.errors import Interrupted, NonFiniteError, RunDirectoryError, RunMismatchError


@pytest.mark.parametrize(
    ("error", "numbers"),
    [
        (NonFiniteError("it broke", 27, None), {"step": 27, "checkpoint": None}),
        (Interrupted("it was stopped", 20, 15), {"step": 20, "signal": 15}),
        (RunDirectoryError("in use"), {}),
        (RunMismatchError("another run"), {}),
    ],
)
def test_they_survive_the_way_between_processes(error, numbers):
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (type(error), str(error))
    assert vars(back) == numbers


def test_who_catches_what_they_are_catches_them():
    assert issubclass(NonFiniteError, ArithmeticError)
    assert issubclass(RunDirectoryError, OSError)
    assert issubclass(RunMismatchError, ValueError)
    # Like Ctrl-C, and unlike an error of a run, an interruption passes by `except Exception`.
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)
