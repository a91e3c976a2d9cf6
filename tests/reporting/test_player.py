"""Frames survive the trip into the page and back."""

import json

import numpy as np
import pytest

from igm_jax.reporting.player import Player, decode, encode
from igm_jax.reporting.style import View

RNG = np.random.default_rng(0)
DATA = RNG.uniform(-4, 4, (100, 2))


def through_json(encoded):
    return json.loads(json.dumps(encoded))


def test_points_come_back_within_quantisation():
    frames = {"energy": RNG.normal(size=(7, 50, 2)), "gan": RNG.normal(size=(7, 40, 2)) * 2}
    encoded = through_json(encode(Player(np.arange(7) * 10, frames, DATA)))
    back = decode(encoded)
    width = np.array(encoded["high"]) - np.array(encoded["low"])
    for name, value in frames.items():
        assert (np.abs(back[name] - value) <= width / 65534 / 2 * 1.001).all()
    assert encoded["steps"] == [0, 10, 20, 30, 40, 50, 60]
    np.testing.assert_allclose(width, 3 * (np.array(encoded["view"][1]) - np.array(encoded["view"][0])))


def test_what_is_far_out_stays_out_of_sight_and_what_is_not_finite_is_nan():
    frames = np.zeros((1, 4, 2))
    frames[0, 1], frames[0, 2], frames[0, 3] = (1e9, 0.0), (np.nan, 0.0), (np.inf, -1e30)
    encoded = encode(Player([0], {"gan": frames}, view=View((-1.0, -1.0), (1.0, 1.0))))
    back = decode(encoded)["gan"][0]
    np.testing.assert_allclose(back[0], 0.0, atol=1e-4)
    np.testing.assert_allclose(back[1], [3.0, 0.0], atol=1e-4)
    assert np.isnan(back[2, 0])
    assert np.isnan(back[3, 0])


def test_images_come_back_within_a_grey_level():
    images = RNG.uniform(-1, 1, (3, 5, 12))
    encoded = through_json(
        encode(Player([0, 1, 2], {"a": images}, images[0], image_shape=(2, 2, 3), value_range=(-1.0, 1.0)))
    )
    back = decode(encoded)["a"]
    assert back.shape == (3, 5, 2, 2, 3)
    assert np.abs(back.reshape(images.shape) * 2 - 1 - images).max() <= 1 / 255 * 1.001
    assert encoded["data"]["count"] == 5


def test_long_runs_are_thinned_with_both_ends_kept():
    frames = np.broadcast_to(np.arange(1000.0)[:, None, None] / 1000, (1000, 700, 2))
    encoded = encode(Player(np.arange(1000), {"a": frames}, DATA), max_frames=10, max_points=20)
    assert len(encoded["steps"]) == 10
    assert (encoded["steps"][0], encoded["steps"][-1]) == (0, 999)
    back = decode(encoded)["a"]
    assert back.shape == (10, 20, 2)
    np.testing.assert_allclose(back[:, 0, 0], np.array(encoded["steps"]) / 1000, atol=1e-3)


def test_without_data_the_window_is_around_the_last_frames():
    frames = np.stack([np.full((3, 2), 1e6), np.array([[0.0, 0.0], [2.0, 2.0], [np.nan, 0.0]])])
    view = np.array(encode(Player([0, 1], {"a": frames}))["view"])
    assert view[0].max() < 0
    assert 2 < view[1].min() < 3


@pytest.mark.parametrize(
    ("player", "message"),
    [
        (Player([0, 0], {"a": np.zeros((2, 3, 2))}), "ascending"),
        (Player([], {"a": np.zeros((0, 3, 2))}), "ascending"),
        (Player([0, 1], {"a": np.zeros((3, 3, 2))}), r"shape \(2, n, d\)"),
        (Player([0, 1], {"a": np.zeros((2, 3))}), r"shape \(2, n, d\)"),
        (Player([0, 1], {"a": np.zeros((2, 3, 3))}), "points of the plane"),
        (Player([0, 1], {}), "at least one"),
        (Player([0, 1], {"a": np.zeros((2, 3, 5))}, image_shape=(2, 2)), "flat images"),
    ],
)
def test_frames_that_do_not_fit_are_errors(player, message):
    with pytest.raises(ValueError, match=message):
        encode(player)
