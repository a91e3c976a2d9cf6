import jax
import jax.numpy as jnp
import numpy as np
import optax

from igm_jax import Network
from igm_jax.objectives.adversarial.r3gan import r3gan

LINEAR = Network(lambda key: jnp.array([3.0, -4.0]) / 10, lambda psi, x: x @ psi)


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
