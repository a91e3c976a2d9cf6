import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.special import logsumexp

from igm_jax import Network, velocity
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.kl_wasserstein_gan import kl_wgan, kl_wgan_value

BOWL = Network(lambda key: {}, lambda params, x: 0.5 * jnp.sum(jnp.square(x), axis=1) - 1.0)


def test_value_and_its_derivative_with_the_ratio_fixed(x64):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=6), rng.normal(size=5)
    ratio = np.exp(fake) / np.exp(fake).mean()
    value, (on_fake, on_real) = jax.jit(jax.value_and_grad(kl_wgan_value, argnums=(0, 1)))(fake, real)
    expected = -np.maximum(1 - real, 0).mean() - np.maximum(1 + ratio * fake, 0).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(on_real, (real < 1) / 6, rtol=1e-12)
    np.testing.assert_allclose(on_fake, -ratio * (1 + ratio * fake > 0) / 5, rtol=1e-12)


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
