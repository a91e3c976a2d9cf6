"""MMDAgg: the smallest of the p-values, corrected by the same permutations."""

import numpy as np
import pytest

from igm_jax.evaluation.two_sample.aggregated import aggregated
from igm_jax.evaluation.two_sample.permutation import Splits, bank_splits, mmd2, p_value
from tests.evaluation.two_sample.samples import normal


def test_of_one_kernel_it_is_the_test_of_that_kernel():
    splits, n, m = bank_splits(real=normal(0), fake=normal(1) + 0.5, num_bandwidths=1, num_permutations=99)
    one = Splits(*(part[1:] for part in splits))
    expected = p_value(mmd2(one, n, m)[0], one.rounding[0])
    found = aggregated(one, n, m)
    assert found.p_value == expected
    assert found.statistic == pytest.approx(-expected)


def test_of_many_it_ranks_the_smallest_p_value_of_every_split():
    splits, n, m = bank_splits(real=normal(0), fake=normal(1) + 0.5, num_bandwidths=3, num_permutations=49)
    values = mmd2(splits, n, m)
    shares = np.mean(values[:, None, :] >= values[:, :, None] - splits.rounding[:, :, None], axis=2)
    least = shares.min(axis=0)
    found = aggregated(splits, n, m)
    assert found.statistic == pytest.approx(-least[0])
    assert found.p_value == pytest.approx(np.mean(least <= least[0]))
    # The smallest p-value of several kernels is smaller than that of one: uncorrected, the test would reject too often.
    assert found.p_value > least[0]
