import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import fourier, mlp


def test_the_network_sees_its_input_and_sines_and_cosines_of_projections():
    inner = mlp(3 + 2 * 4, 2, width=8)
    net = fourier(inner, 3, num_frequencies=4)
    params = net.init(jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (5, 3))
    angles = x @ params["frequencies"]
    seen = jnp.concatenate([x, jnp.sin(angles), jnp.cos(angles)], axis=1)
    np.testing.assert_allclose(net.apply(params, x), inner.apply(params["net"], seen), rtol=1e-6)


@pytest.mark.parametrize("dim", [1, 2, 16])
def test_projections_of_normal_noise_have_the_scale_asked_for(dim):
    net = fourier(mlp(dim + 2 * 2000, 1, width=2), dim, num_frequencies=2000, scale=5.0)
    params = net.init(jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (200, dim))
    np.testing.assert_allclose(jnp.std(x @ params["frequencies"]), 5.0, rtol=0.15)


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match="`scale` must be positive"):
        fourier(mlp(6, 1, width=2), 2, num_frequencies=2, scale=0.0)
    with pytest.raises(ValueError, match="`num_frequencies` must be at least 1"):
        fourier(mlp(6, 1, width=2), 2, num_frequencies=0)
