"""Precision, recall, density and coverage: small sets worked by hand, and which way they move."""

import math

import numpy as np
import pytest

from igm_jax.evaluation import density_coverage, precision_recall

# Balls around the real samples 0, 1, 3, 7 that reach to the nearest other: radii 1, 1, 2, 4.
REAL = np.array([[0.0], [1.0], [3.0], [7.0]])


def test_precision_and_recall_by_hand():
    # Fake 0.5 (in the balls of 0, 1), 4 (of 3, 7) and 20 (of none). Fake radii 3.5, 3.5, 16:
    # [-3, 4], [0.5, 7.5], [4, 36] hold all four real samples.
    assert precision_recall(real=REAL, fake=[[0.5], [4.0], [20.0]], k=1) == (2 / 3, 1.0)
    # Fake 0.5 and 0.75, radii 0.25: [0.25, 0.75], [0.5, 1] hold only 1.
    assert precision_recall(real=REAL, fake=[[0.5], [0.75]], k=1) == (1.0, 0.25)


def test_density_and_coverage_by_hand():
    # 0.5 is in two balls, 4 in two, 20 in none; each of 0, 1, 3, 7 has a fake sample in its ball.
    assert density_coverage(real=REAL, fake=[[0.5], [4.0], [20.0]], k=1) == (4 / 3, 1.0)
    assert density_coverage(real=REAL, fake=[[0.5], [0.75]], k=1) == (2.0, 0.5)
    # Second neighbours: radii 3, 2, 3, 6; -2.5 is in the ball of 0 alone.
    assert density_coverage(real=REAL, fake=[[-2.5]], k=2) == (0.5, 0.25)


def test_rims_belong_to_the_balls():
    assert density_coverage(real=REAL, fake=[[-1.0]], k=1) == (1.0, 0.25)
    assert precision_recall(real=REAL, fake=[[-1.0], [11.0]], k=1).precision == 1.0


def test_copies_of_the_real_data_are_perfect():
    real = np.random.default_rng(0).normal(size=(60, 12)).astype(np.float32)
    assert precision_recall(real=real, fake=real[::-1]) == (1.0, 1.0)
    density, coverage = density_coverage(real=real, fake=real, k=5)
    assert coverage == 1.0
    assert density == pytest.approx(6 / 5), "each closed ball holds its centre and five more"


def test_expected_values_for_equal_laws():
    n, m, k = 200, 150, 5
    rng = np.random.default_rng(0)
    values = np.array(
        [density_coverage(real=rng.normal(size=(n, 2)), fake=rng.normal(size=(m, 2)), k=k) for _ in range(20)]
    )
    coverage = 1 - math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    error = values.std(0, ddof=1) / np.sqrt(len(values))
    assert values.mean(0) == pytest.approx([1.0, coverage], abs=4 * max(error))


@pytest.fixture(scope="module")
def clusters():
    """Real and fake draws of four far clusters, and the cluster of each fake draw."""
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
    real, fake = (centres[np.arange(200) % 4] + rng.normal(size=(200, 2)) for _ in range(2))
    return real, fake, np.arange(200) % 4


def test_dropped_modes_lower_recall_and_coverage(clusters):
    real, fake, of = clusters
    whole, half = (precision_recall(real=real, fake=f) for f in (fake, fake[of < 2]))
    assert half.precision > 0.9
    assert half.recall == pytest.approx(whole.recall / 2, abs=0.05)
    covered = density_coverage(real=real, fake=fake[of < 2])
    assert covered.coverage == pytest.approx(0.5, abs=0.05)
    assert covered.density == pytest.approx(1.0, abs=0.2)


def test_noise_lowers_precision_and_density(clusters):
    real, fake, _ = clusters
    noisy = fake + 5 * np.random.default_rng(1).normal(size=fake.shape)
    assert precision_recall(real=real, fake=noisy).precision < 0.6 * precision_recall(real=real, fake=fake).precision
    assert density_coverage(real=real, fake=noisy).density < 0.5 * density_coverage(real=real, fake=fake).density


def test_one_outlier_spoils_precision_but_not_density(clusters):
    real, _, _ = clusters
    noise = np.random.default_rng(1).uniform(100, 300, size=(200, 2))
    spoiled = np.concatenate([real, [[1000.0, 1000.0]]])
    assert precision_recall(real=real, fake=noise).precision == 0
    assert precision_recall(real=spoiled, fake=noise).precision == 1
    assert density_coverage(real=spoiled, fake=noise).density == pytest.approx(0.2), "one ball of k = 5"


def test_duplicates_lose_variety(clusters):
    real, fake, _ = clusters
    few = fake[np.arange(200) % 8]
    assert precision_recall(real=real, fake=few).recall == 0.0, "eight points 25 times over have balls of no size"
    assert density_coverage(real=real, fake=few).coverage < 0.3


def test_constant_data_give_finite_numbers():
    same = np.ones((10, 3))
    assert precision_recall(real=same, fake=same) == (1.0, 1.0)
    assert np.isfinite(density_coverage(real=same, fake=same)).all()
    assert density_coverage(real=same, fake=same + 1) == (0.0, 0.0)


def test_too_many_neighbours_are_refused():
    with pytest.raises(
        ValueError, match="`k` must be less than the number of samples, but is 4 and `real` has 4; lower `k`"
    ):
        precision_recall(real=REAL, fake=np.zeros((9, 1)), k=4)
    with pytest.raises(ValueError, match="`fake` has 2"):
        precision_recall(real=REAL, fake=np.zeros((2, 1)), k=2)
    with pytest.raises(ValueError, match="`k` must be at least 1"):
        density_coverage(real=REAL, fake=np.zeros((2, 1)), k=0)
    assert density_coverage(real=REAL, fake=np.zeros((1, 1)), k=3).density > 0, "fake samples have no balls here"


def test_the_ball_of_a_far_sample_holds_only_what_is_in_it():
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(size=(60, 8)), np.full((1, 8), 1e12)])
    fake = rng.normal(0.3, 1.1, size=(50, 8))
    within, between = (np.linalg.norm(z[:, None] - real[None, :], axis=2) for z in (real, fake))
    radius = np.sort(within, axis=0)[3]
    inside = between <= radius
    assert 0 < inside[:, -1].sum() < 25
    assert precision_recall(real=real, fake=fake).precision == inside.any(1).mean()
    assert density_coverage(real=real, fake=fake, k=3).density == pytest.approx(inside.sum(1).mean() / 3)
