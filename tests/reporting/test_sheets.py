import io

import numpy as np
import pytest
from PIL import Image

from igm_jax.reporting.sheets import sheet


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def test_every_image_stands_in_its_place_enlarged_by_whole_pixels():
    images = np.arange(6).reshape(6, 1, 1, 1) * np.ones((1, 8, 8, 1)) / 5
    page = pixels(sheet(images, (0, 1), columns=4))
    assert page.shape == (17 * 6, 35 * 6)
    middles = page[24 :: 9 * 6, 24 :: 9 * 6]
    assert middles.tolist() == [[0, 51, 102, 153], [204, 255, 255, 255]]
    assert (page[48:54] == 255).all()  # the gap
    assert len(np.unique(page[:48, :48])) == 1


@pytest.mark.parametrize(("channels", "shown"), [(1, 1), (2, 1), (3, 3), (4, 3)])
def test_channels_that_are_shown(channels, shown):
    images = np.random.default_rng(0).integers(0, 256, (1, 60, 50, channels))
    page = pixels(sheet(images, (0, 255)))
    np.testing.assert_array_equal(page.reshape(60, 50, -1), images[0, ..., :shown])


def test_what_is_no_number_is_black_and_what_is_outside_is_clipped():
    images = np.array([np.nan, -9.0, 9.0, 0.0]).reshape(4, 1, 1, 1) * np.ones((1, 48, 48, 1))
    assert pixels(sheet(images, (-1, 1)))[[0, 0, 60, 60], [0, 60, 0, 60]].tolist() == [0, 0, 255, 128]
