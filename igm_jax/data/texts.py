"""Short texts: the names of the characters of Unicode, which Python itself brings, and the lines of a file."""

import hashlib
import itertools
import os
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled, fits
from igm_jax.data.places import DataChangedError
from igm_jax.data.splitting import LEAST
from igm_jax.distributions.splits import Scaling, Splits
from igm_jax.files import regular

SYMBOLS = " -0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What names are spelled with; one more symbol stands for their end, and for all that would come after it."""

CAPITALS = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}

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
    values = one_hot_texts(kept, length).astype(np.uint8)
    found = Found("Python's unicodedata", f"unicode names of {length}", values)
    notes = [f"{len(whole) - len(kept)} longer names are left out."]
    return assembled(found, found.split(), Scaling(0.0, 1.0, 0.0, 1.0), what="names", notes=notes)


def text_lines(path: str | os.PathLike[str], length: int = 32) -> Splits:
    """The lines of a text file of one's own as one-hot rows, as ``unicode_names`` has its names.

    Blank lines are passed over, spaces around a line taken away, and small letters made capital. Lines that are longer are left
    out, and counted in the report. Any other symbol than ``igm_jax.data.texts.SYMBOLS`` is an error: no line is silently changed.

    Args:
        path: a file in UTF-8, with or without a byte order mark, a text a line.
        length: symbols of the longest line, at least 4.

    Returns:
        Splits of (n, length * 39) rows of zeros and ones; ``spelled`` makes texts of them.

    Raises:
        OSError: if the file cannot be read.
        ValueError: for a file that is not UTF-8, symbols that are not known (which, and in what line), or fewer than twenty lines
            that fit.

    Example:
        >>> import pathlib, tempfile
        >>> from igm_jax.data import spelled, text_lines
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = pathlib.Path(directory) / "towns.txt"
        ...     _ = path.write_text("\\n".join(f"town {n}" for n in range(30)))
        ...     data = text_lines(path, 8)
        >>> data.train.values.shape[1], sorted(spelled(data.test.values))[0][:5]
        (312, 'TOWN ')
    """
    length = checks.count("length", length, least=4)
    whole = regular(path).read_bytes()
    try:
        lines = [line.strip(" \t").translate(CAPITALS) for line in re.split(r"\r\n|\r|\n", whole.decode("utf-8-sig"))]
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} must be a text in UTF-8, but is not: {error}; save it as UTF-8") from error
    for number, line in enumerate(lines, 1):
        _check_symbols(f"line {number} of {str(path)!r}", line)
    texts = [line for line in lines if line]
    kept = [line for line in texts if len(line) <= length]
    if len(kept) < LEAST:
        enough = len(texts) >= LEAST
        told = (
            f"of {len(texts)} only {len(kept)} are that short; raise `length`"
            if enough
            else f"it has {len(texts)}; add more"
        )
        raise ValueError(
            f"{str(path)!r} must hold at least {LEAST} lines of at most {length} symbols, to train, to validate and to test, but"
            f" {told}"
        )
    name = Path(path).name
    found = Found(name, f"{name} of {length}", one_hot_texts(kept, length).astype(np.uint8))
    notes = [f"{len(texts) - len(kept)} longer lines are left out."] if len(kept) < len(texts) else []
    return assembled(found, found.split(), Scaling(0.0, 1.0, 0.0, 1.0), what="lines", notes=notes)


def one_hot_texts(texts: Any, length: int = 32) -> Float[np.ndarray, "n size"]:
    """Texts as the rows that ``spelled`` reads: at each place a one for the symbol there, or for the end.

    Args:
        texts: n texts of the 38 symbols of ``igm_jax.data.texts.SYMBOLS``; an empty one is all end.
        length: places of a row.

    Returns:
        (n, length * 39) float32 zeros and ones.

    Raises:
        ValueError: for no texts, symbols that are not known, a text that is longer, or rows that the memory has no room for.

    Example:
        >>> from igm_jax.data import one_hot_texts, spelled
        >>> rows = one_hot_texts(["YB", "DIGIT ONE"], 9)
        >>> rows.shape, spelled(rows)
        ((2, 351), ['YB', 'DIGIT ONE'])
    """
    length = checks.count("length", length)
    several = np.ndim(texts) > 0 and not isinstance(texts, dict)
    if not several or not len(texts) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"`texts` must be a list of at least one text, but is {texts!r:.80}")
    fits(len(texts), length * (len(SYMBOLS) + 1), 1, "`texts`", "lower `length`")
    number = {symbol: place for place, symbol in enumerate(SYMBOLS)}
    tokens = np.full((len(texts), length), len(SYMBOLS))
    for place, (row, text) in enumerate(zip(tokens, texts, strict=True)):
        _check_symbols(f"`texts[{place}]`", text)
        if len(text) > length:
            raise ValueError(
                f"`texts[{place}]` has {len(text)} symbols, more than the {length} places; cut it, or take more"
            )
        row[: len(text)] = [number[letter] for letter in text]
    return np.eye(len(SYMBOLS) + 1, dtype=np.float32)[tokens].reshape(len(texts), -1)


def _check_symbols(name: str, text: str) -> None:
    unknown = sorted(set(text) - set(SYMBOLS))
    if unknown:
        raise ValueError(
            f"{name} must be made of space, hyphen, digits and the capitals A to Z, but has {', '.join(map(repr, unknown[:5]))};"
            " write it with these"
        )


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
    if rows.ndim != 2 or not rows.shape[1] or rows.shape[1] % width:
        raise ValueError(f"`values` must be rows of so many times {width} numbers, but have shape {rows.shape}")
    checks.finite("values", rows)
    tokens = rows.reshape(len(rows), -1, width).argmax(axis=2)
    return [
        "".join(SYMBOLS[t] for t in itertools.takewhile(lambda t: t < len(SYMBOLS), row)) for row in tokens.tolist()
    ]
