import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.features.phases import griffin_lim
from igm_jax.features.spectrograms import stft

RNG = np.random.default_rng(0)


def test_the_error_of_griffin_lim_does_not_rise_and_momentum_ends_lower():
    x = jnp.asarray(RNG.normal(size=(1, 1500)))
    x = x + 5 * jnp.sin(jnp.arange(1500.0) / 4)[None]
    goal = jnp.abs(stft(x, 128, 32))

    def error(iterations, momentum):
        made = griffin_lim(jax.random.key(0), goal, 1500, 32, iterations=iterations, momentum=momentum)
        return float(jnp.linalg.norm(jnp.abs(stft(made, 128, 32)) - goal) / jnp.linalg.norm(goal))

    errors = [error(n, 0.0) for n in range(1, 16)]
    assert (np.diff(errors) <= 1e-9).all()
    assert errors[-1] < 0.7 * errors[0]
    assert error(40, 0.99) < error(40, 0.0)


def test_griffin_lim_brings_a_sine_back_at_its_pitch_and_loudness():
    x = jnp.sin(2 * jnp.pi * 440 * jnp.arange(16000.0) / 16000)[None]
    made = np.asarray(griffin_lim(jax.random.key(0), jnp.abs(stft(x, 2080, 520)), 16000, 520))[0]
    assert np.abs(np.fft.rfft(made)).argmax() == 440
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_silence_stays_silence():
    made = griffin_lim(jax.random.key(0), jnp.zeros((1, 32, 65)), 31 * 32, 32)
    np.testing.assert_array_equal(made, 0)


def test_a_momentum_of_one_is_refused():
    with pytest.raises(ValueError, match="below 1"):
        griffin_lim(jax.random.key(0), jnp.ones((1, 8, 33)), 100, 16, momentum=1.0)


@pytest.mark.parametrize(("wrong", "text"), [(-1.0, "not negative"), (np.nan, "finite")])
def test_what_is_no_magnitude_is_refused(wrong, text):
    with pytest.raises(ValueError, match=text):
        griffin_lim(jax.random.key(0), jnp.full((1, 8, 33), wrong), 100, 16)
