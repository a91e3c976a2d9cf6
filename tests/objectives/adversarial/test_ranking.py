import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy import integrate, stats

from igm_jax import Network, velocity
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.ranking import (
    r3gan,
    relativistic_average_gan,
    relativistic_average_value,
    relativistic_gan,
    relativistic_value,
)
from tests.objectives.two_normals import GRID, WEIGHTS, knowing, log_ratio, spread

LINEAR = Network(lambda key: jnp.array([3.0, -4.0]) / 10, lambda psi, x: x @ psi)


def log_sigmoid(t):
    return -np.log1p(np.exp(-t))


def outputs():
    rng = np.random.default_rng(0)
    return rng.normal(size=7), rng.normal(size=5)


def test_all_pairs_are_ranked(x64):
    real, fake = outputs()
    expected = np.mean([log_sigmoid(r - f) for r in real for f in fake])
    np.testing.assert_allclose(jax.jit(relativistic_value)(fake, real), expected, rtol=1e-12)


def test_value_of_a_linear_critic_between_two_normal_laws(x64):
    """D(y) − D(x) of D(t) = 2t is normal, so that the value is one integral."""
    difference = stats.norm(2 * (0.3 + 0.5), 2 * np.hypot(0.8, 1.3))
    expected = integrate.quad(lambda t: difference.pdf(t) * log_sigmoid(t), -30, 30, epsabs=1e-12)[0]
    coarse = {name: weights[::8] for name, weights in WEIGHTS.items()}
    np.testing.assert_allclose(jax.jit(relativistic_value)(2 * GRID[::8], 2 * GRID[::8], **coarse), expected, rtol=1e-9)


def test_each_is_compared_with_the_average_of_the_others(x64):
    real, fake = outputs()
    expected = np.mean(log_sigmoid(real - fake.mean())) + np.mean(log_sigmoid(real.mean() - fake))
    np.testing.assert_allclose(jax.jit(relativistic_average_value)(fake, real), expected, rtol=1e-12)


def test_the_generator_plays_the_same_games_with_the_sides_exchanged(x64, key):
    rng, state = np.random.default_rng(2), CriticState({}, ())
    x, y = jnp.asarray(rng.normal(size=(5, 1))), jnp.asarray(rng.normal(size=(7, 1)))
    real, fake = (np.asarray(log_ratio(z)) for z in (y, x))
    paired, average = (
        make(knowing(lambda r: r), optax.sgd(1.0)) for make in (relativistic_gan, relativistic_average_gan)
    )
    expected = -np.mean([log_sigmoid(f - r) for r in real for f in fake])
    np.testing.assert_allclose(paired.loss(key, state, x, y), expected, rtol=1e-12)
    expected = -np.mean(log_sigmoid(fake - real.mean())) - np.mean(log_sigmoid(fake.mean() - real))
    np.testing.assert_allclose(average.loss(key, state, x, y), expected, rtol=1e-12)


def test_the_average_gan_pulls_through_the_mean_of_samples_too(x64, key):
    """With equal outputs everywhere both terms pull with half of the critic's slope each."""
    flat = knowing(lambda r: 1e-6 * r)
    x = spread(-1, 1, 4)
    slope = velocity(relativistic_average_gan(flat, optax.sgd(1.0)), key, CriticState({}, ()), x, x)
    half = velocity(relativistic_gan(flat, optax.sgd(1.0)), key, CriticState({}, ()), x, x)
    np.testing.assert_allclose(slope, 2 * half, rtol=1e-5)


def test_the_critics_loss_is_a_ranking_and_two_penalties(x64, key):
    objective = r3gan(LINEAR, optax.sgd(0.1), r1=2.0, r2=6.0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 2)), rng.normal(size=(5, 2))
    state, info = jax.jit(lambda x, y: objective.update(key, objective.init(key, x), x, y))(x, y)
    psi = np.array([0.3, -0.4])
    ranking = np.mean(np.log1p(np.exp((x @ psi)[:, None] - (y @ psi)[None])))
    np.testing.assert_allclose(info["penalty"], (2 + 6) / 2 * 0.25, rtol=1e-12)
    np.testing.assert_allclose(info["critic_loss"], ranking + 1.0, rtol=1e-12)
    np.testing.assert_allclose(info["critic_gap"], (y @ psi).mean() - (x @ psi).mean(), rtol=1e-12)
    share = 1 / (1 + np.exp((y @ psi)[None] - (x @ psi)[:, None]))
    slope = np.mean(share[..., None] * (x[:, None] - y[None]), axis=(0, 1)) + 8 * psi
    np.testing.assert_allclose(state.params, psi - 0.1 * slope, rtol=1e-10)
