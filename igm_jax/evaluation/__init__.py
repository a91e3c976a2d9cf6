"""How good samples are: metrics with keyword-only ``real=`` and ``fake=``, judges, and the floor of real against real."""

from igm_jax.evaluation.aggregated import mmd_aggregated_test
from igm_jax.evaluation.authenticity import authenticity, expected_authenticity
from igm_jax.evaluation.classifier import classifier_judge
from igm_jax.evaluation.energy_test import energy_permutation_test
from igm_jax.evaluation.expectations import expected_density_coverage, expected_density_coverage_of_atoms
from igm_jax.evaluation.extractors import (
    FeatureExtractor,
    FileExtractor,
    extractor_from_safetensors,
    extractor_judge,
)
from igm_jax.evaluation.floor import floor
from igm_jax.evaluation.frechet import frechet_distance, frechet_distance_of_moments
from igm_jax.evaluation.frechet_bias import extrapolated, frechet_bias, frechet_limit
from igm_jax.evaluation.fuse import mmd_fuse_test
from igm_jax.evaluation.judges import Judge, identity_judge, random_convolution_judges
from igm_jax.evaluation.kid import Estimate, kid
from igm_jax.evaluation.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from igm_jax.evaluation.memorisation import memorisation_ratio
from igm_jax.evaluation.mmd_tests import mmd_permutation_test, mmd_split_test
from igm_jax.evaluation.modes import ModeCoverage, mode_coverage
from igm_jax.evaluation.n50 import DetectionSize, n50
from igm_jax.evaluation.neighbour_test import nearest_neighbour_test
from igm_jax.evaluation.permutation import KernelTest, PermutationTest
from igm_jax.evaluation.prd import PRD, PrecisionRecallCurve, prd, prd_curve
from igm_jax.evaluation.safetensors import Tensors, read_safetensors
from igm_jax.evaluation.summary import MEASURES, Measure, evaluate_2d, evaluate_images, evaluate_samples
from igm_jax.evaluation.transport import exact_w2, exact_wasserstein, sliced_w2
from igm_jax.evaluation.two_sample import TwoSampleTest, classifier_two_sample_test
from igm_jax.evaluation.vendi import vendi_score
from igm_jax.evaluation.wild_bootstrap import mmd_wild_bootstrap_test

__all__ = [
    "MEASURES",
    "PRD",
    "DensityCoverage",
    "DetectionSize",
    "Estimate",
    "FeatureExtractor",
    "FileExtractor",
    "Judge",
    "KernelTest",
    "Measure",
    "ModeCoverage",
    "PermutationTest",
    "PrecisionRecall",
    "PrecisionRecallCurve",
    "Tensors",
    "TwoSampleTest",
    "authenticity",
    "classifier_judge",
    "classifier_two_sample_test",
    "density_coverage",
    "energy_permutation_test",
    "evaluate_2d",
    "evaluate_images",
    "evaluate_samples",
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
    "kid",
    "memorisation_ratio",
    "mmd_aggregated_test",
    "mmd_fuse_test",
    "mmd_permutation_test",
    "mmd_split_test",
    "mmd_wild_bootstrap_test",
    "mode_coverage",
    "n50",
    "nearest_neighbour_test",
    "prd",
    "prd_curve",
    "precision_recall",
    "random_convolution_judges",
    "read_safetensors",
    "sliced_w2",
    "vendi_score",
]
