import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.objectives import entropic_map, sinkhorn_potentials

RNG = np.random.default_rng(0)


def plan(x, y, epsilon, **options):
    """The entropic plan, entry by entry."""
    f, g, *_ = sinkhorn_potentials(x, y, epsilon, **options)
    cost = np.sum((np.asarray(x)[:, None] - np.asarray(y)[None]) ** 2, axis=2)
    return np.exp((np.asarray(f)[:, None] + np.asarray(g)[None] - cost) / epsilon) / (len(x) * len(y))


def test_at_the_samples_it_is_the_barycentric_projection_of_the_plan(x64):
    x, y = RNG.normal(size=(7, 3)), 1 + RNG.normal(size=(11, 3))
    options = {"tolerance": 1e-10, "max_iterations": 5000}
    pi = plan(x, y, 0.5, **options)
    expected = pi @ y / pi.sum(1, keepdims=True)
    np.testing.assert_allclose(entropic_map(x, x, y, 0.5, **options), expected, rtol=1e-7, atol=1e-9)


def test_of_normals_it_tends_to_the_linear_map_of_optimal_transport():
    x = jax.random.normal(jax.random.key(0), (1000, 1))
    y = 3.0 + 2.0 * jax.random.normal(jax.random.key(1), (1000, 1))
    points = jnp.linspace(-1.5, 1.5, 7)[:, None]
    np.testing.assert_allclose(entropic_map(points, x, y, 0.05), 3 + 2 * points, atol=0.25)


def test_a_large_epsilon_gives_the_mean_and_nothing_leaves_the_hull():
    x, y = RNG.normal(size=(8, 2)).astype(np.float32), RNG.normal(size=(6, 2)).astype(np.float32)
    far = np.float32(50) * RNG.normal(size=(4, 2)).astype(np.float32)
    np.testing.assert_allclose(entropic_map(x, x, y, 1e4), np.tile(y.mean(0), (8, 1)), atol=1e-2)
    found = np.asarray(entropic_map(far, x, y, 0.1))
    assert (found >= y.min(0) - 1e-3).all()
    assert (found <= y.max(0) + 1e-3).all()


def test_weights_that_are_zero_remove():
    x, y = RNG.normal(size=(5, 2)).astype(np.float32), RNG.normal(size=(6, 2)).astype(np.float32)
    whole = entropic_map(x, x[:4], y[:5], 0.4)
    np.testing.assert_allclose(
        entropic_map(x, x, y, 0.4, x_weights=[1, 1, 1, 1, 0], y_weights=[1, 1, 1, 1, 1, 0]), whole, atol=1e-4
    )


def test_points_of_other_features_are_refused():
    with pytest.raises(ValueError, match="points"):
        entropic_map(np.ones((2, 3)), np.ones((4, 2)), np.ones((5, 2)))
    with pytest.raises(ValueError, match="epsilon"):
        entropic_map(np.ones((2, 2)), np.ones((4, 2)), np.ones((5, 2)), 0.0)


def test_far_points_go_to_the_data_that_lie_furthest_their_way():
    # The images of points far away are those data of the hull that are furthest in their direction, with all their digits.
    x, y = np.float32([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.float32([[5.0, 5.0], [6.0, 5.0], [5.0, 6.0]])
    found = entropic_map(np.float32([[1e9, 0.0], [0.0, 1e9], [-1e9, -1e9]]), x, y, 0.1)
    np.testing.assert_allclose(found, [[6, 5], [5, 6], [5, 5]], rtol=1e-6)
