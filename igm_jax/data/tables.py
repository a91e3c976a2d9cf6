"""Your own tables: columns of CSV or Parquet files become outcomes and conditions, each in units of its own spread."""

import difflib
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled
from igm_jax.data.columns import Column, read_columns
from igm_jax.data.ranges import scaled
from igm_jax.data.report import listed
from igm_jax.data.splitting import Split, split, within
from igm_jax.distributions.splits import Scaling, Splits
from igm_jax.files import absolute, shown

MOST_CATEGORIES = 50
"""A text with more different values is no category, but a name or a sentence."""

WAYS = ("refuse", "drop", "mask")
"""What can be done with missing values."""


class Roles(NamedTuple):
    """What the columns of a table are for.

    Attributes:
        outcome: what is learnt.
        condition: what it is learnt under.
        split_by: rows that agree in these come into one part.
    """

    outcome: list[Column]
    condition: list[Column]
    split_by: list[Column]


def table(
    path: str | os.PathLike[str],
    outcome: str | Sequence[str] | None = None,
    condition: str | Sequence[str] = (),
    *,
    split_by: str | Sequence[str] = (),
    missing: str = "refuse",
    name: str | None = None,
) -> Splits:
    """Columns of a CSV or Parquet file as a data set.

    ``x = (v - mean) / std`` with the mean and the standard deviation of each column of numbers in the training part. Text in
    ``condition`` becomes a column of zeros and ones for each of its values, called e.g. "colour=red".

    Args:
        path: the file; its kind is told by its content. CSV is in UTF-8 with the columns' names in its first row.
        outcome: the columns to learn; None for all columns of numbers that are not named otherwise.
        condition: the columns to learn them under, of numbers or of text with up to 50 values.
        split_by: columns, such as the region or the patient: rows that agree in them come into one part. None of them is an
            outcome unless it is named as one.
        missing: what to do where a value is empty, NA, NaN or null: "refuse" it, "drop" its row, or "mask" it, of outcomes.
        name: a short name for tables; the file's if None.

    Returns:
        The data set, about 80 % for training, 10 % for validation and 10 % for test by content.

    Raises:
        ImportError: for Parquet without pyarrow; the text names the extra that brings it.
        OSError: if the file cannot be read.
        ValueError: for columns that are not there, text among numbers, infinity, missing values that are not to be dropped or
            masked, rows of another length, fewer than 20 rows, or a damaged file.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.data import table
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.csv"
        >>> rows = "".join(f"{i},{i % 7},{'red' if i % 2 else 'blue'}\\n" for i in range(100))
        >>> _ = path.write_text("size,weight,colour\\n" + rows)
        >>> data = table(path, condition="colour")
        >>> data.columns, data.condition_names, data.train.condition.shape
        (('size', 'weight'), ('colour=blue', 'colour=red'), (80, 2))
    """
    checks.choice("missing", missing, WAYS)
    columns, source = read_columns(path), shown(absolute(path))
    roles, skipped = _roles(columns, outcome, condition, split_by, source)
    return tabled(roles, source, name or shown(absolute(path).stem), missing=missing, skipped=skipped)


