import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels, mmd2_biased
from igm_jax.objectives import mmd_nystrom, nystrom_mmd2

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2)), 0.7 + 0.6 * RNG.normal(size=(40, 2))
KEY = jax.random.key(0)
projected = jax.jit(nystrom_mmd2, static_argnames=("kernel", "num_landmarks"))


@pytest.mark.parametrize("kernel", [kernels.laplace(1.0), kernels.gaussian(0.5), kernels.polynomial()])
def test_with_all_data_as_landmarks_it_is_exact(kernel, x64):
    a, b = RNG.uniform(size=30), RNG.uniform(size=40)
    found = projected(KEY, X, Y, kernel, num_landmarks=40, x_weights=a, y_weights=b)
    np.testing.assert_allclose(found.value, mmd2_biased(X, Y, kernel, x_weights=a, y_weights=b), rtol=1e-7)
    assert found.residual < 1e-5


def test_a_kernel_of_finite_rank_needs_as_many_landmarks(x64):
    quadratic = kernels.polynomial(2)  # in the plane: 1, two linear and three quadratic features
    exact = mmd2_biased(X, Y, quadratic)
    np.testing.assert_allclose(projected(KEY, X, Y, quadratic, num_landmarks=6).value, exact, rtol=1e-6)
    assert projected(KEY, X, Y, quadratic, num_landmarks=4).residual > 1e-3


def test_the_value_is_that_of_the_projection_and_the_residual_bounds_its_error(x64):
    kernel = kernels.laplace(1.0)
    landmarks = np.asarray(Y[jax.random.permutation(KEY, 40)[:7]])
    alpha = np.linalg.solve(kernel(landmarks, landmarks), np.mean(kernel(landmarks, Y), axis=1))
    square = alpha @ kernel(landmarks, landmarks) @ alpha
    expected = np.mean(kernel(X, X)) - 2 * np.mean(kernel(X, landmarks) @ alpha) + square
    lost = np.sqrt(np.mean(kernel(Y, Y)) - square)
    found = projected(KEY, X, Y, kernel, num_landmarks=7)
    np.testing.assert_allclose(found, (expected, lost), rtol=1e-8)
    exact, residuals = np.sqrt(mmd2_biased(X, Y, kernel)), []
    for size in (1, 20):
        value, residual = projected(KEY, X, Y, kernel, num_landmarks=size)
        assert abs(np.sqrt(value) - exact) <= residual
        residuals.append(float(residual))
    assert residuals[0] > lost > residuals[1]


def test_duplicate_data_and_single_precision_do_not_break_the_projection():
    y = np.repeat(Y, 3, axis=0).astype(np.float32)
    kernel = kernels.gaussian(3.0)  # smooth: its matrix has eigenvalues far below a rounding
    got = projected(KEY, X.astype(np.float32), y, kernel, num_landmarks=60)
    with jax.enable_x64(True):
        exact = mmd2_biased(X, Y, kernel)
    np.testing.assert_allclose(got.value, exact, rtol=1e-3)
    assert got.residual < 0.01


def test_the_repulsion_is_exact_and_the_attraction_has_the_slope_of_the_projection(x64):
    kernel = kernels.gaussian(1.0)
    objective = mmd_nystrom(kernel, 40)
    state = objective.init(KEY, jnp.asarray(X))
    got = jax.jit(jax.grad(objective.loss, argnums=2))(KEY, state, jnp.asarray(X), jnp.asarray(Y))
    expected = jax.jit(jax.grad(lambda x: mmd2_biased(x, Y, kernel)))(jnp.asarray(X))
    np.testing.assert_allclose(got, expected, atol=1e-6 * np.abs(expected).max())


def test_no_landmarks_are_explained():
    with pytest.raises(ValueError, match="`num_landmarks` must be at least 1"):
        nystrom_mmd2(KEY, X, Y, kernels.gaussian(1.0), num_landmarks=0)
