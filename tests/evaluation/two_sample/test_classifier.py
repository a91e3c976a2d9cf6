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
    # With 100 held out of each, `right` leaves open how many are called fake: Fisher's p-value is that of one of the tables.
    tables = [[[a, 100 - a], [100 - right + a, right - a]] for a in range(right - 100, 101)]
    exact = [stats.fisher_exact(table, alternative="greater").pvalue for table in tables]
    assert min(abs(np.log(exact) - np.log(p_value))) < 1e-9
    assert p_value == pytest.approx(stats.binomtest(right, 200, 0.5, alternative="greater").pvalue, rel=0.5)


@pytest.mark.parametrize(
    "law",
    [
        lambda rng: rng.normal(size=(8, 2)),
        lambda rng: np.round(2 * rng.normal(size=(12, 1))),  # atoms, and rare copies
        lambda rng: rng.integers(30, size=(12, 1)),  # rare copies
        lambda rng: rng.normal(size=(12, 2)) * rng.integers(2, size=(12, 1)),  # one atom
    ],
)
def test_level_is_exact_with_few_samples_and_with_ties(law):
    rng, repeats = np.random.default_rng(0), 60
    p_values = np.array([
        classifier_two_sample_test(real=law(rng), fake=law(rng), seed=seed).p_value for seed in range(repeats)
    ])  # fmt: skip
    for level in (0.02, 0.1, 0.4):
        assert stats.binom.sf(np.sum(p_values <= level) - 1, repeats, level) > 1e-3


def test_eight_samples_never_give_what_their_law_cannot():
    # Of 4 + 4 held-out samples all are guessed right by chance once in 70 times, not once in 256.
    assert classifier_two_sample_test(real=gaussian(0, 8), fake=gaussian(1, 8) + 20).p_value == pytest.approx(1 / 70)


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


FOUND, FAR = gaussian(0), np.full(2, 1e8)


@pytest.mark.parametrize(
    ("name", "real", "fake"),
    [
        ("itself", FOUND, FOUND),
        ("itself in another order", FOUND, FOUND[::-1]),
        ("itself in another precision", FOUND, FOUND.astype(np.float32)),
        ("itself three times", FOUND[:130].repeat(3, axis=0), np.tile(FOUND[:130], (3, 1))),
        ("itself beside one sample far away", np.vstack([FOUND, FAR]), np.vstack([FOUND, FAR])),
        ("half of it memorised", FOUND, np.concatenate([FOUND[:200], gaussian(1, 200)])),
        ("ten values", np.arange(400)[:, None] % 10, np.arange(400)[:, None] % 10),
        ("forty values", np.arange(400)[:, None] % 40, np.arange(400)[:, None] % 40),
    ],
)
def test_copies_are_no_difference(name, real, fake):
    del name
    results = [classifier_two_sample_test(real=real, fake=fake, seed=seed) for seed in range(3)]
    assert min(result.p_value for result in results) > 0.01
    assert np.mean([result.accuracy for result in results]) < 0.53


def test_copies_hide_no_difference():
    # Half is memorised, the other half is too wide.
    fake = np.concatenate([FOUND[:200], 3 * gaussian(1, 200)])
    assert classifier_two_sample_test(real=FOUND, fake=fake).p_value < 1e-4


@pytest.mark.parametrize("values", [2, 10])
def test_shares_of_values_are_seen(values):
    rng = np.random.default_rng(0)
    names = rng.permutation(values)  # of no order
    real, fake = (names[np.minimum(rng.integers(up, size=600), values - 1)][:, None] for up in (values, 1.7 * values))
    assert classifier_two_sample_test(real=real, fake=fake).p_value < 1e-4


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
