"""Two-sample tests with exact level: their statistics, their ties, their symmetries, and what they see."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from igm_jax import evaluation
from igm_jax.evaluation.two_sample.permutation import mmd2, permuted, pool, split_sums
from igm_jax.kernels import gaussian
from tests.evaluation.two_sample.samples import QUICK, normal

TESTS = {
    "mmd": evaluation.mmd_permutation_test,
    "split": partial(evaluation.mmd_split_test, num_bandwidths=10),
    "aggregated": partial(evaluation.mmd_aggregated_test, num_bandwidths=3),
    "fuse": partial(evaluation.mmd_fuse_test, num_bandwidths=3),
    "wild bootstrap": evaluation.mmd_wild_bootstrap_test,
    "energy": evaluation.energy_permutation_test,
    "neighbours": evaluation.nearest_neighbour_test,
}
ALL = pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)


def rejections(test, repeats, n, level=0.05, num_permutations=99):
    rng = np.random.default_rng(1)
    found = (
        test(real=rng.normal(size=(n, 2)), fake=rng.normal(size=(n, 2)), seed=i, num_permutations=num_permutations)
        for i in range(repeats)
    )
    return sum(one.p_value <= level for one in found)


def keeps_the_level(test, repeats, **arguments):
    """Whether the rejections are those of a test of level 5 %, or fewer where statistics tie often."""
    rejected = rejections(test, repeats, 40, **arguments)
    discrete = test in (TESTS["aggregated"], TESTS["neighbours"])
    alternative = "greater" if discrete else "two-sided"
    return stats.binomtest(rejected, repeats, 0.05, alternative=alternative).pvalue > 1e-3


@ALL
def test_level_under_equal_laws(test):
    assert keeps_the_level(test, 150)


@pytest.mark.slow
@ALL
def test_level_over_a_thousand_repetitions(test):
    assert keeps_the_level(test, 1000, num_permutations=199)


@pytest.mark.parametrize(("n", "m"), [(12, 12), (9, 15)])
def test_statistics_of_permutations_are_those_of_a_plain_loop(n, m):
    both = pool(normal(0, n), normal(1, m) + 0.5)
    groups = permuted(both, 20, np.random.default_rng(0))
    width = 0.3
    values = mmd2(split_sums(both, [(gaussian, np.array([width], np.float32))], groups), n, m)[0]
    kernel = lambda x, y: np.exp(-np.sum((x[:, None] - y[None]) ** 2, -1) / (2 * width**2))  # noqa: E731
    z = both.z.astype(float)
    for value, group in zip(values, groups.T.astype(bool), strict=True):
        x, y = z[group], z[~group]
        assert (len(x), len(y)) == (n, m)
        within = (kernel(x, x).sum() - n) / (n * (n - 1)) + (kernel(y, y).sum() - m) / (m * (m - 1))
        np.testing.assert_allclose(value, within - 2 * kernel(x, y).mean(), atol=1e-6)
    np.testing.assert_array_equal(groups[:, 0], np.arange(n + m) < n)


@pytest.mark.parametrize(
    "name", [name for name in TESTS if name != "neighbours"]
)  # of copies chance decides who is near
def test_equal_samples_tie_with_all_permutations(name):
    assert TESTS[name](real=np.full((10, 2), 0.1), fake=np.full((10, 2), 0.1), **QUICK).p_value == 1


@pytest.mark.parametrize("name", ["mmd", "energy", "wild bootstrap", "fuse", "aggregated"])
def test_ties_of_few_values_are_ties(name):
    # Of samples that are zero or one, all statistics depend on how many ones the first group has: exact p-values are known.
    n, ones = 20, (12, 9)
    real, fake = (np.where(np.arange(n) < count, 1.0, 0.0)[:, None] for count in ones)
    found = TESTS[name](real=real, fake=fake, num_permutations=4000)
    if name == "wild bootstrap":  # partners who differ: nine and twelve ones in the same order leave three
        expected = 2 * stats.binom.sf(2, 3, 0.5)
    else:
        law = stats.hypergeom(2 * n, sum(ones), n)
        expected = law.cdf(min(ones)) + law.sf(max(ones) - 1)
    assert found.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 4000) + 1e-3)


@ALL
def test_real_and_fake_may_change_places(test):
    if test is TESTS["split"]:
        pytest.skip("its halves are drawn from each anew")
    real, fake = normal(0), 1.3 * normal(1) + 0.3
    one, other = (test(real=a, fake=b, num_permutations=999) for a, b in ((real, fake), (fake, real)))
    if test is not TESTS["aggregated"]:  # its statistic is made of p-values
        assert one.statistic == pytest.approx(other.statistic, rel=1e-3, abs=1e-6)
    assert one.p_value == pytest.approx(other.p_value, abs=4 * np.sqrt(0.5 / 999))


@ALL
def test_units_and_place_do_not_matter(test):
    real, fake = normal(0), normal(1) + 0.5
    one, other = test(real=real, fake=fake, **QUICK), test(real=1e6 + 1e3 * real, fake=1e6 + 1e3 * fake, **QUICK)
    assert one.p_value == pytest.approx(other.p_value, abs=0.011)


@ALL
def test_power_grows_with_the_shift(test):
    p_values = [
        np.mean([test(real=normal(2 * i), fake=normal(2 * i + 1) + shift, seed=i, **QUICK).p_value for i in range(8)])
        for shift in (0.0, 0.4, 3.0)
    ]
    assert p_values[0] > p_values[1] > p_values[2]
    assert p_values[2] <= 0.02


def test_without_permutations_there_is_no_test():
    with pytest.raises(ValueError, match="`num_permutations` must be at least 1"):
        evaluation.energy_permutation_test(real=normal(0), fake=normal(1), num_permutations=0)


@ALL
def test_bad_samples_are_refused(test):
    with pytest.raises(ValueError, match="same number of features"):
        test(real=normal(0), fake=normal(1, d=3))
    with pytest.raises(ValueError, match="`fake` must hold finite numbers"):
        test(real=normal(0), fake=np.full((40, 2), np.nan))
    with pytest.raises(TypeError):
        test(normal(0), normal(1))


def test_a_far_sample_takes_no_digits_of_the_others():
    # The same one in both sets: it says nothing, and what the others say is as without it.
    real, fake = normal(0, 60), normal(1, 60) + 1
    far = [np.vstack([x, np.full(2, 1e8)]) for x in (real, fake)]
    for test in (evaluation.energy_permutation_test, evaluation.mmd_permutation_test):
        plain, beside = (test(real=x, fake=y, **QUICK) for x, y in ((real, fake), far))
        assert beside.statistic == pytest.approx(plain.statistic, rel=0.1)
    x, y = far
    energy = 2 * distances(x, y).mean() - distances(x, x).mean() - distances(y, y).mean()
    assert evaluation.energy_permutation_test(real=x, fake=y, **QUICK).statistic == pytest.approx(energy, abs=1e-5)


def test_a_sample_that_is_too_far_away_is_named():
    real = normal(0, 30)
    real[7] = 1e12
    with pytest.raises(ValueError, match="row 7 is 1e"):
        evaluation.energy_permutation_test(real=real, fake=normal(1, 30))


def distances(x, y):
    return np.sqrt(np.sum((x[:, None] - y[None]) ** 2, axis=-1))
