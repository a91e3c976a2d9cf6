"""Fields on a grid: velocity and witness of objectives with one, and the velocity of one more sample of those without."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import from_velocity, velocity
from igm_jax.kernels import linear
from igm_jax.lifts import stochastic
from igm_jax.objectives import mmd
from igm_jax.reporting import field_on_grid, grid_of

X, Y = jax.random.normal(jax.random.key(0), (2, 6, 2))
GRID = grid_of((-1.0, -2.0), (1.0, 2.0), side=3)


def test_a_grid_is_full_and_regular():
    assert GRID.shape == (9, 2)
    assert sorted(map(tuple, GRID.tolist())) == [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-2.0, 0.0, 2.0)]
    with pytest.raises(ValueError, match="corners of a rectangle"):
        grid_of((0.0, 0.0), (1.0, 0.0))


def test_with_a_witness_velocity_is_minus_its_gradient():
    field = field_on_grid(mmd(linear()), (), GRID, X, Y)
    gap = X.mean(0) - Y.mean(0)  # witness 2 p · gap, up to a constant
    np.testing.assert_allclose(field.velocities, np.broadcast_to(-2 * gap, GRID.shape), rtol=1e-5)
    np.testing.assert_allclose(field.witness, 2 * GRID @ gap, rtol=1e-5, atol=1e-6)
    assert field.reason == ""


def test_without_one_it_is_the_velocity_of_one_more_sample_and_says_why():
    attraction = from_velocity(lambda x, y: y.mean(0)[None] - x + x.mean(0)[None], reason="it is a field")
    field = field_on_grid(attraction, (), GRID, X, Y)
    assert field.witness is None
    assert "it is a field" in field.reason
    joined = jnp.concatenate([X, jnp.asarray(GRID[3:4])])
    expected = velocity(attraction, jax.random.key(0), (), joined, Y)[-1]
    np.testing.assert_allclose(field.velocities[3], expected, rtol=1e-5)


def test_without_a_witness_the_coarse_points_take_the_place_of_the_grid():
    objective = from_velocity(lambda x, y: 2 * (jnp.mean(y) - x))
    field = field_on_grid(objective, (), GRID, X, Y, coarse=GRID[:2])
    np.testing.assert_array_equal(field.points, GRID[:2])
    assert field_on_grid(mmd(linear()), (), GRID, X, Y, coarse=GRID[:2]).points.shape == GRID.shape
    with pytest.raises(ValueError, match="`coarse` and `x` must have the same number of features"):
        field_on_grid(objective, (), GRID, X, Y, coarse=np.ones((4, 3)))


def test_draws_of_a_random_loss_are_averaged():
    def gap(key, x, y):
        return jax.random.normal(key) * jnp.sum(x)  # the velocity is -n times the draw

    field = field_on_grid(stochastic(gap, reason="it is random"), (), GRID[:2], X, Y, key=jax.random.key(5), draws=4)
    normals = [float(jax.random.normal(key)) for key in jax.random.split(jax.random.key(5), 4)]
    np.testing.assert_allclose(field.velocities, -7 * np.mean(normals), rtol=1e-5)
    with pytest.raises(ValueError, match="`draws` must be at least 1"):
        field_on_grid(mmd(linear()), (), GRID, X, Y, draws=0)


def test_samples_that_are_not_of_the_plane_are_explained():
    with pytest.raises(ValueError, match="must be points of the plane"):
        field_on_grid(mmd(linear()), (), np.ones((4, 3)), np.ones((5, 3)), np.ones((5, 3)))
