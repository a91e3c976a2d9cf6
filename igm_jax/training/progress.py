"""The progress bar: steps a second, time left, and those measures that move."""

import math
from collections.abc import Mapping

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_SHOWN = 4
_BAR = 16
# Characters that bar, rate, time left and the gaps between them take.
_OTHERS = _BAR + 32


def notice(text: str) -> None:
    """A line on the terminal's error stream, beside the bar."""
    Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(text)


class Bar:
    """A progress bar on the terminal; a context manager.

    A measure that has stayed where it was (the loss of drifting is constant by construction) gives its place to one
    that moves.

    Args:
        name: what is being trained.
        steps: how many steps there are.
        done: how many were done before.
        console: where to draw; None for the terminal.
    """

    def __init__(self, name: str, steps: int, done: int = 0, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=_BAR),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[measures]}"),
            console=console or Console(stderr=True),
        )
        self._task: TaskID = self._progress.add_task(name, total=steps, completed=done, rate="", measures="")
        self._room = self._progress.console.width - len(name) - 2 * len(str(steps)) - _OTHERS
        self._range: dict[str, tuple[float, float]] = {}

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, done: int, rate: float, measures: Mapping[str, float]) -> None:
        """Move the bar to ``done`` steps, at ``rate`` steps a second."""
        self._progress.update(
            self._task,
            completed=done,
            rate=f"{rate:,.0f} steps/s" if rate >= 10 else f"{rate:.2g} steps/s",
            measures=self._text(measures),
        )

    def _text(self, measures: Mapping[str, float]) -> str:
        """As many measures as the line has room for, but at least one."""
        text = ""
        for name in self.moving(measures):
            more = f"{text}  {name} {measures[name]:.4g}".strip()
            if text and len(more) > self._room:
                break
            text = more
        return text

    def moving(self, measures: Mapping[str, float]) -> list[str]:
        """The measures to show: those that move first, in their order, at most a few."""
        for name, value in measures.items():
            low, high = self._range.get(name, (math.inf, -math.inf))
            if math.isfinite(value):
                self._range[name] = min(low, value), max(high, value)
        still = {name for name in measures if self._still(name)}
        return sorted(measures, key=lambda name: name in still)[:_SHOWN]

    def _still(self, name: str) -> bool:
        low, high = self._range.get(name, (0.0, 0.0))
        return high - low <= 1e-4 * max(abs(low), abs(high))


def averages(infos: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean of each measure over a chunk, and over the seeds."""
    return {name: float(np.mean(values)) for name, values in infos.items()}
