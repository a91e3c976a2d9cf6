"""Text in one step: names of characters, made of noise at once, beside models that spell them symbol by symbol.

    python -m experiments.text             names of Unicode's characters of at most 24 symbols, minutes on 2 cores
    python -m experiments.text --smoke     seconds

A network turns noise into all symbols of a name at once: at each place the likeliest, with a straight-through derivative. It is
trained by MMD under string kernels, by the energy distance and by drifting in the code of an autoencoder of names, and by a
critic. Beside it stand n-gram models and an autoregressive transformer, which know their likelihoods. All are judged by what no
objective minimises: the share of names and of words that exist, new ones, the divergence of n-grams, self-BLEU, and a two-sample
test in the embedding of MiniLM, where its package is installed. Held-out names against held-out names are the floor.

The tables are printed; ``report.md``, ``rows.jsonl`` and the picture go to ``results/text``. The runs live there too, so that a
stopped command goes on where it was.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.shared import language
from experiments.shared.ngrams import ngram_model
from experiments.shared.study import aside, command, progress, row_maker, table, writable, write
from igm_jax import Objective, checks
from igm_jax.data import character_names, spelled, unicode_names
from igm_jax.data.texts import SYMBOLS
from igm_jax.distributions import Splits, normal
from igm_jax.evaluation import (
    Judge,
    minilm,
    mmd_permutation_test,
    ngram_divergence,
    novelty,
    self_bleu,
    valid_share,
    word_share,
)
from igm_jax.features import ngram_counts
from igm_jax.generators import pushforward
from igm_jax.kernels import linear, substrings
from igm_jax.networks import mlp_critic, parameter_count, token_generator
from igm_jax.objectives import drifting, energy, mmd, on_features, r3gan, weighted
from igm_jax.reporting.terminal import ended
from igm_jax.training import train, training

WIDTH = len(SYMBOLS) + 1
END = len(SYMBOLS)
OBJECTIVES = ("mmd", "energy", "drifting", "critic")


@dataclasses.dataclass(frozen=True)
class Config:
    """A one-step generator of names, trained in four ways, beside models of symbols."""

    objectives: tuple[str, ...] = OBJECTIVES
    """What trains the generator."""
    length: int = 24
    """Symbols of the longest name."""
    steps: int = 1500
    """Updates of the generator."""
    batch_size: int = 256
    """Names, and samples, in each minibatch."""
    rate: float = 1e-3
    """Learning rate of Adam, which falls to zero along a cosine."""
    latent: int = 64
    """Features of the noise."""
    width: int = 512
    """Units in the generator's layers."""
    spoken_steps: int = 1500
    """Updates of the transformer, and of the autoencoder."""
    judged: int = 1500
    """Names of each model that are judged, at most half of the held-out ones."""
    seed: int = 0
    """Seed of everything random."""
    output: Path = Path("results/text")
    """The directory for everything."""
    smoke: bool = False
    """A run of seconds that shows that everything works, in results/text-smoke."""


def objective_of(name: str, config: Config, encode: Callable[[Any], Any], scale: float) -> Objective:
    """One way to train; ``encode`` maps rows to codes whose mean distance is ``scale``."""
    code = lambda rows: encode(rows) / scale
    if name == "energy":
        return on_features(energy(), code)
    if name == "drifting":
        return on_features(drifting((0.02, 0.05, 0.2), preset="released", floor=0.0), code)
    if name == "critic":
        critic = mlp_critic(config.length * WIDTH, width=256, depth=3)
        return r3gan(critic, optax.adam(3e-4, b1=0.0, b2=0.99), r1=1.0, r2=1.0)
    pairs = on_features(mmd(linear()), partial(ngram_counts, symbols=WIDTH, order=2, gap=2, decay=0.5))
    return weighted([(1.0, mmd(substrings(WIDTH, 0.7))), (0.03, pairs)], ["substrings", "gappy"])
