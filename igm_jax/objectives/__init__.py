"""Objectives: one idea a file, each with its divergence, its witness where one exists, and its ``Objective``."""

from igm_jax.objectives.combine import BankState, FeatureState, on_features, weighted, with_bank
from igm_jax.objectives.conditional import conditional, conditional_field
from igm_jax.objectives.drifting import Drift, drifting, drifting_field, drifting_loss
from igm_jax.objectives.energy import energy, energy_distance
from igm_jax.objectives.f_gan import DIVERGENCES, FDivergence, f_divergence, f_gan, f_gan_value
from igm_jax.objectives.gan import gan, gan_value
from igm_jax.objectives.mmd import mmd, mmd2_biased, mmd2_unbiased, mmd_witness
from igm_jax.objectives.ring import mmd2_ring, mmd_ring, mmd_witness_ring
from igm_jax.objectives.scale import ScaleState, annealed, auto
from igm_jax.objectives.scale_rules import kernel_bank, median_scale, mmd_power, power_scale, spread_scale
from igm_jax.objectives.score_difference import score_difference, score_difference_field, score_difference_witness
from igm_jax.objectives.sinkhorn import (
    Potentials,
    sinkhorn,
    sinkhorn_divergence,
    sinkhorn_potentials,
    sinkhorn_witness,
)
from igm_jax.objectives.sliced import random_directions, sliced, sliced_wasserstein, sliced_witness, wasserstein_1d
from igm_jax.objectives.sliced_energy import energy_distance_1d, sliced_energy_distance
from igm_jax.objectives.wasserstein_gan import gradient_penalty, wgan_gp, wgan_value

__all__ = [
    "DIVERGENCES",
    "BankState",
    "Drift",
    "FDivergence",
    "FeatureState",
    "Potentials",
    "ScaleState",
    "annealed",
    "auto",
    "conditional",
    "conditional_field",
    "drifting",
    "drifting_field",
    "drifting_loss",
    "energy",
    "energy_distance",
    "energy_distance_1d",
    "f_divergence",
    "f_gan",
    "f_gan_value",
    "gan",
    "gan_value",
    "gradient_penalty",
    "kernel_bank",
    "median_scale",
    "mmd",
    "mmd2_biased",
    "mmd2_ring",
    "mmd2_unbiased",
    "mmd_power",
    "mmd_ring",
    "mmd_witness",
    "mmd_witness_ring",
    "on_features",
    "power_scale",
    "random_directions",
    "score_difference",
    "score_difference_field",
    "score_difference_witness",
    "sinkhorn",
    "sinkhorn_divergence",
    "sinkhorn_potentials",
    "sinkhorn_witness",
    "sliced",
    "sliced_energy_distance",
    "sliced_wasserstein",
    "sliced_witness",
    "spread_scale",
    "wasserstein_1d",
    "weighted",
    "wgan_gp",
    "wgan_value",
    "with_bank",
]
