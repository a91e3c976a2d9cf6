import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels
from tests import reference

X, Y = np.random.default_rng(0).normal(size=(2, 7, 3))
R2 = reference.squared_distances(X, Y)

FORMULAS = {
    "gaussian": (kernels.gaussian(1.5), np.exp(-R2 / (2 * 1.5**2))),
    "laplace": (kernels.laplace(1.5), np.exp(-np.sqrt(R2) / 1.5)),
    "rational_quadratic": (
        kernels.rational_quadratic((0.2, 1.0), 2.0),
        sum((1 + R2 / (2 * alpha * 4)) ** -alpha for alpha in (0.2, 1.0)),
    ),
    "inverse_multiquadric": (kernels.inverse_multiquadric(2.0), (1 + R2 / 4) ** -0.5),
    "distance": (kernels.distance(), -np.sqrt(R2)),
    "distance 1.5": (kernels.distance(1.5), -(R2**0.75)),
    "distance 2": (kernels.distance(2), -R2),
    "matern_32": (kernels.matern_32(1.5), (1 + np.sqrt(3 * R2) / 1.5) * np.exp(-np.sqrt(3 * R2) / 1.5)),
    "matern_52": (
        kernels.matern_52(1.5),
        (1 + np.sqrt(5 * R2) / 1.5 + 5 * R2 / (3 * 1.5**2)) * np.exp(-np.sqrt(5 * R2) / 1.5),
    ),
    "cauchy": (kernels.cauchy(1.5), 1 / (1 + R2 / 1.5**2)),
    "logarithm": (kernels.logarithm(1.5), -np.log(1 + R2 / 1.5**2)),
    "riesz": (kernels.riesz(1.5), -(R2**0.75)),
    "gaussian_mixture": (
        kernels.gaussian_mixture((1.0, 2.0, 3.0), scale=0.5),
        sum(np.exp(-R2 / (2 * (0.5 * width) ** 2)) for width in (1, 2, 3)),
    ),
    "polynomial": (kernels.polynomial(3), (X @ Y.T / 3 + 1) ** 3),
    "linear": (kernels.linear(), X @ Y.T),
    "sum": (kernels.gaussian(1.0) + kernels.linear(), np.exp(-R2 / 2) + X @ Y.T),
    "product": (kernels.gaussian(1.0) * kernels.linear(), np.exp(-R2 / 2) * (X @ Y.T)),
    "scaled": (0.5 * kernels.gaussian(1.0) * 3, 1.5 * np.exp(-R2 / 2)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_kernel_is_its_formula(name, x64):
    kernel, expected = FORMULAS[name]
    np.testing.assert_allclose(kernel(X, Y), expected, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in ("linear", "polynomial", "sum", "product")])
def test_gradient_at_coincident_samples_is_finite(name):
    kernel, _ = FORMULAS[name]
    x = jnp.zeros((3, 2))
    assert np.isfinite(jax.grad(lambda x: jnp.sum(kernel(x, jnp.zeros((2, 2)))))(x)).all()


@pytest.mark.parametrize("name", [name for name in FORMULAS if FORMULAS[name][0].radial is not None])
def test_slope_and_ratio_of_a_form_are_those_of_its_value(name, x64):
    """``both`` gives value and derivative, which ``ratio`` ties together."""
    form, parameters = FORMULAS[name][0].radial
    parameters = [jnp.asarray(parameter) for parameter in parameters]
    squared = jnp.array([1e-3, 0.5, 3.0])
    value, slope = form.both(squared, *parameters)
    expected = jax.vmap(jax.grad(lambda s: form.value(s, *parameters)))(squared)
    np.testing.assert_allclose(value, form.value(squared, *parameters), rtol=1e-12)
    np.testing.assert_allclose(slope, expected, rtol=1e-9)
    if (ratio := form.ratio(*parameters)) is not None:
        np.testing.assert_allclose(value, (ratio[0] + ratio[1] * squared) * slope, rtol=1e-10)


def test_kernels_between_others_have_them_as_limits_or_special_cases(x64):
    np.testing.assert_allclose(
        kernels.cauchy(1.5)(X, Y), kernels.rational_quadratic([1.0], 1.5 / 2**0.5)(X, Y), rtol=1e-12
    )
    bank = kernels.gaussian_mixture()
    assert bank.radial.parameters == (80.0, 10.0, 2.0)  # 40 and 20 share the exponential of 80, and 5 that of 10
    near = [np.abs(np.asarray(k(1.5)(X, Y)) - np.exp(-R2 / 4.5)).max() for k in NAMED]
    assert near == sorted(near, reverse=True)  # towards the Gaussian with growing smoothness


NAMED = (kernels.laplace, kernels.matern_32, kernels.matern_52)


def test_kernels_that_should_be_positive_definite_are(x64):
    names = ["gaussian", "laplace", "rational_quadratic", "inverse_multiquadric", "product", "linear"]
    for name in [*names, "matern_32", "matern_52", "cauchy", "gaussian_mixture"]:
        assert np.linalg.eigvalsh(np.asarray(FORMULAS[name][0](X, X))).min() > -1e-12, name


def test_bandwidth_can_be_traced_and_differentiated(x64):
    def height(bandwidth):
        return kernels.gaussian(bandwidth)(X[:1], Y[:1])[0, 0]

    slope = jax.jit(jax.grad(height))(2.0)
    np.testing.assert_allclose(slope, np.exp(-R2[0, 0] / 8) * R2[0, 0] / 8, rtol=1e-10)


def test_sums_share_one_distance():
    kernel = kernels.gaussian(1.0) + kernels.laplace(2.0) + kernels.rational_quadratic()
    x = np.ones((40, 50), np.float32)
    text = jax.jit(kernel).lower(x, x).as_text()
    assert text.count("stablehlo.dot_general") == 1


def test_median_bandwidth_is_the_median_of_distinct_pairs(x64):
    expected = np.median(np.sqrt(reference.squared_distances(Y, Y))[np.triu_indices(len(Y), 1)])
    # The median of the squares is taken before the root: for an even count the middle two are averaged there.
    np.testing.assert_allclose(kernels.median_bandwidth(Y), expected, rtol=1e-2)
    large = np.random.default_rng(0).normal(size=(5000, 1))
    assert abs(float(kernels.median_bandwidth(large)) - 0.954) < 0.05  # median |N(0, 2)|


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kernels.gaussian(0.0), "`bandwidth` must be positive"),
        (lambda: kernels.gaussian(float("nan")), "`bandwidth` must be positive and finite"),
        (lambda: kernels.laplace(-1.0), "`bandwidth` must be positive"),
        (lambda: kernels.rational_quadratic([]), "at least one positive exponent"),
        (lambda: kernels.rational_quadratic([1.0, -1.0]), "`alphas` must be positive"),
        (lambda: kernels.distance(2.5), "\\(0, 2\\]"),
        (lambda: kernels.polynomial(0), "`degree` must be at least 1"),
        (lambda: kernels.polynomial(2, -1.0), "`offset` must be positive"),
        (lambda: kernels.matern_32(0.0), "`bandwidth` must be positive"),
        (lambda: kernels.matern_52(-1.0), "`bandwidth` must be positive"),
        (lambda: kernels.cauchy(0.0), "`bandwidth` must be positive"),
        (lambda: kernels.logarithm(0.0), "`bandwidth` must be positive"),
        (lambda: kernels.riesz(3.0), "\\(0, 2\\]"),
        (lambda: kernels.gaussian_mixture(()), "at least one positive number"),
        (lambda: kernels.gaussian_mixture((1.0, 0.0)), "`bandwidths` must be positive"),
        (lambda: kernels.gaussian(1.0) * -1.0, "`scale` must be positive"),
        (lambda: kernels.median_bandwidth(np.ones((5, 2))), "at least half of the pairs coincide"),
        (lambda: kernels.median_bandwidth(np.ones((1, 2))), "at least 2 samples"),
    ],
)
def test_bad_parameters_are_explained(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
