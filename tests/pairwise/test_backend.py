"""Who is chosen to sum over pairs: by name, by the device, by the samples, and over a mesh; also under ``jit``."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType

from igm_jax import kernels, mmd2_biased, mmd2_unbiased
from igm_jax.kernels.forms import Gaussian
from igm_jax.objectives import mmd, mmd_witness
from igm_jax.pairwise import backend
from igm_jax.pairwise.sums import kernel_sums_within
from igm_jax.pairwise.tiles import TILES
from tests import reference
from tests.pairwise.devices import a_gpu, mesh_of_one, of_triton

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 2)).astype(np.float32), RNG.normal(size=(4, 2)).astype(np.float32)
MMD2 = reference.mmd2(X, Y, lambda x, y: np.exp(-reference.squared_distances(x, y) / 2))


def loss(x):
    return mmd2_biased(x, Y, kernels.gaussian(1.0))


def told(function, n, m, d, dtype=jnp.float32):
    """What a function says of two samples of these sizes, which need not be there: as under ``jit``, their shapes do."""
    found = []
    shapes = (jax.ShapeDtypeStruct((length, d), dtype) for length in (n, m))
    jax.eval_shape(lambda x, y: found.append(function(x, y)), *shapes)
    return found[0]


# --- by name ---


def test_other_names_are_refused_and_the_choice_ends_with_its_block():
    with pytest.raises(ValueError, match="must be one of auto, xla, fused, interpret, but is 'cuda'"):
        backend.using("cuda")
    x, y = map(jnp.asarray, (X, Y))
    with backend.using("fused"):
        assert backend.chosen(x, y) == "fused"
        if jax.default_backend() == "cpu":
            with pytest.raises(ValueError, match="interpret"):
                backend.summer_of(x, y).between(Gaussian(), (jnp.float32(1.0),), x, y, jnp.ones(5), jnp.ones(4))
        with backend.using("xla"):
            assert backend.chosen(x, y) == "xla"
        assert backend.chosen(x, y) == "fused"
    assert backend.chosen(x, y) == "xla"


def test_a_choice_ends_with_its_block_also_where_that_fails():
    with pytest.raises(ZeroDivisionError), backend.using("interpret"), backend.over(mesh_of_one()):
        raise ZeroDivisionError
    assert told(backend.chosen, 4, 5, 2) == "xla"
    assert told(backend.summer_of, 4, 5, 2) is TILES


@pytest.mark.parametrize("around", [False, True])
def test_a_choice_is_the_same_value_at_every_call(around):
    for name in ("xla", "interpret"):
        found = []
        for _ in range(2):
            with backend.using(name), backend.over(mesh_of_one()) if around else backend.using(name):
                found.append(told(backend.summer_of, 4, 4, 2))
        assert found[0] is found[1]
        assert (found[0] is TILES) == (name == "xla" and not around)


# --- by device and samples ---


def test_a_cpu_has_tiles_and_a_gpu_kernels_where_they_pay(monkeypatch, x64):
    many, few, wide = (300, 300, 2), (30, 30, 2), (300, 300, 129)
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert told(backend.chosen, *many) == "xla"
    for name in ("xla", "fused", "interpret"):
        with backend.using(name):
            assert told(backend.chosen, *many) == name
            assert told(backend.chosen, *wide) == "xla"
    with backend.using("auto"):
        assert told(backend.chosen, *many) == "xla"
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert told(backend.chosen, *many) == "xla"  # until all forms have passed on a GPU
    with backend.using("auto"):
        assert told(backend.chosen, *many) == "auto"
        assert told(backend.chosen, *few) == "xla"
        assert told(backend.chosen, *wide) == "xla"
        assert told(backend.chosen, *many, jnp.float64) == "xla"


def test_kernels_pay_from_so_many_pairs_and_up_to_so_many_numbers():
    least = backend.LEAST_PAIRS
    assert told(backend.worthwhile, 256, least // 256, 3)
    assert not told(backend.worthwhile, 256, least // 256 - 1, 3)
    # Features are counted twice, and as sixteen at least: 2^27 samples of them are one number too many.
    for n, d in ((2**27, 1), (2**27, 8), (2**26, 16)):
        assert not told(backend.worthwhile, n, 1, d)
        assert not told(backend.worthwhile, 1, n, d)
        assert told(backend.worthwhile, n - 1, 1, d)


@of_triton
def test_on_a_gpu_machine_the_device_of_the_arrays_decides(monkeypatch, x64):
    rng = np.random.default_rng(0)
    x, y, b = (jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in ((300, 2), (300, 2), (300,)))
    form = Gaussian(), (jnp.float32(1.3),)
    with backend.using("auto"):
        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
        within = backend.summer_of(x, x).within(*form, x, b, slopes=True)
        between = jax.jit(partial(backend.summer_of(x, y).between, *form, slopes=True, columns=True))
        kernel = np.exp(-reference.squared_distances(x, y) / (2 * 1.3**2))
        at_x, at_y = between(x, y, b, b)
        exact = np.asarray(b, np.float64)
        np.testing.assert_allclose(at_x.values, kernel @ exact, atol=1e-4)
        np.testing.assert_allclose(at_y.values, exact @ kernel, atol=1e-4)
        kernel = np.exp(-reference.squared_distances(x, x) / (2 * 1.3**2))
        np.testing.assert_allclose(within.values, kernel @ exact, atol=1e-4)
        with a_gpu():
            shapes = (jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in (x, y, b, b))
            assert "triton" in between.trace(*shapes).lower(lowering_platforms=("cuda",)).as_text()
        assert "triton" not in between.trace(x, y, b, b).lower(lowering_platforms=("cpu",)).as_text()


# --- under jit ---


def test_what_is_compiled_for_one_choice_is_not_used_for_another():
    value = jax.jit(loss)
    plain = value.lower(X).as_text()
    with backend.using("interpret"):
        assert value.lower(X).as_text() != plain
        np.testing.assert_allclose(value(X), MMD2, rtol=1e-5)
    with backend.over(mesh_of_one()):
        assert "collective_permute" in value.lower(X).as_text()
        np.testing.assert_allclose(value(X), MMD2, rtol=1e-5)
    assert "collective_permute" not in plain
    assert value.lower(X).as_text() == plain
    np.testing.assert_allclose(value(X), MMD2, rtol=1e-5)


# --- over a mesh ---


def test_a_mesh_that_is_none_an_axis_that_it_has_not_and_axes_of_another_type():
    with pytest.raises(TypeError, match="mesh"):
        backend.over(8)
    with pytest.raises(ValueError, match=r"`axis` must be one of data, but is 'date'; did you mean 'data'\?"):
        backend.over(mesh_of_one(), "date")
    with pytest.raises(ValueError, match=r"must have axes of type Auto, but has .*Explicit.*make one with"):
        backend.over(mesh_of_one(AxisType.Explicit))


@pytest.mark.parametrize(
    "function",
    [
        lambda kernel, x: mmd2_biased(x, Y, kernel),
        lambda kernel, x: mmd2_unbiased(x, Y, kernel),
        lambda kernel, x: jnp.sum(jnp.sin(mmd_witness(x, x, Y, kernel))),
        lambda kernel, x: mmd(kernel).loss(jax.random.key(0), (), x, jnp.asarray(Y)),
        lambda kernel, x: jnp.sum(jnp.sin(kernel_sums_within(kernel, x, jnp.ones(5)))),
    ],
)
@pytest.mark.parametrize("kernel", [kernels.linear(), kernels.gaussian(1.0) + kernels.linear()])
def test_around_a_ring_any_kernel_has_its_value_and_slope(function, kernel):
    step = jax.jit(jax.value_and_grad(partial(function, kernel)))
    expected = step(jnp.asarray(X))
    with backend.over(mesh_of_one()):
        found = step(jnp.asarray(X))
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), found, expected)


@pytest.mark.parametrize("around", [False, True])
def test_means_of_any_function_and_their_slope_in_what_it_holds(around):
    """A width that is traced is no argument of the function, and is told its derivative all the same."""

    def means(width, points, y, weights):
        return backend.means_of(lambda rows, columns: jnp.tanh(width * rows @ columns.T), points, y, weights)

    weights, width = jnp.arange(1.0, 5.0), jnp.float32(0.7)
    with backend.over(mesh_of_one()) if around else backend.using("xla"):
        value, slope = jax.jit(jax.jvp, static_argnums=0)(
            lambda width: means(width, jnp.asarray(X), jnp.asarray(Y), weights), (width,), (jnp.ones_like(width),)
        )
    products = X.astype(float) @ Y.T.astype(float)
    np.testing.assert_allclose(value, np.tanh(0.7 * products) @ weights, rtol=1e-5)
    np.testing.assert_allclose(slope, (products / np.cosh(0.7 * products) ** 2) @ weights, rtol=1e-4, atol=1e-5)
