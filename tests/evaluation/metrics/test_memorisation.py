"""The memorisation ratio is 1 for fresh samples, 0 for copies, whatever the sizes; authenticity 0 for copies, for fresh draws
the share that geometry gives.
"""

import numpy as np
import pytest

from igm_jax.evaluation import authenticity, expected_authenticity, memorisation_ratio


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


@pytest.mark.parametrize("d", [1, 2, 3])
def test_fresh_draws_have_the_share_of_mutual_neighbours(d):
    rng = np.random.default_rng(0)
    n, repeats = 1000, 10
    found = [authenticity(train=rng.uniform(size=(n, d)), fake=rng.uniform(size=(n, d))) for _ in range(repeats)]
    error = np.std(found, ddof=1) / np.sqrt(repeats)
    # At the border of the cube half of the neighbours are missing: a share of 2d/n^(1/d) of the samples, little in each.
    assert np.mean(found) == pytest.approx(expected_authenticity(d), abs=4 * error + 0.005 * (d - 1))


def test_closed_forms():
    assert expected_authenticity(1) == pytest.approx(1 / 3, rel=1e-12)
    assert expected_authenticity(2) == pytest.approx(1 - 1 / (4 / 3 + np.sqrt(3) / (2 * np.pi)), rel=1e-12)
    assert expected_authenticity(3) == pytest.approx(
        1 - 16 / 27, rel=1e-12
    )  # the lens of two unit balls is 5/16 of one
    assert expected_authenticity(200) == pytest.approx(0.5, abs=1e-6)


def test_copies_are_not_authentic_and_strangers_are():
    rng = np.random.default_rng(0)
    train = rng.normal(size=(200, 4))
    assert authenticity(train=train, fake=train[:50]) == 0
    assert authenticity(train=train, fake=train[:50] + 1e-3 * rng.normal(size=(50, 4))) < 0.05
    assert authenticity(train=train, fake=train[:50] + 100) == 1
    mixed = np.concatenate([train[:30], train[:10] + 100])
    assert authenticity(train=train, fake=mixed) == 0.25


def test_a_tie_is_no_news():
    assert authenticity(train=[[0.0], [1.0]], fake=[[-1.0]]) == 0  # as near as the other training sample
    assert authenticity(train=[[0.0], [1.0]], fake=[[-1.001]]) == 1
    assert authenticity(train=[[0.0], [0.0]], fake=[[0.0], [0.1]]) == 0.5, "copies within the data have no room"


def test_one_training_sample_is_refused():
    with pytest.raises(ValueError, match="`train` must hold at least 2 samples"):
        authenticity(train=[[0.0]], fake=[[0.0]])
    with pytest.raises(ValueError, match="`train` and `fake` must have the same number of features"):
        authenticity(train=np.zeros((3, 2)), fake=np.zeros((3, 1)))
