"""How good samples are: metrics with keyword-only ``real=`` and ``fake=``, judges, and the floor of real against real."""

from igm_jax.evaluation.classifier import classifier_judge
from igm_jax.evaluation.floor import floor
from igm_jax.evaluation.frechet import frechet_distance
from igm_jax.evaluation.judges import Judge, identity_judge, random_convolution_judges
from igm_jax.evaluation.kid import Estimate, kid
from igm_jax.evaluation.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from igm_jax.evaluation.memorisation import memorisation_ratio
from igm_jax.evaluation.modes import ModeCoverage, mode_coverage
from igm_jax.evaluation.summary import MEASURES, Measure, evaluate_2d, evaluate_images, evaluate_samples
from igm_jax.evaluation.transport import exact_w2, exact_wasserstein, sliced_w2
from igm_jax.evaluation.two_sample import TwoSampleTest, classifier_two_sample_test

__all__ = [
    "MEASURES",
    "DensityCoverage",
    "Estimate",
    "Judge",
    "Measure",
    "ModeCoverage",
    "PrecisionRecall",
    "TwoSampleTest",
    "classifier_judge",
    "classifier_two_sample_test",
    "density_coverage",
    "evaluate_2d",
    "evaluate_images",
    "evaluate_samples",
    "exact_w2",
    "exact_wasserstein",
    "floor",
    "frechet_distance",
    "identity_judge",
    "kid",
    "memorisation_ratio",
    "mode_coverage",
    "precision_recall",
    "random_convolution_judges",
    "sliced_w2",
]
