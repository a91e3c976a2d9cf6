"""Resizing as published: loops over single pixels say the same, and so does Pillow, where it is installed."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation.judges.resizing import keys, legacy_bilinear, smooth_bicubic, table_of_positions

RNG = np.random.default_rng(0)


def one_by_one(image, side):
    """TensorFlow 1's loop: float32 places that begin in the corner, first across, then down."""
    (h, w), found = image.shape, np.zeros((side, side), np.float32)
    down, across = np.float32(h) / np.float32(side), np.float32(w) / np.float32(side)
    for i in range(side):
        for j in range(side):
            y, x = np.float32(i) * down, np.float32(j) * across
            top, left = int(y), int(x)
            low, right = min(top + 1, h - 1), min(left + 1, w - 1)
            up, along = y - np.float32(top), x - np.float32(left)
            above = image[top, left] + (image[top, right] - image[top, left]) * along
            below = image[low, left] + (image[low, right] - image[low, left]) * along
            found[i, j] = above + (below - above) * up
    return found


@pytest.mark.parametrize(("h", "w"), [(5, 8), (31, 17), (13, 13), (1, 2)])
def test_legacy_bilinear_is_the_loop(h, w):
    image = RNG.integers(0, 256, (h, w)).astype(np.float32)
    found = np.asarray(legacy_bilinear(jnp.asarray(image)[None, :, :, None], 13))[0, :, :, 0]
    np.testing.assert_allclose(found, one_by_one(image, 13), rtol=2e-7)


def test_legacy_bilinear_has_no_half_pixel_centres_and_passes_over_pixels():
    ramp = jnp.arange(8.0).reshape(1, 1, 8, 1)
    assert legacy_bilinear(ramp, 4)[0, 0, :, 0].tolist() == [0, 2, 4, 6]  # centres would give 0.5, 2.5, ...
    assert legacy_bilinear(ramp, 16)[0, 3, :, 0].tolist() == [
        0,
        0.5,
        1,
        1.5,
        2,
        2.5,
        3,
        3.5,
        4,
        4.5,
        5,
        5.5,
        6,
        6.5,
        7,
        7,
    ]


@pytest.mark.parametrize(("h", "w", "side"), [(32, 24, 61), (61, 40, 17), (19, 19, 19), (3, 90, 20), (1, 1, 4)])
def test_smooth_bicubic_is_pillows(h, w, side):
    image_of = pytest.importorskip("PIL.Image")
    images = RNG.integers(0, 256, (h, w, 3)).astype(np.float32)
    by_pillow = [
        np.asarray(image_of.fromarray(images[:, :, c]).resize((side, side), image_of.BICUBIC)) for c in range(3)
    ]
    found = np.asarray(smooth_bicubic(jnp.asarray(images)[None], side))[0]
    np.testing.assert_allclose(found, np.stack(by_pillow, axis=-1), atol=2e-4)


def test_smooth_bicubic_keeps_constants_and_goes_beyond_edges():
    np.testing.assert_allclose(smooth_bicubic(jnp.full((1, 50, 7, 1), 3.0), 23), 3.0, rtol=1e-6)
    edge = smooth_bicubic(jnp.repeat(jnp.array([0.0, 255.0]), 8).reshape(1, 1, 16, 1), 32)
    assert edge.min() < -5
    assert edge.max() > 260


def test_the_kernel_is_continuous_and_sums_to_one():
    for a in (-0.5, -0.75):
        np.testing.assert_allclose(keys(np.array([1 - 1e-9, 1 + 1e-9, 2 - 1e-9]), a), 0, atol=1e-8)
        shares = keys(np.linspace(0, 1, 7)[:, None] + np.arange(-2, 2)[None], a)
        np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-12)
    assert keys(np.array([1.5]), -0.75) == -0.09375


def interpolated(table, side):
    """Four by four neighbours of each place, in a loop."""
    size, found = len(table), np.zeros((side, side, table.shape[2]))
    for i in range(side):
        for j in range(side):
            y, x = ((place + 0.5) * size / (side + 0.1) - 0.5 for place in (i, j))
            for di in range(-1, 3):
                for dj in range(-1, 3):
                    row, column = int(np.floor(y)) + di, int(np.floor(x)) + dj
                    share = keys(np.array(y - row), -0.75) * keys(np.array(x - column), -0.75)
                    found[i, j] += share * table[min(max(row, 0), size - 1), min(max(column, 0), size - 1)]
    return found


@pytest.mark.parametrize("side", [2, 4, 9])
def test_positions_are_the_loop(side):
    table = RNG.normal(size=(5, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(table_of_positions(table, side), interpolated(table, side), atol=1e-6)


def test_positions_are_those_of_pytorch():
    # torch.nn.functional.interpolate(table, scale_factor=(2.1 / 3, 2.1 / 3), mode="bicubic") of 0, 1, ..., 8.
    assert table_of_positions(np.arange(9.0).reshape(3, 3, 1), 3).ravel().tolist() == list(range(9))
    found = table_of_positions(np.arange(9.0).reshape(3, 3, 1), 2)[..., 0]
    np.testing.assert_allclose(found, [[0.652700, 2.210280], [5.325440, 6.883016]], atol=1e-5)
