"""Which way every metric moves under what goes wrong with generators, and what it does not see."""

import inspect

import numpy as np
import pytest

from igm_jax import evaluation
from igm_jax.distributions import Modes
from igm_jax.evaluation import (
    authenticity,
    classifier_two_sample_test,
    density_coverage,
    exact_w2,
    exact_wasserstein,
    frechet_distance,
    frechet_limit,
    kid,
    memorisation_ratio,
    mode_coverage,
    prd,
    precision_recall,
    sliced_w2,
    vendi_score,
)

N = 400
CENTRES = 6 * np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
MODES = Modes(means=CENTRES, std=1.0, weights=np.ones(4))


def draws(seed):
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(4, size=N)] + rng.normal(size=(N, 2))


TRAIN, REAL, FAKE = draws(0), draws(1), draws(2)
WRONG = {
    "noise": FAKE + 3 * np.random.default_rng(3).normal(size=(N, 2)),
    "dropped modes": np.where(FAKE[:, :1] + FAKE[:, 1:] > 0, FAKE, -FAKE),  # two opposite modes onto the other two
    "duplicates": FAKE[np.arange(N) % 100],
    "memorised": TRAIN,
}

METRICS = {
    "exact_w2": lambda fake: exact_w2(real=REAL, fake=fake),
    "exact_wasserstein": lambda fake: exact_wasserstein(real=REAL, fake=fake),
    "sliced_w2": lambda fake: sliced_w2(real=REAL, fake=fake, num_projections=50),
    "frechet_distance": lambda fake: frechet_distance(real=REAL, fake=fake),
    "frechet_limit": lambda fake: frechet_limit(real=REAL, fake=fake).value,
    "kid": lambda fake: kid(real=REAL / 6, fake=fake / 6, repeats=2).value,
    "precision": lambda fake: precision_recall(real=REAL, fake=fake).precision,
    "recall": lambda fake: precision_recall(real=REAL, fake=fake).recall,
    "density": lambda fake: density_coverage(real=REAL, fake=fake).density,
    "coverage": lambda fake: density_coverage(real=REAL, fake=fake).coverage,
    "prd: F_1/8": lambda fake: prd(real=REAL, fake=fake, clusters=8, repeats=3).f_1_8,
    "prd: F_8": lambda fake: prd(real=REAL, fake=fake, clusters=8, repeats=3).f_8,
    "vendi_score": lambda fake: vendi_score(fake=fake, bandwidth=1.0),
    "authenticity": lambda fake: authenticity(train=TRAIN, fake=fake),
    "memorisation_ratio": lambda fake: memorisation_ratio(train=TRAIN, test=REAL, fake=fake),
    "mode_coverage: modes": lambda fake: mode_coverage(fake=fake, modes=MODES).modes,
    "mode_coverage: quality": lambda fake: mode_coverage(fake=fake, modes=MODES).high_quality,
    "mode_coverage: reverse KL": lambda fake: mode_coverage(fake=fake, modes=MODES).reverse_kl,
    "classifier_two_sample_test": lambda fake: classifier_two_sample_test(real=REAL, fake=fake).accuracy,
}

# Under noise, dropped modes, duplicates, memorised samples: up, down, 0 for what is not seen, and a point for what is too
# near to fresh samples to be told here. Noise is as wide as three modes, and of 100 samples there are four copies each. With
# F_1/8, recall still counts: it is (1 + 1/64)/(1 + 2/64) at a precision of one and a recall of one half.
EXPECTED = {
    "exact_w2": "++00",
    "exact_wasserstein": "++00",
    "sliced_w2": "++00",
    "frechet_distance": "++00",
    "frechet_limit": "++00",
    "kid": "++.0",
    "precision": "-000",
    "recall": "0--0",
    "density": "-000",
    "coverage": "---0",
    "prd: F_1/8": "--00",
    "prd: F_8": ".-.0",
    "vendi_score": "+--0",
    "authenticity": "+00-",
    "memorisation_ratio": "000-",
    "mode_coverage: modes": "0-00",
    "mode_coverage: quality": "-000",
    "mode_coverage: reverse KL": "0+00",
    "classifier_two_sample_test": "+++0",
}


@pytest.mark.parametrize("name", METRICS)
def test_directions(name):
    metric = METRICS[name]
    fresh = [metric(draws(seed)) for seed in range(10, 18)]
    low, high = min(fresh), max(fresh)
    room = (high - low) / 2 + 1e-9
    for (wrong, fake), expected in zip(WRONG.items(), EXPECTED[name], strict=True):
        value = metric(fake)
        moved = "+" if value > high + room else "-" if value < low - room else "0"
        assert expected in (moved, "."), f"{wrong}: {value:.4g}, fresh samples give {low:.4g} to {high:.4g}"


NO_METRICS = {
    "classifier_judge", "extractor_from_safetensors", "extractor_judge", "floor", "identity_judge",
    "random_convolution_judges", "read_safetensors", "energy_permutation_test", "mmd_aggregated_test", "mmd_fuse_test",
    "mmd_permutation_test", "mmd_split_test", "mmd_wild_bootstrap_test", "n50", "nearest_neighbour_test", "unlike_ranges",
    "convolutional_classifier_judge", "dinov2", "dinov2_maps", "dinov2_vits14", "efficientnet_lite0", "inception_clean_fid",
    "inception_fid",
    "measures_of", "read_torch", "conditional_two_sample_test", "event_reliability", "interval_coverage", "mean_crps",
    "mean_energy_score", "pit", "rank_histogram", "spread_skill",
    # Of strings, which are no samples of numbers.
    "crepe_tiny", "minilm", "valid_share", "word_share", "novelty", "ngram_divergence", "self_bleu",
}  # fmt: skip


def test_every_metric_has_a_direction_and_a_cost():
    functions = {name for name in evaluation.__all__ if inspect.isfunction(getattr(evaluation, name))} - NO_METRICS
    costly = {name for name in functions if not name.startswith("evaluate_")}
    assert {name for name in costly if "Cost: " not in inspect.getdoc(getattr(evaluation, name))} == set()
    tested = {name for name in costly if any(f"{name}(" in inspect.getsource(metric) for metric in METRICS.values())}
    of_laws = {name for name in costly if name.startswith("expected_")}
    parts = {"extrapolated", "frechet_bias", "frechet_distance_of_moments", "prd_curve"}  # no samples are handed in
    assert costly - tested == of_laws | parts
