"""Short texts that Python itself brings: the names of the characters of Unicode."""

import hashlib
import itertools
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled
from igm_jax.data.places import DataChangedError
from igm_jax.distributions.splits import Scaling, Splits

SYMBOLS = " -0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What names are spelled with; one more symbol stands for their end, and for all that would come after it."""

NAMES_DIGEST = "cb276df2df24cc4ea365aa4f5f6aa848d4547913f4b587c7bf81ae6c9ba5f14e"


@cache
def character_names() -> tuple[str, ...]:
    """The names of all characters of Unicode 14, but for ideographs and syllables that are only numbered.

    Newer versions of Python know more characters; these are the same 32 647 on all of them, since a name never changes.

    Returns:
        The names, in the order of their characters.

    Raises:
        DataChangedError: a ``ValueError``, on a Python whose names are others.

    Example:
        >>> from igm_jax.data import character_names
        >>> names = character_names()
        >>> len(names), names[0], names[-1]
        (32647, 'SPACE', 'VARIATION SELECTOR-256')
    """
    names = tuple(unicodedata.name(chr(code)) for code in _codes())
    if hashlib.sha256("\n".join(names).encode()).hexdigest() != NAMES_DIGEST:
        raise DataChangedError(
            "the names of characters of this Python are not those of Unicode 14; use CPython 3.11 or newer"
        )
    return names


def _codes() -> list[int]:
    """The numbers of the characters: in the file stand a gap and a length for each range, in the base of 36."""
    codes, at = [], 0
    for pair in (Path(__file__).parent / "unicode_14.txt").read_text(encoding="utf-8").split():
        gap, length = (int(number, 36) for number in pair.split("."))
        codes += range(at + gap, at + gap + length)
        at += gap + length
    return codes


def unicode_names(length: int = 32) -> Splits:
    """Names of characters as one-hot rows: real, structured, and whether one is valid can be decided.

    Each of ``length`` places holds 39 numbers, of which one is 1: that of the symbol there, or of the end. Names that are longer
    are left out.

    Args:
        length: letters of the longest name, at least 4.

    Returns:
        Splits of (n, length * 39) rows of zeros and ones; ``spelled`` makes texts of them.

    Raises:
        ValueError: for lengths that leave no names.

    Source: the Unicode Character Database, version 14, as Python's ``unicodedata`` has it.

    Example:
        >>> from igm_jax.data import spelled, unicode_names
        >>> data = unicode_names(12)
        >>> data.train.values.shape[1], spelled(data.train.values[:1])
        (468, ['SPACE'])
    """
    length = checks.count("length", length, least=4)
    whole = character_names()
    kept = [name for name in whole if len(name) <= length]
    number = {symbol: place for place, symbol in enumerate(SYMBOLS)}
    end = len(SYMBOLS)
    tokens = np.full((len(kept), length), end)
    for row, name in zip(tokens, kept, strict=True):
        row[: len(name)] = [number[letter] for letter in name]
    values = np.eye(end + 1, dtype=np.uint8)[tokens].reshape(len(kept), -1)
    found = Found("Python's unicodedata", f"unicode names of {length}", values)
    notes = [f"{len(whole) - len(kept)} longer names are left out."]
    return assembled(found, found.split(), Scaling(0.0, 1.0, 0.0, 1.0), what="names", notes=notes)


def spelled(values: Any) -> list[str]:
    """The texts that rows of ``unicode_names`` spell: at each place the symbol with the greatest number, up to the end.

    Args:
        values: (n, length * 39) numbers, such as samples of a generator.

    Returns:
        n texts.

    Raises:
        ValueError: for rows of another length.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data import spelled
        >>> spelled(np.eye(39)[[36, 13, 38]].reshape(1, -1))
        ['YB']
    """
    rows = np.asarray(values)
    width = len(SYMBOLS) + 1
    if rows.ndim != 2 or rows.shape[1] % width:
        raise ValueError(f"`values` must be rows of so many times {width} numbers, but have shape {rows.shape}")
    tokens = rows.reshape(len(rows), -1, width).argmax(axis=2)
    return [
        "".join(SYMBOLS[t] for t in itertools.takewhile(lambda t: t < len(SYMBOLS), row)) for row in tokens.tolist()
    ]
