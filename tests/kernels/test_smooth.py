"""Matérn, Cauchy and logarithmic kernels (their formulas are in test_radial.py): where they lie between others."""

import numpy as np
import pytest

from igm_jax import kernels
from tests.kernels import formulas
from tests.kernels.formulas import R2, SMOOTH, X, Y


@pytest.mark.parametrize("name", ["matern_32", "matern_52", "cauchy"])
def test_positive_definite(name, x64):
    formulas.assert_positive_definite(SMOOTH[name][0])


def test_cauchy_is_the_rational_quadratic_of_exponent_one(x64):
    np.testing.assert_allclose(
        kernels.cauchy(1.5)(X, Y), kernels.rational_quadratic([1.0], 1.5 / 2**0.5)(X, Y), rtol=1e-12
    )


def test_with_growing_smoothness_the_gaussian_is_approached(x64):
    rising = (kernels.laplace, kernels.matern_32, kernels.matern_52)
    near = [np.abs(np.asarray(k(1.5)(X, Y)) - np.exp(-R2 / 4.5)).max() for k in rising]
    assert near == sorted(near, reverse=True)


@pytest.mark.parametrize("name", SMOOTH)
def test_bad_bandwidths_are_explained(name):
    for bandwidth in (0.0, -1.0):
        with pytest.raises(ValueError, match="`bandwidth` must be positive"):
            getattr(kernels, name)(bandwidth)
