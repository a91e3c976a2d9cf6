"""The MMD of one Gaussian kernel: its statistic, and its width."""

import numpy as np
import pytest

from igm_jax.evaluation import (
    mmd_aggregated_test,
    mmd_fuse_test,
    mmd_permutation_test,
    mmd_split_test,
    nearest_neighbour_test,
)
from tests import reference
from tests.evaluation.two_sample.samples import QUICK, normal


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
