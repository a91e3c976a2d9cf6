"""Recorded notes of instruments, out of a SoundFont."""

import os
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.signal import resample_poly

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled, fits
from igm_jax.data.places import Place, located
from igm_jax.distributions.splits import Scaling, Splits
from igm_jax.files import regular

PLACE = Place(
    "notes", "Debian's package fluid-soundfont-gm", "/usr/share/sounds/sf2", ("FluidR3_GM.sf2",),
    "any SoundFont 2 file of that name will do",
)  # fmt: skip
RATE = 16_000
"""Numbers a second."""

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_TOLD = re.compile(r"(?<![A-Za-z])([A-G]) ?([#b]?)\s*(\d)(?!\d)|([A-G])([#b]?)(\d)\s*(?:\(|[LR]?$)")
FAMILIES = {
    "mallets": "vibraphone marimba xylophone celesta glocken glockenspiel box kalimba drum bells",
    "bass": "bass slap fretless pop",
    "guitar": "guitar distortion nylon steel shamisen harp banjo koto sitar",
    "keys": "piano ep rhodes clavinet harpsichord",
    "organ": "organ b3 accordian accordion",
    "voice": "choir voices vox",
    "strings": "strings violin viola cello pizz",
    "wind": "soprano alto tenor baritone sax clarinet flute oboe bassoon horn piccolo recorder ocar shenai bagpipe chiff",
    "brass": "trombone tuba horns brass sbrass muted trumpet",
    "synth": "",
}
"""Families of instruments, and the words in names that say so; what has none of these is a synthesiser."""
_RECORD = struct.Struct("<20sIIIIIBbHH")
_LEFT, _COMPRESSED, _ROM = 4, 0x10, 0x8000  # kinds of sample: the left one of a pair; of Ogg Vorbis; elsewhere


class Recording(NamedTuple):
    """One recording of a SoundFont.

    Attributes:
        name: as in the file, e.g. "Tenor Sax C#4".
        rate: numbers a second.
        key: the key that the name tells, where C5 is 60; None if it tells none.
        left: whether it is the left one of a pair.
        samples: (n,) 16-bit numbers.
    """

    name: str
    rate: int
    key: int | None
    left: bool
    samples: np.ndarray


