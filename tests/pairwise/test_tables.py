"""Tables of few pairs: a place that far samples do not move, distances that are zero where rows are equal."""

import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.tables import middle, squared

RNG = np.random.default_rng(0)


def test_a_place_is_among_the_samples_and_one_far_sample_does_not_move_it():
    x = RNG.normal(size=(7, 3)).astype(np.float32)
    for far in (0, 3, 6):
        moved = x.copy()
        moved[far] = 1e20
        assert (np.abs(middle(jnp.asarray(moved))) <= np.abs(x).max()).all()


def test_what_does_not_count_does_not_move_a_place():
    x = jnp.asarray([[1.0], [1e30], [-1e30], [2.0], [1e30]])
    assert float(middle(x, jnp.asarray([0.5, 0.0, 0.0, 0.5, 0.0]))[0, 0]) in (1.0, 2.0)
    assert middle(x[:1], jnp.ones(1)).tolist() == [[1.0]]


@pytest.mark.parametrize("d", [1, 8, 9, 300])
def test_distances_are_those_of_differences(d, x64):
    x, y = RNG.normal(size=(5, d)), RNG.normal(size=(4, d))
    np.testing.assert_allclose(
        squared(jnp.asarray(x), jnp.asarray(y)), ((x[:, None] - y[None]) ** 2).sum(-1), rtol=1e-12
    )


@pytest.mark.parametrize("d", [2, 9, 64, 784])
def test_equal_rows_are_at_distance_zero_and_near_ones_are_not(d):
    x = jnp.asarray(RNG.normal(size=(40, d)), jnp.float32)
    table = np.asarray(squared(x, x))
    np.testing.assert_array_equal(np.diagonal(table), 0)
    off = table[~np.eye(40, dtype=bool)]
    assert (off > 0).all()
    near = x + 0.02 * jnp.asarray(RNG.normal(size=x.shape), jnp.float32)  # 2 % of their length away
    np.testing.assert_allclose(np.diagonal(squared(near, x)), np.sum(np.square(near - x), axis=1), rtol=0.02)
