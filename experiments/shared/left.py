"""How much time is left for a whole command: from what its runs should take, and how fast those went that have ended."""

import time
from collections.abc import Callable, Sequence

from rich.progress import ProgressColumn
from rich.progress import Task as Shown
from rich.text import Text


class Left:
    """The time that is left for runs of unequal size.

    ``left = pace · (what the runs that are not done should take), pace = time taken / what the ended runs should have taken``

    Args:
        expected: what each run should take, in seconds or in any unit; all alike if nothing is known.
        done: the numbers of runs that were done before.
        seconds: whether ``expected`` is in seconds, so that something can be said before the first run has ended.
        after: what follows in the same command, in the unit of ``expected``.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        expected: Sequence[float],
        done: Sequence[int] = (),
        *,
        seconds: bool = False,
        after: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting = {i: one for i, one in enumerate(expected) if i not in set(done)}
        self._after, self._clock, self._known = after, clock, seconds
        self._begin = self._last = clock()
        self._ended = 0.0
        # As if the first tenth had gone as expected: one short run says little of how fast a machine is.
        self._trust = 0.1 * (sum(self._waiting.values()) + after) if seconds else 0.0

    def end(self, number: int) -> None:
        """A run has ended."""
        self._ended += self._waiting.pop(number)
        self._last = self._clock()

    def __call__(self) -> float | None:
        """Seconds that are left; None as long as nothing is known."""
        taken, counted = self._last - self._begin + self._trust, self._ended + self._trust
        if not self._known and not self._ended:
            return None
        if not counted:
            return 0.0  # everything was done before
        pace = taken / counted
        # The run that is on has had some of its time; at the very end it takes longer than it should.
        waiting = max(pace * sum(self._waiting.values()) - (self._clock() - self._last), 0.0)
        return waiting + pace * self._after


def words(seconds: float | None) -> str:
    """A time in words, as exact as it is known.

    Args:
        seconds: the time; None if it is not known.

    Returns:
        E.g. ``about 40 s left``, ``about 7 min left``, ``about 2 h 10 min left``, or nothing.

    Example:
        >>> from experiments.shared.left import words
        >>> words(38.0), words(400.0), words(8000.0)
        ('about 40 s left', 'about 7 min left', 'about 2 h 10 min left')
    """
    if seconds is None:
        return ""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"about {minutes} min left"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"about {hours} h{f' {rest} min' if rest else ''} left"


class LeftColumn(ProgressColumn):
    """The time that is left for all, in a progress bar whose task has a ``Left`` as its field ``left``."""

    def render(self, task: Shown) -> Text:
        left = task.fields.get("left")
        told = "" if left is None or task.finished else words(left())
        return Text(f"{told} for all" if told else "")
