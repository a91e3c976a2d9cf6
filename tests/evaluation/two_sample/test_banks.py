"""Banks of kernels: what MMD-FUSE fuses, and by which mean; the smallest of MMDAgg's p-values, corrected by the permutations."""

import numpy as np
import pytest

from igm_jax.evaluation import mmd_fuse_test
from igm_jax.evaluation.two_sample.banks import aggregated, bank_splits, fused, normaliser
from igm_jax.evaluation.two_sample.permutation import Splits, mmd2, p_value
from tests.evaluation.two_sample.samples import QUICK, normal


def test_fuse_with_one_kernel_is_its_normalised_statistic():
    bank = bank_splits(real=normal(0), fake=normal(1) + 1, num_bandwidths=1, num_permutations=99)
    one = bank._replace(splits=Splits(*(part[1:] for part in bank.splits)))
    value = mmd2(*one)[0]
    assert fused(one).statistic == pytest.approx(value[0] * 40 * 39 * np.sqrt(40 * 39 / one.splits.squares[0, 0]))
    assert fused(one).p_value == p_value(value, one.splits.rounding[0])
    # A soft maximum lies between the mean and the largest of its terms.
    terms = (mmd2(*bank) * normaliser(bank))[:, 0]
    assert terms.mean() <= fused(bank).statistic <= terms.max()


def test_the_same_seed_gives_the_same_answer():
    real, fake = normal(0), normal(1) + 0.2
    first, again, other = (mmd_fuse_test(real=real, fake=fake, seed=seed, **QUICK) for seed in (0, 0, 1))
    assert first == again
    assert first.p_value != other.p_value


def test_of_one_kernel_it_is_the_test_of_that_kernel():
    bank = bank_splits(real=normal(0), fake=normal(1) + 0.5, num_bandwidths=1, num_permutations=99)
    one = bank._replace(splits=Splits(*(part[1:] for part in bank.splits)))
    expected = p_value(mmd2(*one)[0], one.splits.rounding[0])
    found = aggregated(one)
    assert found.p_value == expected
    assert found.statistic == pytest.approx(-expected)


def test_of_many_it_ranks_the_smallest_p_value_of_every_split():
    bank = bank_splits(real=normal(0), fake=normal(1) + 0.5, num_bandwidths=3, num_permutations=49)
    values = mmd2(*bank)
    shares = np.mean(values[:, None, :] >= values[:, :, None] - bank.splits.rounding[:, :, None], axis=2)
    least = shares.min(axis=0)
    found = aggregated(bank)
    assert found.statistic == pytest.approx(-least[0])
    assert found.p_value == pytest.approx(np.mean(least <= least[0]))
    # The smallest p-value of several kernels is smaller than that of one: uncorrected, the test would reject too often.
    assert found.p_value > least[0]
