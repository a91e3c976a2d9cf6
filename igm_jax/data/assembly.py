"""From what a reader found to a data set: parts, units, labels, digest and report are made here for all of them."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from igm_jax.data.ranges import scaled
from igm_jax.data.report import Report
from igm_jax.data.splitting import Split, rows_as_bytes, split, within
from igm_jax.distributions.splits import PARTS, Part, Scaling, Splits


class Found(NamedTuple):
    """What a reader found.

    Attributes:
        source: where, for people.
        name: of the data set, for tables.
        values: (n, ...) numbers in the data's own units and type.
        labels: (n,) integers from 0 on; None where there are none.
        label_names: what they mean.
        condition: (n, k) numbers that each sample was drawn under, in the model's units; None where there are none.
        observed: (n, d) booleans, False where a value is missing; None where all are there.
        given: (n,) integers, the part that the files put each sample in: 0 for training, 1 for validation, 2 for test; None
            where they do not say.
        groups: the bytes of what each sample belongs to, which comes into one part; None for none.
        columns: what the features of a table are called.
        condition_names: what the features of a condition are called.
    """

    source: str
    name: str
    values: np.ndarray
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    condition: np.ndarray | None = None
    observed: np.ndarray | None = None
    given: np.ndarray | None = None
    groups: Sequence[bytes] | None = None
    columns: tuple[str, ...] = ()
    condition_names: tuple[str, ...] = ()

    def split(self) -> Split:
        """The part of each sample."""
        known = [part for part in (self.values, self.condition, self.observed) if part is not None]
        contents = rows_as_bytes(*known)
        if self.given is not None:
            return within(contents, self.given, self.source)
        return split(contents, self.source, groups=self.groups)


def assembled(
    found: Found,
    placed: Split,
    scaling: Scaling,
    *,
    what: str,
    image_shape: tuple[int, int, int] | None = None,
    shapes: Mapping[str, int] | None = None,
    dtype: str = "",
    extent: tuple[float, float] | None = None,
    told: str = "",
    skipped: Mapping[str, tuple[str, ...]] | None = None,
    notes: Sequence[str] = (),
) -> Splits:
    """The data set of what a reader found.

    Args:
        found: the samples and what belongs to them.
        placed: the part of each.
        scaling: from the data's own units to the model's.
        what: what samples are called in the report.
        image_shape: (h, w, c) of images; None for rows.
        shapes: how many samples had which shape in the files; that of the values if None.
        dtype: the type in the files; that of the values if empty.
        extent: the least and the greatest value.
        told: a sentence on the scaling.
        skipped: the names of what was left out, by the reason.
        notes: sentences for the report; empty ones are left out.

    Returns:
        The data set, with its digest and report.
    """
    rows = [placed.rows(part) for part in range(len(PARTS))]
    train, validation, test = (_part(found, chosen, scaling) for chosen in rows)
    digest = _digest((train, validation, test))
    report = Report(
        source=found.source,
        number=len(found.values),
        what=what,
        shapes={side_by_side(found.values.shape[1:]): len(found.values)} if shapes is None else shapes,
        dtype=dtype or found.values.dtype.name,
        found=extent,
        scaled=told,
        classes=_classes(found),
        duplicates=placed.duplicates,
        skipped={reason: tuple(names) for reason, names in (skipped or {}).items()},
        notes=tuple(note for note in (*notes, _shared(placed)) if note),
        sizes={name: len(chosen) for name, chosen in zip(PARTS, rows, strict=True)},
        digest=digest,
    )
    return Splits(
        train, validation, test, image_shape, found.name, found.label_names, scaling=scaling, columns=found.columns,
        condition_names=found.condition_names, digest=digest, report=report,
    )  # fmt: skip


def _shared(placed: Split) -> str:
    return (
        f"Samples for validation and test that are copies of ones for training: {placed.shared}."
        if placed.shared
        else ""
    )


def _part(found: Found, rows: np.ndarray, scaling: Scaling) -> Part:
    chosen = [None if each is None else each[rows] for each in (found.labels, found.condition, found.observed)]
    values = scaled(scaling, found.values[rows].reshape(len(rows), -1))
    labels, condition, observed = chosen
    if not all(np.isfinite(each).all() for each in (values, condition) if each is not None):
        raise ValueError(
            f"{found.source} holds values that are beyond float32 once they are scaled; rescale or clean them"
        )
    return Part(
        values,
        None if labels is None else labels.astype(np.int32),
        None if condition is None else condition.astype(np.float32),
        observed,
    )


def _digest(parts: Sequence[Part]) -> str:
    """SHA-256 of the shapes, types and bytes of all arrays, in the order of the parts."""
    whole = hashlib.sha256()
    for part in parts:
        for name, array in zip(Part._fields, part, strict=True):
            if array is not None:
                whole.update(f"{name} {array.dtype.name} {array.shape} ".encode())
                whole.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return whole.hexdigest()


def _classes(found: Found) -> dict[str, int]:
    if found.labels is None:
        return {}
    counts = np.bincount(found.labels, minlength=len(found.label_names))
    return {name: int(count) for name, count in zip(found.label_names, counts, strict=True)}


def side_by_side(shape: Sequence[int]) -> str:
    """A shape for people.

    Args:
        shape: sizes.

    Returns:
        E.g. "28 × 28 × 1".

    Example:
        >>> from igm_jax.data.assembly import side_by_side
        >>> side_by_side((28, 28, 1))
        '28 × 28 × 1'
    """
    return " × ".join(map(str, shape))


def numbered(labels: np.ndarray, names: Sequence[str] = ()) -> tuple[np.ndarray, tuple[str, ...], str]:
    """Labels as integers from 0 on without gaps, what they mean, and a note where they were numbered anew.

    Args:
        labels: (n,) integers.
        names: what 0, 1, ... mean, where that is known.

    Returns:
        (n,) integers, their names, and the note, which may be empty.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data.assembly import numbered
        >>> numbered(np.array([7, 3, 7]))
        (array([1, 0, 1]), ('3', '7'), 'The labels 3 ... 7 have gaps, and are numbered 0 ... 1.')
    """
    known, places = np.unique(labels, return_inverse=True)
    if names and known[0] >= 0 and known[-1] < len(names):
        return labels.astype(np.int64), tuple(names), ""
    own = tuple(str(label) for label in known.tolist())
    if known[0] == 0 and known[-1] == len(known) - 1:
        return labels.astype(np.int64), own, ""
    note = f"The labels {known[0]} ... {known[-1]} have gaps, and are numbered 0 ... {len(known) - 1}."
    if known[-1] - known[0] == len(known) - 1:
        note = f"The labels {known[0]} ... {known[-1]} are numbered 0 ... {len(known) - 1}."
    return places.reshape(-1), own, note


def fits(number: int, features: int, size: int, source: str, way: str) -> None:
    """Raise ``ValueError`` if samples, as they are and as float32, do not fit into the machine's memory.

    Args:
        number: how many samples there are.
        features: how many numbers each has.
        size: bytes of a number as it is.
        source: where they are from.
        way: what to do then.
    """
    needed = number * features * (size + 2 * np.dtype(np.float32).itemsize)
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return
    if needed > there:
        raise ValueError(
            f"the {number} samples of {source} would take {needed / 2**30:.1f} GiB, but this machine has"
            f" {there / 2**30:.1f} GiB of memory; {way}"
        )
