"""The kernel distance: unbiased, with an honest standard error."""

import numpy as np
import pytest

from igm_jax.evaluation import kid


def draws(rng, n, shift=0.0, d=16):
    return rng.normal(size=(n, d)) + shift


def test_subsets_cut_from_all_samples_match_the_formula():
    # Two samples to a subset and four in all: with one repeat the value is the mean over two blocks of the U-statistic.
    rng = np.random.default_rng(0)
    real, fake = draws(rng, 4), draws(rng, 4)
    shuffle = np.random.default_rng(5)
    a, b = real[shuffle.permutation(4)], fake[shuffle.permutation(4)]

    def k(x, y):
        return (x @ y / 16 + 1) ** 3

    blocks = [
        k(a[i], a[i + 1]) + k(b[i], b[i + 1]) - np.mean([k(a[p], b[q]) for p in (i, i + 1) for q in (i, i + 1)]) * 2
        for i in (0, 2)
    ]
    result = kid(real=real, fake=fake, subset_size=2, repeats=1, seed=5)
    assert result.value == pytest.approx(np.mean(blocks), rel=1e-12)
    assert result.standard_error == pytest.approx(np.std(blocks, ddof=1) / np.sqrt(2), rel=1e-12)


def test_value_for_two_gaussians():
    # (x·y/d + 1)³ between N(0, I) and N(0.3·1, I) in 16 dimensions has MMD² 0.317050875.
    rng = np.random.default_rng(0)
    results = [kid(real=draws(rng, 200), fake=draws(rng, 200, 0.3)) for _ in range(40)]
    values = np.array([result.value for result in results])
    assert values.mean() == pytest.approx(0.317050875, abs=4 * values.std(ddof=1) / np.sqrt(len(values)))
    # The error it states is the spread over draws: that of 40 is itself known to a tenth or so.
    stated = np.sqrt(np.mean([result.standard_error**2 for result in results]))
    assert 0.7 < stated / values.std(ddof=1) < 1.6


def test_no_bias_for_equal_laws():
    rng = np.random.default_rng(1)
    results = [kid(real=draws(rng, 100), fake=draws(rng, 100)) for _ in range(40)]
    values = np.array([result.value for result in results])
    assert abs(values.mean()) < 4 * values.std(ddof=1) / np.sqrt(len(values))
    assert min(values) < 0 < max(values), "unbiased, so on both sides of zero"
    # Under equal laws the stated error is on the safe side.
    assert np.sqrt(np.mean([result.standard_error**2 for result in results])) > 0.8 * values.std(ddof=1)


def test_moves_with_the_shift():
    rng = np.random.default_rng(2)
    real = draws(rng, 200)
    values = [kid(real=real, fake=draws(np.random.default_rng(3), 200, shift)).value for shift in (0.0, 0.3, 0.6)]
    assert values == sorted(values)


def test_sizes_may_differ():
    rng = np.random.default_rng(0)
    assert np.isfinite(kid(real=draws(rng, 50), fake=draws(rng, 20))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"subset_size": 11}, "two disjoint subsets of 11 do not fit into the smaller set of 20"),
        ({"subset_size": 1}, "`subset_size` must be at least 2"),
        ({"repeats": 0}, "`repeats` must be at least 1"),
    ],
)
def test_impossible_subsets_are_refused(arguments, message):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=message):
        kid(real=draws(rng, 30), fake=draws(rng, 20), **arguments)


def test_three_samples_are_too_few():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="`fake` must hold at least 4 samples"):
        kid(real=draws(rng, 30), fake=draws(rng, 3))


@pytest.mark.parametrize("change", [lambda x: 1e-30 * x, lambda x: x + 1e8, lambda x: 1e60 * x])
def test_what_would_be_rounding_is_refused(change):
    rng = np.random.default_rng(0)
    real, fake = draws(rng, 50), draws(rng, 50, 0.3)
    with pytest.raises(ValueError, match="features of about one"):
        kid(real=change(real), fake=change(fake))


def test_a_constant_is_itself():
    assert kid(real=np.ones((8, 2)), fake=np.ones((8, 2))).value == pytest.approx(0, abs=1e-12)
