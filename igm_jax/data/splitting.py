"""Splits by content: what a sample holds decides its part, wherever its file lies and whatever it is called."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from igm_jax.distributions.splits import PARTS

SHARES = (0.8, 0.1, 0.1)
"""Of training, validation and test."""

NAMES = {
    "train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "dev": 1, "test": 2, "testing": 2,
}  # fmt: skip
"""What the parts are called by people, and their places in ("train", "validation", "test")."""

LEAST = 20
"""So many samples at least are split into three."""


class Split(NamedTuple):
    """Where each sample goes.

    Attributes:
        parts: (n,) integers, the place in ("train", "validation", "test") of each sample's part.
        duplicates: how many samples are exact copies of another.
        shared: how many samples for validation and test are exact copies of ones for training.
    """

    parts: np.ndarray
    duplicates: int
    shared: int = 0

    def rows(self, part: int) -> np.ndarray:
        """The samples of a part, in the order in which they came."""
        return np.flatnonzero(self.parts == part)


def stamp(content: bytes) -> int:
    """The first 64 bits of the SHA-256 of a content.

    Args:
        content: what a sample holds.

    Returns:
        A number from 0 to 2**64 - 1, the same everywhere and for ever.

    Example:
        >>> from igm_jax.data.splitting import stamp
        >>> hex(stamp(b""))
        '0xe3b0c44298fc1c14'
    """
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def split(
    contents: Iterable[bytes],
    source: str,
    *,
    groups: Sequence[bytes] | None = None,
    shares: tuple[float, float, float] = SHARES,
) -> Split:
    """A fixed split by the SHA-256 of what each sample holds.

    Exact copies come into one part. Neither the order nor the names of files matter, and a new sample moves no
    other, unless there are so few that a part was empty without it.

    Args:
        contents: the bytes of each sample.
        source: where the samples are from, for errors.
        groups: the bytes of what each sample belongs to, such as the photograph that a patch is cut from; they decide in
            the place of the contents, so that a group comes into one part. None for none.
        shares: of training, validation and test, about which the parts come to; together 1.

    Returns:
        The part of each sample, and the number of exact copies.

    Raises:
        ValueError: for fewer than 20 samples, or a part without any.

    Example:
        >>> from igm_jax.data.splitting import split
        >>> found = split([bytes([i]) for i in range(200)], "here")
        >>> [len(found.rows(part)) for part in range(3)]
        [164, 21, 15]
    """
    stamps = np.fromiter(map(stamp, contents), np.uint64)
    enough(len(stamps), source)
    deciding = stamps if groups is None else np.fromiter(map(stamp, groups), np.uint64)
    if len(deciding) != len(stamps):
        raise ValueError(f"`groups` must have one entry a sample, {len(stamps)}, but has {len(deciding)}")
    parts = _filled(_placed(deciding, shares), deciding, shares)
    counts = np.bincount(parts, minlength=3)
    if not counts.all():
        empty = " and ".join(name for name, count in zip(PARTS, counts, strict=True) if not count)
        what, way = ("contents", "add samples") if groups is None else ("groups", "form more and smaller groups")
        number = len(np.unique(deciding))
        raise ValueError(
            f"{source} holds {len(stamps)} samples (different {what}: {number}), of which none comes into the part for"
            f" {empty}; {way}, since the content of each decides where it comes"
        )
    return _counted(parts, stamps)


def within(contents: Iterable[bytes], given: np.ndarray, source: str) -> Split:
    """The split that the files come with; parts that it has not are taken of the training samples by content.

    Args:
        contents: the bytes of each sample.
        given: (n,) the part of each: 0 for training, 1 for validation, 2 for test.
        source: where the samples are from, for errors.

    Returns:
        The part of each sample, and the number of exact copies.

    Raises:
        ValueError: for fewer than 20 samples, or a part without any.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data.splitting import within
        >>> found = within([bytes([i]) for i in range(100)], np.repeat([0, 2], [90, 10]), "here")
        >>> [len(found.rows(part)) for part in range(3)]
        [78, 12, 10]
    """
    stamps = np.fromiter(map(stamp, contents), np.uint64)
    enough(len(stamps), source)
    parts = given.astype(np.int64)
    parts = np.where(parts == 0, _placed(stamps, _left(np.unique(parts).tolist())), parts)
    counts = np.bincount(parts, minlength=3)
    if not counts.all():
        empty = " and ".join(name for name, count in zip(PARTS, counts, strict=True) if not count)
        raise ValueError(f"{source} comes with a split that leaves no sample for {empty}; add samples to it")
    return _counted(parts, stamps)


def _left(there: Iterable[int]) -> tuple[float, float, float]:
    """The shares of a given training part that stay in it and that go to the parts which are not there."""
    known = set(there)
    train, validation, test = (0.0 if part and part in known else share for part, share in enumerate(SHARES))
    total = train + validation + test
    return train / total, validation / total, test / total


def _counted(parts: np.ndarray, stamps: np.ndarray) -> Split:
    """The split with its numbers of copies."""
    held_out = stamps[parts > 0]
    return Split(parts, len(stamps) - len(np.unique(stamps)), int(np.isin(held_out, stamps[parts == 0]).sum()))


def enough(number: int, source: str) -> None:
    """Raise ``ValueError`` for fewer samples than can be split.

    Args:
        number: how many there are.
        source: where they are from.
    """
    if number < LEAST:
        samples = "sample" if number == 1 else "samples"
        raise ValueError(
            f"expected at least {LEAST} samples, of which some train, some validate and some test, but {source} holds"
            f" {number} {samples}; add more"
        )


def part_of(content: bytes, given: int | None = None, there: Iterable[int] = ()) -> str:
    """The part that a sample comes to by what it holds, where samples are many and come one after the other.

    Args:
        content: the bytes of the sample.
        given: the part that its file puts it in, 0, 1 or 2; None where files do not say.
        there: the parts that files put any sample in; those that are not are taken of the training part.

    Returns:
        "train", "validation" or "test", as ``split`` and ``within`` say it.

    Example:
        >>> from igm_jax.data.splitting import part_of
        >>> part_of(b"a sample")
        'train'
    """
    if given:
        return PARTS[given]
    return PARTS[int(_placed(np.array([stamp(content)], np.uint64), SHARES if given is None else _left(there))[0])]


def _filled(parts: np.ndarray, stamps: np.ndarray, shares: tuple[float, float, float]) -> np.ndarray:
    """Of few samples or groups none may fall into a part: then that which lies nearest to it comes there."""
    places = stamps / 2.0**64
    for part in range(3):
        low = sum(shares[:part])
        away = np.maximum(low - places, places - low - shares[part])
        counts = np.array([len(np.unique(stamps[parts == each])) for each in range(3)])
        if shares[part] > 0 and not counts[part]:
            away[counts[parts] < 2] = np.inf  # the last one of a part stays there
            if np.isfinite(away).any():
                parts = np.where(stamps == stamps[away.argmin()], part, parts)
    return parts


def _placed(stamps: np.ndarray, shares: tuple[float, float, float]) -> np.ndarray:
    """The part of each stamp: the unit interval is cut at the shares."""
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"`shares` must be three parts of 1, such as {SHARES}, but are {shares}")
    # Of 53 bits, as many as float64 has, so that no stamp is rounded over a border.
    places = (stamps >> np.uint64(11)).astype(np.float64) / 2.0**53
    parts = (places >= shares[0]).astype(np.int64) + (places >= shares[0] + shares[1])
    return np.minimum(parts, max(part for part in range(3) if shares[part]))  # three thirds may be less than 1


def rows_as_bytes(*arrays: np.ndarray) -> Iterable[bytes]:
    """What each sample holds, as bytes that are the same on every machine.

    Args:
        *arrays: (n, ...) the arrays whose rows make up the samples.

    Yields:
        The bytes of one row after the other.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data.splitting import rows_as_bytes
        >>> list(rows_as_bytes(np.array([[1, -1]], np.int8), np.array([2], ">i2")))
        [b'\\x01\\xff\\x02\\x00']
    """
    for at in range(len(arrays[0])):
        yield b"".join(_plain(array[at]).tobytes() for array in arrays)


def _plain(row: Any) -> np.ndarray:
    """A row in little-endian order; minus zero, which equals zero, is zero."""
    row = np.asarray(row)
    return (row + row.dtype.type(0) if row.dtype.kind == "f" else row).astype(row.dtype.newbyteorder("<"), copy=False)
