"""Paired differences against closed forms, independent implementations and simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats

from igm_jax.reporting import holm, paired_bootstrap, pairwise_tests


def test_two_seeds_have_three_means():
    # d = 0, 2: means 0, 1, 1, 2 with weights ¼, ½, ¼; quantiles at 1 and 99 % are near 0 and 2; widened by √2 about 1.
    low, high = paired_bootstrap([0.0, 2.0], [0.0, 0.0], level=0.5)
    assert (low, high) == pytest.approx((1 - 0.25 * np.sqrt(2), 1 + 0.25 * np.sqrt(2)))


@pytest.mark.parametrize("n", [2, 4, 6])
def test_few_seeds_have_the_interval_of_all_resamples(n):
    gaps = np.random.default_rng(n).normal(size=n)
    means = [np.mean(drawn) for drawn in itertools.product(gaps, repeat=n)]
    wide = gaps.mean() + np.sqrt(n / (n - 1)) * (np.quantile(means, [0.025, 0.975]) - gaps.mean())
    np.testing.assert_allclose(paired_bootstrap(gaps, np.zeros(n)), wide, atol=1e-12)


def test_resamples_are_drawn_once_for_all_pairs(monkeypatch):
    values = {name: np.random.default_rng(ord(name)).normal(size=8) for name in "abcd"}
    draws, generator = [], np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: draws.append(seed) or generator(seed))
    tests = pairwise_tests(values)
    assert draws == [0]
    assert [tests[0][3:5], tests[5][3:5]] == [paired_bootstrap(values[a], values[b]) for a, b in ("ab", "cd")]


def test_the_pairing_removes_what_seeds_share():
    rng = np.random.default_rng(0)
    shared = 100 * rng.normal(size=5)
    own = rng.normal(size=(2, 5))
    with_shared = paired_bootstrap(shared + own[0], shared + own[1])
    np.testing.assert_allclose(with_shared, paired_bootstrap(own[0], own[1]), atol=1e-9)


def test_drawn_resamples_agree_with_scipy():
    gaps = np.random.default_rng(1).normal(size=12)
    n = len(gaps)
    theirs = stats.bootstrap((gaps,), np.mean, method="percentile", n_resamples=200_000, rng=2).confidence_interval
    widened = gaps.mean() + np.sqrt(n / (n - 1)) * (np.array(theirs) - gaps.mean())
    np.testing.assert_allclose(paired_bootstrap(gaps, np.zeros(n), resamples=200_000), widened, atol=0.01)


def test_the_interval_covers_nearly_as_often_as_it_says():
    draws = np.random.default_rng(2).normal(1.0, 2.0, (1000, 8))
    ends = np.array([paired_bootstrap(draw, np.zeros(8), level=0.9, resamples=1000) for draw in draws])
    covered = np.mean((ends[:, 0] <= 1.0) & (ends[:, 1] >= 1.0))
    assert 0.83 < covered < 0.93  # normal quantiles where Student's belong: P(|t_7| < 1.645) = .856


def test_holm_by_hand_and_its_level():
    assert holm([0.04, 0.01, 0.03]).tolist() == [0.06, 0.03, 0.06]
    assert holm([1.0, 0.9]).tolist() == [1.0, 1.0]
    p_values = np.random.default_rng(3).uniform(size=(4000, 6))
    false = np.mean([holm(row).min() <= 0.05 for row in p_values])
    assert abs(false - (1 - (1 - 0.05 / 6) ** 6)) < 4 * np.sqrt(0.05 * 0.95 / 4000)


def test_paired_tests_are_scipys():
    rng = np.random.default_rng(4)
    values = {name: rng.normal(size=5) + shift for name, shift in (("a", 0.0), ("b", 0.5), ("c", 3.0))}
    for test in pairwise_tests(values):
        assert test.p_value == pytest.approx(stats.ttest_rel(values[test.first], values[test.second]).pvalue)
        assert test.low <= test.mean <= test.high
    by_hand = holm([stats.ttest_rel(values[a], values[b]).pvalue for a, b in (("a", "b"), ("a", "c"), ("b", "c"))])
    np.testing.assert_allclose([test.adjusted for test in pairwise_tests(values)], by_hand)


def test_seeds_without_spread_are_tested_by_signs():
    """Three counts of 24 against three of 25 may be chance: one in four. Of seven it is one in 64."""
    few, many = ({"a": [25.0] * n, "b": [24.0] * n} for n in (3, 7))
    assert [test.p_value for test in (*pairwise_tests(few), *pairwise_tests(many))] == [0.25, 2.0**-6]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: paired_bootstrap([1.0], [1.0]), "at least two"),
        (lambda: paired_bootstrap([1.0, 2.0], [1.0, 2.0, 3.0]), "the same seeds"),
        (lambda: paired_bootstrap([1.0, np.nan], [1.0, 2.0]), "must be finite"),
        (lambda: paired_bootstrap([1.0, 2.0], [1.0, 2.0], level=1.0), "between 0 and 1"),
        (lambda: holm([2.0]), "between 0 and 1"),
    ],
)
def test_bad_input_is_explained(call, text):
    with pytest.raises(ValueError, match=text):
        call()
