"""Waves: empirical characteristic functions and sums of waves, against complex exponentials and known laws."""

import jax
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax.pairwise.waves import characteristic_function, wave_sums

RNG = np.random.default_rng(0)
phi, sums = jax.jit(characteristic_function), jax.jit(wave_sums)


def drawn(n, k=7, d=3):
    return RNG.normal(size=(d, k)), RNG.normal(size=(n, d)), RNG.uniform(size=n), RNG.normal(size=(2, k))


@pytest.mark.parametrize("n", [1, 301])
def test_both_are_sums_of_complex_exponentials(n, x64):
    frequencies, x, weights, amplitudes = drawn(n)
    waves = np.exp(1j * x @ frequencies)
    expected = weights @ waves
    np.testing.assert_allclose(phi(frequencies, x, weights), [expected.real, expected.imag], rtol=1e-11, atol=1e-12)
    heights = (waves * (amplitudes[0] - 1j * amplitudes[1])).real.sum(1)
    np.testing.assert_allclose(sums(frequencies, x, amplitudes), heights, rtol=1e-10, atol=1e-12)


def test_one_is_the_transpose_of_the_other(x64):
    # Σ_i a_i Σ_k (A_k cos + B_k sin)(ω_k·x_i), summed in either order.
    frequencies, x, weights, amplitudes = drawn(301)
    one = np.vdot(weights, sums(frequencies, x, amplitudes))
    np.testing.assert_allclose(one, np.vdot(amplitudes, phi(frequencies, x, weights)), rtol=1e-11)


def test_closed_form_of_the_normal_law(x64):
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    frequencies = np.array([[0.0, 0.5, 1.0, 2.0]])
    real, imaginary = phi(frequencies, 0.7 + 0.8 * nodes[:, None], weights / weights.sum())
    expected = np.exp(0.7j * frequencies[0] - (0.8 * frequencies[0]) ** 2 / 2)
    np.testing.assert_allclose(real, expected.real, atol=1e-12)
    np.testing.assert_allclose(imaginary, expected.imag, atol=1e-12)


def test_a_shift_is_a_phase_and_zero_frequency_the_mass(x64):
    frequencies, x, weights, _ = drawn(301)
    frequencies[:, 0], shift = 0, np.array([0.3, -1.0, 2.0])
    (real, imaginary), moved = np.asarray(phi(frequencies, x, weights)), phi(frequencies, x + shift, weights)
    turned = (real + 1j * imaginary) * np.exp(1j * shift @ frequencies)
    np.testing.assert_allclose(moved, [turned.real, turned.imag], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose([real[0], imaginary[0]], [weights.sum(), 0], rtol=1e-12)
    assert (np.hypot(real, imaginary) <= weights.sum() * (1 + 1e-12)).all()


def test_samples_without_weight_are_removals(x64):
    frequencies, x, weights, _ = drawn(301)
    weights[::3] = 0
    kept = weights > 0
    expected = phi(frequencies, x[kept], weights[kept])
    np.testing.assert_allclose(phi(frequencies, x, weights), expected, rtol=1e-11, atol=1e-12)


def test_many_samples_in_single_precision():
    frequencies, x, weights, amplitudes = (array.astype(np.float32) for array in drawn(5000))
    wide = [array.astype(np.float64) for array in (frequencies, x, weights)]
    expected = wide[2] @ np.exp(1j * wide[1] @ wide[0])
    np.testing.assert_allclose(phi(frequencies, x, weights), [expected.real, expected.imag], atol=1e-6 * wide[2].sum())
    assert phi(frequencies, x, weights).dtype == sums(frequencies, x, amplitudes).dtype == np.float32


def test_derivatives_by_finite_differences(x64):
    frequencies, x, weights, amplitudes = drawn(259, k=2)
    check_grads(phi, (frequencies, x, weights), order=1, modes=["rev"], rtol=1e-6)
    check_grads(sums, (frequencies, x, amplitudes), order=1, modes=["rev"], rtol=1e-6)
