"""The progress bar: steps a second, time left, and those measures that move; on a terminal or in a notebook."""

import html
import math
import sys
import time
from collections.abc import Mapping
from typing import Any

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


def notebook() -> Any:
    """IPython's ``display`` where a notebook's kernel runs this, else None. Nothing is imported that is not there already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    try:
        from IPython.display import display  # pyrefly: ignore
    except Exception:  # the bar is then drawn as on a terminal
        return None
    return display


class _Line:
    """One line of progress as a notebook shows it, by a display that is updated: rich's own takes the package ipywidgets."""

    EVERY = 0.2  # seconds between two updates, so that a page is not flooded

    def __init__(self, display: Any, name: str, steps: int, done: int) -> None:
        self._display, self._name, self._steps = display, name, steps
        self._done, self._text, self._handle, self._last = done, "", None, -math.inf

    def start(self) -> None:
        self._handle = self._display(self, display_id=True)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.update(self)

    def update(self, done: int, text: str) -> None:
        self._done, self._text = done, text
        if self._handle is not None and time.monotonic() - self._last >= self.EVERY:
            self._last = time.monotonic()
            self._handle.update(self)

    def __repr__(self) -> str:
        return f"{self._name} {self._done}/{self._steps} {self._text}".rstrip()

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self._done}" max="{self._steps}"></progress>'
        return f"<div>{html.escape(self._name)} {bar} {self._done}/{self._steps} {html.escape(self._text)}</div>"


class Bar:
    """A progress bar on the terminal, or under a notebook's cell; a context manager.

    A measure that has stayed where it was (the loss of drifting is constant by construction) gives its place to one
    that moves.

    Args:
        name: what is being trained.
        steps: how many steps there are.
        done: how many were done before.
        console: where to draw; None for the notebook's cell, or else the terminal.
    """

    def __init__(self, name: str, steps: int, done: int = 0, console: Console | None = None) -> None:
        display = notebook() if console is None else None
        self._line = None if display is None else _Line(display, name, steps, done)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=_BAR),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[measures]}"),
            console=console or Console(stderr=True, force_jupyter=False),
        )
        self._task: TaskID = self._progress.add_task(name, total=steps, completed=done, rate="", measures="")
        self._room = self._progress.console.width - len(name) - 2 * len(str(steps)) - _OTHERS
        self._range: dict[str, tuple[float, float]] = {}

    def __enter__(self) -> "Bar":
        (self._line or self._progress).start()
        return self

    def __exit__(self, *error: object) -> None:
        (self._line or self._progress).stop()

    def show(self, done: int, rate: float, measures: Mapping[str, float]) -> None:
        """Move the bar to ``done`` steps, at ``rate`` steps a second."""
        speed = f"{rate:,.0f} steps/s" if rate >= 10 else f"{rate:.2g} steps/s"
        text = self._text(measures)
        if self._line:
            self._line.update(done, f"{speed}  {text}")
        else:
            self._progress.update(self._task, completed=done, rate=speed, measures=text)

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
