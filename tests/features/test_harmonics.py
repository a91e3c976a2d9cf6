"""Bands about harmonics: sines in the band of their number, power that is kept, and the way back."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.features.harmonics import harmonic_bands, key_frequency
from igm_jax.features.spectrograms import stft


def power_of(sound):
    return np.abs(np.asarray(stft(jnp.asarray(sound, jnp.float32)[None], 2080, 520)))[0, 10] ** 2


@pytest.mark.parametrize("key", [40, 57, 88])
def test_a_harmonic_lies_in_its_band_with_all_of_its_power(key):
    fundamental = key_frequency(key)
    bands = harmonic_bands(fundamental, 6, 2080)
    for number in (1, 3, 5):
        power = power_of(np.sin(2 * np.pi * number * fundamental * np.arange(16000) / 16000))
        shares = power @ bands.gather / power.sum()
        assert shares.argmax() == 2 * (number - 1)
        assert shares.max() > 0.95


def test_bands_share_out_all_power_between_the_first_and_the_last():
    gather = harmonic_bands(300.0, 10, 2080).gather
    first, last = round(300 * 2080 / 16000), round(3000 * 2080 / 16000)
    np.testing.assert_allclose(gather[first:last].sum(1), 1, atol=1e-6)


def test_no_band_has_what_lies_below_the_first_or_beyond_the_last():
    gather = harmonic_bands(300.0, 10, 2080).gather
    hertz = np.arange(1041) * 16000 / 2080
    outside = (hertz < 300 * 0.75 - 8) | (hertz > 300 * 10.75 + 8)
    assert outside.sum() > 600
    assert not gather[outside].any()
    np.testing.assert_allclose(gather[(hertz > 300 * 0.75 + 8) & (hertz < 300 * 10.75 - 8)].sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("key", [40, 64, 88])
def test_back_and_there_is_nearly_what_it_was_and_exact_in_power(key):
    bands = harmonic_bands(key_frequency(key), 5, 2080)
    np.testing.assert_allclose(bands.spread.sum(1), 1, atol=1e-5)
    again = bands.spread @ bands.gather
    assert np.diag(again).min() > 0.7
    assert again[::2, ::2].diagonal().min() > 0.95  # harmonics are well kept, what lies between them fades into them


def test_the_shape_about_a_harmonic_is_that_of_a_sine():
    fundamental = 40 * 16000 / 2080  # in the middle of a bin
    power = power_of(np.sin(2 * np.pi * fundamental * np.arange(16000) / 16000))
    shape = harmonic_bands(fundamental, 2, 2080).spread[0]
    np.testing.assert_allclose(shape[36:45], power[36:45] / power.sum(), atol=1e-4)
    np.testing.assert_allclose(shape[39:42], np.array([1, 4, 1]) / 6, atol=1e-5)


def test_nothing_lies_beyond_half_of_the_rate():
    bands = harmonic_bands(3000.0, 4, 2080)
    assert not bands.gather[:, 4:].any()  # from 9 kHz on
    assert not bands.spread[4:].any()


@pytest.mark.parametrize("hertz", [20.0, 9000.0])
def test_fundamentals_that_will_not_do_are_told(hertz):
    with pytest.raises(ValueError, match=r"must lie between 30\.7692 Hz, four bins, and 8000 Hz"):
        harmonic_bands(hertz, 4, 2080)
