"""The fused kernels, interpreted, against the XLA tiles, and that they lower for CUDA."""

import operator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import energy_distance, kernels, mmd2_biased
from igm_jax.kernels.forms import Combined, Gaussian, GaussianBank, Scaled
from igm_jax.kernels.radial import Distance, InverseMultiquadric, Laplace, RationalQuadratic
from igm_jax.kernels.smooth import Cauchy, Logarithm, Matern
from igm_jax.pairwise import backend, fused, sums, tiles
from tests.pairwise.devices import a_gpu, of_triton

FORMS = {
    "gaussian": (Gaussian(), (1.3,)),
    "bank": (GaussianBank(((1, 4, 16), (1,))), (2.0, 1.7)),
    "laplace": (Laplace(), (0.8,)),
    "rational quadratic": (RationalQuadratic(), (0.7, 1.1)),
    "inverse multiquadric": (InverseMultiquadric(), (1.5,)),
    "matern 3/2": (Matern(3), (0.8,)),
    "matern 5/2": (Matern(5), (0.8,)),
    "cauchy": (Cauchy(), (1.5,)),
    "logarithm": (Logarithm(), (1.5,)),
    "distance": (Distance(1.0), ()),
    "squared distance": (Distance(2.0), ()),
    "distance to 3/2": (Distance(1.5), ()),
    "scaled product": (Scaled(Combined(operator.mul, Gaussian(), Laplace(), 1)), (2.0, 1.2, 0.9)),
    "sum": (Combined(operator.add, InverseMultiquadric(), Laplace(), 1), (1.0, 0.7)),
}


def form_of(name):
    form, parameters = FORMS[name]
    return form, tuple(jnp.float32(value) for value in parameters)


