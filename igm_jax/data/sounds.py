"""Sounds of one's own: .wav files in, one channel at one rate, and .wav files out."""

import io
import os
import warnings
import wave
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.io import wavfile
from scipy.signal import resample_poly

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled, fits
from igm_jax.data.splitting import LEAST
from igm_jax.distributions.splits import Scaling, Splits
from igm_jax.files import absolute, regular, shown

RATE = 16_000
"""Numbers a second, of all that is read here."""
SHORTEST = 1024
"""Numbers below which a sound is none: what the judge of pitch sees at once, 64 ms."""
LOUDEST, MOST_CLIPPED = 0.999, 0.001
"""From where a number that stays there counts as cut off, of the largest that its type has; of which share on a sound does."""
STAYS, STAYS_OF_BYTES = 3, 20
"""For how many numbers it has to stay, as the crest of a loud low tone has some of one height, in 8 bits many."""
PIPED = 0x7FFFF000
"""From here on a length is none: what a program tells that writes into a pipe."""
LEAST_RATE, MOST_RATE = 1000, 384_000


class Sound(NamedTuple):
    """What a .wav file holds.

    Attributes:
        samples: (n,) numbers, full scale of the file is 1.
        rate: numbers a second, as asked for.
        own_rate: in the file.
        channels: in the file.
        clipped: the share of the file's numbers that stay at the largest that their type has, or the lowest: three in a row or
            more of one height, of 8 bits twenty.
        silent: whether the file holds one number all along.
    """

    samples: Float[np.ndarray, " n"]
    rate: int
    own_rate: int
    channels: int
    clipped: float
    silent: bool


def read_wav(path: str | os.PathLike[str], rate: int = RATE) -> Sound:
    """A .wav file of 8, 16, 24 or 32 bits or of floats, as one channel at one rate.

    Several channels become their mean. Another rate is brought to this one by a polyphase filter, which cuts off what lies
    above half of the lower rate, so that nothing is heard at a wrong pitch.

    Args:
        path: the file.
        rate: numbers a second that come out, 1000 to 384 000.

    Returns:
        The sound; silent and short ones too.

    Raises:
        OSError: if it cannot be read.
        ValueError: for what is no whole .wav file of numbers, an empty one or one that ends too early, one with numbers that are
            not finite, or a rate outside of 1000 to 384 000.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.data import read_wav, wav_bytes
        >>> path = pathlib.Path(tempfile.mkdtemp(), "a.wav")
        >>> _ = path.write_bytes(wav_bytes(np.sin(np.arange(800) / 3), 8000))
        >>> sound = read_wav(path)
        >>> sound.samples.shape, sound.own_rate
        ((1600,), 8000)
    """
    _check_rate(rate)
    content = regular(path).read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks with a title and the like
            own, values = wavfile.read(io.BytesIO(content))
        values = values[:, None] if values.ndim == 1 else values
        _check_whole(content)
    except Exception as error:  # SciPy's reader says in many ways that a file is none
        raise ValueError(
            f"{shown(path)!r} must be a whole .wav file of numbers, but cannot be read as one ({type(error).__name__}: {error});"
            " save it as WAV, PCM of 16 bits"
        ) from error
    if not LEAST_RATE <= own <= MOST_RATE or not values.size:
        raise ValueError(
            f"{shown(path)!r} must hold sound at {LEAST_RATE} to {MOST_RATE} numbers a second, but holds {values.size} numbers at"
            f" {own}; save it again"
        )
    scaled = _full_scale(values)
    if not (np.abs(scaled) <= np.finfo(np.float32).max).all():
        raise ValueError(f"{shown(path)!r} holds numbers that are not finite in single precision; save it again")
    whole = np.issubdtype(values.dtype, np.integer)
    largest = np.array([np.iinfo(values.dtype).max if whole else 1], values.dtype)
    loud = np.abs(scaled) >= LOUDEST * _full_scale(largest)  # of 8 bits the largest is 127/128
    clipped = _staying(loud[1:] & (scaled[1:] == scaled[:-1]), STAYS_OF_BYTES if values.dtype == np.uint8 else STAYS)
    mono = scaled.mean(1)
    silent = not np.ptp(mono) > 0  # before the rate is changed, which rings at the ends
    if own != rate:
        mono = resample_poly(mono, rate, own)
    return Sound(mono.astype(np.float32), rate, own, values.shape[1], clipped, silent)


def _check_whole(content: bytes) -> None:
    """Raise ``EOFError`` where a file ends before the sound that it tells of; what comes behind that is nobody's concern."""
    order, long, at = "big" if content[:4] == b"RIFX" else "little", 0, 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], order)  # pyrefly: ignore
        at += 8
        if name == b"ds64":  # of RF64, whose own lengths are too long for their places
            long = int.from_bytes(content[at + 8 : at + 16], "little")
        if name == b"data":
            told = long or (0 if size >= PIPED else size)
            if (missing := told - (len(content) - at)) > 0:
                raise EOFError(f"{missing} of {told} bytes of sound are missing")
            return
        at += size + size % 2


def _staying(same: np.ndarray, least: int) -> float:
    """The share of numbers that are one of so many in a row that are the same, given which are the same as the one before."""
    marked = np.zeros((len(same) + 1, same.shape[1]), bool)
    if len(same) >= least - 1:
        held = np.asarray(np.lib.stride_tricks.sliding_window_view(same, least - 1, axis=0).all(-1))
        for place in range(least):
            marked[place : place + len(held)] |= held
    return float(marked.mean())


