"""Rows of results: one run of one objective on one target with one seed, one JSON object a line."""

import json
import math
import os
import pathlib
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from igm_jax.files import regular, write_whole

Row = dict[str, Any]

FLOOR = "real data (floor)"
"""The objective's name in the rows that compare real data with other real data, which is what a perfect model would score."""

_NUMBER = (int, float, type(None))
_FIELDS: dict[str, Any] = {
    "experiment": str,
    "target": str,
    "objective": str,
    "seed": int,
    "metrics": dict,
    "seconds": _NUMBER,
    "compile_seconds": _NUMBER,
    "memory_mb": _NUMBER,
    "config": dict,
    "commit": str,
    "versions": dict,
    "device": (str, dict),
    "date": str,
}


def check_row(row: Any, where: str = "a row") -> Row:
    """The row, if it has every field of the right type; a metric that is null (nothing finite came out) becomes NaN.

    Args:
        row: a dictionary with ``experiment``, ``target``, ``objective``, ``seed``, ``metrics`` (name: number), ``seconds``,
            ``compile_seconds``, ``memory_mb`` (numbers or None), ``config``, ``commit``, ``versions``, ``device``, ``date``.
        where: how the error names it.

    Returns:
        A copy of the row.

    Raises:
        ValueError: for a missing field, or one of another type.
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"{where} must be a JSON object with the fields of a result, but is {type(row).__name__}")
    missing = [name for name in _FIELDS if name not in row]
    if missing:
        raise ValueError(
            f"{where} must have the fields {', '.join(_FIELDS)}, but lacks {', '.join(missing)};"
            " the file is not one of results, or of another version: move it away and run again"
        )
    for name, kind in _FIELDS.items():
        if not isinstance(row[name], kind) or (isinstance(row[name], bool)):
            kinds = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
            raise ValueError(f"{where}: `{name}` must be {kinds}, but is {row[name]!r}; the file was changed by hand?")
    bad = [name for name, value in row["metrics"].items() if isinstance(value, bool) or not isinstance(value, _NUMBER)]
    if bad:
        raise ValueError(f"{where}: `metrics` must be numbers, but {bad[0]!r} is {row['metrics'][bad[0]]!r}")
    metrics = {name: float("nan") if value is None else float(value) for name, value in row["metrics"].items()}
    return {**row, "metrics": metrics}


def write_jsonl(path: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]]) -> pathlib.Path:
    """Write rows, one JSON object a line, all or nothing (see ``write_whole``).

    Args:
        path: the file.
        rows: the rows (see ``check_row``). NaN and infinity, which JSON has no words for, are stored as null.

    Returns:
        The path.

    Raises:
        ValueError: for a row without the fields of a result, before anything is written.
        OSError: if the file cannot be written; an older one is untouched.
    """
    lines = [json.dumps(_plain(check_row(row, f"row {i}")), allow_nan=False) for i, row in enumerate(rows)]
    return write_whole(path, "".join(line + "\n" for line in lines))


def append_jsonl(path: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]]) -> pathlib.Path:
    """Add rows to a file, which may not exist yet; a torn last line is dropped first (see ``read_jsonl``).

    Args:
        path: the file.
        rows: the rows to add.

    Returns:
        The path.

    Raises:
        ValueError: for a row, new or old, without the fields of a result.
        OSError: if the file cannot be written; it is untouched.
    """
    old = read_jsonl(path) if pathlib.Path(path).exists() else []
    return write_jsonl(path, [*old, *rows])


def read_jsonl(path: str | os.PathLike[str]) -> list[Row]:
    """Read the rows that ``write_jsonl`` wrote.

    A last line that a killed process left torn is dropped with a warning; any other damage is an error.

    Args:
        path: the file.

    Returns:
        The rows; metrics that were NaN or infinite are NaN.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a line that is not a row, with its number.
    """
    path = pathlib.Path(path)
    try:
        text = regular(path).read_bytes().decode()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there are no results at {str(path)!r}; run the experiment first, or check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{str(path)!r} must hold lines of JSON, but is not text: {error}; give the .jsonl file"
        ) from error
    lines = text.split("\n")
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and brackets in brackets
            if number == len(lines):  # nothing ends it, not even a line feed: its writer was stopped in the middle
                warnings.warn(
                    f"the last line of {str(path)!r} is torn and was left out; its run has to be repeated", stacklevel=2
                )
                break
            raise ValueError(
                f"line {number} of {str(path)!r} must be a JSON object, but is damaged ({error});"
                " delete the line, and its run will be repeated"
            ) from error
        rows.append(check_row(parsed, f"line {number} of {str(path)!r}"))
    return rows


def _plain(value: Any) -> Any:
    """The value in JSON's own types: NumPy and JAX scalars as numbers, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return str(value)
