"""Intervals and ties against tables, exact cases and simulation."""

import numpy as np
import pytest
from scipy import stats

from igm_jax.reporting import interval, ranks, standing, ties_with_best


def test_the_interval_is_students():
    # t_{0.975, 2} = 4.302653, s = 1, n = 3.
    result = interval([1.0, 2.0, 3.0])
    assert result.mean == 2.0
    assert result.half_width == pytest.approx(4.302652729911275 / np.sqrt(3), rel=1e-9)
    assert (result.seeds, result.failed) == (3, 0)


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.normal(2.0, 3.0, (4000, 3))
    results = [interval(draw, level=0.9) for draw in draws]
    covered = np.mean([abs(r.mean - 2.0) <= r.half_width for r in results])
    assert abs(covered - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 4000)


def test_one_seed_has_no_interval():
    result = interval([1.5])
    assert result.mean == 1.5
    assert np.isnan(result.half_width)


def test_a_failed_seed_fails_the_mean():
    result = interval([1.0, float("nan"), float("inf")])
    assert np.isnan(result.mean)
    assert (result.seeds, result.failed) == (3, 2)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 2.0])
def test_levels_that_are_no_probability_are_errors(level):
    with pytest.raises(ValueError, match=r"between 0 and 1.*0\.95"):
        interval([1.0, 2.0], level=level)


def test_no_values_are_an_error():
    with pytest.raises(ValueError, match="one number for each seed"):
        interval([])


@pytest.mark.parametrize("spread", [np.ones(6), np.logspace(-1, 1, 6), np.array([5.0, 5.0, 0.01, 0.01, 0.01, 0.01])])
def test_the_truly_best_is_in_the_set_with_the_stated_probability(spread):
    # All six are equally good, which is the hardest case: whichever comes out best must not throw out the others.
    rng = np.random.default_rng(1)
    trials, missed = 600, np.zeros(6)
    for _ in range(trials):
        best = ties_with_best({str(i): rng.normal(0.0, s, 3) for i, s in enumerate(spread)}, "lower")
        missed += [str(i) not in best for i in range(6)]
    # Each of them is "the truly best": each may be missed in at most 5 % of the trials, and 3.5 standard errors.
    assert missed.max() / trials < 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / trials)


def test_clear_differences_are_found():
    rng = np.random.default_rng(2)
    found = [
        ties_with_best({"a": rng.normal(0, 1, 3), "b": rng.normal(10, 1, 3), "c": rng.normal(0, 1, 3)}, "lower")
        for _ in range(200)
    ]
    assert np.mean(["b" not in best for best in found]) > 0.95


def test_two_objectives_agree_with_scipys_welch_test():
    rng = np.random.default_rng(3)
    for _ in range(100):
        a, b = rng.normal(0, 1, 3), rng.normal(2, 2, 4)
        worse, better = (a, b) if a.mean() > b.mean() else (b, a)
        p = stats.ttest_ind(worse, better, equal_var=False, alternative="greater").pvalue
        assert (len(ties_with_best({"a": a, "b": b}, "lower")) == 2) == (p > 0.025)  # either may be the better one


def test_the_direction_is_the_metrics():
    values = {"low": [1.0, 1.1, 0.9], "high": [9.0, 9.1, 8.9]}
    assert ties_with_best(values, "lower") == {"low"}
    assert ties_with_best(values, "higher") == {"high"}
    assert ties_with_best(values, None) == frozenset()


def test_values_that_never_vary_tie_only_with_their_equals():
    values = {"a": [25.0] * 3, "b": [25.0] * 3, "c": [24.0] * 3, "d": [25.0, 25.0, 24.0]}
    assert ties_with_best(values, "higher") == {"a", "b", "c", "d"}  # of three counts each, one in ten may be chance
    more = {name: value * 3 for name, value in values.items()}
    assert ties_with_best(more, "higher") == {"a", "b", "d"}
    # The mean of six times 0.1 is not 0.1 in floating point.
    assert ties_with_best({"a": [0.1] * 6, "b": [0.2] * 6}, "lower") == {"a"}


def test_failed_objectives_are_never_best():
    assert ties_with_best({"a": [0.0, float("nan")], "b": [3.0, 3.1]}, "lower") == {"b"}
    assert ties_with_best({"a": [float("nan")]}, "lower") == frozenset()


