import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, velocity
from igm_jax.distributions import gaussian_mixture
from igm_jax.objectives import reverse_kl

X = jnp.asarray(np.random.default_rng(0).normal(size=(9, 2)) @ np.array([[1.0, 0.0], [0.0, 2.0]]) + 3.0)
KEY = jax.random.key(0)


def quartic(points):
    """A log density without its constant."""
    return -jnp.sum(points**4, axis=1) / 4


def fixed(critic):
    """A network without parameters."""
    return Network(lambda key: (), lambda params, points: critic(points))


def test_an_idle_critic_makes_the_model_a_gaussian_with_the_samples_moments(x64):
    objective, x = reverse_kl(quartic, fixed(lambda z: 0 * z[:, 0]), optax.sgd(0.1)), jnp.asarray(X, float)
    v = velocity(objective, KEY, objective.init(KEY, x), x, x)
    expected = -(x**3) + (x - x.mean(0, keepdims=True)) / x.var(0, keepdims=True)
    np.testing.assert_allclose(v, expected, rtol=1e-10)


@pytest.mark.slow
def test_with_the_best_critic_it_is_the_divergence_and_the_score_difference(x64):
    # The model is another mixture; D = log N/q in standardised coordinates, whose volumes differ by the product of deviations.
    model = gaussian_mixture([[0.0, 0.0], [3.0, 1.0]], 0.5)
    x = model(KEY, 9)
    mean, std = x.mean(0, keepdims=True), x.std(0, keepdims=True)

    def best(z):
        normal = -0.5 * jnp.sum(z**2, axis=1) - jnp.log(2 * jnp.pi)
        return normal - model.log_density(mean + std * z) - jnp.sum(jnp.log(std))

    objective = reverse_kl(quartic, fixed(best), optax.sgd(0.1))
    state = objective.init(KEY, x)
    ratio = model.log_density(x) - quartic(x)
    np.testing.assert_allclose(objective.loss(KEY, state, x, x), ratio.mean(), rtol=1e-10)
    v = velocity(objective, KEY, state, x, x)
    np.testing.assert_allclose(v, -(x**3) - model.score(x), rtol=1e-9)


def test_the_critic_learns_that_standardised_samples_are_no_gaussian(key):
    # Two far points are ±1 once standardised, and all others are normal draws: the logit must fall there.
    x = jnp.where(jnp.arange(64) % 2 == 0, -5.0, 7.0)[:, None]
    critic = Network(lambda key: jnp.zeros(2), lambda w, z: w[0] + w[1] * jnp.square(z[:, 0] ** 2 - 1))
    objective = reverse_kl(lambda points: -(points[:, 0] ** 2), critic, optax.adam(0.1))
    with jax.numpy_dtype_promotion("standard"):
        state, info = jax.jit(
            lambda state: jax.lax.scan(lambda s, k: objective.update(k, s, x, x), state, jax.random.split(key, 100))
        )(objective.init(key, x))
    assert info["critic_loss"][-1] < 0.8 * np.log(4)
    at_samples, between = objective.witness(state, jnp.array([[7.0], [1.0]]), x, x) + jnp.array([49.0, 1.0]) * -1
    assert at_samples > between


def test_bad_arguments_are_explained():
    with pytest.raises(TypeError):
        reverse_kl(None, fixed(quartic), optax.sgd(0.1))
    objective = reverse_kl(lambda points: points, fixed(lambda z: z[:, 0]), optax.sgd(0.1))
    with pytest.raises(ValueError, match=r"one number a point, shape \(9,\), but gave \(9, 2\)"):
        objective.loss(KEY, objective.init(KEY, X), X, X)
