"""Notes as harmonics: spectra on a frequency axis that counts in fundamentals, where every key looks alike, and back."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from igm_jax import checks


class HarmonicBands(NamedTuple):
    """Between the bins of a transform and bands about and between the harmonics of one fundamental.

    Attributes:
        gather: (f, 2h) of powers of bins, those of bands: ``bands = powers @ gather``.
        spread: (2h, f) of powers of bands, those of bins: ``powers = bands @ spread``; a sine's shape about each harmonic, and
            evenly between.

    Bands 0, 2, 4, ... lie about harmonics 1, 2, 3, ..., from a quarter of the fundamental below to a quarter above; bands 1, 3,
    5, ... lie between them. What lies beyond half of the rate is zero in both.
    """

    gather: Float[np.ndarray, "f b"]
    spread: Float[np.ndarray, "b f"]


def harmonic_bands(fundamental: float, harmonics: int, window: int, rate: float = 16_000) -> HarmonicBands:
    """The bands of a fundamental.

    A bin counts to the band whose centre, a multiple of half of the fundamental, is nearest; about the border between two
    bands it is shared by both, so that shares of each bin sum to one and power is kept between the first band and the last.
    What lies below ¾ of the fundamental is in no band, nor what lies beyond the last one: above h + ¾ fundamentals, or near half
    of the rate. Back, the power of a harmonic takes the shape of a sine under a Hann window, three bins wide in essence, and
    that between is even. ``spread`` followed by ``gather`` gives nearly what it was given, where harmonics are some bins apart.

    Args:
        fundamental: in Hz; its harmonics should lie at least four bins apart, ``4 · rate / window``.
        harmonics: how many, h.
        window: W of the transform, see ``stft``.
        rate: numbers a second.

    Returns:
        The two matrices, in single precision.

    Raises:
        ValueError: for a fundamental whose harmonics the window cannot keep apart, or that lies beyond half of the rate.

    Example:
        >>> import numpy as np
        >>> from igm_jax.features.harmonics import harmonic_bands
        >>> bands = harmonic_bands(440.0, 3, 2080)
        >>> powers = np.zeros(1041)
        >>> powers[[57, 86, 114]] = 1.0, 0.5, 0.2  # at 438, 662 and 877 Hz: the first harmonic, between, the second
        >>> np.round(powers @ bands.gather, 2).tolist()
        [1.0, 0.5, 0.2, 0.0, 0.0, 0.0]
    """
    checks.count("harmonics", harmonics)
    checks.positive("rate", rate)
    apart = checks.positive("fundamental", fundamental) * window / rate
    if apart < 4 or fundamental > rate / 2:
        raise ValueError(
            f"`fundamental` must lie between {4 * rate / window:g} Hz, four bins, and {rate / 2:g} Hz, half of the rate, but is"
            f" {fundamental:g} Hz; leave such notes out, or take a longer window"
        )
    bins = np.arange(window // 2 + 1)
    halves = bins / apart * 2  # in halves of the fundamental: even at harmonics
    centres = 2 + np.arange(2 * harmonics)
    # Full within a quarter of a fundamental, less the bin or so over which one band fades into the next.
    fade = min(1.0, 2 / apart)
    gather = np.clip((0.5 - np.abs(halves[:, None] - centres[None])) / fade + 0.5, 0, 1)
    inside = centres / 2 * apart <= window // 2
    gather *= inside[None]
    lobe = _lobe(bins[None] - (centres / 2 * apart)[:, None])
    even = np.where(centres[:, None] % 2 == 0, lobe, gather.T)
    total = even.sum(1, keepdims=True)
    spread = np.where(inside[:, None] & (total > 0), even / np.where(total > 0, total, 1), 0)
    return HarmonicBands(gather.astype(np.float32), spread.astype(np.float32))


def _lobe(bins: np.ndarray) -> np.ndarray:
    """The power of a sine so many bins off under a Hann window, one at its middle, its main lobe alone.

    The transform of the window is that of a rectangle, ``D(b) = sinc(b)``, and of its neighbours: ``D(b) + ½ D(b-1) + ½ D(b+1)``.
    """
    shape = np.sinc(bins) + 0.5 * np.sinc(bins - 1) + 0.5 * np.sinc(bins + 1)
    return np.where(np.abs(bins) < 2, shape**2, 0)


def key_frequency(key: float) -> float:
    """The frequency of a key, where C5 is 60 and the A above it, 69, has 440 Hz.

    ``440 · 2^((key - 69)/12)``

    Args:
        key: its number; fractions lie between keys.

    Returns:
        The frequency in Hz.

    Example:
        >>> from igm_jax.features.harmonics import key_frequency
        >>> key_frequency(69), key_frequency(57)
        (440.0, 220.0)
    """
    return float(440 * 2 ** ((key - 69) / 12))
