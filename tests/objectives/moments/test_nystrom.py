import jax
import numpy as np
import pytest

from igm_jax import kernels
from igm_jax.objectives import nystrom_mmd2
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2)), 0.7 + 0.6 * RNG.normal(size=(40, 2))
KEY = jax.random.key(0)
projected = jax.jit(nystrom_mmd2, static_argnames=("kernel", "num_landmarks"))


def laplace(x, y):
    return np.exp(-np.sqrt(reference.squared_distances(x, y)))


def test_with_all_data_as_landmarks_it_is_exact(x64):
    a, b = RNG.uniform(size=30), RNG.uniform(size=40)
    found = projected(KEY, X, Y, kernels.laplace(1.0), num_landmarks=40, x_weights=a, y_weights=b)
    np.testing.assert_allclose(found.value, reference.mmd2(X, Y, laplace, a, b), rtol=1e-7)
    assert found.residual < 1e-5


def test_a_kernel_of_finite_rank_needs_as_many_landmarks(x64):
    quadratic = kernels.polynomial(2)  # in the plane: 1, two linear and three quadratic features
    exact = reference.mmd2(X, Y, lambda x, y: (x @ y.T / 2 + 1) ** 2)
    np.testing.assert_allclose(projected(KEY, X, Y, quadratic, num_landmarks=6).value, exact, rtol=1e-6)
    assert projected(KEY, X, Y, quadratic, num_landmarks=4).residual > 1e-3


def test_the_value_is_that_of_the_projection_and_the_residual_bounds_its_error(x64):
    exact = np.sqrt(reference.mmd2(X, Y, laplace))
    for size in (1, 7):
        landmarks = Y[np.asarray(jax.random.permutation(KEY, 40))[:size]]
        alpha = np.linalg.solve(laplace(landmarks, landmarks), np.mean(laplace(landmarks, Y), axis=1))
        square = alpha @ laplace(landmarks, landmarks) @ alpha
        expected = np.mean(laplace(X, X)) - 2 * np.mean(laplace(X, landmarks) @ alpha) + square
        found = projected(KEY, X, Y, kernels.laplace(1.0), num_landmarks=size)
        np.testing.assert_allclose(found, (expected, np.sqrt(np.mean(laplace(Y, Y)) - square)), rtol=1e-8)
        assert abs(np.sqrt(found.value) - exact) <= found.residual


def test_duplicate_data_and_single_precision_do_not_break_the_projection():
    y = np.repeat(Y, 3, axis=0).astype(np.float32)
    kernel = kernels.gaussian(3.0)  # smooth: its matrix has eigenvalues far below a rounding
    got = projected(KEY, X.astype(np.float32), y, kernel, num_landmarks=60)
    exact = reference.mmd2(X, Y, lambda x, y: np.exp(-reference.squared_distances(x, y) / 18))
    np.testing.assert_allclose(got.value, exact, rtol=1e-3)
    assert got.residual < 0.01


def test_no_landmarks_are_explained():
    with pytest.raises(ValueError, match="`num_landmarks` must be at least 1"):
        nystrom_mmd2(KEY, X, Y, kernels.gaussian(1.0), num_landmarks=0)
