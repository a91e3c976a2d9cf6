"""Data sets split once: units there and back, and what is drawn of a part."""

import jax
import numpy as np
import pytest

from igm_jax.distributions import Part, Scaling, Splits, digits

RNG = np.random.default_rng(0)


def test_a_range_is_scaled_and_undone_to_the_bit():
    for low, high, dtype in ((0, 255, "uint8"), (0, 65535, "uint16"), (-3, 12, "int64")):
        own = np.unique(np.linspace(low, high, 5000).round()).astype(dtype)
        scaling = Scaling.of_range(low, high, dtype)
        scaled = scaling.scaled(own)
        assert (scaled.min(), scaled.max(), scaled.dtype) == (-1, 1, np.float32)
        back = scaling.undone(scaled)
        assert back.dtype == own.dtype
        np.testing.assert_array_equal(back, own)


def test_what_is_beyond_a_range_ends_at_it():
    assert Scaling.of_range(0.0, 2.0).undone([-7.0, 0.5, 7.0]).tolist() == [0.0, 1.5, 2.0]


def test_columns_have_units_of_their_own():
    own = RNG.normal([5.0, -2.0], [10.0, 0.1], (50, 2))
    scaling = Scaling(own.mean(0), own.std(0))
    scaled = scaling.scaled(own)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0), 1, rtol=1e-6)
    np.testing.assert_allclose(scaling.undone(scaled), own, rtol=1e-5, atol=1e-5)


def test_one_value_alone_keeps_its_unit():
    scaling = Scaling.of_range(3.0, 3.0)
    assert scaling.scaled([3.0]).tolist() == [0.0]
    assert scaling.undone([0.0]).tolist() == [3.0]


def part(n, **more):
    return Part(RNG.normal(size=(n, 2)).astype(np.float32), **more)


def test_a_target_draws_what_belongs_to_its_rows(key):
    rows = part(40, labels=np.arange(40))
    splits = Splits(rows, part(5), part(6), None, "mine")
    batch = splits.target(conditional=True)(key, 100)
    np.testing.assert_array_equal(np.asarray(batch.values), rows.values[np.asarray(batch.condition)])
    assert splits.target()(key, 3).shape == (3, 2)
    assert [splits.target(name).name for name in ("train", "validation", "test")] == [
        "mine", "mine, held out", "mine, test",
    ]  # fmt: skip


def test_a_condition_goes_before_labels_and_what_is_missing_is_masked(key):
    observed = RNG.uniform(size=(30, 2)) < 0.7
    rows = part(30, labels=np.arange(30), condition=np.ones((30, 3), np.float32), observed=observed)
    batch = Splits(rows, rows, rows, None, "mine").target(conditional=True)(key, 64)
    assert batch.condition.shape == (64, 3)
    assert 0 < np.asarray(batch.observed).mean() < 1


def test_a_condition_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="mine has neither labels nor conditions; name the columns"):
        Splits(part(3), part(3), part(3), None, "mine").target(conditional=True)
    with pytest.raises(ValueError, match="`part` must be"):
        Splits(part(3), part(3), part(3), None, "mine").target("all")


def test_samples_come_back_as_images(key):
    data = digits()
    images = data.undone(data.test.values)
    assert (images.shape, images.dtype) == ((300, 8, 8, 1), np.uint8)
    np.testing.assert_array_equal(data.scaling.scaled(images.reshape(300, 64)), np.asarray(data.test.values))
    assert data.undone(jax.random.normal(key, (4, 64)) * 9).max() == 16
