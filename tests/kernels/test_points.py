"""Matrices of a plain function of two points, and what such a function is where a kernel is expected."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import mmd2_biased, mmd2_unbiased
from igm_jax.kernels import gaussian, labelled, manhattan_laplace, points
from igm_jax.kernels.kernel import checked_kernel
from igm_jax.objectives import kernel_score, mmd, mmd_witness, svgd_field
from tests.kernels.formulas import X, Y

WEIGHTS = {"x_weights": np.arange(7.0), "y_weights": np.ones(7)}


def plain(x, y):
    return jnp.exp(-jnp.sum(jnp.square(x - y)) / 2)


def manhattan(x, y):
    return jnp.exp(-jnp.sum(jnp.abs(x - y)) / 1.5)


def test_the_matrix_is_that_of_the_pairs_one_by_one_also_some_rows_at_a_time(x64, monkeypatch):
    expected = [[float(manhattan(jnp.asarray(x), jnp.asarray(y))) for y in Y] for x in X]
    matrix = jax.jit(lambda x: points.matrix_of(manhattan, x, jnp.asarray(Y), "kernel"))
    np.testing.assert_allclose(matrix(jnp.asarray(X)), expected, rtol=1e-13)
    whole = jax.grad(lambda x: jnp.sum(jnp.sin(points.matrix_of(manhattan, x, jnp.asarray(Y), "kernel"))))(
        jnp.asarray(X)
    )
    monkeypatch.setattr(points, "NUMBERS", 2 * Y.size)  # two rows, and one that is left over
    np.testing.assert_allclose(
        points.matrix_of(manhattan, jnp.asarray(X), jnp.asarray(Y), "kernel"), expected, rtol=1e-13
    )
    parts = jax.grad(lambda x: jnp.sum(jnp.sin(points.matrix_of(manhattan, x, jnp.asarray(Y), "kernel"))))(
        jnp.asarray(X)
    )
    np.testing.assert_allclose(parts, whole, rtol=1e-13)


@pytest.mark.parametrize("divergence", [mmd2_biased, mmd2_unbiased])
def test_a_plain_function_is_a_kernel_in_value_gradient_and_weights(divergence, x64):
    def of(kernel):
        def value(x, y, a, b):
            return divergence(x, y, kernel, x_weights=a, y_weights=b)

        return jax.jit(jax.value_and_grad(value, argnums=(0, 1, 2, 3)))(X, Y, *WEIGHTS.values())

    mine, ours = of(manhattan), of(manhattan_laplace(1.5))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14), mine, ours)


@pytest.mark.slow
def test_a_kernel_with_a_traced_parameter_is_differentiated_in_it(x64):
    def mine(width):
        return mmd2_biased(X, Y, lambda x, y: jnp.exp(-jnp.sum(jnp.square(x - y)) / (2 * width**2)))

    np.testing.assert_allclose(jax.grad(mine)(1.3), jax.grad(lambda w: mmd2_biased(X, Y, gaussian(w)))(1.3), rtol=1e-10)


@pytest.mark.slow
def test_other_functions_of_kernels_take_it_too(x64):
    for function in (
        lambda k: mmd_witness(X, X, Y, k),
        lambda k: svgd_field(X, lambda p: -p, k),
        lambda k: kernel_score(np.stack([X, Y]), X[:2], k),
        lambda k: (labelled(k) + k)(X, Y),
    ):
        np.testing.assert_allclose(
            jax.jit(function, static_argnums=0)(plain), function(gaussian(1.0)), rtol=1e-9, atol=1e-13
        )


def test_it_is_recorded_and_compiled_once():
    assert mmd(plain) == mmd(plain)
    assert mmd(plain) != mmd(manhattan)
    traces = []

    def counted(x, y):
        traces.append(1)
        return plain(x, y)

    step = jax.jit(jax.grad(lambda x: mmd2_biased(x, Y, counted)))
    step(X)
    first = len(traces)
    step(X + 1)
    assert len(traces) == first


def test_what_is_no_kernel_is_explained():
    with pytest.raises(ValueError, match=r"`kernel` must give one number for two points of shape \(3,\).*gave \(3,\)"):
        mmd2_biased(X, Y, lambda x, y: x - y)
    with pytest.raises(TypeError, match=r"or be a function of two points, such as `lambda x, y: .*but is 'gaussian'"):
        checked_kernel("gaussian")
    with pytest.raises(TypeError, match=r"call it, such as `gaussian\(1.0\)`"):
        checked_kernel(gaussian)
