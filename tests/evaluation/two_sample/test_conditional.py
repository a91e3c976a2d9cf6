import numpy as np
import pytest

from igm_jax.evaluation import conditional_two_sample_test

RNG = np.random.default_rng(0)


def sides(slope, n=40):
    c = RNG.normal(size=(n, 2))
    return {
        "condition": c,
        "real": c[:, :1] + RNG.normal(size=(n, 1)),
        "fake": slope * c[:, :1] + RNG.normal(size=(n, 1)),
    }


def test_the_level_is_exact():
    p_values = [conditional_two_sample_test(**sides(1.0), num_permutations=19, seed=i).p_value for i in range(300)]
    assert abs(np.mean(np.array(p_values) <= 0.1) - 0.1) < 4 * np.sqrt(0.09 / 300)


def test_tells_laws_apart_that_have_the_same_margin():
    """x given c and x given −c have one margin, and the pairs differ."""
    found = conditional_two_sample_test(**sides(-1.0, 200), num_permutations=99)
    assert found.p_value == 0.01
    assert found.statistic > 0


def test_swapping_sides_changes_nothing():
    some = sides(0.5)
    there = conditional_two_sample_test(**some, num_permutations=99)
    back = conditional_two_sample_test(
        condition=some["condition"], real=some["fake"], fake=some["real"], num_permutations=99
    )
    assert there.p_value == back.p_value
    assert there.statistic == pytest.approx(back.statistic, rel=1e-4)


def test_sets_that_do_not_fit_are_explained():
    with pytest.raises(ValueError, match="equally many"):
        conditional_two_sample_test(real=np.ones((5, 1)), fake=np.ones((4, 1)), condition=np.ones((5, 1)))
