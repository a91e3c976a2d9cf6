import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import wasserstein_1d
from igm_jax.objectives import max_sliced, max_sliced_direction, max_sliced_wasserstein

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)


def test_of_a_translation_the_direction_is_that_of_the_shift_and_the_value_its_square(x64):
    x, shift = RNG.normal(size=(40, 3)), np.array([1.0, -2.0, 2.0])
    theta = max_sliced_direction(KEY, x, x + shift)
    np.testing.assert_allclose(abs(theta @ shift), 3, rtol=1e-6)
    np.testing.assert_allclose(max_sliced_wasserstein(KEY, x, x + shift), 9, rtol=1e-6)
    np.testing.assert_allclose(max_sliced_wasserstein(KEY, x, x + shift, p=1), 3, rtol=1e-6)


@pytest.mark.parametrize("p", [1, 2])
def test_in_the_plane_it_is_the_maximum_over_all_angles(p, x64):
    x, y = RNG.normal(size=(12, 2)), RNG.normal(size=(12, 2)) * [1.0, 3.0]
    angles = np.linspace(0, np.pi, 2000)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    gaps = np.sort(directions @ x.T, axis=1) - np.sort(directions @ y.T, axis=1)
    expected = np.mean(np.abs(gaps) ** p, axis=1).max()
    got = max_sliced_wasserstein(KEY, x, y, p=p, steps=200, rate=0.1)
    np.testing.assert_allclose(got, expected, rtol=1e-3)


def test_updates_turn_the_direction_to_the_shift_of_two_gaussians():
    shift = jnp.array([0.0, 0.0, 3.0, 4.0])
    x, y = jax.random.normal(KEY, (2, 400, 4))
    objective = max_sliced()
    state = objective.init(jax.random.key(1), x)
    update = jax.jit(objective.update)
    before = abs(state.direction @ shift)
    for _ in range(12):
        state, info = update(KEY, state, x, y + shift[None])
    # The direction errs by about one over the signal to noise ratio of the means, √(2/400)/5 in each of three features.
    assert before < 4 < 4.98 < abs(state.direction @ shift)
    np.testing.assert_allclose(jnp.linalg.norm(state.direction), 1, rtol=1e-5)
    along = wasserstein_1d(x @ state.direction, (y + shift[None]) @ state.direction, p=2)
    np.testing.assert_allclose(objective.loss(KEY, state, x, y + shift[None]), along, rtol=1e-5)
    np.testing.assert_allclose(info["distance"], 25, rtol=0.1)


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match="`p` must be one of 1, 2"):
        max_sliced(3)
    with pytest.raises(ValueError, match=r"`rate` must lie in \(0, 1\]"):
        max_sliced(rate=1.5)
    with pytest.raises(ValueError, match="`starts` must be at least 1"):
        max_sliced_direction(KEY, np.ones((2, 2)), np.ones((2, 2)), starts=0)
