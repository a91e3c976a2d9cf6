import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import sliced_wasserstein, velocity
from igm_jax.objectives import orthogonal_directions, quasi_random_directions, random_directions, sliced
from igm_jax.objectives.transport import sliced_directions

KEYS = jax.random.split(jax.random.key(0), 500)


@pytest.mark.parametrize(
    ("draw", "dim", "k"),
    [(orthogonal_directions, 3, 4), *((quasi_random_directions, dim, 4) for dim in (1, 2, 3, 5))],
)
def test_each_direction_is_uniform_on_the_sphere(draw, dim, k):
    directions = np.asarray(jax.jit(jax.vmap(lambda key: draw(key, dim, k)))(KEYS))
    np.testing.assert_allclose(np.linalg.norm(directions, axis=2), 1, rtol=1e-5)
    moments = directions[:, :, :, None] * directions[:, :, None]
    error = 4.5 / np.sqrt(len(KEYS)) * moments.std(axis=0).max()
    # Equidistant angles and signs in one dimension have no spread in the mean over them, so each is asked alone.
    np.testing.assert_allclose(
        moments.mean(axis=0), np.broadcast_to(np.eye(dim) / dim, (k, dim, dim)), atol=error + 1e-6
    )
    fourth = directions[..., 0] ** 4
    expected = 3 / (dim * (dim + 2))
    assert np.abs(fourth.mean(axis=0) - expected).max() < 4.5 * fourth.std() / np.sqrt(len(KEYS)) + 1e-6


def test_orthogonal_directions_are_orthogonal_in_blocks():
    directions = np.asarray(orthogonal_directions(jax.random.key(0), 3, 5))
    assert directions.shape == (5, 3)
    np.testing.assert_allclose(directions[:3] @ directions[:3].T, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(directions[3:] @ directions[3:].T, np.eye(2), atol=1e-6)
    few = np.asarray(orthogonal_directions(jax.random.key(0), 50, 2))
    np.testing.assert_allclose(few @ few.T, np.eye(2), atol=1e-6)


def test_orthogonal_directions_measure_a_translation_without_error(x64):
    x, shift = np.random.default_rng(0).normal(size=(9, 3)), np.array([1.0, 2.0, 2.0])
    got = sliced_wasserstein(KEYS[0], x, x + shift, num_projections=6, directions=orthogonal_directions)
    np.testing.assert_allclose(got, 9 / 3, rtol=1e-10)


@pytest.mark.parametrize(("dim", "least"), [(2, 50), (3, 4)])
def test_even_directions_have_less_variance_and_the_same_mean(dim, least):
    x, y = np.random.default_rng(0).normal(size=(2, 20, dim)).astype(np.float32)
    y = y * np.linspace(1, 3, dim, dtype=np.float32) + 1

    def values(draw):
        one = lambda key: sliced_wasserstein(key, x, y, num_projections=16, directions=draw)  # noqa: E731
        return np.asarray(jax.jit(jax.vmap(one))(KEYS[:300]))

    random, even = values(random_directions), values(quasi_random_directions)
    assert random.var() > least * even.var()
    assert abs(random.mean() - even.mean()) < 4 * np.sqrt((random.var() + even.var()) / 300)


def test_angles_in_the_plane_are_equidistant_over_half_a_circle():
    directions = np.asarray(quasi_random_directions(KEYS[0], 2, 8))
    angles = np.sort(np.arctan2(directions[:, 1], directions[:, 0]) % np.pi)
    np.testing.assert_allclose(np.diff(angles), np.pi / 8, rtol=1e-5)


@pytest.mark.slow
def test_the_witness_of_sliced_sees_the_same_directions(x64):
    x, y = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 2)))
    objective = sliced(3, directions=quasi_random_directions)
    state = objective.init(KEYS[0], x)
    field = velocity(objective, KEYS[1], state, x, y)
    slopes = jax.grad(lambda points: jnp.sum(objective.witness(state, points, x, y)))(x)
    np.testing.assert_allclose(field, -slopes, rtol=1e-9)


def test_bad_input_is_explained():
    x = jnp.ones((3, 2))
    with pytest.raises(TypeError, match="`directions` must be a function"):
        sliced_directions.drawn("random", KEYS[0], 2, 4, float)
    with pytest.raises(ValueError, match=r"shape \(4, 2\), but gave shape \(1, 2\)"):
        sliced_wasserstein(KEYS[0], x, x, num_projections=4, directions=lambda *_: jnp.ones((1, 2)))
    with pytest.raises(ValueError, match="use `orthogonal_directions`"):
        quasi_random_directions(KEYS[0], 30_000, 2)
    with pytest.raises(ValueError, match="`num_projections` must be at least 1"):
        orthogonal_directions(KEYS[0], 2, 0)
