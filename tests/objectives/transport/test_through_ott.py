"""Divergences whose plans OTT finds: low-rank Sinkhorn and Gromov-Wasserstein."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.evaluation import exact_w2
from igm_jax.objectives import gromov_wasserstein, low_rank_sinkhorn_divergence

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 2))


def test_at_rank_one_it_is_the_squared_distance_of_the_means_and_its_gradient(x64):
    y = 1 + 2 * RNG.normal(size=(10, 2))
    value, slope = jax.value_and_grad(lambda x: low_rank_sinkhorn_divergence(x, y, rank=1))(X)
    gap = X.mean(axis=0) - y.mean(axis=0)
    np.testing.assert_allclose(value, np.sum(gap**2), rtol=1e-4)
    np.testing.assert_allclose(slope, np.broadcast_to(gap / 5, X.shape), rtol=1e-3)


@pytest.mark.slow
def test_at_higher_rank_it_goes_from_the_distance_of_means_to_that_of_samples(x64):
    y = np.concatenate([X[:5] * 0.1 + [3.0, 0], X[5:] * 0.1 - [3.0, 0]])
    x = np.concatenate([X[:5] * 0.1 + [0, 3.0], X[5:] * 0.1 - [0, 3.0]])
    # Two clusters on each side: rank two moves one cluster onto one, which is nearly the whole distance.
    got = low_rank_sinkhorn_divergence(x, y, rank=2)
    np.testing.assert_allclose(got, exact_w2(real=y, fake=x) ** 2, rtol=0.05)
    assert np.sum((x.mean(0) - y.mean(0)) ** 2) < 0.1 * got


@pytest.mark.slow
def test_gromov_wasserstein_of_a_line_and_one_of_twice_its_length_has_a_closed_form(x64):
    # Distances squared are four times as large, and the plan is the identity.
    x, y = np.array([[0.0], [1.0], [7.0]]), np.array([[0.0, 0.0], [0.0, 2.0], [0.0, 14.0]])
    squares = (x - x.T) ** 2
    value_and_slope = jax.jit(jax.value_and_grad(lambda y: gromov_wasserstein(x, y, 1.0)))
    value, slope = value_and_slope(y)
    np.testing.assert_allclose(value, np.mean((squares - 4 * squares) ** 2), rtol=1e-3)
    # By homogeneity: Σ y·∂/∂y of mean (s - u)² with u of degree two is mean -4 (s - u) u.
    np.testing.assert_allclose(jnp.sum(y * slope), np.mean(-4 * (squares - 4 * squares) * 4 * squares), rtol=1e-3)
    # It does not see rotations, shifts or the order.
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(value_and_slope((y @ turn + 5)[[2, 0, 1]])[0], value, rtol=1e-6)
    assert value_and_slope((y / 2) @ turn)[0] < 1e-3 * value


def test_bad_input_is_explained():
    with pytest.raises(
        ValueError, match="`rank` must be at most the number of samples of the smaller set, 3, but is 4"
    ):
        low_rank_sinkhorn_divergence(X, X[:3], rank=4)
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        gromov_wasserstein(X, X, 0.0)
