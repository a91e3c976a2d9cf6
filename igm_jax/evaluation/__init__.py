"""How good samples are: metrics with keyword-only ``real=`` and ``fake=``, judges, and the floor of real against real.

Metrics of samples are made of distances, in the units that the features come in. Where these are no coordinates of one space
but, say, an age and an income, the one with the larger numbers is all that any distance sees: divide each feature by the
standard deviation of the real ones first, real and fake alike.
"""

from igm_jax.evaluation.floor import floor
from igm_jax.evaluation.forecasts.intervals import Coverage, interval_coverage
from igm_jax.evaluation.forecasts.ranks import RankHistogram, pit, rank_histogram
from igm_jax.evaluation.forecasts.reliability import Reliability, event_reliability
from igm_jax.evaluation.forecasts.spread import SpreadSkill, mean_crps, mean_energy_score, spread_skill
from igm_jax.evaluation.judges.classifier import classifier_judge
from igm_jax.evaluation.judges.convolutional import convolutional_classifier_judge
from igm_jax.evaluation.judges.convolutions import Judge, identity_judge, random_convolution_judges
from igm_jax.evaluation.judges.crepe import Heard, PitchJudge, crepe_tiny
from igm_jax.evaluation.judges.efficientnet import efficientnet_lite0
from igm_jax.evaluation.judges.extractors import (
    FeatureExtractor,
    FileExtractor,
    extractor_from_safetensors,
    extractor_judge,
)
from igm_jax.evaluation.judges.minilm import minilm
from igm_jax.evaluation.judges.published import (
    PUBLISHED,
    dinov2,
    dinov2_vits14,
    inception_clean_fid,
    inception_fid,
)
from igm_jax.evaluation.judges.published_maps import PublishedMaps, dinov2_maps
from igm_jax.evaluation.judges.safetensors import Tensors, read_safetensors
from igm_jax.evaluation.judges.torch_files import read_torch
from igm_jax.evaluation.measures import MEASURES, Measure, measures_of
from igm_jax.evaluation.metrics.expectations import expected_density_coverage, expected_density_coverage_of_atoms
from igm_jax.evaluation.metrics.frechet import frechet_distance, frechet_distance_of_moments
from igm_jax.evaluation.metrics.frechet_bias import extrapolated, frechet_bias, frechet_limit
from igm_jax.evaluation.metrics.kid import kid
from igm_jax.evaluation.metrics.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from igm_jax.evaluation.metrics.memorisation import authenticity, expected_authenticity, memorisation_ratio
from igm_jax.evaluation.metrics.modes import ModeCoverage, mode_coverage
from igm_jax.evaluation.metrics.prd import PRD, PrecisionRecallCurve, prd, prd_curve
from igm_jax.evaluation.metrics.strings import ngram_divergence, novelty, self_bleu, valid_share, word_share
from igm_jax.evaluation.metrics.transport import exact_w2, exact_wasserstein, sliced_w2
from igm_jax.evaluation.metrics.vendi import vendi_score
from igm_jax.evaluation.ranges import UnlikeSamplesWarning, unlike_ranges
from igm_jax.evaluation.summary import evaluate_2d, evaluate_images, evaluate_samples
from igm_jax.evaluation.two_sample.banks import mmd_aggregated_test, mmd_fuse_test
from igm_jax.evaluation.two_sample.classifier import TwoSampleTest, classifier_two_sample_test
from igm_jax.evaluation.two_sample.conditional import conditional_two_sample_test
from igm_jax.evaluation.two_sample.mmd_tests import (
    energy_permutation_test,
    mmd_permutation_test,
    mmd_split_test,
    mmd_wild_bootstrap_test,
)
from igm_jax.evaluation.two_sample.n50 import DetectionSize, n50
from igm_jax.evaluation.two_sample.neighbour_test import nearest_neighbour_test
from igm_jax.evaluation.two_sample.permutation import KernelTest, PermutationTest
from igm_jax.objectives.moments.estimate import Estimate

__all__ = [
    "MEASURES",
    "PRD",
    "PUBLISHED",
    "Coverage",
    "DensityCoverage",
    "DetectionSize",
    "Estimate",
    "FeatureExtractor",
    "FileExtractor",
    "Heard",
    "Judge",
    "KernelTest",
    "Measure",
    "ModeCoverage",
    "PermutationTest",
    "PitchJudge",
    "PrecisionRecall",
    "PrecisionRecallCurve",
    "PublishedMaps",
    "RankHistogram",
    "Reliability",
    "SpreadSkill",
    "Tensors",
    "TwoSampleTest",
    "UnlikeSamplesWarning",
    "authenticity",
    "classifier_judge",
    "classifier_two_sample_test",
    "conditional_two_sample_test",
    "convolutional_classifier_judge",
    "crepe_tiny",
    "density_coverage",
    "dinov2",
    "dinov2_maps",
    "dinov2_vits14",
    "efficientnet_lite0",
    "energy_permutation_test",
    "evaluate_2d",
    "evaluate_images",
    "evaluate_samples",
    "event_reliability",
    "exact_w2",
    "exact_wasserstein",
    "expected_authenticity",
    "expected_density_coverage",
    "expected_density_coverage_of_atoms",
    "extractor_from_safetensors",
    "extractor_judge",
    "extrapolated",
    "floor",
    "frechet_bias",
    "frechet_distance",
    "frechet_distance_of_moments",
    "frechet_limit",
    "identity_judge",
    "inception_clean_fid",
    "inception_fid",
    "interval_coverage",
    "kid",
    "mean_crps",
    "mean_energy_score",
    "measures_of",
    "memorisation_ratio",
    "minilm",
    "mmd_aggregated_test",
    "mmd_fuse_test",
    "mmd_permutation_test",
    "mmd_split_test",
    "mmd_wild_bootstrap_test",
    "mode_coverage",
    "n50",
    "nearest_neighbour_test",
    "ngram_divergence",
    "novelty",
    "pit",
    "prd",
    "prd_curve",
    "precision_recall",
    "random_convolution_judges",
    "rank_histogram",
    "read_safetensors",
    "read_torch",
    "self_bleu",
    "sliced_w2",
    "spread_skill",
    "unlike_ranges",
    "valid_share",
    "vendi_score",
    "word_share",
]