def test_single_seeds_name_the_best_alone():
    assert ties_with_best({"a": [1.0], "b": [1.001], "c": [1.0]}, "lower") == {"a", "c"}


def test_an_unknown_direction_is_an_error():
    with pytest.raises(ValueError, match="lower, higher"):
        ties_with_best({"a": [1.0]}, "smaller")


def test_ranks_follow_the_direction_and_broken_runs_come_last():
    values = {"good": [1.0, 1.1, 0.9], "also": [1.05, 1.0, 0.95], "bad": [5.0, 5.2, 4.9], "broke": [0.0, np.nan, 0.0]}
    assert ranks(values, "lower") == {"good": 1, "also": 1, "bad": 3, "broke": 4}
    assert ranks(values, "higher") == {"good": 2, "also": 2, "bad": 1, "broke": 4}


def test_equal_counts_are_seldom_told_apart():
    """Ten objectives of one law on two values: hardly ever is any pair beyond chance."""
    rng = np.random.default_rng(5)
    told = [max(ranks({str(i): rng.integers(24, 26, 3) for i in range(10)}, "higher").values()) > 1 for _ in range(100)]
    assert np.mean(told) < 0.05


@pytest.mark.parametrize(("k", "n"), [(3, 3), (9, 5)])
def test_equally_good_objectives_share_a_rank(k, n):
    """Whichever happens to look best, another is told from it with the probability that was asked for at most."""
    rng = np.random.default_rng(k)
    told = [max(ranks({str(i): rng.normal(size=n) for i in range(k)}, "lower").values()) > 1 for _ in range(300)]
    assert np.mean(told) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_equal_means_are_no_evidence_that_much_is_told():
    """Five objectives at 25 of 25 modes, and one far off that few seeds do not tell from them: all in bold would mislead."""
    values = {str(i): [25.0] * 5 for i in range(5)} | {"far": [17.0, 21.0, 14.0, 19.0, 17.0]}
    assert not standing(values, "higher", level=0.9999).told
    assert standing(values, "higher").told


def test_nothing_is_told_from_single_seeds():
    assert standing({"a": [1.0], "b": [1.0001], "c": [1.0002]}, "lower") == ({"a": 1, "b": 2, "c": 3}, False)


def test_ranks_respect_the_order_of_means_and_bold_is_rank_one():
    rng = np.random.default_rng(7)
    for better in ("lower", "higher"):
        for _ in range(100):
            values = {str(i): rng.normal(rng.normal(0, 3), rng.uniform(0, 3), 3) for i in range(7)}
            found = ranks(values, better)
            order = sorted(values, key=lambda name: values[name].mean(), reverse=better == "higher")
            in_order = [found[name] for name in order]
            assert in_order == sorted(in_order)
            assert all(rank == 1 + in_order.index(rank) for rank in in_order)
            assert ties_with_best(values, better) == {name for name, rank in found.items() if rank == 1}


def test_what_scatters_stands_behind_what_is_told_from_the_best():
    values = {"all": [25.0] * 5, "most": [23.0, 23.1, 22.9, 23.0, 23.0], "some": [17.6, 30.0, 5.0, 25.0, 10.0]}
    assert ranks(values, "higher") == {"all": 1, "most": 2, "some": 2}


def test_too_few_seeds_to_tell():
    noisy = {name: [float(i), i + 5.0] for i, name in enumerate("abcd")}
    assert standing(noisy, "lower") == (dict.fromkeys("abcd", 1), False)
    assert standing({"a": [1.0, 1.1], "b": [1.0, 1.3]}, "lower").told is False
    equal = {"a": [25.0] * 3, "b": [25.0] * 3, "c": [25.0] * 3}  # a tie that no seed would break
    assert standing(equal, "higher") == (dict.fromkeys("abc", 1), True)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ranks({"a": [1.0, 2.0]}, "more"), "`better` must be"),
        (lambda: ranks({"a": [1.0, 2.0]}, "lower", level=95), "between 0 and 1"),
    ],
)
def test_bad_input_is_explained(call, text):
    with pytest.raises(ValueError, match=text):
        call()
