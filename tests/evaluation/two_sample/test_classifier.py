"""The classifier two-sample test: its level under equal laws, and its power."""

import numpy as np
import pytest
from scipy import stats

from igm_jax.evaluation import classifier_two_sample_test


def gaussian(seed, n=400, d=2):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_level_under_equal_laws():
    repeats, level = 60, 0.05
    rng = np.random.default_rng(0)
    results = [
        classifier_two_sample_test(real=rng.normal(size=(40, 3)), fake=rng.normal(size=(40, 3))) for _ in range(repeats)
    ]
    rejected = sum(result.p_value <= level for result in results)
    assert stats.binom.sf(rejected - 1, repeats, level) > 1e-3, f"rejected {rejected} of {repeats}"
    accuracy = np.array([result.accuracy for result in results])
    assert accuracy.mean() == pytest.approx(0.5, abs=4 * accuracy.std(ddof=1) / np.sqrt(repeats))


def test_numbers_belong_together():
    accuracy, error, p_value = classifier_two_sample_test(real=gaussian(0, 200), fake=gaussian(1, 200) + 0.5)
    right = round(accuracy * 200)
    assert error == pytest.approx(np.sqrt(accuracy * (1 - accuracy) / 200))
    assert p_value == pytest.approx(stats.binomtest(right, 200, 0.5, alternative="greater").pvalue)


def test_far_sets_are_told_apart():
    result = classifier_two_sample_test(real=gaussian(0), fake=gaussian(1) + 20)
    assert result.accuracy == 1.0
    assert result.standard_error == 0.0
    assert result.p_value < 1e-50


def test_accuracy_of_the_best_classifier():
    # Two unit Gaussians 2δ apart: the best rule is right with probability Φ(δ); learned from finite samples, nearly so.
    best = stats.norm.cdf(1.0)
    result = classifier_two_sample_test(real=gaussian(0, 1000), fake=gaussian(1, 1000) + np.array([2.0, 0.0]))
    assert best - 0.04 < result.accuracy < best + 4 * result.standard_error


@pytest.mark.parametrize(
    ("name", "fake"),
    [
        ("noise", lambda x: x + 0.8 * gaussian(9, *x.shape)),
        ("shrunk", lambda x: 0.8 * x),
        ("a dropped half", lambda x: np.abs(x)),
        ("duplicates", lambda x: x[np.arange(len(x)) % 5]),
        ("constant", lambda x: np.zeros_like(x)),
    ],
)
def test_faults_are_seen(name, fake):
    del name
    real = gaussian(0, 400, 16)
    assert classifier_two_sample_test(real=real, fake=fake(gaussian(1, 400, 16))).p_value < 1e-4


def test_structure_finer_than_the_whole_is_seen():
    # A lattice of points, with noise of 2 or 4 % of the distance between them: means and squares cannot tell these.
    rng = np.random.default_rng(0)
    real, fake = (rng.integers(0, 4, size=(800, 2)) + noise * rng.normal(size=(800, 2)) for noise in (0.02, 0.04))
    assert classifier_two_sample_test(real=real, fake=fake).p_value < 1e-4


def test_memorised_samples_are_seen():
    real = gaussian(0)
    assert classifier_two_sample_test(real=real, fake=real).p_value < 1e-4


def test_degenerate_sets_give_finite_numbers():
    same = np.ones((8, 3))
    assert np.isfinite(classifier_two_sample_test(real=same, fake=same)).all()
    assert classifier_two_sample_test(real=same, fake=same).accuracy == 0.5
    assert np.isfinite(classifier_two_sample_test(real=gaussian(0, 4), fake=gaussian(1, 7))).all()


def test_the_same_seed_gives_the_same_answer():
    real, fake = gaussian(0, 100), gaussian(1, 120)
    first, again, other = (classifier_two_sample_test(real=real, fake=fake, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="`real` must hold at least 4 samples"):
        classifier_two_sample_test(real=gaussian(0, 3), fake=gaussian(1, 9))
