"""Numbered runs, one after the other in this process, or several at once in processes of their own."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")


def ended(
    numbers: Sequence[int],
    workers: int,
    here: Callable[[int], T],
    there: Callable[..., T],
    sent: Callable[[int], tuple[Any, ...]],
    tell: Callable[[int], None],
) -> Generator[tuple[int, T], None, None]:
    """Do runs, and give each one's number and findings as it ends; where one fails, those beside it are kept.

    Args:
        numbers: of the runs.
        workers: how many at once.
        here: does a run in this process, where there is one worker.
        there: the same in a worker, a function of a module.
        sent: a run's arguments for it.
        tell: told which run begins.

    Yields:
        Number and findings.
    """
    if workers == 1:
        for i in numbers:
            tell(i)
            yield i, here(i)
        return
    waiting, running, broken = iter(numbers), {}, []
    # Started afresh, since a copy of a process in which jax runs may hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        while True:
            # No more at once than there are workers: what a pool has been handed it does, also after Ctrl-C.
            while not broken and len(running) < workers and (i := next(waiting, None)) is not None:
                tell(i)
                running[pool.submit(there, *sent(i))] = i
            if not running:
                break
            for one in wait(running, return_when=FIRST_COMPLETED).done:
                i = running.pop(one)
                if one.exception() is None:
                    yield i, one.result()
                else:
                    broken.append(one)
        if broken:
            broken[0].result()
    finally:
        pool.shutdown(cancel_futures=True)
