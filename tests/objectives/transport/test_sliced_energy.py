import jax
import numpy as np
import pytest
from scipy import special

from igm_jax import energy_distance, energy_distance_1d, sliced_energy_distance
from tests import reference

RNG = np.random.default_rng(0)


def weighted_energy(x, y, a, b):
    return reference.mmd2(x, y, lambda u, v: -np.sqrt(reference.squared_distances(u, v)), a, b)


@pytest.mark.parametrize("sizes", [(1, 1), (40, 40), (1000, 1000), (300, 470)])
@pytest.mark.parametrize("offset", [0, 1e4])
def test_energy_of_scalars_float32_matches_float64(sizes, offset):
    x, y = ((RNG.normal(s, 1, size=(n, 1)) + offset).astype(np.float32) for n, s in zip(sizes, (0.3, 0), strict=True))
    a, b = (RNG.uniform(size=n).astype(np.float32) for n in sizes)
    np.testing.assert_allclose(energy_distance_1d(x, y), reference.energy(x, y), rtol=1e-6)
    got = energy_distance_1d(x, y, x_weights=a, y_weights=b)
    # Normalised float32 weights sum to 1 ± 6e-8 alone, and the difference of the distribution functions is about a tenth.
    np.testing.assert_allclose(got, weighted_energy(x, y, a, b), rtol=3e-6)


def test_energy_of_scalars_and_its_gradients_are_those_of_all_pairs(x64):
    x, y, a, b = RNG.normal(size=(20, 1)), RNG.normal(size=(30, 1)), RNG.uniform(size=20), RNG.uniform(size=30)
    np.testing.assert_allclose(energy_distance_1d(x, y), energy_distance(x, y), rtol=1e-11)
    for argnums in (0, 1, 2, 3):
        got, expected = (
            jax.grad(lambda x, y, a, b, f=f: f(x, y, x_weights=a, y_weights=b), argnums)(x, y, a, b)
            for f in (energy_distance_1d, energy_distance)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-12)


def test_sliced_energy_is_the_energy_distance_in_the_mean(x64):
    x, y = RNG.normal(size=(20, 3)), RNG.normal(size=(15, 3)) + 1
    draw = jax.jit(jax.vmap(lambda key: sliced_energy_distance(key, x, y, num_projections=400)))
    values = draw(jax.random.split(jax.random.key(0), 200))
    constant = special.gamma(3 / 2) / (np.sqrt(np.pi) * special.gamma(2))
    error = np.mean(values) - constant * reference.energy(x, y)
    assert abs(error) < 4 * np.std(values, ddof=1) / np.sqrt(200)


@pytest.mark.slow
def test_energy_vanishes_for_equal_samples_and_ties_have_no_pull():
    x = np.repeat(RNG.normal(size=(5, 1)), 4, axis=0).astype(np.float32)
    assert float(energy_distance_1d(x, x[::-1])) == 0
    assert float(energy_distance_1d([0.0], [3.0])) == 6
    with pytest.raises(ValueError, match="must be one-dimensional"):
        energy_distance_1d(np.ones((3, 2)), np.ones((3, 2)))
