"""Objectives: one idea a file, each with its divergence, its witness where one exists, and its ``Objective``."""

from igm_jax.objectives.adversarial.augment import additive_noise, augmented, colour, cutout, transformed, translation
from igm_jax.objectives.adversarial.constraints import (
    augmented_lagrangian,
    fisher_constraint,
    lecam_penalty,
    sobolev_constraint,
)
from igm_jax.objectives.adversarial.density_ratio import RatioLoss, density_ratio, density_ratio_value, kl_estimate
from igm_jax.objectives.adversarial.discriminator_flow import discriminator_flow
from igm_jax.objectives.adversarial.f_divergences import DIVERGENCES, FDivergence, alpha_divergence, f_divergence
from igm_jax.objectives.adversarial.f_gan import f_gan, f_gan_value
from igm_jax.objectives.adversarial.games import (
    gan,
    gan_value,
    hinge_gan,
    hinge_value,
    lsgan,
    lsgan_value,
    saturating_gan,
)
from igm_jax.objectives.adversarial.kl_wasserstein_gan import kl_wgan, kl_wgan_value
from igm_jax.objectives.adversarial.pac_gan import pac_gan, packs
from igm_jax.objectives.adversarial.penalties import (
    dragan_penalty,
    gradient_penalty,
    one_sided_penalty,
    r1_penalty,
    r2_penalty,
    slope_penalty,
)
from igm_jax.objectives.adversarial.ranking import (
    r3gan,
    relativistic_average_gan,
    relativistic_average_value,
    relativistic_gan,
    relativistic_value,
)
from igm_jax.objectives.adversarial.wasserstein import clipped_weights, wgan, wgan_gp, wgan_value
from igm_jax.objectives.combinators.conditional import conditional, conditional_field
from igm_jax.objectives.combinators.scale import ScaleState, annealed, auto
from igm_jax.objectives.combinators.scale_rules import (
    PowerChoice,
    kernel_bank,
    median_scale,
    mmd_power,
    power_bandwidth,
    power_scale,
    spread_scale,
)
from igm_jax.objectives.combinators.wrappers import BankState, FeatureState, on_features, weighted, with_bank
from igm_jax.objectives.fields.annealed_difference import annealed_difference
from igm_jax.objectives.fields.denoiser_difference import (
    denoiser_difference,
    denoiser_difference_field,
    kernel_denoiser,
)
from igm_jax.objectives.fields.distribution_matching import distribution_matching
from igm_jax.objectives.fields.drifting import Drift, drifting, drifting_field, drifting_loss
from igm_jax.objectives.fields.drifting_negatives import banked_drifting, guidance_weight, guided_drifting
from igm_jax.objectives.fields.kde_drift import kde_drift, kde_drift_field, kde_drift_witness
from igm_jax.objectives.fields.learned_score import learned_score_difference
from igm_jax.objectives.fields.neighbour_kl import neighbour_kl
from igm_jax.objectives.fields.reverse_kl import reverse_kl
from igm_jax.objectives.fields.score_difference import (
    score_difference,
    score_difference_field,
    score_difference_witness,
)
from igm_jax.objectives.fields.stein_discrepancy import ksd, ksd2_biased, ksd2_unbiased, ksd_witness
from igm_jax.objectives.fields.stein_score import spectral_score, stein_reverse_kl, stein_score
from igm_jax.objectives.fields.svgd import svgd, svgd_field
from igm_jax.objectives.moments.characteristic import (
    cauchy_frequencies,
    characteristic,
    characteristic_distance,
    normal_frequencies,
    random_feature_mmd2,
    student_frequencies,
)
from igm_jax.objectives.moments.energy import energy, energy_distance, log_energy, log_energy_distance
from igm_jax.objectives.moments.estimate import Estimate
from igm_jax.objectives.moments.mmd import mmd, mmd2_biased, mmd2_unbiased, mmd_witness
from igm_jax.objectives.moments.mmd_error import mmd2_estimate
from igm_jax.objectives.moments.mmd_estimators import mmd2_block, mmd2_incomplete, mmd2_linear, mmd_block
from igm_jax.objectives.moments.mmd_flow import mmd_flow
from igm_jax.objectives.moments.mmd_gan import mmd_gan, witness_penalty
from igm_jax.objectives.moments.nystrom import NystromMMD, mmd_nystrom, nystrom_mmd2
from igm_jax.objectives.moments.repulsive_mmd import repulsive_mmd, repulsive_value
from igm_jax.objectives.moments.scaled_mmd import mmd_scale, scaled_mmd
from igm_jax.objectives.scores.energy_score import energy_score, kernel_score
from igm_jax.objectives.transport.bures import bures, bures_distance, bures_witness
from igm_jax.objectives.transport.max_sliced import max_sliced, max_sliced_direction, max_sliced_wasserstein
from igm_jax.objectives.transport.nearest import chamfer, chamfer_distance, imle, imle_loss
from igm_jax.objectives.transport.ot_gan import minibatch_energy_distance, ot_gan
from igm_jax.objectives.transport.sinkhorn import (
    Potentials,
    sinkhorn,
    sinkhorn_divergence,
    sinkhorn_potentials,
    sinkhorn_witness,
)
from igm_jax.objectives.transport.sinkhorn_drift import sinkhorn_drift, sinkhorn_drift_field, sinkhorn_drift_witness
from igm_jax.objectives.transport.sliced import sliced, sliced_wasserstein, sliced_witness, wasserstein_1d
from igm_jax.objectives.transport.sliced_directions import (
    orthogonal_directions,
    quasi_random_directions,
    random_directions,
)
from igm_jax.objectives.transport.sliced_energy import energy_distance_1d, sliced_energy_distance
from igm_jax.objectives.transport.through_ott import gromov_wasserstein, low_rank_sinkhorn_divergence
from igm_jax.objectives.transport.two_batch_sinkhorn import two_batch_sinkhorn, two_batch_sinkhorn_divergence
from igm_jax.pairwise.transport.solvers import default_solver, fixed_sweeps, scalings, sweeps

