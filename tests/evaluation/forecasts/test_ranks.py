import numpy as np
import pytest
from scipy import stats

from igm_jax.evaluation import pit, rank_histogram

RNG = np.random.default_rng(0)


def test_counts_and_their_test():
    real, draws = RNG.normal(size=(300, 2)), RNG.normal(size=(300, 4, 2))
    found = rank_histogram(real=real, draws=draws)
    ranks = (draws < real[:, None]).sum(axis=1)
    np.testing.assert_array_equal(found.counts, [np.bincount(ranks[:, i], minlength=5) for i in range(2)])
    expected = [stats.chisquare(counts) for counts in found.counts]
    np.testing.assert_allclose(found.statistic, [one.statistic for one in expected], rtol=1e-12)
    np.testing.assert_allclose(found.p_value, [one.pvalue for one in expected], rtol=1e-12)


def test_neighbouring_ranks_may_share_a_bin():
    real, draws = RNG.normal(size=(300, 1)), RNG.normal(size=(300, 5, 1))
    fine, coarse = rank_histogram(real=real, draws=draws), rank_histogram(real=real, draws=draws, bins=3)
    np.testing.assert_array_equal(coarse.counts, fine.counts.reshape(1, 3, 2).sum(axis=2))
    with pytest.raises(ValueError, match="must divide k"):
        rank_histogram(real=real, draws=draws, bins=4)


def test_the_level_of_the_test_is_right():
    p_values = rank_histogram(real=RNG.normal(size=(200, 400)), draws=RNG.normal(size=(200, 4, 400))).p_value
    assert abs((p_values < 0.1).mean() - 0.1) < 4 * np.sqrt(0.09 / 400)


def test_ties_are_broken_at_random():
    """Constant draws that equal the data tell nothing: all ranks are as frequent."""
    found = rank_histogram(real=np.zeros((4000, 1)), draws=np.zeros((4000, 3, 1)))
    assert found.p_value[0] > 1e-3


def test_pit_is_uniform_for_the_law_of_the_draws():
    values = pit(real=RNG.normal(size=(2000, 1)), draws=RNG.normal(size=(2000, 9, 1)))[:, 0]
    assert stats.kstest(values, "uniform").pvalue > 1e-3
    shifted = pit(real=1 + RNG.normal(size=(2000, 1)), draws=RNG.normal(size=(2000, 9, 1)))[:, 0]
    assert stats.kstest(shifted, "uniform").pvalue < 1e-6
