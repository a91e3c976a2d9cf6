import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from igm_jax import Network, velocity
from igm_jax.networks import network, squeeze
from igm_jax.objectives import discriminator_flow

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", ["reverse_kl", "kl"])
def test_velocity_is_the_weighted_gradient_of_the_logit(name, x64):
    critic = Network(lambda key: (), lambda params, points: jnp.sin(points[:, 0]) * points[:, 1])
    objective, x = discriminator_flow(critic, optax.sgd(0.1), name), jnp.array([[0.3, 1.0], [-0.5, 2.0], [1.0, 0.1]])
    gradient = np.stack([np.cos(x[:, 0]) * x[:, 1], np.sin(x[:, 0])], axis=1)
    weight = 1 if name == "reverse_kl" else np.exp(critic.apply((), x))[:, None]
    got = velocity(objective, KEY, objective.init(KEY, x), x, x)
    np.testing.assert_allclose(got, weight * gradient, rtol=1e-10)


def test_a_linear_logit_learns_the_score_difference_of_two_shifted_gaussians(key):
    # log N(y; 1, s²) - log N(y; 0, s²) has the slope 1/s² everywhere.
    critic = squeeze(network(lambda rngs: nnx.Linear(1, 1, rngs=rngs)))
    objective = discriminator_flow(critic, optax.adam(optax.exponential_decay(0.1, 80, 0.5)))

    def step(state, key):
        x, y = 0.8 * jax.random.normal(key, (2, 512, 1)) + jnp.array([0.0, 1.0])[:, None, None]
        return objective.update(key, state, x, y)

    points = jnp.array([[-1.0], [2.0]])
    with jax.numpy_dtype_promotion("standard"):
        state, _ = jax.jit(lambda state: jax.lax.scan(step, state, jax.random.split(key, 300)))(
            objective.init(key, points)
        )
    np.testing.assert_allclose(velocity(objective, key, state, points, points), 1 / 0.64, rtol=0.05)


def test_bad_arguments_are_explained():
    critic = squeeze(network(lambda rngs: nnx.Linear(1, 1, rngs=rngs)))
    with pytest.raises(ValueError, match=r"`divergence` must be one of reverse_kl, kl.*did you mean 'pearson'"):
        discriminator_flow(critic, optax.sgd(0.1), "person")
    with pytest.raises(ValueError, match=r"must be at least 1, but is 0\.5"):
        discriminator_flow(critic, optax.sgd(0.1), max_power=0.5)
    with pytest.raises(TypeError):
        discriminator_flow(None, optax.sgd(0.1))
