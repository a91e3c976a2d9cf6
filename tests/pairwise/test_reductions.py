import jax.numpy as jnp
import numpy as np

from igm_jax.pairwise import reductions
from tests import reference


def test_block_sum_is_a_sum_and_more_accurate_than_a_running_one():
    terms = np.random.default_rng(0).uniform(size=100_000).astype(np.float32)
    exact = terms.astype(np.float64).sum()
    running = np.float64(np.cumsum(terms)[-1])
    blocked = np.float64(reductions.block_sum(jnp.asarray(terms)))
    assert abs(blocked - exact) < 2e-7 * exact < abs(running - exact)
    np.testing.assert_allclose(reductions.block_sum(jnp.arange(6.0).reshape(2, 3), axis=0), [3.0, 5.0, 7.0])


def test_soft_minimum_tends_to_the_minimum_and_to_the_mean(x64):
    cost = jnp.asarray(np.random.default_rng(0).uniform(size=(5, 8)))
    potential, log_weights = jnp.zeros(8), jnp.full(8, -np.log(8))
    np.testing.assert_allclose(reductions.soft_minimum(cost, potential, log_weights, 1e-5), cost.min(1), atol=1e-4)
    np.testing.assert_allclose(reductions.soft_minimum(cost, potential, log_weights, 1e6), cost.mean(1), rtol=1e-6)


def test_soft_minimum_leaves_out_weights_of_zero(x64):
    cost = jnp.asarray(np.random.default_rng(0).uniform(size=(5, 8)))
    weights = jnp.asarray([1, 0, 1, 1, 0, 1, 1, 1]) / 6
    kept = np.flatnonzero(weights)
    full = reductions.soft_minimum(cost, jnp.zeros(8), jnp.log(weights), 0.1)
    np.testing.assert_allclose(full, reductions.soft_minimum(cost[:, kept], jnp.zeros(6), jnp.log(weights[kept]), 0.1))


def test_barycentre_of_nobody_is_at_rest_and_no_nan():
    alone, zero = jnp.array([[1.0, 2.0]]), jnp.zeros(())
    moved = reductions.soft_barycentres(alone, alone, jnp.ones(1), zero + 1, leave_out=True)
    np.testing.assert_array_equal(moved, np.zeros((1, 2)))


def test_barycentres_are_weighted_means_across_tiles(x64):
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(700, 2)), rng.normal(size=(530, 2)), rng.uniform(size=530) * (np.arange(530) % 3)
    kernel = np.exp(-reference.squared_distances(x, y) / 0.5) * weights
    expected = kernel @ y / kernel.sum(1, keepdims=True) - x
    width = jnp.asarray(0.5)
    np.testing.assert_allclose(
        reductions.soft_barycentres(*map(jnp.asarray, (x, y, weights)), width), expected, atol=1e-10
    )
    own = np.exp(-reference.squared_distances(x, x) / 0.5) * (1 - np.eye(700))
    got = reductions.soft_barycentres(jnp.asarray(x), jnp.asarray(x), jnp.ones(700), width, leave_out=True)
    np.testing.assert_allclose(got, own @ x / own.sum(1, keepdims=True) - x, atol=1e-10)
    density = reductions.log_density(*map(jnp.asarray, (x, y, weights)), width)
    np.testing.assert_allclose(density, np.log(kernel.sum(1)), rtol=1e-10)


def test_barycentres_keep_their_digits_far_away():
    rng = np.random.default_rng(0)
    x, y = (np.float32(1e4) + rng.normal(size=(n, 3)).astype(np.float32) for n in (4, 6))
    kernel = np.exp(-reference.squared_distances(x, y) / 2)
    exact = kernel @ y.astype(np.float64) / kernel.sum(1, keepdims=True) - x
    got = reductions.soft_barycentres(jnp.asarray(x), jnp.asarray(y), jnp.ones(6), jnp.float32(1))
    np.testing.assert_allclose(got, exact, atol=5e-6 * np.abs(exact).max())


def test_corrected_shares_give_back_the_first_order_and_stay_in_the_hull(x64):
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(7), size=5)
    values = rng.normal(size=(7, 2))
    new = reductions.corrected_shares(jnp.asarray(shares))
    assert (new >= 0).all()
    np.testing.assert_allclose(new.sum(1), 1, rtol=1e-12)
    means, squares = shares @ values, shares**2
    expected = means + squares @ values - squares.sum(1, keepdims=True) * means
    np.testing.assert_allclose(new @ values, expected, rtol=1e-12)
    # A plain mean has no bias, and stays.
    equal = np.full((1, 7), 1 / 7)
    np.testing.assert_allclose(reductions.corrected_shares(jnp.asarray(equal)), equal, rtol=1e-12)


def test_corrected_barycentres_across_tiles_and_without_oneself(x64):
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(700, 2)), rng.normal(size=(530, 2)), rng.uniform(size=530) * (np.arange(530) % 3)
    width = jnp.asarray(0.5)

    def expected(kernel, y):
        shares = kernel / kernel.sum(1, keepdims=True)
        return (shares * (1 - (shares**2).sum(1, keepdims=True) + shares)) @ y - x

    got = reductions.soft_barycentres(*map(jnp.asarray, (x, y, weights)), width, corrected=True)
    kernel = np.exp(-reference.squared_distances(x, y) / 0.5)
    np.testing.assert_allclose(got, expected(kernel * weights, y), atol=1e-10)
    got = reductions.soft_barycentres(*map(jnp.asarray, (x, x, np.ones(700))), width, leave_out=True, corrected=True)
    own = np.exp(-reference.squared_distances(x, x) / 0.5) * (1 - np.eye(700))
    np.testing.assert_allclose(got, expected(own, x), atol=1e-10)


def test_corrected_barycentre_beside_a_near_sample_without_weight_is_finite():
    y = jnp.array([[0.0], [100.0], [101.0]])
    got = reductions.soft_barycentres(y[:1], y, jnp.array([0.0, 0.5, 0.5]), jnp.float32(1), corrected=True)
    np.testing.assert_allclose(got, [[100.0]], atol=1e-3)
    alone = reductions.soft_barycentres(y[:1], y[:1], jnp.ones(1), jnp.float32(1), leave_out=True, corrected=True)
    np.testing.assert_array_equal(alone, [[0.0]])