def recordings(path: str | os.PathLike[str]) -> list[Recording]:
    """All recordings of a SoundFont 2 file.

    Args:
        path: the file.

    Returns:
        The recordings, those of ROMs left out.

    Raises:
        ValueError: for another file, or a damaged one.
        OSError: where it cannot be read.

    Example:
        >>> from igm_jax.data.soundfonts import recordings
        >>> len(recordings("FluidR3_GM.sf2"))  # doctest: +SKIP
        1418
    """
    content = memoryview(regular(path).read_bytes())
    try:
        if bytes(content[:4]) != b"RIFF" or bytes(content[8:12]) != b"sfbk":
            raise ValueError("it does not begin as one")
        lists = {}
        for kind, start, end in _chunks(content, 12, len(content)):
            if kind == b"LIST":
                lists |= {inner: (a, b) for inner, a, b in _chunks(content, start + 4, end)}
        (start, end), (first, last) = lists[b"smpl"], lists[b"shdr"]
        whole = np.frombuffer(content[start : start + (end - start) // 2 * 2], "<i2")
        places = range(first, last - _RECORD.size, _RECORD.size)
        return [one for place in places if (one := _recording(_RECORD.unpack_from(content, place), whole)) is not None]
    except (ValueError, KeyError, struct.error) as error:
        raise ValueError(
            f"{path} is not a whole SoundFont 2 file ({error}); give another, or fetch it again"
        ) from error


def _recording(told: tuple, whole: np.ndarray) -> Recording | None:
    name, start, end, _, _, rate, _, _, _, kind = told
    if kind & _ROM:
        return None
    text = name.split(b"\0")[0].decode("latin-1")
    if kind & _COMPRESSED:
        raise ValueError(f"the recording {text!r} is compressed, as those of SoundFont 3 are: unpack them to .sf2")
    if not (0 <= start < end <= len(whole) and 400 <= rate <= 192_000):
        raise ValueError(f"the recording {text!r} lies outside, or has {rate} numbers a second")
    return Recording(text, rate, key_of(text), kind == _LEFT, whole[start:end])


def _chunks(content: memoryview, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, beginning and end of each chunk of a RIFF file; they are padded to even lengths."""
    while start + 8 <= end:
        (size,) = struct.unpack_from("<I", content, start + 4)
        if start + 8 + size > len(content):
            raise ValueError(f"the chunk {bytes(content[start : start + 4])!r} ends after the file")
        yield bytes(content[start : start + 4]), start + 8, start + 8 + size
        start += 8 + size + size % 2


def key_of(name: str) -> int | None:
    """The key that a recording's name tells, where C5 is 60.

    Args:
        name: e.g. "Tenor Sax C#4(L)".

    Returns:
        The key, or None.

    Example:
        >>> from igm_jax.data.soundfonts import key_of
        >>> key_of("Tenor Sax C#4(L)"), key_of("B3 D#4"), key_of("Bass Drum")
        (49, 51, None)
    """
    every = list(_TOLD.finditer(name))
    if not every:
        return None
    found = every[-1]  # an instrument may be called as a key is: "B3 D#4"
    letter, sign, octave = found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)
    return 12 * int(octave) + NAMES.index(letter) + {"#": 1, "b": -1, "": 0}[sign]


def family_of(name: str) -> str:
    """The family of a recording's instrument.

    Args:
        name: e.g. "Tenor C#4(L)".

    Returns:
        One of ``FAMILIES``, the first that has a word of the name.

    Example:
        >>> from igm_jax.data.soundfonts import family_of
        >>> family_of("Tenor C#4(L)"), family_of("Harpsichord C5"), family_of("Steel Drum C 4"), family_of("Sweeper C5")
        ('wind', 'keys', 'mallets', 'synth')
    """
    words = set(re.findall(r"[a-z0-9]+", _unpitched(name).lower()))
    return next((family for family, own in FAMILIES.items() if words & set(own.split())), "synth")


def _unpitched(name: str) -> str:
    """What stands before the key, which is the last one told: "B3 D#4" is a note of the organ B3."""
    told = [*_TOLD.finditer(name)]
    return name[: told[-1].start()] if told else name


def notes(folder: str | os.PathLike[str] | None = None, seconds: float = 1.0, *, conditions: bool = False) -> Splits:
    """Recorded notes of orchestral instruments: their first second at 16 kHz, the loudest number 1.

    The label is the key, from the recording's name; of a pair of channels the left one is taken, and notes without a key, or
    silent ones, are left out. All notes of one instrument lie in one part.

    Args:
        folder: where ``FluidR3_GM.sf2`` lies; None for ``IGM_DATA`` or the place of Debian's package fluid-soundfont-gm.
        seconds: how long a row is; shorter recordings end in silence.
        conditions: whether each row comes with its key and the number of its family in ``FAMILIES``, as (n, 2) conditions.

    Returns:
        Splits of (n, 16000 · seconds) numbers in [-1, 1].

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, where the file is not; the text names the package.
        ValueError: for a file that is no SoundFont, or is one of compressed recordings; for rows that the memory has no room for.

    Source: Fluid (R3) General MIDI SoundFont by Frank Wen, MIT licence.

    Example:
        >>> from igm_jax.data import notes
        >>> notes().train.values.shape[1]  # doctest: +SKIP
        16000
    """
    length = checks.count("seconds · 16000", round(checks.positive("seconds", seconds) * RATE))
    place = located(PLACE, folder) / PLACE.files[0]
    every = recordings(place)
    kept = [one for one in every if one.key is not None and (one.left or not is_paired(one.name))]
    if not kept:
        raise ValueError(f"none of the {len(every)} recordings of {place} tells its key; give another SoundFont")
    fits(len(kept), length, 4, str(place), "shorten them by `seconds`")
    values = np.stack([_sound(one, length) for one in kept])
    heard = np.ptp(values, axis=1) > 0
    if not heard.any():
        raise ValueError(f"all {len(kept)} notes of {place} are silent; give another SoundFont")
    silent = tuple(one.name for one, sounds in zip(kept, heard, strict=True) if not sounds)
    kept, values = [one for one, sounds in zip(kept, heard, strict=True) if sounds], values[heard]
    keys, labels = np.unique(np.array([one.key for one in kept], int), return_inverse=True)
    names = tuple(f"{NAMES[key % 12]}{key // 12}" for key in keys.tolist())
    groups = [instrument_of(one.name).encode("latin-1") for one in kept]
    found = Found(PLACE.package, PLACE.name, values, labels.reshape(-1), names, groups=groups)
    if conditions:
        told = [(one.key, list(FAMILIES).index(family_of(one.name))) for one in kept]
        found = found._replace(condition=np.array(told, np.float32), condition_names=("key", "family"))
    told = [
        f"{len(every) - len(kept) - len(silent)} recordings without a key, or the right ones of a pair, are left out."
    ]
    scaling = Scaling(0.0, 1.0, -1.0, 1.0)
    splits = assembled(
        found, found.split(), scaling, what="notes", notes=told, skipped={"silent": silent} if silent else {}
    )
    return splits._replace(credit="Notes: Fluid (R3) General MIDI SoundFont by Frank Wen, MIT licence.")


def is_paired(name: str) -> bool:
    """Whether a recording's name says that it is the right one of a pair."""
    return bool(re.search(r"\(R\)|[ _\-\d]R$", name))


def instrument_of(name: str) -> str:
    """What all notes of one instrument are called; those of a file that calls notes by their key alone are of one."""
    bare = re.sub(r"\(.*", "", _unpitched(name)).strip(" _-")
    return re.sub(r"[ _\-]+[A-G][#b]?$", "", bare).strip(" _-").lower() or "unnamed"


def _sound(one: Recording, length: int) -> np.ndarray:
    needed = -(-length * one.rate // RATE) + 64
    raw = one.samples[:needed].astype(np.float64)
    sound = raw if one.rate == RATE else resample_poly(raw, RATE, one.rate)
    sound = np.pad(sound[:length], (0, max(0, length - len(sound))))
    return (sound / max(np.abs(sound).max(), 1.0)).astype(np.float32)
