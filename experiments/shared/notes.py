"""Notes as pictures whose rows count in harmonics, so that those of all keys look alike, and sounds again from pictures.

A picture is 32 moments times 32 harmonics times two channels: the power about each harmonic, and between it and the next, in
decibels. What a key is is known to both ways, and not to be learned.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax.base import Key
from igm_jax.data import notes
from igm_jax.data.soundfonts import FAMILIES, RATE
from igm_jax.distributions import Part
from igm_jax.features.harmonics import HarmonicBands, harmonic_bands, key_frequency
from igm_jax.features.phases import griffin_lim
from igm_jax.features.spectrograms import stft

WINDOW, HOP, MOMENTS, HARMONICS = 2080, 520, 32, 32
SHAPE = (MOMENTS, HARMONICS, 2)
SIZE = MOMENTS * HARMONICS * 2
LOWEST, HIGHEST = 40, 88
"""Keys: lower ones have harmonics that this window cannot keep apart, higher ones few below half of the rate."""
QUIETEST = -60.0
"""Decibels, of a sine of amplitude 1, below which all is silence."""
BATCH = 16


class Notes(NamedTuple):
    """Notes as they were recorded, and as pictures.

    Attributes:
        sounds: (n, 16000) numbers.
        pictures: (n, 2048) decibels, from -1 for silence to about 1.
        keys: (n,) keys.
        families: (n,) numbers in ``FAMILIES``.
    """

    sounds: np.ndarray
    pictures: np.ndarray
    keys: np.ndarray
    families: np.ndarray

    @property
    def conditions(self) -> np.ndarray:
        """(n, 2) keys and families."""
        return np.stack([self.keys, self.families], axis=1).astype(np.float32)


def recorded_notes() -> tuple[Notes, Notes, str, str]:
    """The recordings to learn from, those of other instruments to compare with, their digest, and whose they are."""
    splits = notes(conditions=True)
    held = [
        np.concatenate([np.asarray(getattr(part, name)) for part in (splits.validation, splits.test)])
        for name in ("values", "condition")
    ]
    both = _within(splits.train), _within(Part(held[0], condition=held[1]))
    return *both, splits.digest or "", splits.credit


def _within(part: Part) -> Notes:
    keys, families = np.asarray(part.condition).astype(int).T
    kept = (keys >= LOWEST) & (keys <= HIGHEST)
    sounds = np.asarray(part.values)[kept]
    return Notes(sounds, pictures_of(sounds, keys[kept]), keys[kept], families[kept])


def in_batches(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """What a function makes of rows, 16 at a time, the last ones repeated to as many: one shape is compiled once."""
    n = len(arrays[0])
    parts = []
    for i in range(0, n, BATCH):
        places = np.minimum(np.arange(i, i + BATCH), n - 1)
        parts.append(np.asarray(function(*(array[places] for array in arrays))))
    return np.concatenate(parts)[:n]


@lru_cache(maxsize=1)
def bands() -> HarmonicBands:
    """The bands of all keys, from the lowest on: (keys, f, b) and (keys, b, f)."""
    own = [harmonic_bands(key_frequency(key), HARMONICS, WINDOW, RATE) for key in range(LOWEST, HIGHEST + 1)]
    return HarmonicBands(np.stack([one.gather for one in own]), np.stack([one.spread for one in own]))


FULL = 1.5 * (WINDOW / 4) ** 2
"""The power of a sine of amplitude 1 over its bins: (W/4)² (1 + ¼ + ¼) under a Hann window."""


@jax.jit
def _powers(sounds: Float[Array, "n l"], gather: Float[Array, "n f b"]) -> Float[Array, "n t b"]:
    spectrum = stft(sounds, WINDOW, HOP)
    power = (jnp.square(spectrum.real) + jnp.square(spectrum.imag)) / FULL
    return jnp.einsum("ntf,nfb->ntb", power, gather)


def pictures_of(sounds: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Notes as pictures.

    Args:
        sounds: (n, 16000) numbers.
        keys: (n,) their keys.

    Returns:
        (n, 2048) decibels, scaled so that -60 is -1 and 0 is 1.
    """
    made = in_batches(lambda some, own: _powers(some, bands().gather[own - LOWEST]), sounds, keys)
    decibels = 10 * np.log10(np.maximum(made, 10 ** (QUIETEST / 10)))
    return (1 - 2 * decibels / QUIETEST).reshape(len(sounds), SIZE).astype(np.float32)


@partial(jax.jit, static_argnames="iterations")
def _sounded(key: Key, powers: Array, spread: Array, iterations: int) -> Array:
    amplitudes = jnp.sqrt(FULL * jnp.einsum("ntb,nbf->ntf", powers, spread))
    return griffin_lim(key, amplitudes, RATE, HOP, iterations=iterations)


def sounds_of(pictures: np.ndarray, keys: np.ndarray, seed: int = 0, iterations: int = 40) -> np.ndarray:
    """Notes from pictures, the loudest number of each 1, as the recordings have it.

    Args:
        pictures: (n, 2048) as of ``pictures_of``; what is above 1.2, 6 decibels, is cut there.
        keys: (n,) the keys they are to have.
        seed: of the first phases.
        iterations: of Griffin and Lim.

    Returns:
        (n, 16000) numbers.
    """
    rows = np.clip(pictures.reshape(-1, MOMENTS, 2 * HARMONICS), -1, 1.2)
    powers = np.where(rows <= -1, 0, 10 ** ((1 - rows) * QUIETEST / 20)).astype(np.float32)

    def sounded(some: np.ndarray, own: np.ndarray, places: np.ndarray) -> Array:
        return _sounded(
            jax.random.fold_in(jax.random.key(seed), places[0]), some, bands().spread[own - LOWEST], iterations
        )

    sounds = in_batches(sounded, powers, keys, np.arange(len(rows)))
    return sounds / np.maximum(np.abs(sounds).max(1, keepdims=True), 1e-6)


class Components(NamedTuple):
    """The principal components of pictures, in which a picture is a short row of numbers of variance one.

    Attributes:
        mean: (2048,) the mean picture.
        vectors: (k, 2048) components, each as long as the data's standard deviation along it.
        kept: the share of the variance that they have.
    """

    mean: np.ndarray
    vectors: np.ndarray
    kept: float

    def rows(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures (n, 2048) as rows (n, k)."""
        lengths = np.sum(self.vectors**2, axis=1)
        return ((pictures - self.mean[None]) @ (self.vectors / lengths[:, None]).T).astype(np.float32)

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """Rows (..., k) as pictures (..., 2048)."""
        return self.mean + rows @ self.vectors


def components_of(pictures: np.ndarray, number: int) -> Components:
    """The first principal components of pictures (n, 2048), at most n - 1."""
    mean = pictures.mean(0)
    _, sizes, directions = np.linalg.svd(pictures - mean[None], full_matrices=False)
    number = min(number, len(pictures) - 1)
    vectors = directions[:number] * sizes[:number, None] / np.sqrt(len(pictures))
    return Components(mean, vectors.astype(np.float32), float(np.sum(sizes[:number] ** 2) / np.sum(sizes**2)))


def code(conditions: Array) -> Array:
    """What networks and distances read of (n, 2) keys and families: octaves from the middle key, and a one-hot code."""
    octaves = (conditions[:, :1] - (LOWEST + HIGHEST) / 2) / 12
    families = jax.nn.one_hot(conditions[:, 1].astype(jnp.int32), len(FAMILIES))
    return jnp.concatenate([octaves.astype(jnp.float32), families], axis=1)
