"""The columns of tables: CSV as people write it, and Parquet; each is of numbers, of text, or of something else."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from igm_jax.data.archives import damaged
from igm_jax.extras import unusable
from igm_jax.files import absolute, regular, shown

MISSING = frozenset({"", "na", "nan", "null"})
"""Texts, in small letters, that stand for a missing value."""

DELIMITERS = (",", ";", "\t")


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: what it is called.
        kind: "number", "text", "empty" for one without any value, or "other" for what a table of numbers has no use for.
        numbers: (n,) numbers of 64 bits, NaN where they are missing or no numbers.
        texts: (n,) texts; empty for numbers that were never text.
        missing: (n,) booleans, where a value is missing.
    """

    name: str
    kind: str
    numbers: np.ndarray
    texts: Sequence[str]
    missing: np.ndarray

    def all_numbers(self, source: str) -> np.ndarray:
        """The numbers, NaN where they are missing, or an error unless all the others are finite numbers."""
        wrong = np.flatnonzero((np.isnan(self.numbers) & ~self.missing) | np.isinf(self.numbers))
        if self.kind == "other":
            raise ValueError(f"the column {self.name!r} of {source} holds neither numbers nor text; leave it out")
        if self.kind == "empty":
            raise ValueError(f"the column {self.name!r} of {source} has no value at all; leave it out")
        if len(wrong):
            row = int(wrong[0])
            came = repr(self.texts[row]) if len(self.texts) else f"{self.numbers[row]}"
            raise ValueError(
                f"the column {self.name!r} of {source} must hold finite numbers, but row {row + 1} holds {came[:60]}; correct it,"
                " mark it as missing (NA), or leave the column out"
            )
        return self.numbers

    def chosen(self, rows: np.ndarray) -> "Column":
        """The column of some of the rows."""
        texts = [self.texts[row] for row in rows] if len(self.texts) else self.texts
        return self._replace(numbers=self.numbers[rows], texts=texts, missing=self.missing[rows])


def read_columns(path: str | os.PathLike[str]) -> list[Column]:
    """The columns of a CSV or Parquet file, told by its content.

    A CSV file is in UTF-8; its first row names the columns, and what comes between them is a comma, a semicolon or a tab.
    Rows are counted from 1, the first below the names. A column is of numbers where more values are numbers than are not.

    Args:
        path: the file.

    Returns:
        The columns, in their order.

    Raises:
        ImportError: for Parquet without pyarrow; the text names the extra that brings it.
        OSError: if the file cannot be read.
        ValueError: for names that are missing or come twice, rows of another length, no rows, or damage.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.data.columns import read_columns
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.csv"
        >>> _ = path.write_text("colour;size\\nred;1.5\\nblue;NA\\n")
        >>> [(column.name, column.kind, column.numbers.tolist()) for column in read_columns(path)]
        [('colour', 'text', [nan, nan]), ('size', 'number', [1.5, nan])]
    """
    path = regular(absolute(path))
    if not path.exists():
        raise FileNotFoundError(
            f"expected a CSV or Parquet file at {shown(path)!r}, but it does not exist; check the path"
        )
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == b"PARE" or start[:2] == b"\x1f\x8b":
        how = "encrypted" if start == b"PARE" else "compressed by gzip"
        raise ValueError(f"{shown(path)} is {how}; save the table as CSV in UTF-8, or as Parquet")
    columns = _parquet(path) if start == b"PAR1" else _csv(path)
    names = [column.name for column in columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the columns of {shown(path)} must differ in name, but {twice[0]!r} comes twice; rename one")
    if not columns or not len(columns[0].numbers):
        raise ValueError(f"{shown(path)} has no rows; give a table with a row for each sample")
    return columns


def _csv(path: Path) -> list[Column]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"expected a table in UTF-8, but byte {error.start} of {shown(path)} is none of it; save it as CSV in UTF-8, or as"
            " Parquet"
        ) from error
    rows = _rows(path, text, max(DELIMITERS, key=lambda each: _width(text, each)))
    if not rows:
        raise ValueError(f"{shown(path)} is empty; give a table whose first row names the columns")
    names = [name.strip() for name in rows[0]]
    _check_names(path, names)
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(names):
            raise ValueError(
                f"row {number} of {shown(path)} has {len(row)} values, but the first row names {len(names)} columns; correct it"
            )
    table = list(zip(*rows[1:], strict=True)) or [()] * len(names)
    return [_of_texts(name, [value.strip() for value in values]) for name, values in zip(names, table, strict=True)]


