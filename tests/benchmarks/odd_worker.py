"""A worker with implementations that go wrong, each in its own way; the tests run it as a process."""

import os
import signal
import time

from benchmarks import worker
from benchmarks.peers import PEERS, Peer
from benchmarks.peers.prepared import Prepared
from benchmarks.problems import Problem
from benchmarks.references import mmd


def _wrong(problem: Problem) -> Prepared:
    value, gradient = mmd(problem)
    return Prepared(lambda: None, lambda _: (2 * value, gradient))


def _right(problem: Problem) -> Prepared:
    answer = mmd(problem)
    print("a library that talks on stdout")
    return Prepared(lambda: None, lambda _: tuple(answer))


def _dying(problem: Problem) -> Prepared:
    def step() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return Prepared(step, _right(problem).read)


def _stuck(problem: Problem) -> Prepared:
    return Prepared(lambda: time.sleep(60), _right(problem).read)


def _late(problem: Problem) -> Prepared:
    """It is checked in order and breaks while it is timed."""
    calls = []

    def step() -> None:
        calls.append(0)
        if len(calls) > 3:
            raise FloatingPointError("enough")

    return Prepared(step, _right(problem).read)


_STEPS = {"right": _right, "wrong": _wrong, "dying": _dying, "stuck": _stuck, "late": _late}
ODD = {name: Peer((), {"mmd": step}) for name, step in _STEPS.items()}

if __name__ == "__main__":
    PEERS.update(ODD)
    worker.main()
