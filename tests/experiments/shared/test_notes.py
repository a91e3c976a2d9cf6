"""Notes as pictures: harmonics at their loudness, the same picture in every key, and sounds that have the key."""

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.shared.notes import HARMONICS, LOWEST, MOMENTS, code, pictures_of, sounds_of
from igm_jax.features.harmonics import key_frequency

TIME = np.arange(16000) / 16000
LOUD = np.array([0.5, 0.2, 0.1])


def tone(key, loud=LOUD):
    hertz = key_frequency(int(key)) * np.arange(1, len(loud) + 1)
    return (np.sin(2 * np.pi * hertz[:, None] * TIME[None]) * np.asarray(loud)[:, None]).sum(0)


@pytest.mark.parametrize("key", [45, 60, 76])
def test_a_picture_says_how_loud_each_harmonic_is_in_every_key(key):
    picture = pictures_of(tone(key)[None].astype(np.float32), np.array([key])).reshape(MOMENTS, HARMONICS, 2)
    decibels = (picture[10, :3, 0] - 1) / 2 * 60
    np.testing.assert_allclose(decibels, 20 * np.log10(LOUD), atol=0.5)
    assert picture[10, 4:, 0].max() < -0.8


def test_sounds_have_the_key_and_the_harmonics_of_their_picture():
    keys = np.array([52, 70])
    real = np.stack([tone(key) for key in keys]).astype(np.float32)
    made = sounds_of(pictures_of(real, keys), keys)
    assert made.shape == (2, 16000)
    np.testing.assert_allclose(np.abs(made).max(1), 1, rtol=1e-5)
    for key, sound in zip(keys, made, strict=True):
        spectrum = np.abs(np.fft.rfft(sound))
        assert abs(spectrum.argmax() - key_frequency(int(key))) <= 2
    again = pictures_of(made, keys).reshape(2, MOMENTS, HARMONICS, 2)[:, 4:-4, :3, 0]
    quieter = (again[..., :1] - again[..., 1:]) * 30
    np.testing.assert_allclose(quieter.mean((0, 1)), 20 * np.log10(LOUD[0] / LOUD[1:]), atol=2)


def test_what_is_above_six_decibels_is_cut_there():
    loud = -np.ones((1, MOMENTS, HARMONICS, 2), np.float32)
    loud[:, :, 0, 0] = 1.0
    keys = np.array([60])
    made = [loud.copy() for _ in range(3)]
    for picture, height in zip(made, (1.2, 1.19, 5.0), strict=True):
        picture[:, :, 1, 0] = height
    at, below, above = (sounds_of(picture.reshape(1, -1), keys) for picture in made)
    np.testing.assert_array_equal(above, at)
    assert np.abs(below - at).max() > 1e-3
    both = np.sort(pictures_of(at, keys).reshape(MOMENTS, HARMONICS, 2)[4:-4, :2, 0].mean(0))
    assert 30 * (both[1] - both[0]) == pytest.approx(6, abs=1)


def test_a_silent_picture_is_silence():
    np.testing.assert_array_equal(sounds_of(-np.ones((1, 2048), np.float32), np.array([LOWEST])), 0)


def test_the_code_counts_octaves_and_names_the_family():
    found = np.asarray(code(jnp.array([[64.0, 2.0], [76.0, 0.0]])))
    np.testing.assert_allclose(found[:, 0], [0, 1])
    assert found[:, 1:].argmax(1).tolist() == [2, 0]
    np.testing.assert_array_equal(found[:, 1:].sum(1), 1)
