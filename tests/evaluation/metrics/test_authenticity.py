"""Authenticity: 0 for copies, and for fresh draws the share that geometry gives."""

import numpy as np
import pytest

from igm_jax.evaluation import authenticity, expected_authenticity


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
