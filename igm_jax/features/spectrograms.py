"""Spectrograms of sounds: there and back, in mel bands, at several resolutions for a loss, and phases from magnitudes alone."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from igm_jax import checks
from igm_jax.records import recorded

QUIET = 1e-5
"""What is added to amplitudes before their logarithm: 100 dB below 1, and silence keeps a gradient."""


def hann(window: int) -> Float[np.ndarray, " w"]:
    """The periodic Hann window, ``w_j = ½ - ½ cos(2πj/W)``: shifted by W/4 its squares sum to 3/2 everywhere.

    Args:
        window: its length W.

    Returns:
        The window, in single precision.

    Example:
        >>> from igm_jax.features.spectrograms import hann
        >>> hann(4).tolist()
        [0.0, 0.5, 1.0, 0.5]
    """
    checks.count("window", window, least=4)
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


def frames_of(length: int, hop: int) -> int:
    """How many frames a sound has: one about each multiple of the hop, from 0 to the first at or behind its end.

    Args:
        length: numbers in the sound.
        hop: numbers from frame to frame.

    Returns:
        The number of frames.

    Example:
        >>> from igm_jax.features.spectrograms import frames_of
        >>> frames_of(16000, 520)
        32
    """
    return -(-length // hop) + 1


def stft(x: Array, window: int = 1024, hop: int = 256) -> Complex[Array, "n t f"]:
    """The short-time Fourier transform under a Hann window, with silence before the beginning and behind the end.

    ``X_tf = Σ_j w_j x_{t·hop + j - W/2} e^{-2πi f j / W}``

    Args:
        x: (n, l) sounds.
        window: W, the numbers in a frame; even.
        hop: numbers from frame to frame, at most half of W, so that frames overlap enough to come back from.

    Returns:
        (n, t, W/2 + 1) complex amplitudes, in the units of the sound times numbers.

    Raises:
        TypeError: for integers, such as the 16 bits of a file.
        ValueError: for a window or hop that will not do, or sounds that are not (n, l).

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features.spectrograms import stft
        >>> stft(jnp.ones((2, 1000)), 64, 16).shape
        (2, 64, 33)
    """
    _check_frames(window, hop)
    _check_real(x)
    if x.ndim != 2 or not x.shape[1]:
        raise ValueError(f"sounds must be rows of numbers (n, l), but have shape {x.shape}; give each a row of its own")
    frames = frames_of(x.shape[1], hop)
    left = window // 2
    padded = jnp.pad(x, ((0, 0), (left, (frames - 1) * hop + window - left - x.shape[1])))
    places = np.arange(frames)[:, None] * hop + np.arange(window)[None]
    return jnp.fft.rfft(padded[:, places] * jnp.asarray(hann(window), x.dtype)[None, None])


def istft(spectrum: Complex[Array, "n t f"], length: int, hop: int = 256) -> Float[Array, "n l"]:
    """Sounds from spectrograms: the one whose spectrogram is nearest in squares, which for a sound's own is that sound.

    ``x_s = Σ_t w_{s-t} y_t,s / Σ_t w²_{s-t}`` with y_t the inverse transform of frame t.

    Args:
        spectrum: (n, t, f) complex amplitudes, as of ``stft``.
        length: numbers in each sound; it has t frames at this hop.
        hop: as it was there.

    Returns:
        (n, length) sounds.

    Raises:
        ValueError: for another number of frames than such sounds have.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features.spectrograms import istft, stft
        >>> x = jnp.arange(300.0)[None] / 300
        >>> bool(jnp.abs(istft(stft(x, 64, 16), 300, 16) - x).max() < 1e-5)
        True

    Source: Griffin, Lim 1984, Signal Estimation from Modified Short-Time Fourier Transform, IEEE TASSP 32 (2), eq. 6.
    """
    n, frames, bins = spectrum.shape
    window = 2 * (bins - 1)
    _check_frames(window, hop)
    if frames != frames_of(length, hop):
        raise ValueError(
            f"sounds of {length} numbers have {frames_of(length, hop)} frames at a hop of {hop}, but the spectrogram has"
            f" {frames}; give the length and the hop that it was made with"
        )
    shape = hann(window)
    parts = jnp.fft.irfft(spectrum, window)
    weighted = parts * jnp.asarray(shape, parts.dtype)[None, None]
    places = (np.arange(frames)[:, None] * hop + np.arange(window)[None]).ravel()
    size = (frames - 1) * hop + window
    summed = jnp.zeros((n, size), weighted.dtype).at[:, places].add(weighted.reshape(n, -1))
    total = np.bincount(places, np.tile(shape**2, frames), size)
    kept = slice(window // 2, window // 2 + length)
    return summed[:, kept] / jnp.asarray(total[kept], summed.dtype)[None]


def _check_real(x: Array) -> None:
    if not jnp.issubdtype(jnp.result_type(x), jnp.floating):
        raise TypeError(
            f"`x` must be sounds of real numbers in -1 ... 1, but is of type {jnp.result_type(x)}; divide 16-bit numbers by"
            " 32768"
        )


def _check_frames(window: int, hop: int) -> None:
    checks.count("window", window, least=4)
    checks.count("hop", hop)
    if window % 2 or hop > window // 2:
        raise ValueError(
            f"`window` must be even and `hop` at most half of it, but they are {window} and {hop}; a quarter is usual"
        )


def magnitudes(spectrum: Complex[Array, "..."]) -> Float[Array, "..."]:
    """Absolute values whose gradient is zero, not undefined, where there is silence.

    Args:
        spectrum: complex amplitudes.

    Returns:
        Their absolute values.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features.spectrograms import magnitudes
        >>> magnitudes(jnp.array([3 + 4j, 0j])).tolist()
        [5.0, 0.0]
    """
    power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
    return jnp.where(power == 0, 0, jnp.sqrt(jnp.where(power == 0, 1, power)))  # what is no number is no silence


def mel_filters(
    count: int, window: int, rate: float = 16_000, low: float = 0.0, high: float | None = None
) -> Float[np.ndarray, "f m"]:
    """Triangles, as wide as hearing is: equally spaced in mel, each from its left neighbour's centre to its right one's.

    ``mel(f) = 2595 log₁₀(1 + f/700)``. Between the first centre and the last all filters sum to one.

    Args:
        count: how many.
        window: W of the transform.
        rate: numbers a second.
        low: where the first triangle begins, in Hz.
        high: where the last ends; None for half of the rate.

    Returns:
        (W/2 + 1, count) weights, to multiply amplitudes (..., W/2 + 1) with.

    Raises:
        ValueError: for ends that do not lie in order between 0 and half of the rate, or bands so narrow that one holds no
            frequency of the transform.

    Example:
        >>> from igm_jax.features.spectrograms import mel_filters
        >>> mel_filters(20, 1024).shape
        (513, 20)

    Source: O'Shaughnessy 1987, Speech Communication: Human and Machine, p. 150 (the mel scale).
    """
    checks.count("count", count)
    checks.count("window", window, least=4)
    high = checks.positive("rate", rate) / 2 if high is None else high
    if not 0 <= low < high <= rate / 2:
        raise ValueError(
            f"`low` and `high` must be in order from 0 to half of the rate, {rate / 2:g} Hz, but are {low} and {high}"
        )
    low_mel, high_mel = (2595 * np.log10(1 + end / 700) for end in (low, high))
    centres = 700 * (10 ** (np.linspace(low_mel, high_mel, count + 2) / 2595) - 1)
    bins = np.arange(window // 2 + 1)[:, None] * rate / window
    left, middle, right = centres[None, :-2], centres[None, 1:-1], centres[None, 2:]
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    filters = np.maximum(np.minimum(rising, falling), 0).astype(np.float32)
    if not (filled := filters.any(0)).all():
        raise ValueError(
            f"each of `count` = {count} bands must hold a frequency of the transform, but at a window of {window} and"
            f" {rate:g} numbers a second {np.sum(~filled)} hold none; take fewer bands or a longer window"
        )
    return filters


def log_mel(
    x: Float[Array, "n l"], window: int = 1024, hop: int = 256, count: int = 64, rate: float = 16_000
) -> Float[Array, "n t m"]:
    """Logarithms of the amplitudes in mel bands: a sine of amplitude a in the middle of one has about log a to log 2a.

    ``log(1e-5 + 4/W Σ_f |X_tf| M_fm)``: under a Hann window a sine has the amplitude a·W/4 at its own bin and half of it at the
    two beside, which together are twice the peak. Bands as narrow as a bin take the peak alone, wide ones all.

    Args:
        x: (n, l) sounds.
        window: W, numbers in a frame.
        hop: numbers from frame to frame.
        count: bands.
        rate: numbers a second.

    Returns:
        (n, t, count) natural logarithms.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features.spectrograms import log_mel
        >>> round(float(log_mel(jnp.zeros((1, 2000))).max()), 2)
        -11.51
    """
    filters = jnp.asarray(mel_filters(count, window, rate), x.dtype)
    return jnp.log(QUIET + magnitudes(stft(x, window, hop)) @ filters * (4 / window))


@recorded
def multi_resolution(
    windows: Sequence[int] = (512, 1024, 2048), count: int = 48, rate: float = 16_000
) -> Callable[[Array], dict[str, Array]]:
    """Log-mel spectrograms under several windows, as maps for ``on_feature_groups``: short ones see when, long ones which pitch.

    ``d(x, y) = Σ_W ‖log-mel_W(x) - log-mel_W(y)‖`` is then the distance that an energy distance is made of, with hops of W/4.

    Args:
        windows: their lengths W, each a multiple of four.
        count: mel bands of each, at most W/8, as narrower ones would hold no frequency.
        rate: numbers a second.

    Returns:
        ``(n, l) sounds -> {"512": (n, p), ...}``.

    Raises:
        ValueError: for no windows, some that are no multiple of four, or more bands than they can hold at this rate; while
            running, for sounds shorter than the longest window.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.features.spectrograms import multi_resolution
        >>> {name: part.shape for name, part in multi_resolution((256, 512), 16)(jnp.zeros((3, 1000))).items()}
        {'256': (3, 272), '512': (3, 144)}

    Source: Gritsenko et al. 2020, A Spectral Energy Distance for Parallel Speech Synthesis, arXiv 2008.01160, eq. 5, of which
    this is the logarithmic part.
    """
    windows = tuple(checks.count("windows", window, least=32) for window in windows)
    if not windows or any(window % 4 for window in windows):
        raise ValueError(
            f"`windows` must hold at least one multiple of four, but are {windows}; take e.g. (512, 1024, 2048)"
        )
    if checks.count("count", count) > min(windows) // 8:
        raise ValueError(
            f"`count` must be at most {min(windows) // 8}, an eighth of the shortest window, but is {count}; take fewer bands"
        )
    for window in windows:
        mel_filters(count, window, rate)  # whether each band holds a frequency

    def maps(x: Array) -> dict[str, Array]:
        if x.shape[1] < max(windows):
            raise ValueError(
                f"sounds must be at least as long as the longest window, {max(windows)}, but have {x.shape[1]} numbers; pad"
                " them with silence, or take shorter windows"
            )
        return {str(window): log_mel(x, window, window // 4, count, rate).reshape(len(x), -1) for window in windows}

    return maps
