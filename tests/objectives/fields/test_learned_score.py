import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from igm_jax import velocity
from igm_jax.networks import mlp, network
from igm_jax.objectives import learned_score_difference

SIGMA = 0.5
LINEAR = network(lambda rngs: nnx.Linear(1, 1, rngs=rngs))
KEY = jax.random.key(0)


@pytest.mark.slow
def test_linear_networks_learn_the_score_difference_of_two_gaussians(key):
    # N(m, s²) with noise σ has the score (m - x)/(s² + σ²), and the least error of denoising is s²/(s² + σ²).
    objective = learned_score_difference(LINEAR, optax.adam(optax.exponential_decay(0.1, 50, 0.5)), SIGMA)

    def step(state, key):
        key_x, key_y, key_update = jax.random.split(key, 3)
        x, y = jax.random.normal(key_x, (512, 1)), 1 + 0.5 * jax.random.normal(key_y, (512, 1))
        return objective.update(key_update, state, x, y)

    points = jnp.linspace(-1.0, 2.0, 7)[:, None]
    with jax.numpy_dtype_promotion("standard"):
        state, info = jax.jit(lambda state: jax.lax.scan(step, state, jax.random.split(key, 300)))(
            objective.init(key, points)
        )
    expected = (1 - points) / (0.25 + SIGMA**2) - (0 - points) / (1 + SIGMA**2)
    got = velocity(objective, key, state, points, points)
    assert np.abs(got - expected).max() < 0.05 * np.abs(expected).max()
    for name, variance in (("data_error", 0.25), ("model_error", 1.0)):
        np.testing.assert_allclose(info[name][-100:].mean(), variance / (variance + SIGMA**2), rtol=0.02)


def test_velocity_is_the_difference_of_the_networks_over_the_noise(x64):
    net = mlp(1, 1, width=4, depth=1)
    objective = learned_score_difference(net, optax.sgd(0.1), SIGMA)
    x = jnp.array([[0.5], [2.0]])
    state = objective.init(KEY, x)
    data, model = net.apply(state.data.params, x), net.apply(state.model.params, x)
    assert np.abs(data - model).min() > 0
    np.testing.assert_allclose(velocity(objective, KEY, state, x, x), (data - model) / SIGMA, rtol=1e-10)


def test_bad_arguments_are_explained():
    with pytest.raises(TypeError):
        learned_score_difference(lambda x: x, optax.sgd(0.1), 1.0)
    with pytest.raises(TypeError):
        learned_score_difference(LINEAR, 0.1, 1.0)
    with pytest.raises(ValueError, match=r"one vector a point, shape \(3, 2\), but gave \(3, 1\)"):
        learned_score_difference(mlp(2, 1, width=4), optax.sgd(0.1), 1.0).init(KEY, jnp.zeros((3, 2)))
