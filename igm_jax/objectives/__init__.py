"""Objectives: one idea a file, each with its divergence, its witness where one exists, and its ``Objective``."""

from igm_jax.objectives.characteristic import (
    cauchy_frequencies,
    characteristic,
    characteristic_distance,
    normal_frequencies,
    random_feature_mmd2,
    student_frequencies,
)
from igm_jax.objectives.drifting import Drift, drifting, drifting_field, drifting_loss
from igm_jax.objectives.energy import energy, energy_distance
from igm_jax.objectives.energy_score import energy_score, kernel_score
from igm_jax.objectives.estimate import Estimate
from igm_jax.objectives.f_gan import DIVERGENCES, FDivergence, f_divergence, f_gan, f_gan_value
from igm_jax.objectives.gan import gan, gan_value
from igm_jax.objectives.mmd import mmd, mmd2_biased, mmd2_unbiased, mmd_witness
from igm_jax.objectives.mmd_error import mmd2_estimate
from igm_jax.objectives.mmd_estimators import mmd2_block, mmd2_incomplete, mmd2_linear, mmd_block
from igm_jax.objectives.mmd_flow import mmd_flow
from igm_jax.objectives.mmd_gan import mmd_gan, witness_penalty
from igm_jax.objectives.mmd_power import PowerChoice, power_bandwidth
from igm_jax.objectives.nystrom import NystromMMD, mmd_nystrom, nystrom_mmd2
from igm_jax.objectives.repulsive_mmd import repulsive_mmd, repulsive_value
from igm_jax.objectives.ring import mmd2_ring, mmd_ring, mmd_witness_ring
from igm_jax.objectives.scaled_mmd import mmd_scale, scaled_mmd
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
    "Drift",
    "Estimate",
    "FDivergence",
    "NystromMMD",
    "Potentials",
    "PowerChoice",
    "cauchy_frequencies",
    "characteristic",
    "characteristic_distance",
    "drifting",
    "drifting_field",
    "drifting_loss",
    "energy",
    "energy_distance",
    "energy_distance_1d",
    "energy_score",
    "f_divergence",
    "f_gan",
    "f_gan_value",
    "gan",
    "gan_value",
    "gradient_penalty",
    "kernel_score",
    "mmd",
    "mmd2_biased",
    "mmd2_block",
    "mmd2_estimate",
    "mmd2_incomplete",
    "mmd2_linear",
    "mmd2_ring",
    "mmd2_unbiased",
    "mmd_block",
    "mmd_flow",
    "mmd_gan",
    "mmd_nystrom",
    "mmd_ring",
    "mmd_scale",
    "mmd_witness",
    "mmd_witness_ring",
    "normal_frequencies",
    "nystrom_mmd2",
    "power_bandwidth",
    "random_directions",
    "random_feature_mmd2",
    "repulsive_mmd",
    "repulsive_value",
    "scaled_mmd",
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
    "student_frequencies",
    "wasserstein_1d",
    "wgan_gp",
    "wgan_value",
    "witness_penalty",
]
