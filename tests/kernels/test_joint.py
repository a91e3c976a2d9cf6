"""Kernels of inner products, of single features, of some columns, of classes."""

import numpy as np
import pytest

from igm_jax import kernels
from tests.kernels import formulas
from tests.kernels.formulas import JOINT, X, Y


@pytest.mark.parametrize("name", JOINT)
def test_kernel_is_its_formula(name, x64):
    formulas.assert_formula(*JOINT[name])


@pytest.mark.parametrize("name", ["polynomial", "linear", "manhattan_laplace"])
def test_positive_definite(name, x64):
    formulas.assert_positive_definite(JOINT[name][0])


def test_manhattan_laplace_is_the_product_over_the_features(x64):
    product = np.prod([kernels.laplace(2.0)(X[:, [k]], Y[:, [k]]) for k in range(3)], axis=0)
    np.testing.assert_allclose(kernels.manhattan_laplace(2.0)(X, Y), product, rtol=1e-12)


def test_equality_tells_classes_apart():
    classes = np.array([[0.0], [2.0], [1.0], [2.0]])
    np.testing.assert_array_equal(kernels.equality()(classes, classes), classes == classes.T)


def test_labelled_pairs_are_those_of_one_class(x64):
    classes = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 2.0])[:, None]
    x, y = np.hstack([X, classes]), np.hstack([Y, classes[::-1]])
    expected = np.where(classes == classes[::-1].T, kernels.gaussian(1.5)(X, Y), 0)
    np.testing.assert_allclose(kernels.labelled(kernels.gaussian(1.5))(x, y), expected, rtol=1e-12)


@pytest.mark.parametrize(("start", "stop"), [(None, 1), (1, None), (-2, None), (1, 2)])
def test_on_columns_sees_these_columns_alone(start, stop, x64):
    seen = kernels.on_columns(kernels.laplace(1.5), start, stop)(X, Y)
    np.testing.assert_allclose(seen, kernels.laplace(1.5)(X[:, start:stop], Y[:, start:stop]), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kernels.polynomial(0), "`degree` must be at least 1"),
        (lambda: kernels.polynomial(2, -1.0), "`offset` must be positive"),
        (lambda: kernels.manhattan_laplace(0.0), "`bandwidth` must be positive"),
    ],
)
def test_bad_parameters_are_explained(make, words):
    with pytest.raises(ValueError, match=words):
        make()
