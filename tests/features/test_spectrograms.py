"""Spectrograms: there and back to rounding, energies that are kept, and sines where they belong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import velocity
from igm_jax.features import spectrograms
from igm_jax.features.spectrograms import istft, log_mel, magnitudes, mel_filters, multi_resolution, stft
from igm_jax.objectives import energy, on_feature_groups

RNG = np.random.default_rng(0)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("length", "window", "hop"), [(1000, 64, 16), (999, 64, 32), (50, 64, 16), (16000, 2080, 520)])
def test_there_and_back_is_the_same_sound(length, window, hop):
    x = jnp.asarray(RNG.normal(size=(2, length)))
    back = istft(stft(x, window, hop), length, hop)
    np.testing.assert_allclose(back, x, atol=1e-6)  # the window's ends are small, and its numbers single


@pytest.mark.usefixtures("x64")
def test_energy_is_kept():
    """Parseval in every frame; squared windows a quarter apart sum to 3/2 at all places that four frames cover."""
    x = np.zeros((1, 640))
    x[0, 64:500] = RNG.normal(size=436)
    spectrum = np.abs(stft(jnp.asarray(x), 64, 16)) ** 2
    both_halves = spectrum.sum(-1) * 2 - spectrum[..., 0] - spectrum[..., -1]
    np.testing.assert_allclose(both_halves.sum() / 64, 1.5 * np.sum(x**2), rtol=1e-6)


def test_a_transform_is_that_of_its_formula():
    x = RNG.normal(size=(1, 100)).astype(np.float32)
    frame = np.concatenate([np.zeros(16), x[0, :16]])
    expected = np.fft.fft(frame * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(32) / 32)))[:17]
    np.testing.assert_allclose(stft(jnp.asarray(x), 32, 8)[0, 0], expected, atol=1e-5)


@pytest.mark.parametrize("hertz", [250.0, 1000.0, 5000.0])
def test_a_sine_peaks_in_its_bin_and_band_at_its_amplitude(hertz):
    x = 0.3 * jnp.sin(2 * jnp.pi * hertz * jnp.arange(8000.0) / 16000)[None]
    spectrum = np.abs(stft(x, 1024, 256))[0, 5:-5]
    assert set(spectrum.argmax(1)) == {round(hertz * 1024 / 16000)}
    np.testing.assert_allclose(spectrum.max(1), 0.3 * 1024 / 4, rtol=2e-3)
    filters = mel_filters(20, 1024)
    found = log_mel(x, 1024, 256, 20)[0, 15]
    assert int(found.argmax()) == int(filters[round(hertz * 1024 / 16000)].argmax())


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("band", "least", "most"), [(0, 1.0, 1.5), (12, 1.2, 1.7), (30, 1.6, 2.0), (60, 1.9, 2.1)])
def test_a_sine_in_the_middle_of_a_band_has_from_its_amplitude_to_twice_that(band, least, most):
    """As the closed form has it: amplitudes |sinc(b)/(1 - b²)| at b bins off, under the triangle."""
    mel = 2595 * np.log10(1 + 8000 / 700) * (band + 1) / 65
    hertz = 700 * (10 ** (mel / 2595) - 1)
    x = 0.3 * np.sin(2 * np.pi * hertz / 16000 * np.arange(16000))
    height = float(log_mel(jnp.asarray(x)[None])[0, 20, band])
    off = np.arange(513) - hertz * 1024 / 16000
    amplitude = np.abs(np.sinc(off) / (1 - off**2)) @ mel_filters(64, 1024)[:, band]
    assert height == pytest.approx(np.log(spectrograms.QUIET + 0.3 * amplitude), abs=0.01)
    assert least < np.exp(height) / 0.3 < most


def test_mel_filters_share_out_what_lies_between_their_centres():
    filters = mel_filters(24, 2048, high=7000.0)
    peaks = filters.argmax(0)
    np.testing.assert_allclose(filters[peaks[0] + 1 : peaks[-1]].sum(1), 1, atol=1e-5)
    assert (np.diff(peaks) > 0).all()
    assert not filters[round(7000 * 2048 / 16000) + 1 :].any()


def test_gradients_are_finite_at_silence():
    for maps in (multi_resolution((64, 128), 8), lambda x: {"size": spectrograms.magnitudes(stft(x, 64, 16))}):
        gradient = jax.grad(lambda x: sum(jnp.sum(part) for part in maps(x).values()))(jnp.zeros((1, 300)))  # noqa: B023
        assert bool(jnp.isfinite(gradient).all())


@pytest.mark.usefixtures("x64")
def test_gradients_are_those_of_finite_differences():
    x, way = jnp.asarray(RNG.normal(size=(1, 300))), jnp.asarray(RNG.normal(size=(1, 300)))

    def value(x):
        return sum(jnp.sum(jnp.sin(part)) for part in multi_resolution((64, 128), 8)(x).values())

    slope = jnp.vdot(jax.grad(value)(x), way)
    step = 1e-6
    assert slope == pytest.approx(float(value(x + step * way) - value(x - step * way)) / (2 * step), rel=1e-5)


@pytest.mark.usefixtures("x64")
def test_an_objective_compares_sounds_in_several_resolutions():
    """Louder data pull amplitudes up: a step along the velocity brings the energy distance down."""
    time = np.arange(600) / 16000
    x, y = (jnp.asarray(a * np.sin(2 * np.pi * 900 * time)[None] * np.ones((4, 1)), jnp.float32) for a in (0.1, 0.5))
    x = x + 1e-3 * jnp.asarray(RNG.normal(size=x.shape), jnp.float32)
    objective = on_feature_groups(energy(), multi_resolution((128, 256), 8), {"128": 10.0, "256": 10.0})
    state = objective.init(jax.random.key(0), x)
    moved = x + 1e-4 * velocity(objective, jax.random.key(1), state, x, y)
    assert objective.loss(jax.random.key(1), state, moved, y) < objective.loss(jax.random.key(1), state, x, y)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: stft(jnp.zeros((1, 100)), 64, 33), "`hop` at most half"),
        (lambda: stft(jnp.zeros((1, 100)), 63, 16), "must be even"),
        (lambda: istft(jnp.zeros((1, 9, 33), jnp.complex64), 100, 16), "have 8 frames at a hop of 16, but .* 9"),
        (lambda: mel_filters(8, 64, low=9000.0), "in order from 0 to half of the rate, 8000 Hz"),
        (lambda: mel_filters(64, 512, 44100), r"`count` = 64 bands .* window of 512 and 44100 numbers a second \d+ hold none"),
        (lambda: multi_resolution((512, 2048), 64, 44100), r"`count` = 64 bands .* at a window of 512"),
        (lambda: multi_resolution((510,)), "at least one multiple of four"),
        (lambda: multi_resolution((64,), 20), "at most 8, an eighth"),
        (lambda: multi_resolution((128,), 8)(jnp.zeros((1, 100))), "as long as the longest window, 128"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_told(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_integers_are_refused_and_what_is_no_number_is_no_silence():
    with pytest.raises(TypeError, match="divide 16-bit numbers by 32768"):
        stft(jnp.ones((1, 100), jnp.int16), 32, 8)
    assert np.isnan(magnitudes(jnp.array([np.nan + 0j, 0j]))[0])
