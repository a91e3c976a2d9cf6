"""Pictures of a run while it trains and when it has ended, and a page that tells what came out."""

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from experiments.configs import Problem
from igm_jax.distributions import Splits
from igm_jax.extras import unusable
from igm_jax.files import write_whole
from igm_jax.reporting.sheets import sheet
from igm_jax.reporting.terminal import said
from igm_jax.training import RunDirectoryError, TrainState, provenance, read_log

SHARE = 0.04
"""Of the time, about this is spent at most on the page and the curves while a run goes on."""

SIDE, POINTS, REAL = 8, 1000, 2000
"""Images in a row and rows of them; points of a picture; real data that are looked at."""

EARLIER, CURVE_POINTS, DOTS = 6, 2000, 120

LABELS = {"loss": "loss", "velocity": "speed of the samples"}

Pairs = Mapping[str, tuple[float, float]]
"""Measures of samples and of real data in their place."""


class Look(NamedTuple):
    """How samples of a target are shown.

    Attributes:
        caption: what is to be seen.
        data: (n, d) real data in their own units, or (n, h, w, c) images.
        own: from (n, d) samples to their own units and shape.
        draw: ``samples in their own units -> PNG``.
        kind: what the pictures are.
    """

    caption: str
    data: np.ndarray
    own: Callable[[Any], np.ndarray]
    draw: Callable[[np.ndarray], bytes]
    kind: Literal["images", "plane", "columns"]


class Told(NamedTuple):
    """What the page says of a run besides its numbers.

    Attributes:
        name: of the objective.
        target: its name.
        settings: ``{name: value}``.
        seed: of the run.
        steps: how many it will have.
        every: steps between two pictures.
        command: which goes on with it.
        data_lines: what is said of the data.
    """

    name: str
    target: str
    settings: Mapping[str, Any]
    seed: int
    steps: int
    every: int
    command: str
    data_lines: Sequence[str] = ()


def look_of(problem: Problem) -> Look:
    """How the samples of a target are shown: images as a sheet, the plane as points, other features by their quantiles."""
    from igm_jax.reporting.canvas import png
    from igm_jax.reporting.columns import column_quantiles
    from igm_jax.reporting.figures import scatter_panels

    splits, data = problem.splits, _real(problem)
    own = np.asarray if splits is None else splits.undone
    if problem.space.image_shape is not None:
        shape, black, white = problem.space.image_shape, *ends_of(splits, data)
        return Look(
            f"The first {SIDE * SIDE} samples of the averaged generator beside held-out images; nobody chose them.",
            data,
            lambda values: own(values).reshape(-1, *shape),
            lambda values: sheet(values[: SIDE * SIDE], (black, white), columns=SIDE),
            "images",
        )
    if problem.space.dim == 2:
        text = f"Up to {POINTS} samples of the averaged generator in colour, real data behind them in grey."
        behind = data[np.isfinite(data).all(1)][:POINTS]
        return Look(
            text, data, own, lambda values: png(scatter_panels({"": values[:POINTS]}, behind), dpi=DOTS), "plane"
        )
    names = () if splits is None or len(splits.columns) != problem.space.dim else splits.columns
    text = (
        "Quantiles of each column on a scale of its own, from 5 to 95 % and in it from 25 to 75 %, with a stroke at the median:"
        " of the averaged generator's samples in colour, of real data in grey."
    )
    return Look(text, data, own, lambda values: png(column_quantiles(values, data, names), dpi=DOTS), "columns")


def _real(problem: Problem) -> np.ndarray:
    """Data that were not learned from, in their own units."""
    if problem.splits is None:
        return np.asarray(problem.held_out(jax.random.key(5), REAL))
    some = problem.some(["test", "validation"], REAL)
    # In any order: patches come as they lie in their photograph, and the first ones are all sky.
    return problem.splits.undone(np.random.default_rng(0).permutation(some))


def ends_of(splits: Splits | None, data: np.ndarray) -> tuple[float, float]:
    """What is black and what is white: the ends of the numbers in the files where they are known, else those of some data."""
    scaling = None if splits is None else splits.scaling
    if scaling is None or scaling.low is None or scaling.high is None:
        low, high = float(np.nanmin(data)), float(np.nanmax(data))
        return low, high if high > low else low + 1.0
    return float(scaling.low), float(scaling.high)


def data_lines(problem: Problem) -> list[str]:
    """What is said of the data: whose they are, and what was read."""
    if problem.splits is None:
        return []
    report = problem.splits.report
    return [line for line in (problem.splits.credit, *([] if report is None else report.lines())) if line]