__all__ = [
    "DIVERGENCES",
    "BankState",
    "Drift",
    "Estimate",
    "FDivergence",
    "FeatureState",
    "NystromMMD",
    "Potentials",
    "PowerChoice",
    "RatioLoss",
    "ScaleState",
    "additive_noise",
    "alpha_divergence",
    "annealed",
    "annealed_difference",
    "augmented",
    "augmented_lagrangian",
    "auto",
    "banked_drifting",
    "bures",
    "bures_distance",
    "bures_witness",
    "cauchy_frequencies",
    "chamfer",
    "chamfer_distance",
    "characteristic",
    "characteristic_distance",
    "clipped_weights",
    "colour",
    "conditional",
    "conditional_field",
    "cutout",
    "default_solver",
    "denoiser_difference",
    "denoiser_difference_field",
    "density_ratio",
    "density_ratio_value",
    "discriminator_flow",
    "distribution_matching",
    "dragan_penalty",
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
    "fisher_constraint",
    "fixed_sweeps",
    "gan",
    "gan_value",
    "gradient_penalty",
    "gromov_wasserstein",
    "guidance_weight",
    "guided_drifting",
    "hinge_gan",
    "hinge_value",
    "imle",
    "imle_loss",
    "kde_drift",
    "kde_drift_field",
    "kde_drift_witness",
    "kernel_bank",
    "kernel_denoiser",
    "kernel_score",
    "kl_estimate",
    "kl_wgan",
    "kl_wgan_value",
    "ksd",
    "ksd2_biased",
    "ksd2_unbiased",
    "ksd_witness",
    "learned_score_difference",
    "lecam_penalty",
    "log_energy",
    "log_energy_distance",
    "low_rank_sinkhorn_divergence",
    "lsgan",
    "lsgan_value",
    "max_sliced",
    "max_sliced_direction",
    "max_sliced_wasserstein",
    "median_scale",
    "minibatch_energy_distance",
    "mmd",
    "mmd2_biased",
    "mmd2_block",
    "mmd2_estimate",
    "mmd2_incomplete",
    "mmd2_linear",
    "mmd2_unbiased",
    "mmd_block",
    "mmd_flow",
    "mmd_gan",
    "mmd_nystrom",
    "mmd_power",
    "mmd_scale",
    "mmd_witness",
    "neighbour_kl",
    "normal_frequencies",
    "nystrom_mmd2",
    "on_features",
    "one_sided_penalty",
    "orthogonal_directions",
    "ot_gan",
    "pac_gan",
    "packs",
    "power_bandwidth",
    "power_scale",
    "quasi_random_directions",
    "r1_penalty",
    "r2_penalty",
    "r3gan",
    "random_directions",
    "random_feature_mmd2",
    "relativistic_average_gan",
    "relativistic_average_value",
    "relativistic_gan",
    "relativistic_value",
    "repulsive_mmd",
    "repulsive_value",
    "reverse_kl",
    "saturating_gan",
    "scaled_mmd",
    "scalings",
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
    "slope_penalty",
    "sobolev_constraint",
    "spectral_score",
    "spread_scale",
    "stein_reverse_kl",
    "stein_score",
    "student_frequencies",
    "svgd",
    "svgd_field",
    "sweeps",
    "transformed",
    "translation",
    "two_batch_sinkhorn",
    "two_batch_sinkhorn_divergence",
    "wasserstein_1d",
    "weighted",
    "wgan",
    "wgan_gp",
    "wgan_value",
    "with_bank",
    "witness_penalty",
]
