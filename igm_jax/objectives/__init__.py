"""Objectives: one idea a file, each with its divergence, its witness where one exists, and its ``Objective``."""

from igm_jax.objectives.annealed_difference import annealed_difference
from igm_jax.objectives.denoiser_difference import denoiser_difference, denoiser_difference_field, kernel_denoiser
from igm_jax.objectives.discriminator_flow import discriminator_flow
from igm_jax.objectives.distribution_matching import distribution_matching
from igm_jax.objectives.drifting import Drift, drifting, drifting_field, drifting_loss
from igm_jax.objectives.drifting_negatives import banked_drifting, guidance_weight, guided_drifting
from igm_jax.objectives.energy import energy, energy_distance
from igm_jax.objectives.f_gan import DIVERGENCES, FDivergence, f_divergence, f_gan, f_gan_value
from igm_jax.objectives.gan import gan, gan_value
from igm_jax.objectives.kde_drift import kde_drift, kde_drift_field, kde_drift_witness
from igm_jax.objectives.learned_score import learned_score_difference
from igm_jax.objectives.mmd import mmd, mmd2_biased, mmd2_unbiased, mmd_witness
from igm_jax.objectives.reverse_kl import reverse_kl
from igm_jax.objectives.ring import mmd2_ring, mmd_ring, mmd_witness_ring
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
from igm_jax.objectives.stein_discrepancy import ksd, ksd2_biased, ksd2_unbiased, ksd_witness
from igm_jax.objectives.stein_score import spectral_score, stein_reverse_kl, stein_score
from igm_jax.objectives.svgd import svgd, svgd_field
from igm_jax.objectives.wasserstein_gan import gradient_penalty, wgan_gp, wgan_value

__all__ = [
    "DIVERGENCES",
    "Drift",
    "FDivergence",
    "Potentials",
    "annealed_difference",
    "banked_drifting",
    "denoiser_difference",
    "denoiser_difference_field",
    "discriminator_flow",
    "distribution_matching",
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
    "guidance_weight",
    "guided_drifting",
    "kde_drift",
    "kde_drift_field",
    "kde_drift_witness",
    "kernel_denoiser",
    "ksd",
    "ksd2_biased",
    "ksd2_unbiased",
    "ksd_witness",
    "learned_score_difference",
    "mmd",
    "mmd2_biased",
    "mmd2_ring",
    "mmd2_unbiased",
    "mmd_ring",
    "mmd_witness",
    "mmd_witness_ring",
    "random_directions",
    "reverse_kl",
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
    "spectral_score",
    "stein_reverse_kl",
    "stein_score",
    "svgd",
    "svgd_field",
    "wasserstein_1d",
    "wgan_gp",
    "wgan_value",
]
