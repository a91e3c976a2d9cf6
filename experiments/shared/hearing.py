"""What judges hear: the pitch of sounds, how far they are from recordings, and what they are compared with."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from scipy.optimize import linear_sum_assignment

from experiments.shared.notes import SIZE, Components, Notes, in_batches, sounds_of
from igm_jax.evaluation import (
    Heard,
    PitchJudge,
    classifier_two_sample_test,
    energy_permutation_test,
    frechet_distance,
)
from igm_jax.evaluation.judges.crepe import keys_apart
from igm_jax.features.spectrograms import log_mel

SILENT = float(np.log(1e-3))
"""The logarithm of an amplitude below which all is silence to the judge in mel bands: -60 decibels, as in pictures."""
NEAR = 0.5
"""Keys within which a pitch is the one that was asked for."""


_log_mel = jax.jit(partial(log_mel, count=40))


def bands(sounds: np.ndarray) -> np.ndarray:
    """What the second judge sees of sounds (n, l): mean and deviation over time of each of 40 log-mel bands, (n, 80)."""
    both = np.maximum(in_batches(_log_mel, sounds.astype(np.float32)), SILENT).astype(np.float64)
    return np.concatenate([both.mean(1), both.std(1)], axis=1)


class Judged(NamedTuple):
    """Sounds as judges see them."""

    heard: Heard
    bands: np.ndarray


def judged(judge: PitchJudge, sounds: np.ndarray) -> Judged:
    """Sounds (n, l) as both judges see them."""
    return Judged(judge.heard(sounds), bands(sounds))


def measured(real: Judged, fake: Judged, keys: np.ndarray) -> dict[str, float]:
    """What judges say of sounds that were to have these keys, beside recordings; silence has no pitch, and counts as wrong."""
    return {
        "agreement": float(np.mean(np.abs(keys_apart(fake.heard.hertz, keys)) < NEAR)),
        "confidence": float(np.median(fake.heard.confidence)),
        "frechet_mel": frechet_distance(real=real.bands, fake=fake.bands),
        "frechet_crepe": frechet_distance(real=real.heard.features, fake=fake.heard.features),
        "told_apart": classifier_two_sample_test(real=real.bands, fake=fake.bands).accuracy,
        "p_value": energy_permutation_test(real=real.bands, fake=fake.bands).p_value,
    }


def matched(learned: Notes, held: Notes) -> np.ndarray:
    """Places of the recordings of training that stand beside those held out, another for each: the nearest keys on the whole,
    and among equally near ones as many of the same family as there are."""
    keys = np.abs(learned.keys[None] - held.keys[:, None])
    families = learned.families[None] != held.families[:, None]
    return linear_sum_assignment(keys + families / (len(held.keys) + 1))[1]


def rivals(learned: Notes, held: Notes, components: Components, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What generators are compared with: sounds and keys by name."""
    rng = np.random.default_rng(seed)
    others = matched(learned, held)
    noise = rng.choice(learned.pictures.ravel(), (len(held.keys), SIZE))
    gaussian = components.pictures(rng.normal(size=(len(held.keys), len(components.vectors))))
    mean = np.repeat(learned.pictures.mean(0, keepdims=True), len(held.keys), axis=0)
    return {
        "recordings": (held.sounds, held.keys),
        "recordings, through pictures": (sounds_of(held.pictures, held.keys), held.keys),
        "other instruments": (learned.sounds[others], learned.keys[others]),
        "Gaussian": (sounds_of(gaussian, held.keys), held.keys),
        "mean spectrum": (sounds_of(mean, held.keys), held.keys),
        "noise": (sounds_of(noise, held.keys), held.keys),
    }


def variety(draws: np.ndarray, learned: Notes) -> float:
    """The root mean square distance of two draws (c, k, d) under one condition, over that of two recordings of one family, whose
    keys may differ."""
    families = [learned.pictures[learned.families == number] for number in np.unique(learned.families)]
    families = [rows for rows in families if len(rows) > 1]
    weights = [len(rows) - 1 for rows in families]
    real = np.average([np.var(rows, axis=0, ddof=1).sum() for rows in families], weights=weights)
    return float(np.sqrt(np.var(draws, axis=1, ddof=1).sum(1).mean() / real))
