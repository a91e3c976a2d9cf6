"""Samples as pixels: what was read from 8-bit images comes back, whatever the units."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions import Scaling
from igm_jax.evaluation import UnlikeSamplesWarning
from igm_jax.evaluation.judges.pixels import clean, coloured, coloured_shape, eight_bits, range_of

ALL = np.arange(256).reshape(1, 256)


@pytest.mark.parametrize(
    "scaling", [Scaling.of_range(0, 255, "uint8"), Scaling.of_range(-1, 1), Scaling.of_range(0, 1)]
)
def test_every_pixel_comes_back(scaling):
    own = scaling.low + ALL / 255 * (scaling.high - scaling.low)
    np.testing.assert_array_equal(eight_bits(scaling.scaled(own).astype(float), scaling), ALL)


def test_other_ranges_become_black_to_white():
    digits = Scaling.of_range(0, 16, "uint8")
    assert eight_bits(digits.scaled([[0, 8, 16]]).astype(float), digits).tolist() == [[0, 128, 255]]
    deep = Scaling.of_range(0, 65535, "uint16")
    assert eight_bits(deep.scaled([[0, 257, 65535]]).astype(float), deep).tolist() == [[0, 1, 255]]


def test_what_is_beyond_is_cut_off_and_units_that_are_none_are_told():
    assert eight_bits(np.array([[-9.0, 0.0, 0.5, 0.6, 3.0]]), range_of(None)).tolist() == [[0, 128, 191, 204, 255]]
    with pytest.warns(UnlikeSamplesWarning, match=r"more than half of the values lie far beyond -1 \.\.\. 1"):
        eight_bits(ALL.astype(float), range_of(None))


def test_scalings_without_a_range_are_refused():
    with pytest.raises(ValueError, match="`scaling` must have a range, whose least value becomes black"):
        range_of(Scaling(1.0, 2.0))
    with pytest.raises(TypeError, match=r"`scaling` must be an igm_jax\.distributions\.Scaling or None, but is 255"):
        range_of(255)


def test_shapes_of_no_images_are_refused():
    assert coloured_shape((4, 5, 3)) == (4, 5, 3)
    with pytest.raises(
        ValueError, match=r"must end with 1 channel \(grey\) or 3 \(red, green, blue\), but is \(4, 4, 2\)"
    ):
        coloured_shape((4, 4, 2))


def test_grey_becomes_three_equal_colours():
    grey, rgb = np.arange(8.0, dtype=np.float32).reshape(2, 4), np.arange(24.0, dtype=np.float32).reshape(2, 12)
    found = np.asarray(coloured(jnp.asarray(grey), (2, 2, 1)))
    np.testing.assert_array_equal(found, np.repeat(grey.reshape(2, 2, 2, 1), 3, axis=3))
    np.testing.assert_array_equal(coloured(jnp.asarray(rgb), (2, 2, 3)), rgb.reshape(2, 2, 2, 3))


def test_clean_pixels_stay_pixels_but_are_not_rounded():
    steps = jnp.asarray(np.repeat(np.array([0, 255], np.float32), 4).reshape(1, 1, 8, 1))
    found = np.asarray(clean(steps, 16))
    assert (found.min(), found.max()) == (0, 255)
    assert np.any(found != np.rint(found))
