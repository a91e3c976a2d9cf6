import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise import Pairs, distances, nearest, safe_sqrt, squared_distances
from tests import reference

compiled = jax.jit(squared_distances)


@pytest.mark.parametrize("dim", [1, 2, 8, 9, 64, 300])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_squared_distances_match_float64_far_from_the_origin(dim, offset):
    rng = np.random.default_rng(dim)
    x, y = (rng.normal(size=(n, dim)).astype(np.float32) + np.float32(offset) for n in (37, 23))
    expected = reference.squared_distances(x, y)
    got = np.asarray(compiled(x, y), np.float64)
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6 * expected.mean())


@pytest.mark.slow
def test_default_precision_of_matrix_products_changes_nothing():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 64)).astype(np.float32)
    with jax.default_matmul_precision("bfloat16"):
        text = jax.jit(squared_distances).lower(x, y).as_text()
        rough = squared_distances(x, y)
    np.testing.assert_array_equal(rough, squared_distances(x, y))
    assert "HIGHEST" in text


@pytest.mark.parametrize("dim", [2, 8, 9, 64, 1000])
def test_equal_rows_are_exactly_zero_apart_wherever_they_stand(dim):
    rng = np.random.default_rng(dim)
    x = (100 + rng.normal(size=(20, dim))).astype(np.float32)
    y = np.concatenate([rng.normal(size=(5, dim)).astype(np.float32), x[::-1]])
    squared = np.asarray(compiled(x, y))
    zero = squared == 0
    assert zero[np.arange(20), 24 - np.arange(20)].all()
    assert zero.sum() == 20


def test_minus_zero_equals_zero():
    x = np.zeros((2, 12), np.float32)
    x[:, 0] = 3
    y = np.where(x == 0, np.float32(-0.0), x)
    assert (np.asarray(compiled(x, y)) == 0).all()


def test_close_rows_that_differ_are_not_called_equal_in_low_dimension():
    x = np.array([[1.0, 1.0]], np.float32)
    y = np.nextafter(x, np.float32(2))
    assert float(squared_distances(x, y)[0, 0]) > 0


@pytest.mark.parametrize("dim", [3, 20])
def test_distance_gradient_is_finite_and_zero_for_coincident_samples(dim):
    x = jnp.ones((4, dim))
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(distances(x, jax.lax.stop_gradient(x)))))(x)
    np.testing.assert_array_equal(gradient, np.zeros((4, dim)))


def test_distance_gradient_is_the_unit_vector(x64):
    x, y = jnp.array([[3.0, 4.0]]), jnp.zeros((1, 2))
    gradient = jax.grad(lambda x: distances(x, y)[0, 0])(x)
    np.testing.assert_allclose(gradient, [[0.6, 0.8]], rtol=1e-12)


def test_safe_sqrt():
    value, slope = jax.vmap(jax.value_and_grad(safe_sqrt))(jnp.array([0.0, 4.0]))
    np.testing.assert_array_equal(value, [0.0, 2.0])
    np.testing.assert_array_equal(slope, [0.0, 0.25])


def test_inner_products_are_about_the_origin():
    np.testing.assert_allclose(Pairs(jnp.array([[1.0, 2.0]]), jnp.array([[3.0, 4.0]])).inner, [[11.0]])


@pytest.mark.parametrize(("dim", "n"), [(2, 300), (40, 25)])
def test_nearest_agrees_with_sorting_all_distances(dim, n):
    rng = np.random.default_rng(1)
    points, y = (rng.normal(size=(n, dim)).astype(np.float32) for n in (n, 31))
    distance, index = nearest(points, y, k=4)
    expected = np.sqrt(reference.squared_distances(points, y))
    order = np.argsort(expected, axis=1)[:, :4]
    np.testing.assert_array_equal(index, order)
    np.testing.assert_allclose(distance, np.take_along_axis(expected, order, 1), rtol=1e-5)


def test_nearest_never_holds_all_pairs():
    n = 8192 if jax.default_backend() == "cpu" else 32768  # a GPU has larger tiles
    p = jax.ShapeDtypeStruct((n, 3), np.float32)
    analysis = jax.jit(lambda p, y: nearest(p, y, 2)).lower(p, p).compile().memory_analysis()
    assert analysis.temp_size_in_bytes < n * n * 4 / 4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: squared_distances(x[:, 0], x), "must have shape \\(n, d\\)"),
        (lambda x: squared_distances(x, x[:, :1]), "same number of features"),
        (lambda x: squared_distances(x[:0], x), "at least 1 sample"),
        (lambda x: squared_distances(x * np.nan, x), "NaN or infinite"),
        (lambda x: squared_distances(x * 1j, x), "must be real"),
        (lambda x: nearest(x, x, k=4), "at most the number of candidates, 3"),
        (lambda x: nearest(x, x, k=0), "at least 1"),
    ],
)
def test_bad_input_is_explained(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(np.ones((3, 2), np.float32))
