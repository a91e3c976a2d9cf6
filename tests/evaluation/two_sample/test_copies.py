"""Copies: which samples are, whatever lies far away, and halves that none is torn over."""

import numpy as np
import pytest

from igm_jax.evaluation.two_sample.copies import copies, halves

RNG = np.random.default_rng(0)
ALONE = RNG.normal(size=(300, 3))


def test_samples_without_copies_are_alone():
    found = copies(ALONE)
    assert found.sizes.max() == 1
    assert not found.atoms.any()
    assert len(set(found.which)) == 300


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_copies_are_found_but_for_the_rounding_of_single_precision(scale, offset):
    rounded = (ALONE[:40] * (1 + 1e-7 * RNG.normal(size=(40, 3)))).repeat(2, axis=0)
    found = copies(np.concatenate([ALONE, rounded]) * scale + offset * scale)
    np.testing.assert_array_equal(found.sizes[:40], 3)
    np.testing.assert_array_equal(found.which[:40].repeat(2), found.which[300:])
    np.testing.assert_array_equal(found.sizes[40:300], 1)


def test_one_far_sample_makes_no_copies_of_the_others():
    assert copies(np.vstack([ALONE, np.full(3, 1e12)])).sizes.max() == 1


def test_units_of_a_feature_make_no_copies():
    rng = np.random.default_rng(0)
    z = np.stack([rng.integers(0, 3, 300) * 1e7, rng.normal(size=300)], axis=1)
    assert copies(z).sizes.max() == 1
    assert copies(np.concatenate([z, z * (1 + 1e-8)])).sizes.tolist() == [2] * 600


def test_zero_has_no_sign():
    assert copies(np.array([[0.0], [-0.0], [1.0]])).sizes.tolist() == [2, 2, 1]


def test_many_copies_are_atoms():
    found = copies(np.concatenate([np.zeros((30, 1)), np.repeat(np.arange(1.0, 11), 7)[:, None]]))
    np.testing.assert_array_equal(found.atoms, np.arange(100) < 30)


def test_halves_hold_as_many_of_both_where_nothing_is_copied():
    learns = halves(copies(ALONE[:10]), RNG)
    np.testing.assert_array_equal(learns, np.tile([True, True, False, False, False], 2))


def test_copies_stay_together_and_atoms_do_not():
    pool = np.concatenate([np.zeros((60, 3)), ALONE, ALONE])
    found = copies(pool)
    for _ in range(5):
        learns = halves(found, RNG)
        np.testing.assert_array_equal(learns[60:360], learns[360:])
        assert 10 < learns[:60].sum() < 50
        assert 300 < learns.sum() <= 330
