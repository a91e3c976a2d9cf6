import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import velocity
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.least_squares_gan import lsgan, lsgan_value
from tests.objectives.two_normals import GRID, LOG_RATIO, STEP, WEIGHTS, P, Q, knowing, score_difference, spread


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (2.0, -1.0)])
def test_value_at_the_best_critic(x64, low, high):
    best = low + (high - low) / (1 + np.exp(-LOG_RATIO))
    value = jax.jit(lambda out: lsgan_value(out, out, low=low, high=high, **WEIGHTS))
    p, q = P.pdf(GRID), Q.pdf(GRID)
    np.testing.assert_allclose(value(best), -0.5 * (high - low) ** 2 * np.sum(p * q / (p + q)) * STEP, rtol=1e-10)
    assert value(best + 0.01) < value(best)
    assert value(0.99 * best) < value(best)


def test_minus_one_one_zero_flows_down_pearsons_divergence_of_the_mixture(x64, key):
    """½ E_P D² + ½ E_Q D² at the best D is ½ ∫(p − q)²/(p + q), and its part over Q is what the generator descends."""
    objective = lsgan(knowing(lambda r: jnp.tanh(r / 2)), optax.sgd(1.0), low=-1.0, high=1.0, target=0.0)
    x, state = spread(-2, 2, 9), CriticState({}, ())
    p, q = (np.asarray(law.pdf(x)) for law in (P, Q))
    np.testing.assert_allclose(
        objective.witness(state, x, x, x), 0.5 * ((p - q) / (p + q))[:, 0] ** 2, rtol=1e-10, atol=1e-14
    )
    d = (p - q) / (p + q)
    flow = velocity(objective, key, state, x, x)
    np.testing.assert_allclose(flow, -d * (1 - d**2) / 2 * score_difference(x), rtol=1e-9, atol=1e-13)
