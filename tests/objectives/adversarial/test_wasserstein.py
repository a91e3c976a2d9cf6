import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from scipy.special import logsumexp

from igm_jax import Network, velocity
from igm_jax.networks import network, squeeze
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.wasserstein import (
    clipped_weights,
    kl_wgan,
    kl_wgan_value,
    wgan,
    wgan_gp,
    wgan_value,
)
from tests.objectives.critics import trained

BOWL = Network(lambda key: {}, lambda params, x: 0.5 * jnp.sum(jnp.square(x), axis=1) - 1.0)


def test_value_is_the_distance_at_the_best_critic():
    x, y = jnp.array([0.0, 1.0, 4.0]), jnp.array([2.0, 3.0])
    assert float(wgan_value(x, y)) == pytest.approx(2.5 - 5 / 3)
    weighted = wgan_value(x, y, x_weights=jnp.array([1, 1, 0]), y_weights=jnp.array([3, 1]))
    assert float(weighted) == pytest.approx(2.25 - 0.5)


def test_the_trained_gap_of_a_linear_critic(key):
    """For a translation by w and a critic of slope s the loss is −s‖w‖ + λ(s − 1)²: its best slope is 1 + ‖w‖/2λ."""
    linear = network(lambda rngs: nnx.Linear(2, 1, rngs=rngs))
    objective = wgan_gp(squeeze(linear), optax.sgd(0.02), penalty=10.0)
    x = jax.random.normal(key, (20, 2))
    y = x + jnp.array([[1.2, 1.6]])  # W1 = 2

    def step(state, key):
        return objective.update(key, state, x, y)

    @jax.jit
    def train(key):
        return jax.lax.scan(step, objective.init(key, x), jax.random.split(key, 400))[1]

    info = train(key)
    np.testing.assert_allclose(info["critic_gap"][-1], 2 * (1 + 2 / 20), rtol=1e-4)
    np.testing.assert_allclose(info["penalty"][-1], 10 * (2 / 20) ** 2, rtol=1e-3)


def test_clipped_weights_give_the_gap_of_the_best_corner(key):
    """Of linear critics with weights in [−c, c] the best has ψ = c sign(δ), and the gap c ‖δ‖₁."""
    objective = wgan(squeeze(network(lambda rngs: nnx.Linear(2, 1, rngs=rngs))), clipped_weights(optax.sgd(0.1), 0.03))
    x = jax.random.normal(key, (20, 2))
    y = x + jnp.array([[1.2, -1.6]])
    state, gaps = trained(objective, key, x, y, 20)
    np.testing.assert_allclose(gaps[-1], 0.03 * 2.8, rtol=1e-5)
    assert all(np.abs(leaf).max() <= 0.03 * (1 + 1e-5) for leaf in jax.tree.leaves(state.params))
    with pytest.raises(TypeError, match="`params` must be the parameters"):
        clipped_weights(optax.sgd(0.1)).update(x, (), None)
    with pytest.raises(ValueError, match="`bound` must be positive"):
        clipped_weights(optax.sgd(0.1), 0.0)


def test_bad_outputs_are_named():
    with pytest.raises(ValueError, match="`x_outputs` must have shape"):
        wgan_value(jnp.ones((2, 2, 2)), jnp.ones(2))


def test_value_and_its_derivative_with_the_ratio_fixed(x64):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=6), rng.normal(size=5)
    ratio = np.exp(fake) / np.exp(fake).mean()
    value, (on_fake, on_real) = jax.jit(jax.value_and_grad(kl_wgan_value, argnums=(0, 1)))(fake, real)
    expected = -np.maximum(1 - real, 0).mean() - np.maximum(1 + ratio * fake, 0).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(on_real, (real < 1) / 6, rtol=1e-12)
    np.testing.assert_allclose(on_fake, -ratio * (1 + ratio * fake > 0) / 5, rtol=1e-12)


@pytest.mark.slow
def test_the_flow_descends_donsker_and_varadhans_bound(x64, key):
    objective, state = kl_wgan(BOWL, optax.sgd(1.0)), CriticState({}, ())
    x = jnp.asarray(np.random.default_rng(1).normal(size=(6, 2)))
    out = 0.5 * np.sum(np.square(x), axis=1) - 1
    ratio = np.exp(out - logsumexp(out) + np.log(6))
    np.testing.assert_allclose(objective.loss(key, state, x, x), -np.mean(ratio * out), rtol=1e-12)
    np.testing.assert_allclose(objective.witness(state, x, x, x), -ratio, rtol=1e-12)
    bound = jax.grad(lambda x: -jax.nn.logsumexp(BOWL.apply({}, x)))(x)
    np.testing.assert_allclose(velocity(objective, key, state, x, x), -6 * bound, rtol=1e-12)


def test_large_outputs_do_not_overflow():
    value = kl_wgan_value([200.0, 0.0], [0.0])
    np.testing.assert_allclose(value, -1 - (1 + 400 + 1) / 2, rtol=1e-5)
