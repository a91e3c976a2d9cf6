"""The log of a run: JSON lines, each whole, each step once, whatever happened to the process that wrote them."""

import hashlib
import importlib
import importlib.util
import json
import math
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from igm_jax.files import absolute, regular, write_whole
from igm_jax.training.errors import RunDirectoryError

Row = dict[str, Any]
"""One step's measures: ``step``, ``seconds``, then numbers, or lists of numbers where several seeds run together."""


def read_log(path: str | os.PathLike, last: int | None = None) -> list[Row]:
    """The whole rows of a log, in order, up to a step.

    A line that was cut off by a crash is skipped, and so is any row that does not come after the row before it, or that is no
    row: it has a whole number as its ``step``.

    Args:
        path: the file, or its run directory; a missing file is an empty log.
        last: the last step wanted; None for all.

    Returns:
        The rows; a measure that was NaN or infinite is None.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.training import read_log
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
        >>> _ = path.write_text('{"step": 10, "loss": 0.5}\\n{"step": 20, "lo', encoding="utf-8")
        >>> read_log(path)
        [{'step': 10, 'loss': 0.5}]
    """
    path = absolute(path)
    path = path / "log.jsonl" if path.is_dir() else path
    try:
        content = regular(path).read_bytes() if path.exists() else b""
    except OSError as error:
        raise RunDirectoryError(f"{path} cannot be read as a log ({error.strerror}); move it away") from error
    rows: list[Row] = []
    for line in content.split(b"\n"):
        row = _row(line)
        if row and (not rows or row["step"] > rows[-1]["step"]) and (last is None or row["step"] <= last):
            rows.append(row)
    return rows


def _row(line: bytes) -> Row | None:
    """A line's row, if it is one; NaN and infinity, which are not of JSON, become None."""
    try:
        row = json.loads(line, parse_constant=lambda name: None, parse_float=lambda text: _plain(float(text)))
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and type(row.get("step")) is int else None


class Log:
    """The log that a run appends to; with tensorboardX installed, also its event files.

    Args:
        directory: the run directory.
        last: the step that the run continues from: later rows belong to work that was lost, and are removed.
        told: what that step's checkpoint says of the rows up to it, see ``told``; None if it says nothing.
        before: called when the rows are known to be this run's, and before later ones are removed, with the lines of these.

    Raises:
        RunDirectoryError: if the rows are not those of this run, or the file cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        last: int,
        told: dict[str, Any] | None = None,
        before: Callable[[bytes], None] = lambda cut: None,
    ) -> None:
        self._path = directory / "log.jsonl"
        there = read_log(self._path)
        self.rows = [row for row in there if row["step"] <= last]
        self._digest, self._number = hashlib.sha256(_lines(self.rows)), len(self.rows)
        if told is not None and told != self.told():
            self._contradicts(told, last)
        before(_lines(there[self._number :]))
        try:
            write_whole(self._path, _lines(self.rows))
            # Unbuffered: what `append` has written survives the process. Never through a link, which may lead anywhere.
            self._file = open(self._path, "ab", buffering=0, opener=_no_link)
        except OSError as error:
            raise self._unwritable(error) from error
        self._board = _board(directory, last)

    def told(self) -> dict[str, Any]:
        """The rows in a word: their number and digest, for a checkpoint to carry."""
        return {"rows": self._number, "sha256": self._digest.hexdigest()}

    def _contradicts(self, told: dict[str, Any], last: int) -> None:
        """Say that the file is not the log of this run; one that is gone altogether cannot be mistaken for it."""
        if not self._path.exists():
            warnings.warn(f"{self._path} is gone, which had {told.get('rows')} rows up to step {last}; the run goes on, and its"
                          f" log begins after step {last}", stacklevel=5)  # fmt: skip
            return
        raise RunDirectoryError(
            f"{self._path} is not the log that this run wrote: up to step {last} it had {told.get('rows')} rows, and now"
            f" {self._number}, or others. Put back a copy of it, or move it away, and the run goes on with a log from"
            f" step {last} on"
        )

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows, all of them or, if the disk is full, none."""
        self._check_there()
        before, lines = os.fstat(self._file.fileno()).st_size, _lines(rows)
        try:
            _write(self._file, lines)
        except OSError as error:
            os.ftruncate(self._file.fileno(), before)
            raise self._unwritable(error) from error
        self._digest.update(lines)
        self._number += len(rows)
        self.rows.extend(rows)
        try:
            for row in rows if self._board else []:
                for name, value in row.items():
                    for label, number in _scalars(name, value):
                        self._board.add_scalar(label, number, row["step"])
        except Exception as error:
            self._board = _no_board(error)

    def _check_there(self) -> None:
        """What is written to a file that was deleted is lost, although nothing fails."""
        try:
            there = os.path.samestat(os.lstat(self._path), os.fstat(self._file.fileno()))
        except OSError:
            there = False
        if not there:
            raise RunDirectoryError(
                f"{self._path} was deleted, moved or replaced while the run was going on, so that it could not go on there;"
                f" what is left in {self._path.parent} was not touched: put the directory back and start the same run again,"
                " or choose another"
            )

    def _unwritable(self, error: OSError) -> RunDirectoryError:
        return RunDirectoryError(
            f"{self._path} cannot be written ({error.strerror}); free some space and start the same run again: it"
            " continues from its last checkpoint"
        )

    def sync(self) -> None:
        """Wait until the rows are on the disk; done before each checkpoint, which thus never runs ahead of its log."""
        self._check_there()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
        try:
            if self._board:
                self._board.close()
        except Exception as error:
            self._board = _no_board(error)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


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
    try:
        if importlib.util.find_spec("tensorboardX") is None:
            return None
        writer = importlib.import_module("tensorboardX").SummaryWriter
        return writer(str(directory / "tensorboard"), purge_step=last + 1)
    except Exception as error:  # a package that nobody needs stops no run, whatever is the matter with it
        return _no_board(error)


def _no_board(error: Exception) -> None:
    warnings.warn(
        f"the package tensorboardX fails ({type(error).__name__}: {error}); the run goes on without its event files."
        " Repair it, or uninstall it",
        stacklevel=4,
    )
