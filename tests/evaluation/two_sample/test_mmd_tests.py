"""Tests with one kernel: their statistics, and their widths."""

import numpy as np
import pytest

from igm_jax.evaluation import (
    energy_permutation_test,
    mmd_aggregated_test,
    mmd_fuse_test,
    mmd_permutation_test,
    mmd_split_test,
    mmd_wild_bootstrap_test,
    nearest_neighbour_test,
)
from tests import reference
from tests.evaluation.two_sample.samples import QUICK, normal


@pytest.mark.slow
def test_narrow_kernels_see_what_the_median_does_not():
    # Far modes, of which one is narrower: the median distance is that between modes.
    rng = np.random.default_rng(0)
    real, fake = (20.0 * rng.integers(0, 2, size=(150, 2)) + std * rng.normal(size=(150, 2)) for std in (1.0, 0.4))
    assert mmd_permutation_test(real=real, fake=fake, num_permutations=999).p_value > 0.05
    for test in (mmd_fuse_test, mmd_aggregated_test, mmd_split_test, nearest_neighbour_test):
        assert test(real=real, fake=fake, num_permutations=999).p_value <= 0.005


def test_the_statistic_is_the_unbiased_mmd():
    real, fake = normal(0), 1.5 * normal(1, 30)
    found = mmd_permutation_test(real=real, fake=fake, **QUICK)

    def kernel(x, y):
        return np.exp(-reference.squared_distances(x, y) / (2 * found.bandwidth**2))

    assert found.statistic == pytest.approx(reference.mmd2_unbiased(real, fake, kernel), rel=1e-4)


def test_the_split_test_needs_two_halves():
    with pytest.raises(ValueError, match="`real` must hold at least 8 samples"):
        mmd_split_test(real=normal(0, 7), fake=normal(1))


def test_wild_bootstrap_has_the_one_sample_statistic():
    real, fake = normal(0), 1.5 * normal(1)
    result = mmd_wild_bootstrap_test(real=real, fake=fake, **QUICK)
    kernel = lambda x, y: np.exp(-np.sum((x[:, None] - y[None]) ** 2, -1) / (2 * result.bandwidth**2))  # noqa: E731
    h = kernel(real, real) + kernel(fake, fake) - kernel(real, fake) - kernel(fake, real)
    expected = (h.sum() - np.trace(h)) / (40 * 39)
    assert result.statistic == pytest.approx(expected, rel=1e-3)


def test_without_a_partner_there_is_no_sign():
    with pytest.raises(ValueError, match="equally many samples, but hold 40 and 30"):
        mmd_wild_bootstrap_test(real=normal(0), fake=normal(1, 30))


def test_energy_is_the_v_statistic():
    real, fake = normal(0, 30), 2 * normal(1, 50)
    distance = lambda x, y: np.linalg.norm(x[:, None] - y[None], axis=-1).mean()  # noqa: E731
    expected = 2 * distance(real, fake) - distance(real, real) - distance(fake, fake)
    assert energy_permutation_test(real=real, fake=fake, **QUICK).statistic == pytest.approx(expected, rel=1e-4)


def test_the_energy_is_in_the_units_of_the_samples():
    real, fake = normal(0), normal(1) + 0.3
    one, other = (energy_permutation_test(real=scale * real, fake=scale * fake, **QUICK) for scale in (1, 1000))
    assert other.statistic == pytest.approx(1000 * one.statistic, rel=1e-4)
    assert other.p_value == one.p_value
