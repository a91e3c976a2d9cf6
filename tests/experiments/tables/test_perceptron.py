"""Plain perceptrons: layers by hand, the range of their random start, spectral norms from vectors that are carried along."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.tables.perceptron import (
    layered,
    leading,
    perceptron,
    spectral_critic,
    uniform_layers,
    with_power_iterations,
)


def test_layers_are_products_with_the_activation_between_them():
    layers = [
        {"kernel": jnp.array([[1.0, -1.0]]), "bias": jnp.array([0.0, 1.0])},
        {"kernel": jnp.array([[2.0], [3.0]]), "bias": jnp.array([-1.0])},
    ]
    # At 2: relu(2, -1) = (2, 0) and 2 · 2 - 1; at -2: relu(-2, 3) = (0, 3) and 3 · 3 - 1.
    np.testing.assert_allclose(layered(layers, jnp.array([[2.0], [-2.0]]), jax.nn.relu), [[3.0], [8.0]])


def test_the_start_is_uniform_within_one_over_the_root_of_the_inputs():
    network = perceptron((16, 400, 3), jnp.tanh)
    params = network.init(jax.random.key(0))
    assert [layer["kernel"].shape for layer in params] == [(16, 400), (400, 3)]
    for layer, bound in zip(params, (1 / 4, 1 / 20), strict=True):
        for part in layer.values():
            assert float(jnp.abs(part).max()) <= bound
    np.testing.assert_allclose(params[0]["kernel"].std(), 0.25 / 3**0.5, rtol=0.05)
    assert network.apply(params, jnp.ones((2, 16))).shape == (2, 3)


def test_power_iterations_find_the_norm_and_leave_the_layers_to_the_optimiser():
    critic, optimizer = spectral_critic((2, 16, 16, 1)), with_power_iterations(optax.sgd(0.0))
    params = critic.init(jax.random.key(0))
    state, nothing = optimizer.init(params), jax.tree.map(jnp.zeros_like, params)

    @jax.jit
    def step(params, state):
        moves, state = optimizer.update(nothing, state, params)
        return optax.apply_updates(params, moves), state

    for _ in range(40):
        params, state = step(params, state)
    for layer, vector in zip(params["layers"], params["vectors"], strict=True):
        np.testing.assert_allclose(
            jnp.linalg.norm(layer["kernel"].T @ vector), jnp.linalg.norm(layer["kernel"], 2), rtol=1e-4
        )
    # Then no slope exceeds one, since no rectifier here has a slope above one.
    slopes = jax.jit(jax.grad(lambda x: jnp.sum(critic.apply(params, x))))(
        jax.random.normal(jax.random.key(1), (200, 2))
    )
    assert float(jnp.linalg.norm(slopes, axis=1).max()) <= 1 + 1e-4


def test_the_derivative_of_a_normalised_kernel_is_orthogonal_to_it():
    # The critic does not change when a kernel is scaled, so that the gradient has no part along the kernel.
    critic = spectral_critic((2, 8, 1))
    params, x = critic.init(jax.random.key(2)), jax.random.normal(jax.random.key(3), (5, 2))
    gradient = jax.jit(jax.grad(lambda params: jnp.sum(jnp.square(critic.apply(params, x)))))(params)
    for layer, slope in zip(params["layers"], gradient["layers"], strict=True):
        assert abs(float(jnp.sum(layer["kernel"] * slope["kernel"]))) < 1e-5
        assert float(jnp.linalg.norm(slope["kernel"])) > 1e-3
    assert all(not np.any(slope) for slope in gradient["vectors"])


def test_one_power_iteration_of_singular_vectors_changes_nothing():
    kernel = jax.random.normal(jax.random.key(0), (5, 3))
    left, singular, right = np.linalg.svd(np.asarray(kernel, float))
    found_left, found_right = leading(kernel, jnp.asarray(left[:, 0], jnp.float32))
    np.testing.assert_allclose(found_left, left[:, 0], atol=1e-5)
    np.testing.assert_allclose(found_right, right[0], atol=1e-5)
    np.testing.assert_allclose(found_left @ (kernel @ found_right), singular[0], rtol=1e-5)


@pytest.mark.slow
def test_the_start_of_weights_and_biases_has_one_bound():
    first, _ = uniform_layers((100, 40, 1), jax.random.key(0))
    for part in first.values():
        assert float(jnp.abs(part).max()) <= 0.1
    np.testing.assert_allclose(first["kernel"].std(), 0.1 / 3**0.5, rtol=0.05)
