"""Plain perceptrons: layers by hand, and the range of their random start."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.tables.perceptron import layered, perceptron


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
