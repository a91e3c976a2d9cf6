"""Exact and sliced Wasserstein distances against closed forms."""

import itertools

import numpy as np
import pytest

from igm_jax.evaluation import exact_w2, exact_wasserstein, sliced_w2


def gaussian(seed, n, d=2):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_exact_w2_of_a_translate_is_the_length_of_the_shift():
    x, shift = gaussian(0, 300, 5), np.array([1.0, -2.0, 0.5, 0.0, 3.0])
    shuffled = np.random.default_rng(1).permutation(x + shift)
    assert exact_w2(real=x, fake=shuffled) == pytest.approx(np.linalg.norm(shift), rel=1e-12)


def test_exact_w2_is_the_best_of_all_permutations():
    real, fake = gaussian(0, 6, 3), gaussian(1, 6, 3)
    costs = [np.mean(np.sum((real - fake[list(order)]) ** 2, axis=1)) for order in itertools.permutations(range(6))]
    assert exact_w2(real=real, fake=fake) == pytest.approx(np.sqrt(min(costs)), rel=1e-12)


def test_exact_w2_in_one_dimension_matches_sorted_samples():
    real, fake = gaussian(0, 200, 1), 2 * gaussian(1, 200, 1) + 1
    expected = np.sqrt(np.mean((np.sort(real[:, 0]) - np.sort(fake[:, 0])) ** 2))
    assert exact_w2(real=real, fake=fake) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_exact_wasserstein_in_one_dimension_matches_sorted_samples_at_every_exponent(p):
    real, fake = gaussian(0, 50, 1), 2 * gaussian(1, 50, 1) + 1
    expected = np.mean(np.abs(np.sort(real[:, 0]) - np.sort(fake[:, 0])) ** p) ** (1 / p)
    assert exact_wasserstein(real=real, fake=fake, p=p) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="`p` must be at least 1"):
        exact_wasserstein(real=real, fake=fake, p=p / 4)


def test_exact_w2_is_a_distance():
    a, b, c = gaussian(0, 50), gaussian(1, 50), gaussian(2, 50)
    assert exact_w2(real=a, fake=a) == 0
    assert exact_w2(real=a, fake=b) == pytest.approx(exact_w2(real=b, fake=a), rel=1e-12)
    assert exact_w2(real=a, fake=c) <= exact_w2(real=a, fake=b) + exact_w2(real=b, fake=c)


def test_exact_w2_says_what_to_do_about_sizes():
    with pytest.raises(ValueError, match="draw 3 at random from the larger set"):
        exact_w2(real=gaussian(0, 4), fake=gaussian(1, 3))
    with pytest.raises(ValueError, match="at most 2000 points, but got 2001; pass random subsets, or use `sliced_w2`"):
        exact_w2(real=gaussian(0, 2001), fake=gaussian(1, 2001))


def test_sliced_w2_of_a_translate():
    # Over directions, E (θ·δ)² = ‖δ‖²/d; (θ·δ)² has variance 2‖δ‖⁴(d-1)/(d²(d+2)).
    d, projections = 4, 4000
    x, shift = gaussian(0, 100, d), np.array([3.0, 0.0, 4.0, 0.0])
    squared = sliced_w2(real=x, fake=x + shift, num_projections=projections) ** 2
    error = np.sqrt(2 * 25**2 * (d - 1) / (d**2 * (d + 2)) / projections)
    assert squared == pytest.approx(25 / d, abs=5 * error)


def test_sliced_w2_does_not_mind_repeated_samples():
    real, fake = gaussian(0, 30, 3), gaussian(1, 20, 3)
    once = sliced_w2(real=real, fake=fake, num_projections=50)
    assert sliced_w2(real=np.repeat(real, 2, axis=0), fake=fake, num_projections=50) == pytest.approx(once, rel=1e-9)
    assert sliced_w2(real=real, fake=real, num_projections=50) == 0


def test_sliced_w2_refuses_no_projections():
    with pytest.raises(ValueError, match="`num_projections` must be at least 1"):
        sliced_w2(real=gaussian(0, 3), fake=gaussian(1, 3), num_projections=0)
