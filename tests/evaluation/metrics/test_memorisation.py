"""The memorisation ratio: 1 for fresh samples, 0 for copies, whatever the sizes."""

import numpy as np
import pytest

from igm_jax.evaluation import memorisation_ratio


def gaussian(seed, n, d=4):
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize("held_out", [1000, 200])
def test_fresh_samples_give_one_at_any_size(held_out):
    ratio = memorisation_ratio(train=gaussian(0, 1000), test=gaussian(1, held_out), fake=gaussian(2, 500))
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_copies_give_zero():
    train = gaussian(0, 500)
    assert memorisation_ratio(train=train, test=gaussian(1, 500), fake=train[:100]) == 0.0
    nearly = train[:100] + 1e-3 * gaussian(2, 100)
    assert memorisation_ratio(train=train, test=gaussian(1, 500), fake=nearly) < 0.01


def test_a_share_of_copies_lowers_it_by_as_much():
    train, test, fresh = gaussian(0, 500), gaussian(1, 500), gaussian(2, 400)
    mixed = np.concatenate([train[:100], fresh[:300]])
    without = memorisation_ratio(train=train, test=test, fake=fresh)
    assert memorisation_ratio(train=train, test=test, fake=mixed) == pytest.approx(0.75 * without, abs=0.05)


def test_bad_samples_are_not_memorised():
    ratio = memorisation_ratio(train=gaussian(0, 500), test=gaussian(1, 500), fake=gaussian(2, 200) + 50)
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_by_hand():
    # d(fake, train) = 1, d(fake, test) = 2; d(test, train) = (1 + 3)/2, d(test, test) = 4: (1/2) / (2/4).
    ratio = memorisation_ratio(train=[[0.0]], test=[[-1.0], [3.0]], fake=[[1.0]])
    assert ratio == pytest.approx(1.0)


def test_coincident_data():
    same = np.ones((5, 2))
    assert memorisation_ratio(train=same, test=same, fake=same) == 1.0
    assert memorisation_ratio(train=same, test=[[0.0, 0.0], [2.0, 0.0]], fake=same) == 0.0


def test_sets_of_another_space_are_refused():
    with pytest.raises(ValueError, match="`train` and `test` and `fake` must have the same number of features"):
        memorisation_ratio(train=gaussian(0, 5), test=gaussian(1, 5, 3), fake=gaussian(2, 5))
    with pytest.raises(ValueError, match="`test` must hold at least 2 samples"):
        memorisation_ratio(train=gaussian(0, 5), test=gaussian(1, 1), fake=gaussian(2, 5))
