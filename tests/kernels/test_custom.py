"""Kernels of one's own, of the squared distance: they are what the package's kernels are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import mmd2_biased, mmd2_unbiased
from igm_jax.kernels import cauchy, gaussian, inverse_multiquadric, laplace, linear, of_squared_distance
from igm_jax.kernels.custom import has_corner
from igm_jax.objectives import ksd2_biased, mmd, mmd2_estimate, mmd_scale
from tests.kernels import formulas
from tests.kernels.formulas import R2, X, Y

CAUCHY = of_squared_distance(lambda s, width: 1 / (1 + s / width**2), 1.5)
CORNERED = of_squared_distance(lambda s: jnp.exp(-jnp.sqrt(s)))


def test_the_matrix_is_the_formula(x64):
    formulas.assert_formula(CAUCHY, 1 / (1 + R2 / 1.5**2))
    formulas.assert_formula(2.0 * CAUCHY + linear(), 2 / (1 + R2 / 1.5**2) + X @ Y.T)


@pytest.mark.parametrize(("mine", "ours"), [(CAUCHY, cauchy(1.5)), (CORNERED, laplace(1.0))])
def test_value_gradient_and_weights_are_those_of_the_same_kernel_of_the_package(mine, ours, x64):
    def of(kernel):
        def value(x, a):
            return mmd2_biased(x, Y, kernel, x_weights=a)

        return jax.value_and_grad(value, argnums=(0, 1))(X, np.arange(1.0, 8.0))

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-14), of(mine), of(ours))


@pytest.mark.slow
def test_parameters_may_be_traced_and_differentiated(x64):
    def form(s, width):
        return jnp.exp(-s / (2 * width**2))

    mine = jax.jit(jax.vmap(jax.grad(lambda w: mmd2_biased(X, Y, of_squared_distance(form, w)))))
    ours = jax.vmap(jax.grad(lambda w: mmd2_biased(X, Y, gaussian(w))))
    widths = jnp.array([0.7, 1.3])
    np.testing.assert_allclose(mine(widths), ours(widths), rtol=1e-10)


@pytest.mark.slow
def test_stein_and_scaled_discrepancies_take_it_where_it_is_smooth(x64):
    mine, ours = of_squared_distance(lambda s: jax.lax.rsqrt(1 + s)), inverse_multiquadric(1.0)
    np.testing.assert_allclose(ksd2_biased(X, lambda p: -p, mine), ksd2_biased(X, lambda p: -p, ours), rtol=1e-12)
    np.testing.assert_allclose(mmd_scale(lambda p: p, X, mine), mmd_scale(lambda p: p, X, ours), rtol=1e-12)
    with pytest.raises(TypeError, match=r"second derivative at zero.*or, of your own.*but is of_squared_distance"):
        ksd2_biased(X, lambda p: -p, CORNERED)
    with pytest.raises(TypeError, match=r"`of_squared_distance\(lambda squared: .*but is of_points"):
        ksd2_biased(X, lambda p: -p, lambda x, y: jnp.exp(-jnp.sum(jnp.square(x - y))))
    with pytest.raises(ValueError, match="corner"):
        mmd_scale(lambda p: p, X, CORNERED)


def test_corners_are_seen_also_in_sums_products_and_behind_parameters():
    for kernel in (2.0 * CORNERED, CORNERED + gaussian(1.0), CORNERED * gaussian(1.0), gaussian(1.0) + 0.5 * CORNERED):
        with pytest.raises(TypeError, match="second derivative at zero"):
            ksd2_biased(X, lambda p: -p, kernel)
    with pytest.raises(TypeError, match="second derivative at zero"):
        jax.jit(lambda w: ksd2_biased(X, lambda p: -p, of_squared_distance(lambda s, w: jnp.exp(-jnp.sqrt(s) / w), w)))(
            2.0
        )
    for width in (1e-6, 1e6):
        assert not has_corner(of_squared_distance(lambda s, w: jnp.exp(-s / (2 * w**2)), width).radial)
    assert not has_corner((CAUCHY + gaussian(1.0)).radial)


@pytest.mark.parametrize("function", [mmd2_unbiased, lambda x, y, k: mmd2_estimate(x, y, k).value])
def test_a_corner_leaves_the_gradients_of_every_estimator_finite(function, x64):
    x = X[:6]

    def slopes(kernel):
        return jax.grad(lambda x: function(x, Y[:6], kernel))(x)

    np.testing.assert_allclose(slopes(CORNERED), slopes(laplace(1.0)), rtol=1e-9, atol=1e-13)


def test_corners_are_seen():
    assert not has_corner(CAUCHY.radial)
    assert has_corner(CORNERED.radial)
    assert not has_corner(laplace(1.0).radial), "the package's own forms are known by their classes"


def test_coincident_samples_exert_no_force():
    formulas.assert_finite_gradient_where_samples_coincide(CAUCHY)
    at = jnp.zeros((3, 2))
    np.testing.assert_array_equal(jax.grad(lambda x: mmd2_biased(x, at, CORNERED))(at), at)


class Unhashable:
    __hash__ = None

    def __call__(self, s):
        return jnp.exp(-s)


def test_it_is_recorded_and_bad_functions_are_explained():
    assert mmd(CAUCHY) == mmd(CAUCHY)
    with pytest.raises(TypeError):
        of_squared_distance(1.0)  # pyrefly: ignore
    with pytest.raises(TypeError, match="numbers that it holds as `parameters`"):
        of_squared_distance(Unhashable())
    with pytest.raises(ValueError, match=r"element by element, but .* gave shape \(\)"):
        of_squared_distance(jnp.sum)(X, Y)
