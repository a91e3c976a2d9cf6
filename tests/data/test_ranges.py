"""Ranges of values: what each type and each set of numbers is taken for, and what is said of it."""

import numpy as np
import pytest

from igm_jax.data import ranges
from igm_jax.data.ranges import ranged, scaled
from tests.data import told


@pytest.mark.parametrize(
    ("values", "bounds", "dtype"),
    [
        (np.array([3, 200], np.uint8), (0, 255), "uint8"),
        (np.array([3, 40000], ">u2"), (0, 65535), "uint16"),
        (np.array([False, True]), (0, 1), "uint8"),
        (np.array([0.0, 0.5]), (0, 1), "float32"),
        (np.array([-0.5, 0.5], np.float16), (-1, 1), "float32"),
        (np.array([0.0, 1.5]), (0, 255), "float32"),
        (np.array([0, 16], np.int64), (0, 255), "int64"),
        (np.array([0.0, 256.0]), (0, 256), "float32"),
        (np.array([-2.0, 5.0]), (-2, 5), "float32"),
        (np.array([7.0, 7.0]), (0, 255), "float32"),
        (np.array([-7.0, -7.0]), (-7, -7), "float32"),
    ],
)
def test_what_values_are_taken_for(values, bounds, dtype):
    found = ranged(values, "x")
    assert (found.scaling.low, found.scaling.high, found.scaling.dtype) == (*bounds, dtype)
    assert found.found == (values.min(), values.max())
    back = found.scaling.undone(found.scaling.scaled(values))
    np.testing.assert_allclose(back, values.astype(np.float64), rtol=1e-6)


def test_sentences():
    assert ranged(np.array([0, 200], np.uint8), "x").told == "The values are taken from 0 ... 255 to -1 ... 1."
    assert ranged(np.array([-0.5, 1.0]), "x").told == "The values are within -1 ... 1, and are kept as they are."
    assert ranged(np.array([0, 200], np.uint8), "x").note == ""
    assert ranged(np.array([0, 4095], np.uint16), "x").note == (
        "The greatest value is 4095, where uint16 goes to 65535; if the values are meant to end at 4095, say"
        " `value_range=(0, 4095)`."
    )
    assert "say `value_range=(0, 1)`" in ranged(np.array([0, 1], np.uint8), "x").note


def test_a_range_of_ones_own_wins():
    found = ranged(np.array([0, 4095], np.uint16), "x", (0, 4095))
    assert (found.scaling.low, found.scaling.high, found.note) == (0, 4095, "")
    assert told(ranged, np.array([0, 4096], np.uint16), "x.npy", (0, 4095)) == (
        "`value_range` must hold all values of x.npy, but is 0 ... 4095, and they are from 0 to 4096; widen it, or leave it out"
    )
    for wrong in ((1, 0), (0, np.inf), (0, 0)):
        with pytest.raises(ValueError, match=r"`value_range` must be two numbers, the least and the greatest, but is"):
            ranged(np.array([0.0]), "x", wrong)


def test_numbers_that_are_none_are_counted():
    with pytest.raises(ValueError, match=r"x\.npy holds 2 values of 4 that are NaN or infinite; clean them first"):
        ranged(np.array([0, np.nan, np.inf, 1]), "x.npy")


def test_scaling_in_blocks_changes_nothing(monkeypatch):
    values = np.random.default_rng(0).integers(0, 256, (50, 7)).astype(np.uint8)
    scaling = ranged(values, "x").scaling
    monkeypatch.setattr(ranges, "BLOCK", 20)
    np.testing.assert_array_equal(scaled(scaling, values), scaling.scaled(values))
