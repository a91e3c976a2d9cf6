"""Radial kernels: the formulas of all, the smooth ones too, and banks of them."""

import jax
import numpy as np
import pytest

from igm_jax import kernels
from tests.kernels import formulas
from tests.kernels.formulas import R2, RADIAL, SMOOTH, X, Y

ALL = RADIAL | SMOOTH


@pytest.mark.parametrize("name", ALL)
def test_kernel_is_its_formula(name, x64):
    formulas.assert_formula(*ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_gradient_at_coincident_samples_is_finite(name):
    formulas.assert_finite_gradient_where_samples_coincide(ALL[name][0])


@pytest.mark.parametrize(
    "name", ["gaussian", "gaussian_mixture", "laplace", "rational_quadratic", "inverse_multiquadric"]
)
def test_positive_definite(name, x64):
    formulas.assert_positive_definite(RADIAL[name][0])


def test_widths_a_power_of_two_apart_share_their_exponentials():
    bank = kernels.gaussian_mixture()
    assert bank.radial.parameters == (80.0, 10.0, 2.0)  # 40 and 20 share the exponential of 80, and 5 that of 10


def test_bandwidth_can_be_traced_and_differentiated(x64):
    def value(bandwidth):
        return kernels.gaussian(bandwidth)(X[:1], Y[:1])[0, 0]

    slope = jax.jit(jax.grad(value))(2.0)
    np.testing.assert_allclose(slope, np.exp(-R2[0, 0] / 8) * R2[0, 0] / 8, rtol=1e-10)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kernels.gaussian(0.0), "`bandwidth` must be positive"),
        (lambda: kernels.gaussian(float("nan")), "`bandwidth` must be positive and finite"),
        (lambda: kernels.laplace(-1.0), "`bandwidth` must be positive"),
        (lambda: kernels.inverse_multiquadric(0.0), "`bandwidth` must be positive"),
        (lambda: kernels.rational_quadratic([]), "at least one positive exponent"),
        (lambda: kernels.rational_quadratic([1.0, -1.0]), "`alphas` must be positive"),
        (lambda: kernels.distance(2.5), "\\(0, 2\\]"),
        (lambda: kernels.riesz(3.0), "\\(0, 2\\]"),
        (lambda: kernels.gaussian_mixture(()), "at least one positive number"),
        (lambda: kernels.gaussian_mixture((1.0, 0.0)), "`bandwidths` must be positive"),
    ],
)
def test_bad_parameters_are_explained(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
