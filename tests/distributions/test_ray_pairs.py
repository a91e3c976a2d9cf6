"""Pairs with a known distance: duality, which proves the plan, radial integrals, which give the cost, and the rays' ends."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from igm_jax.distributions import random_ray_pair, ray_pair
from igm_jax.evaluation import exact_wasserstein

HALF = 2.5


@partial(jax.jit, static_argnums=(1, 2))
def moved(key, dim, count):
    rays = random_ray_pair(key, dim, count)
    x = rays.source(key, 1000)
    y, slope = rays.transported(x)
    return rays.centers, rays.offsets, x, y, slope, rays.potential(x), rays.potential(y)


@pytest.fixture(params=[(2, 4), (3, 16)], ids=str)
def draw(request, x64):
    """(centres, offsets, x, y, slope, u(x), u(y)) in double precision."""
    return [np.asarray(value) for value in moved(jax.random.key(3), *request.param)]


def funnels(points, centers, offsets):
    return np.linalg.norm(points[:, None] - centers[None], axis=2) + offsets[None]


def test_the_potential_pays_for_the_whole_way_and_nowhere_for_more(draw):
    centers, offsets, x, y, _, before, after = draw
    np.testing.assert_allclose(before, funnels(x, centers, offsets).min(axis=1), rtol=1e-12)
    way = np.linalg.norm(x - y, axis=1)
    np.testing.assert_allclose(before - after, way, atol=1e-12)  # so by duality no plan is cheaper
    assert way.mean() > 0.3
    heights, points = np.concatenate([before, after]), np.concatenate([x, y])
    assert (np.abs(heights - heights[::-1]) <= np.linalg.norm(points - points[::-1], axis=1) + 1e-12).all()


def test_so_the_coupling_of_samples_is_an_optimal_assignment(draw):
    _, _, x, y, *_ = draw
    exact = exact_wasserstein(real=y[:200], fake=x[:200])
    np.testing.assert_allclose(exact, np.linalg.norm(x[:200] - y[:200], axis=1).mean(), rtol=1e-9)


def test_the_slope_is_the_gradient_at_both_ends(draw):
    centers, offsets, x, y, slope, *_ = draw
    gradient = jax.jit(jax.grad(lambda p: jnp.sum(ray_pair(centers, offsets).potential(p))))
    far = np.linalg.norm(x - y, axis=1) < 0.99 * np.linalg.norm(
        x - centers[funnels(x, centers, offsets).argmin(1)], axis=1
    )
    np.testing.assert_allclose(gradient(x), slope, atol=1e-9)
    np.testing.assert_allclose(gradient(y)[far], slope[far], atol=1e-9)
    np.testing.assert_allclose(x, y + np.linalg.norm(x - y, axis=1)[:, None] * slope, atol=1e-12)


def test_rays_end_at_the_wall_or_where_another_funnel_is_lower(draw):
    centers, offsets, x, y, slope, *_ = draw
    assert (np.abs(y) <= HALF).all()
    own = funnels(x, centers, offsets).argmin(axis=1)
    start, length = centers[own], np.linalg.norm(x - centers[own], axis=1)
    share = (np.linalg.norm(y - start, axis=1) / length) ** (1 / 7)
    known = share > 0.2  # nearer to the centre, rounding is all that is left of the way
    start, slope, reach, own = start[known], slope[known], (length / share)[known], own[known]
    inside = start + (reach * (1 - 1e-6))[:, None] * slope
    beyond = start + (reach * (1 + 1e-6))[:, None] * slope
    assert (np.abs(inside) <= HALF).all()
    assert (funnels(inside, centers, offsets).argmin(axis=1) == own).all()
    left = (np.abs(beyond) > HALF).any(axis=1)
    assert (left | (funnels(beyond, centers, offsets).argmin(axis=1) != own)).all()
    assert 0.02 < left.mean() < 0.98


@pytest.mark.parametrize("center", [(0.0, 0.0), (1.0, -2.0)])
def test_one_funnel_in_the_plane_by_quadrature(center):
    def length(b, a):
        return np.hypot(a - center[0], b - center[1])

    mean = integrate.dblquad(length, -HALF, HALF, -HALF, HALF, epsabs=1e-6)[0] / (2 * HALF) ** 2
    if center == (0.0, 0.0):
        np.testing.assert_allclose(mean, HALF * (np.sqrt(2) + np.arcsinh(1)) / 3, rtol=1e-5)
    value, error = ray_pair([center], [0.0]).distance(jax.random.key(1), 2**17)
    assert abs(float(value) - 0.7 * mean) < 4 * float(error)
    assert float(error) < 3e-3


def test_the_distance_is_the_mean_cost(key):
    rays = random_ray_pair(key, 4, 16)
    x = rays.source(jax.random.key(1), 2**15)
    ways = np.linalg.norm(np.asarray(x - jax.jit(rays.transported)(x).y, np.float64), axis=1)
    value, error = jax.jit(lambda key: rays.distance(key, 2**15))(jax.random.key(2))
    assert abs(ways.mean() - float(value)) < 4 * np.hypot(float(error), ways.std() / np.sqrt(len(ways)))


def test_pairs_are_mapped_over(x64):
    centers = jax.random.uniform(jax.random.key(5), (3, 4, 2), minval=-HALF, maxval=HALF)
    offsets = jnp.array([[0.0, 0.1, 0.2, 0.3]] * 3)
    key = jax.random.key(0)
    alone = jax.jit(lambda a, b: ray_pair(a, b).target(key, 50))
    together = jax.jit(jax.vmap(alone))(centers, offsets)
    np.testing.assert_allclose(together[1], alone(centers[1], offsets[1]), rtol=1e-12)


def test_a_centre_and_a_boundary_stay_where_they_are():
    rays = ray_pair([[-1.0, 0.0], [1.0, 0.0]], [0.0, 0.0])
    points = jnp.array([[-1.0, 0.0], [0.0, 0.0], [2.5, 0.0]])
    np.testing.assert_array_equal(jax.jit(rays.transported)(points).y, points)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (dict(centers=[[0.0, 0.0]], offsets=[0.0, 1.0]), r"`offsets` must have shape \(1,\)"),
        (dict(centers=[[0.0, 3.0]], offsets=[0.0]), "one is at 3.0"),
        (dict(centers=[[0.0, float("nan")]], offsets=[0.0]), "NaN"),
        (dict(centers=[[0.0]], offsets=[float("inf")]), "`offsets` must hold finite numbers"),
        (dict(centers=[[0.0]], offsets=[0.0], power=1.0), "`power` must be above 1"),
    ],
)
def test_bad_arguments_are_explained(arguments, text):
    with pytest.raises(ValueError, match=text):
        ray_pair(**arguments)
    with pytest.raises(ValueError, match="must have 1 features"):
        ray_pair([[0.0]], [0.0]).potential([[1.0, 2.0]])