def findings(rows: Sequence[Mapping[str, Any]], step: int, steps: int, judged: Pairs) -> list[str]:
    """What came out, in sentences: how long it trained, how far samples are from data, where the loss went.

    Args:
        rows: of the log.
        step: how many steps there are.
        steps: how many there will be.
        judged: measures of samples and of real data; empty while the run goes on.

    Returns:
        The sentences.
    """
    seconds = rows[-1].get("seconds") if rows else None
    time_taken = f" in {seconds:.1f} s besides compiling" if isinstance(seconds, float) else ""
    begun = f"{step} steps{time_taken}." if step >= steps else f"Unfinished: {step} of {steps} steps{time_taken}."
    parts = [f"{name} {ours:.4g} ({real:.4g})" for name, (ours, real) in judged.items()]
    said = [begun]
    if parts:
        said.append(f"Against held-out data, in brackets for real data in the place of samples: {', '.join(parts)}.")
    losses = np.array([value for row in rows if isinstance(value := row.get("loss"), float)])
    if len(losses) > 1:
        tenth = max(1, len(losses) // 10)
        first, last = losses[:tenth].mean(), losses[-tenth:].mean()
        said.append(
            f"The loss was {first:.4g} in the first tenth of the log and {last:.4g} in the last, each on average."
        )
    return said


class Album:
    """A run's pictures, each written whole: ``on_chunk`` of ``train``, and in the end ``finish``. The run is not touched.

    What cannot be written while the run goes on does not stop it, and is told in the end.

    Args:
        directory: the run's.
        look: how samples are shown.
        draw: ``state -> (n, d)`` samples, of the same noise each time.
        told: what the page says.
    """

    def __init__(self, directory: Path, look: Look, draw: Callable[[TrainState], Any], told: Told) -> None:
        self.directory, self.look, self.draw, self.told = directory, look, draw, told
        self.begin, self.spent = time.monotonic(), 0.0
        self.paged = False
        self.failed: Exception | None = None

    def __call__(self, state: TrainState, rows: Any) -> None:
        """A picture at a checkpoint; the page too, unless its share of the time is spent and there is one already."""
        del rows
        step = int(state.step)
        if step % self.told.every or step == self.told.steps:
            return
        begin = time.monotonic()
        try:
            newest = self._picture(step, self.draw(state))
            if step and (not self.paged or self.spent <= SHARE * (begin - self.begin)):
                self.paged = True
                self._page(step, newest, read_log(self.directory), {})
        except Exception as error:  # hours of training must not end with a picture
            self.failed = error
        self.spent += time.monotonic() - begin

    def finish(self, step: int, samples: np.ndarray, rows: Sequence[Mapping[str, Any]], judged: Pairs) -> None:
        """The last picture, the curves and the page.

        Args:
            step: how many steps the run has.
            samples: (n, d) of its averaged generator.
            rows: of its log.
            judged: measures of samples and of real data.

        Raises:
            RunDirectoryError: where something cannot be written. What failed before is said, and no more.
        """
        begin = time.monotonic()
        try:
            self._page(step, self._picture(step, samples), rows, judged)
            if self.failed is not None:
                said([f"a picture of an earlier step could not be made ({self.failed}); those of the end are whole"])
        except OSError as error:
            raise RunDirectoryError(f"{error}, and start the same command again") from error
        self.spent += time.monotonic() - begin

    def _picture(self, step: int, samples: Any) -> bytes:
        folder = self.directory / "samples"
        if not (folder / "data.png").exists():
            write_whole(folder / "data.png", self.look.draw(self.look.data))
        content = self.look.draw(self.look.own(np.asarray(samples)))
        write_whole(folder / f"step-{step:06d}.png", content)
        return content

    def _page(self, step: int, newest: bytes, rows: Sequence[Mapping[str, Any]], judged: Pairs) -> None:
        from igm_jax.reporting.report import facts_of, settings_of
        from igm_jax.reporting.run_report import RunReport, Shot, write_run_report

        told, folder = self.told, self.directory / "samples"
        curves = curves_of(told.name, rows)
        if curves is not None:
            write_whole(self.directory / "curves.png", curves)
        settings = settings_of([{"objective": told.name, "config": told.settings}])
        report = RunReport(
            f"{told.name} on {told.target}",
            findings(rows, step, told.steps, judged),
            Shot(f"samples at step {step}", newest),
            Shot("real data", (folder / "data.png").read_bytes()),
            self.look.caption,
            self.look.kind,
            [Shot(f"step {number}", path.read_bytes()) for number, path in earlier(folder, step)],
            curves,
            {name: value for name, value in settings.items() if value != "None"},
            facts_of([{"seed": told.seed, **provenance()}]),
            told.data_lines,
            told.command,
        )
        write_run_report(self.directory / "report.html", report)


def earlier(folder: Path, step: int) -> list[tuple[int, Path]]:
    """Pictures of steps before one, evenly chosen, the first among them."""
    found = [(int(path.stem.removeprefix("step-")), path) for path in sorted(folder.glob("step-*.png"))
             if path.stem.removeprefix("step-").isdecimal()]  # fmt: skip
    found = sorted(one for one in found if one[0] < step)
    places = np.unique(np.linspace(0, len(found) - 1, min(EARLIER, len(found))).round().astype(int)) if found else ()
    return [found[place] for place in places]


def curves_of(name: str, rows: Sequence[Mapping[str, Any]]) -> bytes | None:
    """The logged measures against steps; None where nothing was logged."""
    from igm_jax.reporting.canvas import png
    from igm_jax.reporting.figures import Curves, training_curves

    if not rows:
        return None
    kept = rows[:: -(-len(rows) // CURVE_POINTS)]
    names = [measure for measure in rows[-1] if measure not in ("step", "seconds")]
    measures = {measure: np.asarray([[row.get(measure) for row in kept]], float) for measure in names}
    labels = {measure: LABELS.get(measure, measure.replace("_", " ")) for measure in names}
    steps = np.asarray([row["step"] for row in kept])
    return png(training_curves({name: Curves(steps, measures)}, labels, xlabel="steps"), dpi=120)


def album(directory: Path, problem: Problem, draw: Callable[[TrainState], Any], told: Told) -> Album | None:
    """The pictures of a run; None, and a line that says what would bring them, where the packages for them are missing."""
    try:
        for package in ("PIL.Image", "matplotlib", "jinja2"):
            try:
                importlib.import_module(package)
            except Exception as error:
                raise unusable(
                    "pictures of the run", package.replace("PIL.Image", "pillow"), error, "report"
                ) from error
    except ImportError as error:
        print(f"the run leaves no pictures: {error}", file=sys.stderr)
        return None
    return Album(directory, look_of(problem), draw, told)
