import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from igm_jax import Network, velocity
from igm_jax.networks import mlp, network
from igm_jax.objectives import distribution_matching

KEY = jax.random.key(0)
X = jnp.asarray(np.random.default_rng(0).normal(size=(5, 2)), jnp.float32)


def of_gaussian(mean, variance):
    """``(denoiser, noise network)`` of a Gaussian: D(p) = (s² p + σ² m)/(s² + σ²), and N = (D - p)/σ."""

    def denoiser(points, samples, sigma):
        return (variance * points + sigma**2 * mean) / (variance + sigma**2)

    def noise(params, inputs):
        sigma = jnp.exp(inputs[:, -1:])
        return sigma * (mean - inputs[:, :-1]) / (variance + sigma**2)

    return denoiser, Network(lambda key: (), noise)


def test_field_is_the_difference_of_denoisers_over_the_data_s_displacement(x64):
    seen, x = [], jnp.asarray(X, float)
    of_data, _ = of_gaussian(2.0, 0.25)
    of_model, model = of_gaussian(0.0, 1.0)

    def data(points, samples, sigma):
        seen.append((points, sigma))
        return of_data(points, samples, sigma)

    objective = distribution_matching(model, optax.sgd(0.1), 0.3, 0.9, data)
    loss = objective.loss(KEY, objective.init(KEY, x), x, x)
    points, sigma = seen[-1]
    assert 0.3 < sigma < 0.9
    clean = of_data(points, x, sigma)
    v = (clean - of_model(points, x, sigma)) / np.abs(clean - x).mean(1, keepdims=True)
    np.testing.assert_allclose(loss, 0.5 * np.sum(v**2) / 5, rtol=1e-10)


def test_it_is_at_rest_where_both_denoisers_agree(x64):
    data, model = of_gaussian(0.5, 0.8)
    objective, x = distribution_matching(model, optax.sgd(0.1), 0.3, 0.9, data), jnp.asarray(X, float)
    np.testing.assert_allclose(velocity(objective, KEY, objective.init(KEY, x), x, x), 0, atol=1e-12)


def test_the_network_learns_the_model_s_noise(key):
    # At one level, σ = 0.5, a linear network finds the least error s²/(s² + σ²) of N(1, s²).
    linear = network(lambda rngs: nnx.Linear(2, 1, rngs=rngs))
    objective = distribution_matching(linear, optax.adam(optax.exponential_decay(0.1, 50, 0.5)), 0.5, 0.5)

    def step(state, key):
        key_x, key_update = jax.random.split(key)
        x = 1 + 0.7 * jax.random.normal(key_x, (512, 1))
        return objective.update(key_update, state, x, x)

    with jax.numpy_dtype_promotion("standard"):
        start = objective.init(key, jnp.zeros((4, 1)))
        _, info = jax.jit(lambda state: jax.lax.scan(step, state, jax.random.split(key, 300)))(start)
    np.testing.assert_allclose(info["model_error"][-100:].mean(), 0.49 / (0.49 + 0.25), rtol=0.02)


def test_bad_arguments_are_explained():
    net, sgd = mlp(3, 2, width=4), optax.sgd(0.1)
    with pytest.raises(ValueError, match=r"`high` must be at least `low`, but they are 0\.1 and 1\.0"):
        distribution_matching(net, sgd, 1.0, 0.1)
    with pytest.raises(TypeError):
        distribution_matching(None, sgd, 0.1, 1.0)
    with pytest.raises(ValueError, match=r"shape \(5, 2\), but gave \(5, 1\)"):
        distribution_matching(mlp(3, 1, width=4), sgd, 0.1, 1.0).init(KEY, X)
