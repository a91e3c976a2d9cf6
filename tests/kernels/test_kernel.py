"""What kernels are: functions of pairs that can be added, multiplied and scaled; the median bandwidth."""

import jax
import numpy as np
import pytest

from igm_jax import kernels
from tests import reference
from tests.kernels import formulas
from tests.kernels.formulas import COMPOSED, Y


@pytest.mark.parametrize("name", COMPOSED)
def test_sums_products_and_multiples_are_those_of_the_matrices(name, x64):
    formulas.assert_formula(*COMPOSED[name])


def test_a_product_of_positive_definite_kernels_is_positive_definite(x64):
    formulas.assert_positive_definite(COMPOSED["product"][0])


def test_gradient_at_coincident_samples_is_finite():
    formulas.assert_finite_gradient_where_samples_coincide(COMPOSED["scaled"][0])


def test_sums_share_one_distance():
    kernel = kernels.gaussian(1.0) + kernels.laplace(2.0) + kernels.rational_quadratic()
    x = np.ones((40, 50), np.float32)
    text = jax.jit(kernel).lower(x, x).as_text()
    assert text.count("stablehlo.dot_general") == 1


def test_median_bandwidth_is_the_median_of_distinct_pairs(x64):
    expected = np.median(np.sqrt(reference.squared_distances(Y, Y))[np.triu_indices(len(Y), 1)])
    # The median of the squares is taken before the root: for an even count the middle two are averaged there.
    np.testing.assert_allclose(kernels.median_bandwidth(Y), expected, rtol=1e-2)


def test_median_bandwidth_of_many_samples_looks_at_some_of_them():
    large = np.random.default_rng(0).normal(size=(5000, 1))
    assert abs(float(kernels.median_bandwidth(large)) - 0.954) < 0.05  # median |N(0, 2)|
    few = np.linspace(0, len(large) - 1, 3).astype(int)
    expected = kernels.median_bandwidth(large[few])
    assert float(kernels.median_bandwidth(large, max_samples=3)) == float(expected)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kernels.gaussian(1.0) * -1.0, "`scale` must be positive"),
        (lambda: kernels.gaussian(np.ones(3)), r"one a feature, scale the samples: `mmd2_biased\(x / bandwidths"),
        (lambda: kernels.median_bandwidth(np.ones((5, 2))), "at least half of the pairs coincide"),
        (lambda: kernels.median_bandwidth(np.ones((1, 2))), "at least 2 samples"),
    ],
)
def test_bad_parameters_are_explained(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