def _reader(text: str, delimiter: str) -> Any:
    """The rows that are not empty; strictly, since else a quote that nothing closes takes all rows below it into one value."""
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row)


def _width(text: str, delimiter: str) -> int:
    """How many values the first row has; 0 where it is none, such as a long row in one piece."""
    try:
        return len(next(_reader(text, delimiter), ()))
    except csv.Error:
        return 0


def _rows(path: Path, text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in _reader(text, delimiter):
            rows.append(row)
    except csv.Error as error:
        raise ValueError(
            f"row {len(rows)} of {shown(path)} cannot be told from those below it ({error}); close its quotes, double those"
            f" within a value, and leave out texts of more than {csv.field_size_limit()} characters"
        ) from error
    return rows


def _check_names(path: Path, names: list[str]) -> None:
    if all(_number(name) is not None for name in names):
        raise ValueError(
            f"the first row of {shown(path)} must name the columns, but holds numbers: {', '.join(names[:3])}; write names above"
        )
    if "" in names:
        raise ValueError(
            f"the first row of {shown(path)} must name every column, but says nothing of column {names.index('') + 1}; name it,"
            " or leave it out (pandas: `to_csv(path, index=False)`)"
        )


def _number(text: str) -> float | None:
    """A number as it is written, or None."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _of_texts(name: str, texts: Sequence[str]) -> Column:
    missing = np.array([text.lower() in MISSING for text in texts], bool)
    read = [None if gone else _number(text) for text, gone in zip(texts, missing, strict=True)]
    numbers = np.array([np.nan if number is None else number for number in read], np.float64)
    known = int((~missing).sum())
    count = known - sum(number is None for number, gone in zip(read, missing, strict=True) if not gone)
    kind = "empty" if not known else "number" if 2 * count > known else "text"
    return Column(name, kind, numbers, texts, missing)


def _parquet(path: Path) -> list[Column]:
    try:
        import pyarrow.parquet
    except Exception as error:
        raise unusable("reading Parquet files", "pyarrow", error, "tables") from error
    try:
        # Not `read_table`, which would make columns of folders that are called year=2020.
        table = pyarrow.parquet.ParquetFile(path, memory_map=False).read(use_threads=False)
        table.validate(full=True)
        return [of_arrow(str(name), column) for name, column in zip(table.column_names, table.columns, strict=True)]
    except Exception as error:
        raise damaged(shown(path), " ".join(f"{type(error).__name__}: {error}".split())[:200]) from error


def of_arrow(name: str, column: Any) -> Column:
    """A column of Arrow's as one of a table.

    Args:
        name: what it is called.
        column: its ``ChunkedArray``.

    Returns:
        The column.

    Example:
        >>> import pyarrow
        >>> from igm_jax.data.columns import of_arrow
        >>> of_arrow("x", pyarrow.chunked_array([[1, None]])).numbers.tolist()
        [1.0, nan]
    """
    import pyarrow

    kinds, own = pyarrow.types, column.type
    if kinds.is_dictionary(own):
        column, own = column.cast(own.value_type), own.value_type
    if kinds.is_boolean(own):
        column, own = column.cast(pyarrow.uint8()), pyarrow.uint8()
    if kinds.is_integer(own) or kinds.is_floating(own) or kinds.is_decimal(own):
        numbers = column.cast(pyarrow.float64(), safe=False).to_numpy().astype(np.float64)
        missing = np.isnan(numbers)
        return Column(name, "empty" if missing.all() else "number", numbers, (), missing)
    if kinds.is_string(own) or kinds.is_large_string(own) or kinds.is_temporal(own) or kinds.is_null(own):
        texts = column.cast(pyarrow.string()).to_pylist()
        missing = np.array([text is None or text.lower() in MISSING for text in texts], bool)
        known = ["" if text is None else text for text in texts]
        return Column(name, "empty" if missing.all() else "text", np.full(len(known), np.nan), known, missing)
    return Column(name, "other", np.full(len(column), np.nan), (), np.zeros(len(column), bool))
