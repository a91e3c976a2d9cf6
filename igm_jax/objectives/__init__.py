"""Objectives: one idea a file, each with its divergence, its witness where one exists, and its ``Objective``."""

from igm_jax.objectives.bures import bures, bures_distance, bures_witness
from igm_jax.objectives.drifting import Drift, drifting, drifting_field, drifting_loss
from igm_jax.objectives.energy import energy, energy_distance
from igm_jax.objectives.f_gan import DIVERGENCES, FDivergence, f_divergence, f_gan, f_gan_value
from igm_jax.objectives.gan import gan, gan_value
from igm_jax.objectives.gromov_wasserstein import gromov_wasserstein
from igm_jax.objectives.low_rank_sinkhorn import low_rank_sinkhorn_divergence
from igm_jax.objectives.max_sliced import max_sliced, max_sliced_direction, max_sliced_wasserstein
from igm_jax.objectives.mmd import mmd, mmd2_biased, mmd2_unbiased, mmd_witness
from igm_jax.objectives.nearest import chamfer, chamfer_distance, imle, imle_loss
from igm_jax.objectives.ot_gan import minibatch_energy_distance, ot_gan
from igm_jax.objectives.ring import mmd2_ring, mmd_ring, mmd_witness_ring
from igm_jax.objectives.score_difference import score_difference, score_difference_field, score_difference_witness
from igm_jax.objectives.sinkhorn import (
    Potentials,
    sinkhorn,
    sinkhorn_divergence,
    sinkhorn_potentials,
    sinkhorn_witness,
)
from igm_jax.objectives.sinkhorn_drift import sinkhorn_drift, sinkhorn_drift_field, sinkhorn_drift_witness
from igm_jax.objectives.sliced import sliced, sliced_wasserstein, sliced_witness, wasserstein_1d
from igm_jax.objectives.sliced_directions import orthogonal_directions, quasi_random_directions, random_directions
from igm_jax.objectives.sliced_energy import energy_distance_1d, sliced_energy_distance
from igm_jax.objectives.two_batch_sinkhorn import two_batch_sinkhorn, two_batch_sinkhorn_divergence
from igm_jax.objectives.wasserstein_gan import gradient_penalty, wgan_gp, wgan_value

__all__ = [
    "DIVERGENCES",
    "Drift",
    "FDivergence",
    "Potentials",
    "bures",
    "bures_distance",
    "bures_witness",
    "chamfer",
    "chamfer_distance",
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
    "gromov_wasserstein",
    "imle",
    "imle_loss",
    "low_rank_sinkhorn_divergence",
    "max_sliced",
    "max_sliced_direction",
    "max_sliced_wasserstein",
    "minibatch_energy_distance",
    "mmd",
    "mmd2_biased",
    "mmd2_ring",
    "mmd2_unbiased",
    "mmd_ring",
    "mmd_witness",
    "mmd_witness_ring",
    "orthogonal_directions",
    "ot_gan",
    "quasi_random_directions",
    "random_directions",
    "score_difference",
    "score_difference_field",
    "score_difference_witness",
    "sinkhorn",
    "sinkhorn_divergence",
    "sinkhorn_drift",
    "sinkhorn_drift_field",
    "sinkhorn_drift_witness",
    "sinkhorn_potentials",
    "sinkhorn_witness",
    "sliced",
    "sliced_energy_distance",
    "sliced_wasserstein",
    "sliced_witness",
    "two_batch_sinkhorn",
    "two_batch_sinkhorn_divergence",
    "wasserstein_1d",
    "wgan_gp",
    "wgan_value",
]
