"""Ctrl-C and SIGTERM end a run between two chunks, so that there is time for a checkpoint."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def postponed() -> Iterator[Callable[[], int | None]]:
    """Note the first signal instead of obeying it; a second one has its usual effect.

    Yields:
        A function that returns the signal that came, or None.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may set handlers.
        yield lambda: None
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(number: int, frame: object) -> None:
        del frame
        came.append(number)
        # Not print: a handler may interrupt a print.
        os.write(2, b"\nstopping at the end of this chunk, with a checkpoint; once more to stop at once\n")
        for each in _SIGNALS:
            signal.signal(each, before[each] or signal.SIG_DFL)

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield lambda: came[0] if came else None
    finally:
        for number in _SIGNALS:
            signal.signal(number, before[number] or signal.SIG_DFL)
