import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import NoWitnessError, kernels, velocity
from igm_jax.objectives import mmd, mmd_flow, mmd_witness

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 1 + RNG.normal(size=(12, 2))
KERNEL = kernels.gaussian(0.9)
KEY = jax.random.key(0)


def test_without_noise_it_is_the_velocity_of_mmd(x64):
    still = velocity(mmd_flow(KERNEL, 0.0), KEY, (), jnp.asarray(X), jnp.asarray(Y))
    np.testing.assert_allclose(still, velocity(mmd(KERNEL), KEY, (), jnp.asarray(X), jnp.asarray(Y)), rtol=1e-9)


def test_the_velocity_is_that_of_the_witness_where_noise_has_moved_the_sample(x64):
    moved = X + 0.3 * jax.random.normal(KEY, X.shape)
    slope = jax.jit(jax.grad(lambda points: jnp.sum(mmd_witness(points, X, Y, KERNEL))))(moved)
    field = velocity(mmd_flow(KERNEL, 0.3), KEY, (), jnp.asarray(X), jnp.asarray(Y))
    np.testing.assert_allclose(field, -slope, rtol=1e-9)


def test_on_average_it_is_the_flow_of_a_wider_kernel(x64):
    """A Gaussian kernel of width σ, met at noise β, is one of width √(σ² + β²) and of height (σ²/(σ² + β²))^(d/2)."""
    x, y, objective, wide = jnp.asarray(X), jnp.asarray(Y), mmd_flow(KERNEL, 1.2), 0.9**2 + 1.2**2
    keys = jax.random.split(KEY, 4000)
    fields = np.asarray(jax.jit(jax.vmap(lambda key: velocity(objective, key, (), x, y)))(keys))
    expected = 0.9**2 / wide * velocity(mmd(kernels.gaussian(wide**0.5)), KEY, (), x, y)
    error = fields.std(0) / np.sqrt(len(keys))
    assert np.abs((fields.mean(0) - expected) / error).max() < 4
    assert np.abs(expected / error).max() > 20


def test_wrong_noise_is_explained():
    with pytest.raises(ValueError, match="`noise` must be positive"):
        mmd_flow(KERNEL, -1.0)
    with pytest.raises(NoWitnessError, match="at a place nearby"):
        mmd_flow(KERNEL, 1.0).witness((), *jnp.zeros((3, 5, 2)))
