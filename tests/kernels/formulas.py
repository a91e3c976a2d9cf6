"""Each kernel beside its formula in NumPy, and what is true of every kernel."""

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import kernels
from tests import reference

X, Y = np.random.default_rng(0).normal(size=(2, 7, 3))
R2 = reference.squared_distances(X, Y)

RADIAL = {
    "gaussian": (kernels.gaussian(1.5), np.exp(-R2 / (2 * 1.5**2))),
    "gaussian_mixture": (
        kernels.gaussian_mixture((1.0, 2.0, 3.0), scale=0.5),
        sum(np.exp(-R2 / (2 * (0.5 * width) ** 2)) for width in (1, 2, 3)),
    ),
    "laplace": (kernels.laplace(1.5), np.exp(-np.sqrt(R2) / 1.5)),
    "rational_quadratic": (
        kernels.rational_quadratic((0.2, 1.0), 2.0),
        sum((1 + R2 / (2 * alpha * 4)) ** -alpha for alpha in (0.2, 1.0)),
    ),
    "inverse_multiquadric": (kernels.inverse_multiquadric(2.0), (1 + R2 / 4) ** -0.5),
    "distance": (kernels.distance(), -np.sqrt(R2)),
    "distance 1.5": (kernels.distance(1.5), -(R2**0.75)),
    "distance 2": (kernels.distance(2), -R2),
    "riesz": (kernels.riesz(1.5), -(R2**0.75)),
}

SMOOTH = {
    "matern_32": (kernels.matern_32(1.5), (1 + np.sqrt(3 * R2) / 1.5) * np.exp(-np.sqrt(3 * R2) / 1.5)),
    "matern_52": (
        kernels.matern_52(1.5),
        (1 + np.sqrt(5 * R2) / 1.5 + 5 * R2 / (3 * 1.5**2)) * np.exp(-np.sqrt(5 * R2) / 1.5),
    ),
    "cauchy": (kernels.cauchy(1.5), 1 / (1 + R2 / 1.5**2)),
    "logarithm": (kernels.logarithm(1.5), -np.log(1 + R2 / 1.5**2)),
}

JOINT = {
    "polynomial": (kernels.polynomial(3), (X @ Y.T / 3 + 1) ** 3),
    "linear": (kernels.linear(), X @ Y.T),
    "manhattan_laplace": (kernels.manhattan_laplace(1.5), np.exp(-np.abs(X[:, None] - Y[None]).sum(-1) / 1.5)),
}

COMPOSED = {
    "sum": (kernels.gaussian(1.0) + kernels.linear(), np.exp(-R2 / 2) + X @ Y.T),
    "product": (kernels.gaussian(1.0) * kernels.linear(), np.exp(-R2 / 2) * (X @ Y.T)),
    "scaled": (0.5 * kernels.gaussian(1.0) * 3, 1.5 * np.exp(-R2 / 2)),
}


def assert_formula(kernel, expected):
    np.testing.assert_allclose(kernel(X, Y), expected, rtol=1e-12)


def assert_finite_gradient_where_samples_coincide(kernel):
    gradient = jax.grad(lambda x: jnp.sum(kernel(x, jnp.zeros((2, 2)))))(jnp.zeros((3, 2)))
    assert np.isfinite(gradient).all()


def assert_positive_definite(kernel):
    assert np.linalg.eigvalsh(np.asarray(kernel(X, X))).min() > -1e-12
