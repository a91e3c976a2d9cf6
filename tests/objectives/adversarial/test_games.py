import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import integrate, stats

from igm_jax import Network, velocity
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.games import gan, gan_value
from igm_jax.objectives.adversarial.penalties import zero_centred_penalty

P, Q = stats.norm(0.3, 0.8), stats.norm(-0.5, 1.3)


def log_ratio(points):
    """log p/q of the two normal distributions, at points (n, 1)."""
    p, q = (jax.scipy.stats.norm.logpdf(points[:, 0], *law.args) for law in (P, Q))
    return p - q


def test_value_at_the_optimal_logit_is_the_jensen_shannon_divergence(x64):
    def integrand(t):
        p, q = P.pdf(t), Q.pdf(t)
        return 0.5 * (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))

    divergence = integrate.quad(integrand, -12, 12, epsabs=1e-12)[0]
    grid = np.linspace(-14, 14, 20001)
    logits = P.logpdf(grid) - Q.logpdf(grid)
    value = jax.jit(lambda logits: gan_value(logits, logits, x_weights=Q.pdf(grid), y_weights=P.pdf(grid)))
    np.testing.assert_allclose(value(logits), -np.log(4) + 2 * divergence, rtol=1e-8)
    assert value(0.9 * logits) < value(logits)
    assert value(logits + 0.1) < value(logits)


def test_value_of_an_undecided_and_of_a_certain_discriminator():
    value = jax.jit(jax.value_and_grad(gan_value, argnums=1))
    ones = np.ones(3, np.float32)
    np.testing.assert_allclose(value(0 * ones, 0 * ones)[0], -np.log(4), rtol=1e-6)
    assert float(value(80 * ones, -80 * ones)[0]) == pytest.approx(0, abs=1e-30)
    worst, slope = value(1e4 * ones, 1e4 * ones)
    np.testing.assert_allclose(worst, -1e4, rtol=1e-6)
    np.testing.assert_allclose(slope, -ones / 3, rtol=1e-6)


def test_weights_count_repetitions_and_zero_removes():
    real, fake = jnp.array([0.3, -1.0, 2.0]), jnp.array([0.5, 1.5])
    repeated = gan_value(jnp.array([0.3, 0.3, 2.0]), jnp.array([0.5, 1.5, 1.5, 1.5]))
    weighted = gan_value(real, fake, y_weights=jnp.array([2, 0, 1]), x_weights=jnp.array([1, 3]))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-6)


def test_at_the_optimal_logit_the_flow_follows_the_score_difference(x64, key):
    exact = Network(lambda key: {}, lambda params, points: log_ratio(points))
    objective = gan(exact, optax.sgd(1.0))
    x = np.linspace(-3, 3, 13)[:, None]
    score_difference = -(x - 0.3) / 0.8**2 + (x + 0.5) / 1.3**2
    found_out = Q.pdf(x) / (P.pdf(x) + Q.pdf(x))
    flow = jax.jit(lambda x: velocity(objective, key, CriticState({}, ()), x, x))(x)
    np.testing.assert_allclose(flow, found_out * score_difference, rtol=1e-10, atol=1e-13)


def test_the_zero_centred_penalty_is_half_the_mean_squared_slope(x64):
    points = jnp.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    penalty = zero_centred_penalty(lambda y: 0.5 * jnp.sum(y * y, axis=1), points)  # the slope at y is y
    np.testing.assert_allclose(penalty, 0.5 * np.mean(np.sum(np.asarray(points) ** 2, axis=1)), rtol=1e-12)


def test_bad_logits_and_weights_are_named():
    good = jnp.zeros(3)
    with pytest.raises(ValueError, match="`real_logits` must have shape"):
        gan_value(jnp.zeros((3, 1, 1)), good)
    with pytest.raises(ValueError, match="`fake_logits` must hold finite numbers"):
        gan_value(good, jnp.array([0.0, jnp.inf]))
    with pytest.raises(ValueError, match=r"`x_weights` must have shape \(3,\)"):
        gan_value(good, good, x_weights=jnp.ones(2))
