import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import noisy_mlp, noisy_mlp_noise_size, parameter_count

KEY = jax.random.key(0)


def test_every_layer_reads_noise_of_its_own():
    net, size = noisy_mlp(3, 2, 1, width=8, depth=3, activation="tanh"), noisy_mlp_noise_size(3, 3)
    params = net.init(KEY)
    rows = jax.random.normal(KEY, (1, size + 2))
    slopes = jax.grad(lambda rows: net.apply(params, rows)[0, 0])(rows)[0]
    assert np.count_nonzero(slopes) == size + 2
    # Without the first layer the condition and its own noise are not heard, and those of the others are.
    first = next(iter(params["hidden"])) if isinstance(params["hidden"], dict) else 0
    params["hidden"][first] = jax.tree.map(jnp.zeros_like, params["hidden"][first])
    slopes = jax.grad(lambda rows: net.apply(params, rows)[0, 0])(rows)[0]
    np.testing.assert_array_equal(np.flatnonzero(slopes), np.arange(3, size))


def test_the_number_of_parameters():
    net = noisy_mlp(4, 2, 3, width=10, depth=2)
    assert parameter_count(net.init(KEY)) == (2 + 4) * 10 + 10 + (10 + 4) * 10 + 10 + 10 * 3 + 3


@pytest.mark.parametrize("sizes", [(0, 2, 1), (2, -1, 1), (2, 2, 0)])
def test_sizes_are_checked(sizes):
    with pytest.raises(ValueError, match="must be at least"):
        noisy_mlp(*sizes)
