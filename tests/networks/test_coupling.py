"""Coupling flows: the inverse is one, the density is that of the samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions import gaussian, normal
from igm_jax.generators import pushforward
from igm_jax.networks import coupling_flow


def moved(flow, key, scale=0.5):
    """Parameters away from the start, at which a flow is a rotation."""
    params = flow.network.init(key)
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(
        tree, [leaf + scale * jax.random.normal(k, leaf.shape) for leaf, k in zip(leaves, keys, strict=True)]
    )


@pytest.mark.parametrize("dim", [2, 5])
def test_the_inverse_and_the_determinant_are_exact(dim, x64, key):
    root = np.random.default_rng(0).normal(size=(dim, dim))
    flow = coupling_flow(dim, mean=np.arange(dim), covariance=root @ root.T + np.eye(dim), layers=3, width=8)
    params, z = moved(flow, key, 0.3), jax.random.normal(jax.random.key(1), (7, dim))
    x = jax.jit(flow.network.apply)(params, z)
    back, log_det = jax.jit(flow.inverse)(params, x)
    np.testing.assert_allclose(back, z, atol=1e-10)
    jacobian = jax.vmap(jax.jacfwd(lambda one: flow.inverse(params, one[None])[0][0]))(x)
    assert np.abs(log_det).max() > 0.1
    np.testing.assert_allclose(log_det, jnp.linalg.slogdet(jacobian)[1], atol=1e-10)
    expected = normal(dim).log_density(z) + log_det
    np.testing.assert_allclose(flow.log_density(params, x), expected, atol=1e-10)


def test_the_density_integrates_to_one_and_has_the_moments_of_the_samples(x64, key):
    flow = coupling_flow(2, layers=3, width=8)
    params = moved(flow, key, 0.2)
    x = flow.network.apply(params, jax.random.normal(key, (100_000, 2)))
    low, high = np.asarray(x.min(0)) - 3, np.asarray(x.max(0)) + 3
    first, second = (np.linspace(a, b, 700) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(first, second, indexing="ij"), -1).reshape(-1, 2)
    mass = (
        np.exp(jax.jit(flow.log_density)(params, jnp.asarray(grid))) * (first[1] - first[0]) * (second[1] - second[0])
    )
    assert mass.sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(mass @ grid, x.mean(0), atol=4 * np.asarray(x.std(0)).max() / 300)
    np.testing.assert_allclose((mass @ grid**2), (x**2).mean(0), rtol=0.05)


def test_a_layer_without_couplings_is_a_gaussian(x64, key):
    flow = coupling_flow(3, layers=1, width=4)
    params = flow.network.init(key) | {
        "log_scale": jnp.log(jnp.array([[0.5, 1.0, 3.0]])),
        "shift": jnp.array([[1.0, 0.0, -2.0]]),
    }
    law = gaussian([1.0, 0.0, -2.0], np.diag([0.25, 1.0, 9.0]))  # the rotation leaves a standard normal as it is
    x = jax.random.normal(key, (9, 3))
    np.testing.assert_allclose(flow.log_density(params, x), law.log_density(x), atol=1e-10)


def test_scales_are_bounded(x64, key):
    flow = coupling_flow(2, layers=2, width=8, bound=0.5)
    params = moved(flow, key, 30.0) | {"log_scale": jnp.zeros((2, 2))}
    _, log_det = flow.inverse(params, 5 * jax.random.normal(key, (200, 2)))
    assert 0.9 < np.abs(log_det).max() <= 2 * 0.5 * 1  # two layers, one scaled feature each


def test_a_new_flow_is_normal_and_serves_as_a_generator(key):
    flow = coupling_flow(4, layers=3, width=8)
    generator = pushforward(flow.network, normal(4))
    params = generator.init(key)
    x = generator.sample(params, key, 50)
    np.testing.assert_allclose(flow.log_density(params, x), normal(4).log_density(x), rtol=1e-5)
    assert flow == coupling_flow(4, layers=3, width=8)
    assert flow != coupling_flow(4, layers=3, width=8, seed=1)


def test_a_new_flow_is_the_gaussian_that_it_was_given(x64, key):
    mean, covariance = np.array([1.0, -2.0, 0.5]), np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 4.0]])
    flow, law = coupling_flow(3, mean=mean, covariance=covariance, layers=2, width=4), gaussian(mean, covariance)
    params, x = flow.network.init(key), jax.random.normal(key, (6, 3))
    np.testing.assert_allclose(flow.log_density(params, x), law.log_density(x), atol=1e-10)
    z = jax.random.normal(key, (200_000, 3))
    np.testing.assert_allclose(np.cov(flow.network.apply(params, z).T), covariance, atol=0.05)


def test_seeds_run_side_by_side(key):
    flow = coupling_flow(2, layers=2, width=8)
    keys = jax.random.split(key, 2)
    many = jax.vmap(lambda key: moved(flow, key))(keys)
    z = jax.random.normal(key, (5, 2))
    both = jax.vmap(flow.network.apply, (0, None))(many, z)
    np.testing.assert_allclose(both[1], flow.network.apply(moved(flow, keys[1]), z), rtol=1e-4, atol=1e-4)


def test_bad_sizes_and_inputs_are_named(key):
    with pytest.raises(ValueError, match="`dim` must be at least 2, but is 1"):
        coupling_flow(1)
    with pytest.raises(ValueError, match="`bound` must be positive"):
        coupling_flow(2, bound=0.0)
    with pytest.raises(ValueError, match=r"`mean` must have shape \(2,\) for 2 features, but has shape \(3,\)"):
        coupling_flow(2, mean=np.zeros(3))
    with pytest.raises(ValueError, match="`covariance` must be positive definite, but its least eigenvalue is -1"):
        coupling_flow(2, covariance=np.diag([1.0, -1.0]))
    with pytest.raises(ValueError, match="`covariance` must be symmetric"):
        coupling_flow(2, covariance=np.array([[1.0, 0.5], [0.0, 1.0]]))
    flow = coupling_flow(2, layers=1, width=4)
    params = flow.network.init(key)
    with pytest.raises(
        ValueError, match=r"`x` must be samples \(n, 2\), as this flow has 2 features, but has shape \(5, 3\)"
    ):
        flow.log_density(params, jnp.ones((5, 3)))


@pytest.mark.parametrize(
    "start", [{"mean": [1e40, 0.0]}, {"covariance": np.eye(2) * 1e80}, {"covariance": np.eye(2) * 1e-80}]
)
def test_a_start_beyond_single_precision_is_told(start):
    with pytest.raises(ValueError, match="scale the data to numbers near 1"):
        coupling_flow(2, **start)


def test_a_start_far_from_one_is_exact(key):
    flow = coupling_flow(2, mean=[3e15, 0.0], covariance=np.diag([1e32, 1.0]), layers=2, width=4)
    height = float(flow.log_density(flow.network.init(key), jnp.array([[3e15 + 1e16, 1.0]]))[0])
    assert height == pytest.approx(-1.0 - np.log(2 * np.pi) - 16 * np.log(10), rel=1e-5)
