"""MMD-FUSE: what is fused, and by which mean."""

import numpy as np
import pytest

from igm_jax.evaluation import mmd_fuse_test
from igm_jax.evaluation.two_sample.fuse import fused, normaliser
from igm_jax.evaluation.two_sample.permutation import Splits, bank_splits, mmd2, p_value
from tests.evaluation.two_sample.samples import QUICK, normal


def test_fuse_with_one_kernel_is_its_normalised_statistic():
    splits, n, m = bank_splits(real=normal(0), fake=normal(1) + 1, num_bandwidths=1, num_permutations=99)
    one = Splits(*(part[1:] for part in splits))
    value = mmd2(one, n, m)[0]
    assert fused(one, n, m).statistic == pytest.approx(value[0] * 40 * 39 * np.sqrt(40 * 39 / one.squares[0, 0]))
    assert fused(one, n, m).p_value == p_value(value, one.rounding[0])
    # A soft maximum lies between the mean and the largest of its terms.
    terms = (mmd2(splits, n, m) * normaliser(splits, n, m))[:, 0]
    assert terms.mean() <= fused(splits, n, m).statistic <= terms.max()


def test_the_same_seed_gives_the_same_answer():
    real, fake = normal(0), normal(1) + 0.2
    first, again, other = (mmd_fuse_test(real=real, fake=fake, seed=seed, **QUICK) for seed in (0, 0, 1))
    assert first == again
    assert first.p_value != other.p_value
