import functools

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


@functools.partial(jax.jit, static_argnums=0)
def fields(count, noise):
    """Velocities for several keys, minus the slope of the witness where the noise has moved the samples, and MMD's own."""
    x, y, keys = jnp.asarray(X), jnp.asarray(Y), jax.random.split(KEY, count)
    found = jax.vmap(lambda key: velocity(mmd_flow(KERNEL, noise), key, (), x, y))(keys)
    moved = x + noise * jax.random.normal(keys[0], x.shape)
    slope = jax.grad(lambda points: jnp.sum(mmd_witness(points, x, y, KERNEL)))(moved)
    wide = 0.9**2 + noise**2
    return found, -slope, 0.9**2 / wide * velocity(mmd(kernels.gaussian(jnp.sqrt(wide))), KEY, (), x, y)


def test_the_velocity_is_that_of_the_witness_where_noise_has_moved_the_sample(x64):
    found, slope, own = fields(4000, 0.0)
    np.testing.assert_allclose(found[0], own, rtol=1e-9)
    np.testing.assert_allclose(slope, own, rtol=1e-9)
    found, slope, _ = fields(4000, 1.2)
    np.testing.assert_allclose(found[0], slope, rtol=1e-9)


def test_on_average_it_is_the_flow_of_a_wider_kernel(x64):
    """A Gaussian kernel of width σ, met at noise β, is one of width √(σ² + β²) and of height (σ²/(σ² + β²))^(d/2)."""
    found, _, expected = fields(4000, 1.2)
    error = np.std(found, axis=0) / np.sqrt(4000)
    assert np.abs((np.mean(found, axis=0) - expected) / error).max() < 4
    assert np.abs(expected / error).max() > 20


def test_wrong_noise_is_explained():
    with pytest.raises(ValueError, match="`noise` must be positive"):
        mmd_flow(KERNEL, -1.0)
    with pytest.raises(NoWitnessError, match="at a place nearby"):
        mmd_flow(KERNEL, 1.0).witness((), *jnp.zeros((3, 5, 2)))
