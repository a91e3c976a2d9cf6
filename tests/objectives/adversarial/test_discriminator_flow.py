import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from igm_jax import Network, velocity
from igm_jax.networks import network, squeeze
from igm_jax.objectives import DIVERGENCES, discriminator_flow
from igm_jax.objectives.adversarial.log_ratio import RATIO_POWERS, ratio_weight, ratio_witness

KEY = jax.random.key(0)
LOG_RATIOS = np.linspace(-2.0, 2.0, 9)


@pytest.mark.parametrize("name", RATIO_POWERS)
def test_witness_is_the_first_variation_of_the_f_divergence(name, x64):
    f = DIVERGENCES[name].f

    def variation(ratio):  # of ∫ q f(p/q) in q, at u = p/q
        u = jnp.exp(-ratio)
        return f(u) - u * jax.grad(f)(u)

    ratios = jnp.asarray(LOG_RATIOS)
    shifted = jax.jit(jax.vmap(variation))(ratios) - variation(0.0)
    np.testing.assert_allclose(ratio_witness(name, ratios, 1e9), shifted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", RATIO_POWERS)
def test_weight_is_the_slope_of_the_witness_and_both_are_held(name, x64):
    ratios = jnp.asarray(LOG_RATIOS)
    slope = jax.vmap(jax.grad(lambda ratio: ratio_witness(name, ratio, 3.0)))(ratios)
    power, factor = RATIO_POWERS[name]
    np.testing.assert_allclose(slope, factor * np.minimum(np.exp(power * LOG_RATIOS), 3.0), rtol=1e-10)
    np.testing.assert_allclose(ratio_weight(name, ratios, 3.0), slope, rtol=1e-10)
    assert np.isfinite(ratio_witness(name, jnp.array([-1e30, 1e30]), 3.0)).all()


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
        discriminator_flow(critic, optax.sgd(0.1), most=0.5)
    with pytest.raises(TypeError):
        discriminator_flow(None, optax.sgd(0.1))
