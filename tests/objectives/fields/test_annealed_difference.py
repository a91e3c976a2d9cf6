import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import velocity
from igm_jax.objectives import annealed_difference, denoiser_difference_field

X, Y, SIGMA = np.array([[-0.5], [0.4], [1.5]]), np.array([[0.0], [1.0], [1.3], [-2.0]]), 0.6
KEY = jax.random.key(0)


def mean_over_noise(x, y, sigma):
    """The field at x + σε, averaged over ε by a rule of equal steps."""
    nodes = np.linspace(-8, 8, 400)
    weights = np.exp(-(nodes**2) / 2)
    points = (x + sigma * nodes[None]).reshape(-1, 1)
    field = np.asarray(denoiser_difference_field(points, x, y, sigma)).reshape(len(x), -1)
    return field @ weights / weights.sum()


def smoothed_kl(x, y, sigma):
    """KL(q̂_σ ‖ p̂_σ) in one dimension, on a fine grid."""
    grid = np.linspace(-9, 9, 6001)[:, None]
    q, p = (np.exp(-((grid - s.T) ** 2) / (2 * sigma**2)).mean(1) / np.sqrt(2 * np.pi) / sigma for s in (x, y))
    return np.sum(q * np.log(q / p)) * (grid[1, 0] - grid[0, 0])


@pytest.mark.slow
def test_averaged_over_the_noise_it_is_the_gradient_of_the_smoothed_divergence(x64):
    for i in range(3):
        step = 1e-4 * np.eye(3)[:, i : i + 1]
        slope = (smoothed_kl(X + step, Y, SIGMA) - smoothed_kl(X - step, Y, SIGMA)) / 2e-4
        np.testing.assert_allclose(mean_over_noise(X, Y, SIGMA)[i], -3 * slope, rtol=1e-6)


def test_velocity_is_the_noisy_field_times_the_variance(x64):
    objective, x, y = annealed_difference(SIGMA, 0.1, 10), jnp.asarray(X), jnp.asarray(Y)
    state = objective.init(KEY, x)
    draws = jax.jit(jax.vmap(lambda key: velocity(objective, key, state, x, y)))(jax.random.split(KEY, 4000))[..., 0]
    error = np.std(draws, axis=0) / np.sqrt(4000)
    assert (error > 0).all()
    assert (np.abs(draws.mean(0) - SIGMA**2 * mean_over_noise(X, Y, SIGMA)) < 4 * error).all()


def test_noise_falls_geometrically_and_stays():
    objective, x = annealed_difference(2.0, 0.5, 4), jnp.asarray(X, jnp.float32)
    state, update, seen = objective.init(KEY, x), jax.jit(objective.update), []
    for _ in range(6):
        state, info = update(KEY, state, x, x)
        seen.append(float(info["sigma"]))
    np.testing.assert_allclose(seen, [2.0, 2**0.5, 1.0, 0.5**0.5, 0.5, 0.5], rtol=1e-5)


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`start` must be positive"):
        annealed_difference(0.0, 1.0, 5)
    with pytest.raises(ValueError, match="`steps` must be at least 1"):
        annealed_difference(1.0, 0.5, 0)
