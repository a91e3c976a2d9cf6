"""Encoders for losses: small networks trained on the data, whose stages are spaces to compare images in.

They are for what a generator is trained by; what judges it must be another (``igm_jax.evaluation``).
For texts there are string kernels as feature maps (``ngram_counts``).
"""

from igm_jax.features.architecture import Architecture
from igm_jax.features.encoder import Distances, Encoder, distances_of, encoder_network, fit_encoder
from igm_jax.features.fitting import Recipe
from igm_jax.features.kept import EncoderFileError, load_encoder, save_encoder
from igm_jax.features.strings import mean_ngram_counts, ngram_counts

__all__ = [
    "Architecture",
    "Distances",
    "Encoder",
    "EncoderFileError",
    "Recipe",
    "distances_of",
    "encoder_network",
    "fit_encoder",
    "load_encoder",
    "mean_ngram_counts",
    "ngram_counts",
    "save_encoder",
]
