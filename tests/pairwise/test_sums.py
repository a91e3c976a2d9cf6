import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import energy_distance, kernels, mmd2_biased, sinkhorn_divergence
from igm_jax.pairwise import sums
from igm_jax.pairwise.backend import over
from tests import reference


def test_kernel_mean_of_distinct_pairs(x64):
    x = np.random.default_rng(0).normal(size=(6, 2))
    matrix = np.asarray(kernels.gaussian(1.0)(x, x))
    got = sums.kernel_mean_distinct(kernels.gaussian(1.0), jnp.asarray(x), jnp.full(6, 1 / 6))
    np.testing.assert_allclose(got, (matrix.sum() - 6) / 30, rtol=1e-12)


def test_an_offset_is_taken_off_the_kernel(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 9, 2))
    a, b = np.arange(1.0, 10) / 45, np.full(9, 1 / 9)
    for kernel in (kernels.laplace(1.0), kernels.polynomial()):
        matrix = np.asarray(kernel(x, y))
        offset = sums.kernel_offset(kernel, jnp.asarray(x), jnp.asarray(y))
        np.testing.assert_allclose(offset, matrix.mean(), rtol=1e-12)
        got = sums.kernel_mean(kernel, *map(jnp.asarray, (x, y, a, b)), offset)
        np.testing.assert_allclose(got, a @ (matrix - matrix.mean()) @ b, rtol=1e-10)


def test_kernel_means_are_weighted_row_means(x64):
    x, y = np.random.default_rng(0).normal(size=(2, 40, 2))
    weights = np.arange(40.0) / 780
    expected = np.exp(-reference.squared_distances(x, y) / 2) @ weights
    got = sums.kernel_means(kernels.gaussian(1.0), *map(jnp.asarray, (x, y, weights)))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize(("size", "dim"), [(40, 3), pytest.param(1000, 20, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "divergence",
    [
        energy_distance,
        lambda x, y, **weights: mmd2_biased(x, y, kernels.gaussian(2.0), **weights),
        lambda x, y, **weights: sinkhorn_divergence(x, y, epsilon=0.5, **weights),
    ],
    ids=["energy", "mmd", "sinkhorn"],
)
def test_a_far_sample_without_weight_costs_no_digits(divergence, size, dim):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(size, dim)), rng.normal(0.3, 1, size=(size, dim))
    x, y = x.astype(np.float32), y.astype(np.float32)
    far_x, far_y = (np.concatenate([some, np.full((1, dim), 3e6, np.float32)]) for some in (x, y))
    weights = np.ones(size + 1, np.float32)
    weights[-1] = 0
    value, slope = jax.value_and_grad(divergence)(x, y)
    got, got_slope = jax.value_and_grad(lambda x: divergence(x, far_y, x_weights=weights, y_weights=weights))(far_x)
    tolerance = 1e-4 if size == 1000 or dim == 20 else 2e-5  # transport stops at a marginal error
    np.testing.assert_allclose(got, value, rtol=tolerance)
    np.testing.assert_allclose(got_slope[:-1], slope, atol=tolerance * np.abs(slope).max())
    np.testing.assert_array_equal(got_slope[-1], 0)


@pytest.mark.parametrize("dim", [3, 20])
@pytest.mark.parametrize("where", ["x", "y"])
def test_a_far_sample_takes_no_digits_from_the_others(dim, where):
    rng = np.random.default_rng(0)
    samples = {"x": rng.normal(size=(30, dim)), "y": rng.normal(0.5, 1, size=(40, dim))}
    kernel = kernels.gaussian(dim**0.5)
    value = jax.jit(lambda x, y: jax.value_and_grad(lambda x: mmd2_biased(x, y, kernel))(x))
    for far in (1e3, 1e6, 1e10):
        some = {**samples, where: np.vstack([samples[where], np.full((1, dim), far)])}
        x, y = (some[name].astype(np.float32) for name in ("x", "y"))
        own, other, between = (
            np.exp(-reference.squared_distances(*pair) / (2 * dim)) for pair in ((x, x), (y, y), (x, y))
        )
        got, slope = value(x, y)
        np.testing.assert_allclose(got, own.mean() + other.mean() - 2 * between.mean(), rtol=3e-6)
        x, y = x.astype(float), y.astype(float)
        pulls = [(weights[:, :, None] * (z[None] - x[:, None])).mean(1) for weights, z in ((own, x), (between, y))]
        expected = 2 * (pulls[0] - pulls[1]) / (dim * len(x))
        np.testing.assert_allclose(slope, expected, atol=3e-6 * np.abs(expected).max())


def test_a_sample_with_next_to_no_weight_has_no_part_in_the_offset():
    x = np.array([[0.0], [1.0], [1e8]], np.float32)
    weights = np.array([0.5, 0.5, 0.0], np.float32)
    offset = sums.kernel_offset(kernels.distance(), *map(jnp.asarray, (x, x, weights, weights)))
    np.testing.assert_allclose(offset, -0.5)


def test_on_a_ring_of_devices_a_centre_is_no_mean_of_far_samples():
    x = np.random.default_rng(0).normal(size=(31, 3)).astype(np.float32)
    x[7] = 1e8
    mesh = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    value = jax.jit(lambda x, y: mmd2_biased(x, y, kernels.gaussian(1.0)))
    with over(mesh):
        found = value(x, x + 0.5)
    np.testing.assert_allclose(found, value(x, x + 0.5), rtol=1e-6)
    np.testing.assert_allclose(found, np.asarray(jax.vmap(value)(x[None], x[None] + 0.5))[0], rtol=1e-6)
