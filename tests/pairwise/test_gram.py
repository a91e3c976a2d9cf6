"""Gram matrices: what their solves and projections must fulfil, by plain linear algebra in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import kernels
from igm_jax.pairwise import gram
from tests import reference

RNG = np.random.default_rng(0)
KERNEL = kernels.laplace(1.0)


def matrix(x, y):
    return np.exp(-np.sqrt(reference.squared_distances(x, y)))


def drawn():
    return RNG.normal(size=(12, 2)), RNG.normal(size=(12, 3))


# --- solves ---


@pytest.mark.parametrize("ridge", [1e-3, 10.0])
def test_a_ridge_solve_solves_its_equation(ridge, x64):
    x, right = map(jnp.asarray, drawn())
    found = gram.ridge_solve(KERNEL, x, right, jnp.asarray(ridge))
    np.testing.assert_allclose((matrix(x, x) + ridge * np.eye(12)) @ found, right, rtol=1e-10)


def test_a_ridge_solve_of_one_sample_divides(x64):
    found = gram.ridge_solve(KERNEL, jnp.ones((1, 2)), jnp.full((1, 1), 6.0), jnp.asarray(2.0))
    np.testing.assert_allclose(found, [[2.0]], rtol=1e-12)  # k(x, x) = 1


def test_a_truncated_solve_keeps_the_largest_eigenvalues(x64):
    x, right = map(jnp.asarray, drawn())
    values, vectors = np.linalg.eigh(matrix(x, x))
    for components in (1, 5, 12):
        largest = vectors[:, -components:] / values[-components:] @ vectors[:, -components:].T
        found = gram.truncated_solve(KERNEL, x, right, components)
        np.testing.assert_allclose(found, largest @ right, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(matrix(x, x) @ found, right, rtol=1e-9)  # all of them are the inverse


def test_a_truncated_solve_of_duplicates_is_the_pseudo_inverse(x64):
    x, right = drawn()
    x = np.repeat(x[:6], 2, axis=0)  # half of the eigenvalues are rounding
    found = gram.truncated_solve(KERNEL, jnp.asarray(x), jnp.asarray(right), 12)
    expected = np.linalg.pinv(matrix(x, x), rcond=1e-10) @ right
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_more_samples_than_a_matrix_may_have_are_explained():
    gram.check_size(gram.MAX_SAMPLES)
    with pytest.raises(ValueError, match="for at most 8192 samples, but `x` has 8193; use a random subset"):
        gram.check_size(gram.MAX_SAMPLES + 1)


# --- projections ---


def test_the_span_of_the_landmarks_projects_on_itself(x64):
    z, weights = RNG.normal(size=(8, 2)), RNG.normal(size=8)
    found = gram.projection(KERNEL, jnp.asarray(z), jnp.asarray(z), jnp.asarray(weights))
    np.testing.assert_allclose(found.weights, weights, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.square, weights @ matrix(z, z) @ weights, rtol=1e-10)


def test_the_projection_is_the_nearest_function(x64):
    z, y, b = RNG.normal(size=(8, 2)), RNG.normal(size=(301, 2)), RNG.uniform(size=301) / 150
    found = gram.projection(KERNEL, *map(jnp.asarray, (z, y, b)))
    alpha, to_z, square = np.asarray(found.weights), matrix(z, y) @ b, b @ matrix(y, y) @ b

    def gap(alpha):
        return alpha @ matrix(z, z) @ alpha - 2 * alpha @ to_z + square

    # What is left is orthogonal to the span: it vanishes at the landmarks, and squares add as in Pythagoras.
    np.testing.assert_allclose(matrix(z, z) @ alpha, to_z, rtol=1e-9)
    np.testing.assert_allclose(found.overlap, found.square, rtol=1e-10)
    np.testing.assert_allclose(gap(alpha), square - found.square, rtol=1e-8)
    step = 1e-2 * RNG.normal(size=8)
    np.testing.assert_allclose(gap(alpha + step), gap(alpha) + step @ matrix(z, z) @ step, rtol=1e-8)


def test_closed_form_of_one_landmark(x64):
    # k(z, y)/k(z, z) = exp(-1) of the landmark.
    found = gram.projection(KERNEL, jnp.zeros((1, 1)), jnp.ones((1, 1)), jnp.ones(1))
    np.testing.assert_allclose(found.weights, [np.exp(-1)], rtol=1e-12)
    np.testing.assert_allclose([found.square, found.overlap], np.exp(-2), rtol=1e-12)


@pytest.mark.slow
def test_equal_landmarks_and_single_precision_do_not_break_the_projection():
    z, y = (jnp.asarray(RNG.normal(size=(n, 2)), jnp.float32) for n in (9, 40))
    b, smooth = jnp.full(40, 1 / 40), kernels.gaussian(3.0)  # eigenvalues far below a rounding
    one, twice = (gram.projection(smooth, jnp.repeat(z, k, axis=0), y, b) for k in (1, 2))
    np.testing.assert_allclose(one.square, twice.square, rtol=1e-3)
    exact = np.mean(np.exp(-reference.squared_distances(y, y) / 18))
    np.testing.assert_allclose(twice.square, exact, rtol=1e-3)


@pytest.mark.parametrize("n", [1, 301])
def test_projected_means_take_weights_of_any_sign(n, x64):
    points, z = RNG.normal(size=(n, 2)), RNG.normal(size=(8, 2))
    alpha = RNG.normal(size=8)
    alpha -= alpha.mean()  # no centre of mass
    found = gram.projected_means(KERNEL, *map(jnp.asarray, (points, z, alpha)))
    np.testing.assert_allclose(found, matrix(points, z) @ alpha, rtol=1e-10, atol=1e-12)


def test_derivatives_by_finite_differences(x64):
    z, y, b = RNG.normal(size=(3, 2)), RNG.normal(size=(5, 2)), RNG.uniform(size=5)

    @jax.jit
    def height(z, y, b):
        return gram.projected_means(KERNEL, y, z, gram.projection(KERNEL, z, y, b).weights)

    check_grads(height, (z, y, b), order=1, modes=["rev"], rtol=1e-5)
