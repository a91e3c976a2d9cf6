import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.kernels.centres import unless_far

compiled = jax.jit(unless_far)
uniform = jax.jit(lambda place, y: unless_far(place, y))

rng = np.random.default_rng(0)
near = rng.normal(size=(30, 3)).astype(np.float32)


@pytest.mark.parametrize("far", [1e3, 1e8, 1e30])
@pytest.mark.parametrize("at", [0, 5, 30])
def test_one_far_sample_does_not_take_the_place_along(far, at):
    y = np.insert(near, at, np.float32(far), axis=0)
    place = uniform(y.mean(0, keepdims=True), y)
    assert np.abs(place).max() < 5


def test_a_place_among_samples_is_kept_bit_by_bit():
    for scale in (1e-6, 1.0, 1e6):
        mean = (near * np.float32(scale)).mean(0, keepdims=True)
        np.testing.assert_array_equal(uniform(mean, near * np.float32(scale)), mean)


def test_two_clusters_keep_the_mean_between_them():
    y = np.concatenate([near, near + 1e4])
    np.testing.assert_array_equal(uniform(y.mean(0, keepdims=True), y), y.mean(0, keepdims=True))


def test_samples_without_weight_do_not_count():
    y = np.concatenate([np.full((30, 3), 1e8, np.float32), near])
    weights = np.concatenate([np.zeros(30), np.ones(30)]).astype(np.float32)
    place = np.zeros((1, 3), np.float32)
    np.testing.assert_array_equal(compiled(place, y, weights), place)
    assert np.abs(compiled(place + 1e6, y, weights)).max() < 5


def test_of_two_samples_none_is_the_far_one():
    y = np.array([[0.0], [1e8]], np.float32)
    assert float(uniform(y.mean(0, keepdims=True), y)[0, 0]) == 5e7


def test_it_has_no_derivative_and_can_be_mapped():
    def total(y):
        return jnp.sum(unless_far(jnp.mean(y, axis=0, keepdims=True), y))

    y = jnp.stack([jnp.asarray(near), jnp.asarray(near).at[3].set(1e8)])
    np.testing.assert_array_equal(jax.jit(jax.vmap(jax.grad(total)))(y), jnp.zeros_like(y))


@pytest.mark.parametrize("count", [1, 2, 30])
def test_few_samples_far_away_are_told_from_the_origin(count):
    y = near[:count] + np.float32(1e6)
    assert np.abs(uniform(np.zeros((1, 3), np.float32), y) - 1e6).max() < 5
