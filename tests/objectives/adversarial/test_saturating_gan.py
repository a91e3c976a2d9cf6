import jax.numpy as jnp
import numpy as np
import optax

from igm_jax import velocity
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.games import gan_value
from igm_jax.objectives.adversarial.saturating_gan import saturating_gan
from tests.objectives.two_normals import GRID, P, Q, knowing, score_difference, spread


def test_at_the_optimal_logit_the_witness_is_the_first_variation_of_the_value(x64, key):
    """The value moves by ∫ witness dq′ when the model's mass moves, and the flow is the score difference, saturated."""
    objective, state = saturating_gan(knowing(lambda r: r), optax.sgd(1.0)), CriticState({}, ())
    x = spread(-3, 3, 13)
    real = P.pdf(x) / (P.pdf(x) + Q.pdf(x))
    flow = velocity(objective, key, state, x, x)
    np.testing.assert_allclose(flow, real * score_difference(x), rtol=1e-10, atol=1e-13)

    p, q = P.pdf(GRID), Q.pdf(GRID)
    change = q * np.sin(GRID)
    change -= q * change.sum() / q.sum()  # keeps the mass
    witness = np.asarray(objective.witness(state, jnp.asarray(GRID[:, None]), x, x))

    def value_at_best(share):
        moved = q + share * change
        logit = jnp.asarray(np.log(p) - np.log(moved))
        return float(gan_value(logit, logit, x_weights=moved, y_weights=p))

    numerical = (value_at_best(1e-4) - value_at_best(-1e-4)) / 2e-4
    np.testing.assert_allclose(np.sum(witness * change) / q.sum(), numerical, rtol=1e-6)


def test_it_dies_where_the_critic_is_sure(key):
    sure = saturating_gan(knowing(lambda r: 0 * r - 80.0 + r), optax.sgd(1.0))
    flow = velocity(sure, key, CriticState({}, ()), jnp.array([[2.0]]), jnp.array([[0.0]]))
    assert np.abs(flow).max() < 1e-30
