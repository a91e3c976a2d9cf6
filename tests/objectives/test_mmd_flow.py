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


def test_noise_leads_out_of_reach_of_a_narrow_kernel():
    """Far away a narrow kernel pulls at nothing; samples that look around find the data."""
    x, y = jnp.zeros((20, 1)), jnp.full((20, 1), 4.0)
    narrow = kernels.gaussian(0.5)

    @jax.jit
    def travelled(noise):
        def move(x, key):
            return x + 0.2 * velocity(mmd_flow(narrow, noise), key, (), x, y), None

        return jax.lax.scan(move, x, jax.random.split(KEY, 2000))[0]

    assert np.abs(travelled(0.0)).max() < 1e-3
    assert np.abs(travelled(1.2) - 4).max() < 1


def test_wrong_noise_is_explained():
    with pytest.raises(ValueError, match="`noise` must be positive"):
        mmd_flow(KERNEL, -1.0)
    with pytest.raises(NoWitnessError, match="at a place nearby"):
        mmd_flow(KERNEL, 1.0).witness((), X, X, Y)
