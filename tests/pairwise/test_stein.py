"""Sums of Stein's kernel and directions: the Gaussian's closed form, Stein's identity, and one way against another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import kernels
from igm_jax.kernels.kernel import Kernel
from igm_jax.pairwise import stein
from tests import reference

RNG = np.random.default_rng(0)
WIDTH = 1.3
GAUSSIAN = kernels.gaussian(WIDTH)


def drawn(n=130, points=301, d=2):
    """Points with scores, and samples with scores and weights."""
    shapes = (points, d), (points, d), (n, d), (n, d)
    return tuple(map(jnp.asarray, (*(RNG.normal(size=shape) for shape in shapes), RNG.uniform(size=n))))


def exact_means(points, at_points, x, scores, weights):
    """Of ``u = k (s·s' + (s - s')·(p - x)/σ² + d/σ² - r²/σ⁴)``, which is what it is for a Gaussian kernel."""
    squared, apart = reference.squared_distances(points, x), points[:, None] - x[None]
    pulled = np.sum((at_points[:, None] - scores[None]) * apart, axis=-1) / WIDTH**2
    trace = x.shape[1] / WIDTH**2 - squared / WIDTH**4
    return np.exp(-squared / (2 * WIDTH**2)) * (at_points @ scores.T + pulled + trace) @ weights


def normal_nodes(d):
    """A rule for the normal law in one or two dimensions: of equal steps, exact to rounding for smooth functions."""
    places = np.linspace(-8, 8, 49)
    weights = np.exp(-(places**2) / 2)
    weights /= weights.sum()
    if d == 1:
        return places[:, None], weights
    return np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2), np.outer(weights, weights).ravel()


# --- Stein's kernel ---


@pytest.mark.parametrize(("points", "n", "d"), [(301, 130, 2), (1, 1, 1), (5, 40, 12)])
def test_means_in_closed_form_for_the_gaussian_kernel(points, n, d, x64):
    given = drawn(n, points, d)
    found = stein.stein_means(GAUSSIAN.radial, *given)
    np.testing.assert_allclose(found, exact_means(*map(np.asarray, given)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2])
def test_means_over_the_target_vanish(d, x64):
    nodes, weights = map(jnp.asarray, normal_nodes(d))
    points = jnp.asarray(RNG.normal(size=(4, d)))
    found = stein.stein_means(GAUSSIAN.radial, points, -points, nodes, -nodes, weights)
    np.testing.assert_allclose(found, 0, atol=1e-11)
    shifted = stein.stein_means(GAUSSIAN.radial, points, -points, nodes + 0.3, -nodes - 0.3, weights)
    assert np.abs(shifted).max() > 0.05


def test_of_a_sample_with_itself_and_with_all_others(x64):
    _, _, x, scores, weights = drawn(6)
    own = stein.stein_means(GAUSSIAN.radial, x[:1], scores[:1], x[:1], scores[:1], jnp.ones(1))
    np.testing.assert_allclose(own, np.sum(np.square(scores[:1])) + 2 / WIDTH**2, rtol=1e-12)
    given = (x, scores, x, scores, weights)
    others = stein.stein_means(GAUSSIAN.radial, *given, distinct=True)
    expected = exact_means(*map(np.asarray, given)) - weights * (np.sum(np.square(scores), axis=1) + 2 / WIDTH**2)
    np.testing.assert_allclose(others, expected, rtol=1e-9)


def test_samples_without_weight_are_removals_and_a_shift_of_all_changes_nothing(x64):
    points, at_points, x, scores, weights = drawn(40, 5)
    weights = weights.at[::3].set(0)
    kept = np.flatnonzero(weights)
    expected = stein.stein_means(GAUSSIAN.radial, points, at_points, x[kept], scores[kept], weights[kept])
    far = stein.stein_means(GAUSSIAN.radial, points + 1e4, at_points, x + 1e4, scores, weights)
    np.testing.assert_allclose(far, expected, rtol=1e-7, atol=1e-8)


def test_derivatives_of_means_by_finite_differences(x64):
    given = drawn(4, 3)
    means = jax.jit(lambda *given: stein.stein_means(GAUSSIAN.radial, *given))
    check_grads(means, given, order=1, modes=["rev"], rtol=1e-6)


# --- directions ---


@pytest.mark.parametrize(("points", "n"), [(301, 130), (1, 1)])
def test_directions_in_closed_form_for_the_gaussian_kernel(points, n, x64):
    points, _, x, scores, weights = drawn(n, points)
    kernel = np.exp(-reference.squared_distances(points, x) / (2 * WIDTH**2)) * np.asarray(weights)
    slopes = (points * kernel.sum(1, keepdims=True) - kernel @ x) / WIDTH**2  # ∇_x k(x, p) = k (p - x)/σ²
    found = stein.stein_directions(GAUSSIAN, points, x, scores, weights)
    np.testing.assert_allclose(found, kernel @ scores + slopes, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("kernel", [GAUSSIAN, kernels.laplace(0.9), GAUSSIAN + kernels.inverse_multiquadric(0.7)])
def test_a_kernel_of_unknown_form_has_the_same_directions(kernel, x64):
    points, _, x, scores, weights = drawn(30, 5)
    expected = stein.stein_directions(kernel, points, x, scores, weights)
    hidden = Kernel("of unknown form", kernel.of)
    found = stein.stein_directions(hidden, points, x, scores, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kernel", [GAUSSIAN, kernels.polynomial(2, 1.0)], ids=["gaussian", "polynomial"])
def test_directions_over_the_target_vanish(kernel, x64):
    nodes, weights = map(jnp.asarray, normal_nodes(2))
    points = jnp.asarray(RNG.normal(size=(4, 2)))
    np.testing.assert_allclose(stein.stein_directions(kernel, points, nodes, -nodes, weights), 0, atol=1e-11)
    assert np.abs(stein.stein_directions(kernel, points, nodes, -2 * nodes, weights)).max() > 0.05


def test_equal_samples_have_no_slope_where_the_kernel_has_a_kink(x64):
    x, scores = jnp.ones((3, 2)), jnp.asarray(RNG.normal(size=(3, 2)))
    found = stein.stein_directions(kernels.laplace(0.9), x, x, scores, jnp.ones(3))
    np.testing.assert_allclose(found, np.repeat(np.sum(scores, axis=0, keepdims=True), 3, axis=0), rtol=1e-12)


# --- which kernels ---


def test_kernels_with_a_kink_anywhere_are_not_smooth():
    kink = kernels.laplace(1.0)
    for kernel in (GAUSSIAN, kernels.matern_32(1.0), 2.0 * GAUSSIAN, GAUSSIAN * kernels.inverse_multiquadric(1.0)):
        assert stein.smooth(kernel.radial.form), kernel
        for rough in (kernel + kink, kink * kernel, 3.0 * (kernel + 2.0 * kernels.distance())):
            assert not stein.smooth(rough.radial.form), rough