def samples(n, m, d, seed=0):
    """Two sides with duplicates in and between them, far clusters, and some columns without weight."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt(2 / d)
    x, y = (scale * rng.normal(size=(k, d)) for k in (n, m))
    x[n // 2 :: 3] += 5
    x[: n // 4], y[: m // 4] = x[n // 4 : n // 4 * 2], x[np.arange(m // 4) % n]
    weights = rng.uniform(0.5, 2, size=m) * (rng.uniform(size=m) < 0.8) / m
    return tuple(np.asarray(value, np.float32) for value in (x, y, weights))


def sides(x, y, weights):
    x, y, weights = (jnp.asarray(value) for value in (x, y, weights))
    return tiles.side(x, jnp.ones(len(x), x.dtype)), tiles.side(y, weights)


def near(got, expected, tolerance=3e-6):
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other)


@partial(jax.jit, static_argnums=(0, 2))
def interpreted(form, parameters, slopes, x, y, weights):
    return fused.between(form, parameters, *sides(x, y, weights), slopes=slopes, interpret=True)


@partial(jax.jit, static_argnums=(0, 2))
def in_both_ways(form, parameters, slopes, x, y, weights):
    of_x, of_y = sides(x, y, weights)
    return (
        fused.between(form, parameters, of_x, of_y, slopes=slopes, interpret=True),
        tiles.between(form, parameters, of_x, of_y, slopes=slopes)[0],
    )


# --- the same numbers ---


@pytest.mark.parametrize(
    ("name", "d"), [*((name, 3) for name in FORMS), *((name, 20) for name in ("bank", "laplace", "distance to 3/2"))]
)
def test_every_form_as_in_tiles(name, d):
    near(*in_both_ways(*form_of(name), True, *samples(130, 201, d)))


@pytest.mark.parametrize("d", [3, 20])
def test_sums_alone(d):
    near(*in_both_ways(*form_of("bank"), False, *samples(130, 201, d)))


@pytest.mark.parametrize(
    ("n", "m", "d"), [(1, 1, 1), (63, 65, 1), (200, 130, 2), (64, 64, 8), (65, 300, 8), (7, 500, 64), (66, 70, 128)]
)
def test_every_shape_as_in_tiles(n, m, d):
    near(*in_both_ways(*form_of("distance"), True, *samples(n, m, d)))


@pytest.mark.parametrize("d", [2, 20])
def test_one_program_may_take_all_columns(d):
    problem = samples(150, 400, d)
    several = interpreted(*form_of("laplace"), True, *problem)
    blocks = fused.blocks_for(d, d == 2)._replace(programs=1)
    form, parameters = form_of("laplace")
    near(fused.between(form, parameters, *sides(*problem), slopes=True, interpret=True, blocks=blocks), several)


@pytest.mark.parametrize("d", [2, 30])
def test_equal_rows_are_at_distance_zero(d):
    points = np.repeat(np.random.default_rng(0).normal(size=(40, d)), 2, axis=0).astype(np.float32) + 3
    steep = (
        np.float32(1e-5),
    )  # only equal samples see each other, and only if their distance is zero and not rounding
    found = interpreted(Laplace(), steep, True, points, points, np.ones(80, np.float32))
    np.testing.assert_array_equal(found.values, 2)
    np.testing.assert_array_equal(found.pulls, 0)


def test_pulls_keep_the_digits_of_clusters_far_from_the_origin():
    rng = np.random.default_rng(0)
    points = np.repeat(50 * rng.normal(size=(4, 1, 2)), 30, axis=1) + 1e-2 * rng.normal(size=(4, 30, 2))
    points = points.reshape(-1, 2).astype(np.float32)
    found = interpreted(Gaussian(), (np.float32(0.01),), True, points, points, np.ones(120, np.float32))
    wide = points.astype(np.float64)
    deltas = wide[:, None] - wide[None]
    slope = -0.5e4 * np.exp(-0.5e4 * np.square(deltas).sum(-1))
    expected = np.einsum("ij,ijk->ik", slope, deltas)
    assert np.linalg.norm(found.pulls - expected) < 1e-6 * np.linalg.norm(expected)


@pytest.mark.parametrize("d", [2, 20])
def test_columns_without_weight_are_removals(d):
    x, y, weights = samples(40, 90, d)
    kept = np.flatnonzero(weights)
    form = *form_of("inverse multiquadric"), True
    near(interpreted(*form, x, y, weights), interpreted(*form, x, y[kept], weights[kept]), 1e-6)


@pytest.mark.parametrize("d", [3, 20])
def test_double_precision(d, x64):
    problem = (np.asarray(value, np.float64) for value in samples(70, 90, d))
    near(*in_both_ways(Gaussian(), (np.float64(1.3),), True, *problem), 1e-14)


# --- CUDA, from a machine without one ---


pytestmark = of_triton


def lowered(form, parameters, slopes, n, m, d):
    def sums(parameters, x, y, weights):
        return fused.between(form, parameters, *sides(x, y, weights), slopes=slopes)

    shapes = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((n, d), (m, d), (m,)))
    with a_gpu():
        return jax.jit(sums).trace(parameters, *shapes).lower(lowering_platforms=("cuda",)).as_text()


@pytest.mark.parametrize("d", [1, 2, 3, 8, 20, 64, 128])
@pytest.mark.parametrize("slopes", [False, True])
def test_every_width_lowers_for_cuda(d, slopes):
    text = lowered(*form_of("laplace"), slopes, 200, 300, d)
    assert text.count("custom_call @") == 1
    assert "triton" in text  # and not Mosaic GPU, whatever this version of jax prefers


@pytest.mark.parametrize("d", [3, 20])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_lowers_for_cuda(name, d):
    assert "triton" in lowered(*form_of(name), True, 64, 64, d)


def test_products_are_not_rounded_to_tf32():
    x, y = sides(*samples(64, 64, 20))
    with jax.default_matmul_precision("tensorfloat32"):
        traced = jax.make_jaxpr(partial(fused.between, Gaussian(), slopes=True))((jnp.float32(1.0),), x, y)
    assert str(traced).count("dot_general[") == 2
    assert str(traced).count("precision=TF32_TF32_F32_X3") == 2


def test_products_in_double_precision_stay_so(x64):
    x, y = (jax.tree.map(lambda leaf: leaf.astype(jnp.float64) if leaf.dtype == jnp.float32 else leaf, side)
            for side in sides(*samples(64, 64, 20)))  # fmt: skip
    traced = jax.make_jaxpr(partial(fused.between, Gaussian(), slopes=True))((jnp.float64(1.0),), x, y)
    assert str(traced).count("precision=(Precision.HIGHEST, Precision.HIGHEST)") == 2


@pytest.mark.slow
def test_a_whole_loss_lowers_for_cuda_and_holds_kernels():
    shape = jax.ShapeDtypeStruct((1000, 2), jnp.float32)
    step = jax.jit(jax.value_and_grad(lambda x, y: mmd2_biased(x, y, kernels.gaussian(1.0)), argnums=(0, 1)))
    with backend.using("fused"), a_gpu():
        text = step.trace(shape, shape).lower(lowering_platforms=("cuda",)).as_text()
    assert "triton" in text
    with backend.using("xla"):
        assert "triton" not in step.trace(shape, shape).lower(lowering_platforms=("cuda",)).as_text()


ON_A_CPU = ("gaussian-2", "laplace-20")
EVERY_FORM = [(name, d) for name in FORMS for d in (1, 2, 8, 9, 20, 64, 128)]


@pytest.mark.parametrize(
    ("name", "d"),
    EVERY_FORM
    if jax.default_backend() == "gpu"
    else [pair for pair in EVERY_FORM if "-".join(map(str, pair)) in ON_A_CPU],
)
def test_every_form_as_in_double_precision(name, d):
    """Compiled where there is a GPU, else interpreted; with duplicates and far clusters."""
    form, parameters = form_of(name)
    x, y, weights = samples(300, 1000, d)
    with jax.enable_x64():
        exact = sides(*(np.asarray(array, np.float64) for array in (x, y, weights)))
        wide = tuple(jnp.asarray(parameter, jnp.float64) for parameter in parameters)
        expected = jax.tree.map(np.asarray, tiles.between(form, wide, *exact, slopes=True)[0])
    sums = partial(fused.between, form, slopes=True, interpret=jax.default_backend() != "gpu")
    found = jax.jit(sums)(parameters, *sides(x, y, weights))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.linalg.norm(one - other) <= 1e-5 * np.linalg.norm(other)


# --- losses and their derivatives ---


def value_and_gradients(x, y):
    a = np.linspace(0.5, 2, len(x), dtype=np.float32)
    kernel = kernels.gaussian(0.7) + kernels.gaussian(1.4)
    return jax.jit(jax.value_and_grad(lambda x, y: mmd2_biased(x, y, kernel, x_weights=a), argnums=(0, 1)))(x, y)


@pytest.mark.parametrize("d", [2, 20])
def test_gradients_of_a_loss_are_those_of_tiles(d):
    x, y, _ = samples(70, 80, d)
    expected = value_and_gradients(x, y)
    with backend.using("interpret"):
        got = value_and_gradients(x, y)
    near(got, expected, 1e-5)
    assert any(np.any(np.asarray(one) != np.asarray(other)) for one, other in zip(got[1], expected[1], strict=True)), (
        "the same program ran twice"
    )


@pytest.mark.slow
def test_second_derivatives_come_from_tiles():
    x, y, _ = samples(30, 40, 2)
    v = np.ones_like(x)

    def curvature(x):
        return jax.grad(lambda x: jnp.vdot(jax.grad(mmd2_biased)(x, y, kernels.inverse_multiquadric(1.0)), v))(x)

    expected = jax.jit(curvature)(x)
    with backend.using("interpret"):
        near(jax.jit(curvature)(x), expected, 1e-5)


def test_derivatives_in_bandwidth_weights_and_columns():
    x, y, weights = (jnp.asarray(value) for value in samples(30, 40, 20))

    def means(bandwidth, points, weights):
        kernel = kernels.laplace(bandwidth)
        return jnp.sum(jnp.sin(sums.kernel_means(kernel, x, points, weights)))

    gradient = jax.jit(jax.grad(means, argnums=(0, 1, 2)))
    expected = gradient(1.2, y, weights)
    with backend.using("interpret"):
        near(gradient(1.2, y, weights), expected, 1e-5)


@pytest.mark.slow
def test_a_batch_of_losses():
    x = np.stack([samples(20, 30, 2, seed)[0] for seed in range(3)])
    y = samples(20, 30, 2)[1]
    gradients = jax.jit(jax.vmap(jax.grad(energy_distance), in_axes=(0, None)))
    expected = gradients(x, y)
    with backend.using("interpret"):
        near(gradients(x, y), expected, 1e-5)


def test_pairs_of_different_samples_keep_their_digits_beside_a_heavy_one():
    x, _, _ = samples(70, 80, 2)
    weights = np.full(70, 1e-7, np.float32)
    weights[0] = 1
    distinct = jax.jit(lambda x, a: sums.kernel_mean_distinct(kernels.gaussian(0.7), x, a / jnp.sum(a)))
    expected = distinct(x, weights)
    with backend.using("interpret"):
        near(distinct(x, weights), expected, 1e-5)
