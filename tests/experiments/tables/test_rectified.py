"""Moments of rectified Gaussian vectors, against tables of one and quadrature of two."""

import numpy as np
import pytest

from experiments.tables.rectified import mean_and_variance, moments


def test_moments_of_one_rectified_gaussian():
    first, variance = mean_and_variance(np.array([0.0, 1.0]), np.ones(2))
    np.testing.assert_allclose(first, [0.398942, 1.083315], atol=1e-6)
    np.testing.assert_allclose(variance, [0.340845, 0.751088], atol=1e-6)


@pytest.mark.parametrize("rho", [0.02, -0.4, 0.9])
def test_covariance_of_two_rectified_gaussians(rho):
    """Given the first, the second is Gaussian again, so that its mean is known; the first is integrated on a fine grid."""
    m, s = np.array([1.0, -0.5]), np.array([1.8, 0.7])
    z = np.linspace(-9, 9, 400_001)
    weight = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    inner = mean_and_variance(m[1] + s[1] * rho * z, np.full_like(z, s[1] * np.sqrt(1 - rho**2)))[0]
    product = np.sum(weight * np.maximum(m[0] + s[0] * z, 0) * inner)
    first, covariance = moments(m, np.array([[s[0] ** 2, rho * s[0] * s[1]], [rho * s[0] * s[1], s[1] ** 2]]))
    assert covariance[0, 1] == pytest.approx(product - first[0] * first[1], abs=1e-8)
    assert covariance[0, 1] == pytest.approx(covariance[1, 0], rel=1e-12)
