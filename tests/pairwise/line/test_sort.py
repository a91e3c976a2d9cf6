"""Sorting is exact to the bit, stable, and differentiable, whichever way it goes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax.pairwise.line.sort import METHODS, float_keys, float_values, sort, sort_with_order

RNG = np.random.default_rng(0)


def bits(x):
    return np.asarray(x).view(np.int32)


def numbers(kind, shape):
    if kind == "normal":
        return RNG.normal(size=shape).astype(np.float32)
    if kind == "ties and signed zeros":
        return np.round(RNG.normal(size=shape)).astype(np.float32) * RNG.choice(np.float32([1, -1]), size=shape)
    if kind == "denormals":
        return RNG.integers(-5, 5, size=shape).astype(np.float32) * np.float32(1e-45)
    return (RNG.standard_cauchy(size=shape) * 1e30).astype(np.float32)


KINDS = ["normal", "ties and signed zeros", "denormals", "heavy tails"]
# One row, powers of two and not, few columns (XLA's sort of the keys) and many (the network), two digits of order and three.
SHAPES = [(1, 1), (2, 20), (37, 16), (70_000, 1)]
SHAPES += [pytest.param(shape, marks=pytest.mark.slow) for shape in ((1, 20), (3, 20), (100, 3), (128, 17))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_keys_sort_as_numpy_does_bit_for_bit(kind, shape):
    x = numbers(kind, shape)
    values = sort(jnp.asarray(x), axis=0, method="keys")
    # NumPy holds -0.0 equal to 0.0; with the bits as a tie-break there is one right answer.
    expected = np.stack([column[np.lexsort((~np.signbit(column), column))] for column in x.T], axis=1)
    np.testing.assert_array_equal(bits(values), bits(expected))
    values, order = sort_with_order(jnp.asarray(x), axis=0, method="keys")
    np.testing.assert_array_equal(order, np.argsort(x, axis=0, kind="stable"))
    np.testing.assert_array_equal(bits(values), bits(np.take_along_axis(x, np.asarray(order), axis=0)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_sorts_along_any_axis(method):
    x = numbers("ties and signed zeros", (3, 9, 4))
    for axis in (0, 1, -1):
        np.testing.assert_array_equal(sort(jnp.asarray(x), axis, method), np.sort(x, axis))
        np.testing.assert_array_equal(
            sort_with_order(jnp.asarray(x), axis, method)[1], np.argsort(x, axis, kind="stable")
        )
    np.testing.assert_array_equal(jax.vmap(lambda row: sort(row, method=method))(jnp.asarray(x[0])), np.sort(x[0]))


def test_keys_keep_order_and_bits():
    x = np.float32([-np.inf, -3e38, -1, -1e-45, -0.0, 0.0, 1e-45, 1, 3e38, np.inf])
    keys = float_keys(jnp.asarray(x))
    assert (np.diff(np.asarray(keys, np.int64)) > 0).all()
    np.testing.assert_array_equal(bits(float_values(keys)), bits(x))


def test_double_precision_is_sorted_in_double_precision(x64):
    x = 1 + RNG.normal(size=(50, 20)) * 1e-12
    np.testing.assert_array_equal(sort(jnp.asarray(x), axis=0), np.sort(x, axis=0))
    np.testing.assert_array_equal(sort_with_order(jnp.asarray(x), axis=0)[1], np.argsort(x, axis=0, kind="stable"))
    # Numbers further apart than the step of the finite difference, so that it crosses no tie.
    apart = jnp.asarray(np.random.default_rng(1).permuted(np.linspace(-1, 1, 8)[:, None].repeat(20, 1), axis=0))
    weights = RNG.normal(size=apart.shape)
    check_grads(lambda x: jnp.sum(weights * jnp.sin(sort(jnp.asarray(x), 0))), (apart,), order=2, rtol=1e-4)


def test_derivatives_follow_the_permutation():
    x, weights = numbers("normal", (2, 64, 20))
    for method in METHODS:
        gradient = jax.grad(lambda x, method=method: jnp.sum(weights * sort(x, 0, method)))(jnp.asarray(x))
        np.testing.assert_array_equal(np.take_along_axis(np.asarray(gradient), np.argsort(x, 0), 0), weights)


def test_unknown_method_is_explained():
    with pytest.raises(ValueError, match="`method` must be one of auto, plain, keys"):
        sort(jnp.ones(3), method="quick")