def _names(argument: str, value: str | Sequence[str], columns: Sequence[Column], source: str) -> list[str]:
    """Names of columns that are there, each once."""
    names, there = [value] if isinstance(value, str) else list(value), [column.name for column in columns]
    for name in names:
        if name not in there:
            near = difflib.get_close_matches(str(name), there, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {listed(map(repr, there), 20)}"
            raise ValueError(f"`{argument}` names {name!r}, which is no column of {source}; {hint}")
        if names.count(name) > 1:
            raise ValueError(f"`{argument}` must name each column once, but names {name!r} more often; leave one out")
    return names


def _roles(
    columns: Sequence[Column],
    outcome: str | Sequence[str] | None,
    condition: str | Sequence[str],
    split_by: str | Sequence[str],
    source: str,
) -> tuple[Roles, dict[str, tuple[str, ...]]]:
    """What each column is for, and the names of those that are for nothing."""
    by_name = {column.name: column for column in columns}
    under, by = (
        _names(each, names, columns, source) for each, names in (("condition", condition), ("split_by", split_by))
    )
    if outcome is None:
        chosen = [each.name for each in columns if each.kind == "number" and each.name not in {*under, *by}]
    else:
        chosen = _names("outcome", outcome, columns, source)
    if both := [name for name in chosen if name in under]:
        raise ValueError(f"the column {both[0]!r} cannot be an outcome and a condition at once; name it in one of both")
    if not chosen:
        text = [each for each in columns if each.kind == "text" and each.name not in {*under, *by}]
        came = f", but text such as {text[0].texts[0]!r:.60} in {text[0].name!r}" if text and outcome is None else ""
        way = "write numbers with a point, as 1.5, or" if came else "name one in `outcome`, or"
        raise ValueError(f"{source} has no column of numbers to learn{came}; {way} give another table")
    unused = [each.name for each in columns if each.name not in {*chosen, *under, *by}]
    roles = Roles(*([by_name[name] for name in names] for names in (chosen, under, by)))
    return roles, {"columns that are not used": tuple(unused)} if unused else {}


def tabled(
    roles: Roles,
    source: str,
    name: str,
    *,
    missing: str = "refuse",
    given: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    label_names: tuple[str, ...] = (),
    skipped: dict[str, tuple[str, ...]] | None = None,
    notes: Sequence[str] = (),
) -> Splits:
    """Columns as a data set.

    Args:
        roles: what they are for.
        source: where they are from.
        name: a short name for tables.
        missing: what to do with missing values, "refuse", "drop" or "mask".
        given: (n,) the part that each row comes in: 0, 1 or 2; None to split by content.
        labels: (n,) the class of each row; None for none.
        label_names: what 0, 1, ... mean.
        skipped: the names of what was left out, by the reason.
        notes: sentences for the report.

    Returns:
        The data set (see ``table``).

    Raises:
        ValueError: as ``table`` does.
    """
    kept, left = _complete(roles, source, missing)
    outcome, condition, by = ([each.chosen(kept) for each in columns] for columns in roles)
    numbers = np.stack([each.all_numbers(source) for each in outcome], axis=1)
    observed = ~np.isnan(numbers)
    values = np.where(observed, numbers, 0.0)
    placed = _split(values, observed, condition, by, source, None if given is None else given[kept])
    train = placed.rows(0)
    scaling, told = _standard([each.name for each in outcome], numbers, train, source)
    conditions, names, condition_scaling, more = _conditions(condition, train, source)
    masked = not observed.all()
    found = Found(
        source, name, np.where(observed, numbers, np.asarray(scaling.offset)),
        None if labels is None else labels[kept], label_names, condition=conditions,
        observed=observed if masked else None, columns=tuple(each.name for each in outcome), condition_names=names,
    )  # fmt: skip
    gone = f"{int((~observed).sum())} of {observed.size} values are missing, and masked." if masked else ""
    data = assembled(
        found, placed, scaling, what="rows", extent=(float(np.nanmin(numbers)), float(np.nanmax(numbers))),
        told="Each column is taken to mean 0 and standard deviation 1 of the training part.",
        skipped={**(skipped or {}), **left}, notes=[*notes, gone, *told, *more],
    )  # fmt: skip
    return data._replace(condition_scaling=condition_scaling)


def _complete(roles: Roles, source: str, missing: str) -> tuple[np.ndarray, dict[str, tuple[str, ...]]]:
    """The rows that are kept, and those that are not."""
    number = len(roles.outcome[0].numbers)
    gone = {column.name: int(column.missing.sum()) for column in (*roles.outcome, *roles.condition)}
    told = ", ".join(f"{count} in {name!r}" for name, count in gone.items() if count)
    if missing == "refuse" and told:
        raise ValueError(
            f'values are missing in {source}: {told}; say missing="drop" to leave these rows out, or, of outcomes,'
            ' missing="mask" to learn from the rest of them'
        )
    under = [column.missing for column in roles.condition]
    if missing == "mask" and any(each.any() for each in under):
        names = [column.name for column in roles.condition if column.missing.any()]
        raise ValueError(
            f'only outcomes can be masked, but values are missing in the condition {names[0]!r} of {source}; say missing="drop"'
        )
    of_outcome = np.stack([column.missing for column in roles.outcome])
    wrong = of_outcome.all(0) if missing == "mask" else np.any([*of_outcome, *under], axis=0)
    rows = tuple(f"row {row + 1}" for row in np.flatnonzero(wrong))
    reason = "rows without any value" if missing == "mask" else "rows with missing values"
    kept = np.setdiff1d(np.arange(number), np.flatnonzero(wrong))
    if not len(kept):
        raise ValueError(f"every row of {source} has missing values: {told}; leave out the columns that have the most")
    return kept, {reason: rows} if rows else {}


def _split(
    values: np.ndarray,
    observed: np.ndarray,
    condition: Sequence[Column],
    by: Sequence[Column],
    source: str,
    given: np.ndarray | None,
) -> Split:
    """The part of each row, by what is in it, or in the columns that keep rows together."""
    contents = [
        row.tobytes() + seen.tobytes() + told
        for row, seen, told in zip((values + 0.0).astype("<f8"), observed, _told(condition, len(values)), strict=True)
    ]
    if given is not None:
        return within(contents, given, source)
    return split(contents, source, groups=_told(by, len(values)) if by else None)


def _told(columns: Sequence[Column], number: int) -> list[bytes]:
    """What each row says in some columns, numbers by their value and texts by their letters."""
    sides = []
    for column in columns:
        if column.kind == "other":
            raise ValueError(
                f"the column {column.name!r} holds neither numbers nor text, by which nothing can be split; leave it out"
            )
        if column.kind == "number" or not len(column.texts):
            sides.append([repr(value + 0.0).encode() for value in column.numbers.tolist()])
        else:
            sides.append([str(text).encode("utf-8", "backslashreplace") for text in column.texts])
    return [b"\0".join(side[row] for side in sides) for row in range(number)]


def _standard(names: Sequence[str], numbers: np.ndarray, train: np.ndarray, source: str) -> tuple[Scaling, list[str]]:
    """The scaling to mean 0 and standard deviation 1 in the training part, and a note on constant columns."""
    offset, unit, constant = np.zeros(len(names)), np.ones(len(names)), []
    for place, name in enumerate(names):
        known = numbers[train, place]
        known = known[~np.isnan(known)]
        if not len(known):
            raise ValueError(
                f"the column {name!r} of {source} has no value in the {len(train)} rows for training; leave it out"
            )
        size = np.abs(known).max() or 1.0  # so that no square overflows
        offset[place], spread = (known / size).mean() * size, (known / size).std() * size
        if known.min() == known.max():
            offset[place] = known[0]
            constant.append(name)
        else:
            unit[place] = spread or 1.0
    told = f"Columns are constant in the training part, and keep their unit: {listed(constant)}." if constant else ""
    return Scaling(offset, unit, dtype="float64"), [told]


def _conditions(
    columns: Sequence[Column], train: np.ndarray, source: str
) -> tuple[np.ndarray | None, tuple[str, ...], Scaling, list[str]]:
    """Conditions (n, k) in the model's units, the names of their features, the scaling, and notes."""
    if not columns:
        return None, (), Scaling(), []
    parts: list[np.ndarray] = []
    names: list[str] = []
    scales: list[tuple[float, float]] = []
    notes: list[str] = []
    for column in columns:
        if column.kind != "text":
            numbers = column.all_numbers(source)[:, None]
            scaling, told = _standard([column.name], numbers, train, source)
            parts.append(numbers)
            names.append(column.name)
            scales.append((scaling.offset[0], scaling.unit[0]))
            notes += told
            continue
        categories = sorted(set(column.texts))
        if len(categories) > MOST_CATEGORIES:
            raise ValueError(
                f"the column {column.name!r} of {source} has {len(categories)} different texts, more than the"
                f" {MOST_CATEGORIES} that can be categories; group them, or leave the column out"
            )
        parts.append(np.array([[text == category for category in categories] for text in column.texts], np.float64))
        names += [f"{column.name}={category}" for category in categories]
        scales += [(0.0, 1.0)] * len(categories)
    offsets, units = (np.array(each) for each in zip(*scales, strict=True))
    scaling = Scaling(offsets, units, dtype="float64")
    return scaled(scaling, np.concatenate(parts, axis=1)), tuple(names), scaling, notes
