"""The tiled sums against float64 NumPy, in value and gradient, where the tiles, the samples or the numbers are awkward."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import energy_distance, kernels, mmd2_biased
from igm_jax.kernels import pairs
from igm_jax.kernels.forms import Gaussian, GaussianBank
from igm_jax.pairwise import sums, tiles
from tests import reference

KERNELS = {
    "gaussian": (kernels.gaussian(1.3), lambda s: (np.exp(-s / 3.38), -np.exp(-s / 3.38) / 3.38)),
    "laplace": (
        kernels.laplace(0.8),
        lambda s: (np.exp(-np.sqrt(s) / 0.8), -np.exp(-np.sqrt(s) / 0.8) * inverse_root(s) / 1.6),
    ),
    "distance": (kernels.distance(), lambda s: (-np.sqrt(s), -0.5 * inverse_root(s))),
    "multiquadric": (
        kernels.inverse_multiquadric(1.5),
        lambda s: ((1 + s / 2.25) ** -0.5, -((1 + s / 2.25) ** -1.5) / 4.5),
    ),
    "bank": (
        kernels.gaussian(0.5) + kernels.gaussian(1.0) + kernels.gaussian(2.0) + kernels.gaussian(1.7),
        lambda s: tuple(
            sum(c * np.exp(-s / (2 * h * h)) for h, c in zip((0.5, 1, 2, 1.7), factors, strict=True))
            for factors in ((1, 1, 1, 1), tuple(-0.5 / h**2 for h in (0.5, 1, 2, 1.7)))
        ),
    ),
}


def inverse_root(squared):
    return np.where(squared > 0, np.maximum(squared, 1e-300) ** -0.5, 0)


def exact(formula, x, y, a, b):
    """Value, and gradients in x and y, of Σ a b k in float64."""
    x, y, a, b = (np.asarray(v, np.float64) for v in (x, y, a, b))
    value, slope = formula(reference.squared_distances(x, y))
    weights = 2 * a[:, None] * b[None] * slope
    gradient_x = x * weights.sum(1, keepdims=True) - weights @ y
    gradient_y = y * weights.sum(0)[:, None] - weights.T @ x
    return a @ value @ b, gradient_x, gradient_y


def mmd_and_gradients(kernel, x, y, a, b):
    def value(x, y):
        return mmd2_biased(x, y, kernel, x_weights=a, y_weights=b)

    return jax.jit(jax.value_and_grad(value, argnums=(0, 1)))(x, y)


def exact_mmd(formula, x, y, a, b):
    a, b = (np.asarray(w, np.float64) / np.sum(w, dtype=np.float64) for w in (a, b))
    xx, yy, xy = (exact(formula, *four) for four in ((x, x, a, a), (y, y, b, b), (x, y, a, b)))
    return xx[0] + yy[0] - 2 * xy[0], xx[1] + xx[2] - 2 * xy[1], yy[1] + yy[2] - 2 * xy[2]


SHAPES = [(2, 3, 1), (257, 131, 2), (300, 411, 17), (1, 1, 2), (1537, 901, 8), (1100, 130, 64)]


@pytest.mark.parametrize("offset", [pytest.param(0.0, marks=pytest.mark.slow), 1e4])
@pytest.mark.parametrize("name", KERNELS)
def test_value_and_gradients_in_single_precision(name, offset):
    kernel, formula = KERNELS[name]
    rng = np.random.default_rng(0)
    # Each shape is compiled: two kernels see all, the others one of each regime (python -m benchmarks.errors has the grid).
    all_shapes = name in ("gaussian", "distance")
    for n, m, d in (SHAPES if all_shapes else SHAPES[1::2]) if offset == 0 else SHAPES[1:3]:
        scale = np.sqrt(2 / d)
        x = (scale * rng.normal(size=(n, d)) + offset).astype(np.float32)
        y = (scale * (0.3 + 0.8 * rng.normal(size=(m, d))) + offset).astype(np.float32)
        a, b = rng.uniform(0.5, 2, size=n).astype(np.float32), rng.uniform(0.5, 2, size=m).astype(np.float32)
        value, gradients = mmd_and_gradients(kernel, x, y, a, b)
        expected, *slopes = exact_mmd(formula, x, y, a, b)
        # Of a handful of samples the rounding of each weight still shows.
        few = 3 if n < 10 else 1
        assert abs(value - expected) < few * 1e-6 * abs(expected), (n, m, d)
        for got, slope in zip(gradients, slopes, strict=True):
            assert np.linalg.norm(got - slope) < few * 1e-5 * np.linalg.norm(slope), (n, m, d)


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_bfloat16_as_the_default_of_products_changes_nothing(name):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 600, 20)).astype(np.float32)
    ones = np.ones(600, np.float32)
    expected = mmd_and_gradients(KERNELS[name][0], x, y, ones, ones)
    with jax.default_matmul_precision("bfloat16"):
        got = mmd_and_gradients(KERNELS[name][0], x, y, ones, ones)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-9), got, expected)


def test_many_features():
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(n, 3000)).astype(np.float32) for n in (70, 90))
    kernel, formula = kernels.gaussian(50.0), lambda s: (np.exp(-s / 5000), -np.exp(-s / 5000) / 5000)
    value, (gradient, _) = mmd_and_gradients(kernel, x, y, np.ones(70, np.float32), np.ones(90, np.float32))
    expected, slope, _ = exact_mmd(formula, x, y, np.ones(70), np.ones(90))
    assert abs(value - expected) < 2e-6 * expected
    assert np.linalg.norm(gradient - slope) < 2e-5 * np.linalg.norm(slope)


@pytest.mark.parametrize("d", [2, 30])
def test_duplicates_and_equal_sets(d):
    x = np.repeat(np.random.default_rng(0).normal(size=(400, d)), 2, axis=0).astype(np.float32)
    value, gradient = jax.jit(jax.value_and_grad(energy_distance))(x, x[::-1].copy())
    assert abs(value) < 1e-6
    assert np.abs(gradient).max() < 1e-6
    matrix = pairs.squared_distances(x, x)
    assert (np.diag(matrix) == 0).all()


def test_dense_clusters_far_from_each_other_keep_their_digits():
    # Sums of 1/r times coordinates would lose four digits here: the sums of r are taken again.
    rng = np.random.default_rng(0)
    places = 50 * rng.normal(size=(8, 2))
    x, y = ((places[rng.integers(8, size=1100)] + 1e-3 * rng.normal(size=(1100, 2))).astype(np.float32) for _ in "xy")
    np.testing.assert_allclose(jax.jit(jax.value_and_grad(energy_distance))(x, y)[0], reference.energy(x, y), rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    [name if name in ("gaussian", "distance") else pytest.param(name, marks=pytest.mark.slow) for name in KERNELS],
)
def test_derivatives_by_finite_differences(name, x64):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(600, 2)), rng.normal(size=(530, 2))
    a, b = rng.uniform(1, 2, size=600), rng.uniform(1, 2, size=530)
    kernel = KERNELS[name][0]
    value = jax.jit(lambda x, y, a, b: mmd2_biased(x, y, kernel, x_weights=a, y_weights=b))
    check_grads(value, (x, y, a, b), order=1, modes=["fwd", "rev"], rtol=2e-5)


def test_derivatives_of_means_at_points(x64):
    rng = np.random.default_rng(0)
    points, y, weights = rng.normal(size=(40, 3)), rng.normal(size=(500, 3)), rng.uniform(size=500)

    @jax.jit
    def means(points, y, weights, bandwidth):
        return sums.kernel_means(kernels.laplace(bandwidth) + kernels.gaussian(bandwidth), points, y, weights)

    check_grads(means, (points, y, weights, 1.2), order=1, modes=["fwd", "rev"], rtol=1e-4)


def test_second_derivatives_across_tiles(x64):
    rng = np.random.default_rng(0)
    x, y, v = rng.normal(size=(530, 2)), rng.normal(size=(40, 2)), rng.normal(size=(530, 2))
    value = jax.jit(lambda x: mmd2_biased(x, y, kernels.inverse_multiquadric(1.1)))
    gradient = jax.jit(jax.grad(value))
    step = 1e-5
    expected = (gradient(x + step * v) - gradient(x - step * v)) / (2 * step)
    got = jax.jit(jax.grad(lambda x: jnp.vdot(jax.grad(value)(x), v)))(x)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("n", [511, 512, *(pytest.param(n, marks=pytest.mark.slow) for n in (513, 1023, 1152)), 1400])
def test_half_of_the_pairs_are_all_of_them(n, x64):
    rng = np.random.default_rng(n)
    x, a = jnp.asarray(rng.normal(size=(n, 2))), jnp.asarray(rng.uniform(size=n))
    form, parameters = Gaussian(), (jnp.asarray(0.7),)
    for slopes in (False, True):
        half = tiles.within(form, parameters, tiles.side(x, a), slopes=slopes)
        full, _ = tiles.between(form, parameters, tiles.side(x, a), tiles.side(x, a), slopes=slopes)
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-12), half, full)
    others = tiles.within(form, parameters, tiles.side(x, a), slopes=True, distinct=True)
    np.testing.assert_allclose(others.values, full.values - a, rtol=1e-10)
    np.testing.assert_allclose(others.pulls, full.pulls, rtol=1e-10, atol=1e-12)
    total = tiles.within(form, parameters, tiles.side(x, a), slopes=False, each=False)
    np.testing.assert_allclose(jnp.vdot(a, total.values), jnp.vdot(a, full.values), rtol=1e-12)


def test_zero_weights_and_padding_are_removals():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1000, 4)).astype(np.float32)
    a = (rng.uniform(size=1000) < 0.6).astype(np.float32)
    kernel, ones = kernels.laplace(1.0), np.ones(1000, np.float32)
    got, (gradient, _) = mmd_and_gradients(kernel, x, y, a, ones)
    expected, (removed, _) = mmd_and_gradients(kernel, x[a > 0], y, a[a > 0], ones)
    np.testing.assert_allclose(got, expected, atol=1e-7)
    np.testing.assert_allclose(gradient[a > 0], removed, atol=1e-5 * np.abs(removed).max())
    assert (gradient[a == 0] == 0).all()


def test_a_bank_takes_one_exponential_for_widths_a_factor_apart():
    widths = (0.5, 1.0, 2.0, 4.0, 3.0)
    bank = sum((kernels.gaussian(w) for w in widths[1:]), kernels.gaussian(widths[0]))
    form = bank.radial.form
    assert isinstance(form, GaussianBank)
    assert sorted(form.groups) == [(1,), (1,), (1, 4, 16)]
    x, y = np.random.default_rng(0).normal(size=(2, 20, 2)).astype(np.float32)
    expected = sum(np.exp(-reference.squared_distances(x, y) / (2 * w**2)) for w in widths)
    parameters = [jnp.float32(width) for width in bank.radial.parameters]
    np.testing.assert_allclose(form.value(pairs.squared_distances(x, y), *parameters), expected, rtol=2e-6)
    traced = jax.jit(lambda w: (kernels.gaussian(w) + kernels.gaussian(2 * w))(x, y))(1.0)
    np.testing.assert_allclose(traced, (kernels.gaussian(1.0) + kernels.gaussian(2.0))(x, y), rtol=1e-6)


@pytest.mark.parametrize(
    ("n", "d"),
    [(16384, 2), (65536, 64), *(pytest.param(n, d, marks=pytest.mark.slow) for n, d in ((16384, 64), (65536, 2)))],
)
def test_memory_is_linear(n, d):
    shape = jax.ShapeDtypeStruct((n, d), jnp.float32)
    for divergence in (lambda x, y: mmd2_biased(x, y, kernels.gaussian(1.0)), energy_distance):
        step = jax.jit(jax.value_and_grad(divergence, argnums=(0, 1)))
        used = step.lower(shape, shape).compile().memory_analysis().temp_size_in_bytes
        # At the largest size one copy of one sample takes 17 MB, and both are centred, augmented and gathered into.
        assert used < (150e6 if n * d < 2**22 else 270e6), (divergence, used)