def _check_rate(rate: int) -> None:
    if not LEAST_RATE <= checks.count("rate", rate) <= MOST_RATE:
        raise ValueError(f"`rate` must be {LEAST_RATE} to {MOST_RATE} numbers a second, but is {rate}")


def _full_scale(values: np.ndarray) -> np.ndarray:
    """Numbers of any type as fractions of full scale; 8 bits are unsigned, and 24 lie in the upper bits of 32."""
    if values.dtype == np.uint8:
        return (values.astype(np.float64) - 128) / 128
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.float64) / -float(np.iinfo(values.dtype).min)
    return values.astype(np.float64)


def wav_bytes(samples: Any, rate: int = RATE) -> bytes:
    """The content of a .wav file of one channel and 16 bits, which every player takes.

    Args:
        samples: (n,) numbers; what lies outside [-1, 1] is cut off there.
        rate: numbers a second, 1000 to 384 000.

    Returns:
        The bytes.

    Raises:
        ValueError: for other shapes or rates, nothing, or numbers that are not finite.

    Example:
        >>> from igm_jax.data import wav_bytes
        >>> len(wav_bytes([0.0, 0.5, -0.5]))
        50
    """
    _check_rate(rate)
    values = np.asarray(samples, np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(
            f"`samples` must be finite numbers (n,), at least one, but have shape {values.shape}; give one channel of one sound"
        )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(values, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def sounds(path: str | os.PathLike[str], seconds: float = 1.0) -> Splits:
    """The beginnings of all .wav files in a folder and the folders in it, at least twenty, at 16 kHz, each as loud as the others.

    Channels become their mean, rates 16 kHz, the loudest number 1. Shorter sounds end in silence. Files that are no whole
    sound, silent (one number all along), or shorter than 1024 numbers at 16 kHz are left out and named; how
    many were padded, and how many are clipped (a thousandth of their numbers or more stay at full scale), is told.

    Args:
        path: the folder.
        seconds: how long a row is.

    Returns:
        Splits of (n, 16000 · seconds) numbers in [-1, 1], without labels.

    Raises:
        FileNotFoundError: where there is no such folder.
        ValueError: for a folder of fewer than twenty sounds; the text says what was left out.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.data import sounds, wav_bytes
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for n in range(20):
        ...     _ = (folder / f"{n}.wav").write_bytes(wav_bytes(np.sin(np.arange(16000) * 0.1 * (n + 1)), 16000))
        >>> data = sounds(folder, seconds=0.5)
        >>> data.train.values.shape[1]
        8000
    """
    length = checks.count("seconds · 16000", round(checks.positive("seconds", seconds) * RATE))
    root = absolute(path)
    if not root.is_dir():
        found = "that is a file; name the folder that it lies in" if root.exists() else "there is none; check the path"
        raise FileNotFoundError(f"expected a folder of .wav files at {shown(root)!r}, but {found}")
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() == ".wav" and not file.name.startswith("."))
    fits(len(files), length, 4, shown(root), "shorten them by `seconds`")
    rows, skipped, told = _rows(files, root, length)
    if len(rows) < LEAST:
        reasons = [f"{len(names)} {reason} ({', '.join(names[:3])})" for reason, names in skipped.items()]
        left = (
            "it holds no .wav file"
            if not files
            else f"of its {len(files)} files left out are {'; '.join(reasons) or 'none'}"
        )
        raise ValueError(
            f"expected a folder of at least {LEAST} sounds, some to train, some to validate and some to test, but"
            f" {shown(root)} has {len(rows) or 'none'} that can be used: {left}"
        )
    found = Found(shown(root), "sounds", np.stack(rows))
    kept = {reason: tuple(names) for reason, names in skipped.items()}
    return assembled(found, found.split(), Scaling(0.0, 1.0, -1.0, 1.0), what="sounds", skipped=kept, notes=told)


def _rows(files: list[Path], root: Path, length: int) -> tuple[list[np.ndarray], dict[str, list[str]], list[str]]:
    """Sounds of one length, the names of what was left out by the reason, and what there is to tell."""
    rows: list[np.ndarray] = []
    skipped: dict[str, list[str]] = {}
    padded = clipped = mixed = other = 0
    for file in files:
        name = shown(file.relative_to(root))
        try:
            sound = read_wav(file)
        except (OSError, ValueError):
            skipped.setdefault("that are no whole .wav file of numbers", []).append(name)
            continue
        begun = sound.samples[:length]
        if len(sound.samples) < min(SHORTEST, length):
            skipped.setdefault(f"shorter than {SHORTEST} numbers at 16 kHz", []).append(name)
        elif sound.silent or not np.ptp(begun) > 0:
            skipped.setdefault("silent", []).append(name)
        else:
            rows.append(np.pad(begun / np.abs(begun).max(), (0, length - len(begun))))
            padded, clipped = padded + (len(begun) < length), clipped + (sound.clipped >= MOST_CLIPPED)
            mixed, other = mixed + (sound.channels > 1), other + (sound.own_rate != RATE)
    counted = {
        "end in silence, being shorter": padded, "are clipped": clipped, "had several channels, and are their mean": mixed,
        "were brought from another rate to 16 kHz": other,
    }  # fmt: skip
    return rows, skipped, [f"{count} sounds {what}." for what, count in counted.items() if count]
