"""The log of a run: JSON lines, each whole, each step once, whatever happened to the process that wrote them."""

import importlib
import importlib.util
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from igm_jax.files import write_whole
from igm_jax.training.errors import RunDirectoryError

Row = dict[str, Any]
"""One step's measures: ``step``, ``seconds``, then numbers, or lists of numbers where several seeds run together."""


def read_log(path: str | os.PathLike, last: int | None = None) -> list[Row]:
    """The whole rows of a log, in order, up to a step.

    A line that was cut off by a crash is skipped, and so is any row that does not come after the row before it.

    Args:
        path: the file, or its run directory; a missing file is an empty log.
        last: the last step wanted; None for all.

    Returns:
        The rows; a measure that was NaN or infinite is None.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.training import read_log
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
        >>> _ = path.write_text('{"step": 10, "loss": 0.5}\\n{"step": 20, "lo')
        >>> read_log(path)
        [{'step': 10, 'loss': 0.5}]
    """
    path = Path(path).expanduser()
    path = path / "log.jsonl" if path.is_dir() else path
    rows: list[Row] = []
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            row = json.loads(line)
            step = row["step"]
        except (ValueError, TypeError, KeyError):
            continue
        if (not rows or step > rows[-1]["step"]) and (last is None or step <= last):
            rows.append(row)
    return rows


class Log:
    """The log that a run appends to; with tensorboardX installed, also its event files.

    Args:
        directory: the run directory.
        last: the step that the run continues from: later rows belong to work that was lost, and are removed.
    """

    def __init__(self, directory: Path, last: int) -> None:
        self._path = directory / "log.jsonl"
        self.rows = read_log(self._path, last)
        try:
            write_whole(self._path, _lines(self.rows))
            # Unbuffered: what `append` has written survives the process.
            self._file = open(self._path, "ab", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        self._board = _board(directory, last)

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows, all of them or, if the disk is full, none."""
        before = os.fstat(self._file.fileno()).st_size
        try:
            _write(self._file, _lines(rows))
        except OSError as error:
            os.ftruncate(self._file.fileno(), before)
            raise self._unwritable(error) from error
        self.rows.extend(rows)
        for row in rows if self._board else []:
            for name, value in row.items():
                for label, number in _scalars(name, value):
                    self._board.add_scalar(label, number, row["step"])

    def _unwritable(self, error: OSError) -> RunDirectoryError:
        return RunDirectoryError(
            f"{self._path} cannot be written ({error.strerror}); free some space and start the same run again: it"
            " continues from its last checkpoint"
        )

    def sync(self) -> None:
        """Wait until the rows are on the disk; done before each checkpoint, which thus never runs ahead of its log."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
        if self._board:
            self._board.close()


def rows_of(infos: dict[str, np.ndarray], first: int, every: int, seconds: float) -> list[Row]:
    """The rows to log of a chunk's stacked measures.

    Args:
        infos: name → (steps,) or (steps, seeds) measures.
        first: the number of the first of these steps, counted from 1.
        every: log the steps that this divides.
        seconds: when the chunk ended.
    """
    length = len(next(iter(infos.values())))
    rows = []
    for i in range((-first) % every, length, every):
        measures = {name: _plain(values[i].tolist()) for name, values in infos.items()}
        rows.append({"step": first + i, "seconds": round(seconds, 4), **measures})
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    # Strict JSON knows no NaN.
    return value if math.isfinite(value) else None


def _lines(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()


def _write(file: Any, data: bytes) -> None:
    while data:
        data = data[file.write(data) :]


def _scalars(name: str, value: Any) -> list[tuple[str, float]]:
    if name == "step" or value is None:
        return []
    if isinstance(value, list):
        return [(f"{name}/{i}", number) for i, number in enumerate(value) if number is not None]
    return [(name, value)]


def _board(directory: Path, last: int) -> Any:
    if importlib.util.find_spec("tensorboardX") is None:
        return None
    return importlib.import_module("tensorboardX").SummaryWriter(str(directory / "tensorboard"), purge_step=last + 1)
