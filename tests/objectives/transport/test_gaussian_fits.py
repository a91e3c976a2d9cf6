import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax.evaluation import frechet_distance
from igm_jax.objectives.transport.gaussian_fits import (
    Fit,
    fit,
    heights,
    mixture,
    settled_fit,
    settled_mixture,
    squared_distance,
)

RNG = np.random.default_rng(0)
OLD, NEW, DATA = RNG.normal(size=(9, 3)), 2 + RNG.normal(size=(5, 3)), 1 - 2 * RNG.normal(size=(11, 3))


def equal(x):
    return jnp.full(len(x), 1 / len(x))


def covariance(found):
    return found.factor.T @ found.factor


def test_a_fit_is_mean_and_covariance_also_of_fewer_samples_than_features(x64):
    for x in (OLD, OLD[:2]):
        found = fit(jnp.asarray(x), equal(x))
        np.testing.assert_allclose(found.mean, x.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(covariance(found), np.cov(x.T, bias=True), atol=1e-12)
        np.testing.assert_allclose(covariance(settled_fit(jnp.asarray(x), equal(x))), covariance(found), atol=1e-12)


@pytest.mark.parametrize("mixed", [mixture, settled_mixture])
def test_a_mixture_is_the_fit_of_all_samples(mixed, x64):
    share, both = jnp.asarray(5 / 14), np.concatenate([OLD, NEW])
    found = mixed(fit(jnp.asarray(OLD), equal(OLD)), jnp.asarray(NEW), equal(NEW), share)
    np.testing.assert_allclose(found.mean, both.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(covariance(found), np.cov(both.T, bias=True), rtol=1e-10)


def test_the_slopes_of_a_mixture_are_those_of_all_samples_and_the_past_is_at_rest(x64):
    of_data, past = fit(jnp.asarray(DATA), equal(DATA)), settled_fit(jnp.asarray(OLD), equal(OLD))

    def of_mixture(new, past):
        return squared_distance(mixture(past, new, equal(new), jnp.asarray(5 / 14)), of_data)

    def of_all(new):
        both = jnp.concatenate([jnp.asarray(OLD), new])
        return squared_distance(fit(both, equal(both)), of_data)

    got = jax.grad(of_mixture)(jnp.asarray(NEW), past)
    np.testing.assert_allclose(got, jax.grad(of_all)(jnp.asarray(NEW)), rtol=1e-9)
    check_grads(lambda new: of_mixture(jnp.asarray(new), past), (jnp.asarray(NEW),), order=1, modes=["rev"], rtol=1e-5)
    remembered = jax.grad(lambda old: squared_distance(settled_fit(old, equal(old)), of_data))(jnp.asarray(OLD))
    np.testing.assert_array_equal(remembered, 0)


def test_the_distance_of_diagonal_covariances_is_that_of_their_deviations(x64):
    a, b = np.array([1.0, 2.0, 0.0]), np.array([3.0, 0.5, 2.0])
    turn = np.linalg.qr(RNG.normal(size=(3, 3)))[0]  # commuting covariances: one basis, and any factor of each
    of_x, of_y = (Fit(jnp.zeros(3), jnp.asarray(np.diag(s) @ turn)) for s in (a, b))
    np.testing.assert_allclose(squared_distance(of_x, of_y), np.sum((a - b) ** 2), rtol=1e-12)
    shifted = of_y._replace(mean=jnp.ones(3))
    np.testing.assert_allclose(squared_distance(of_x, shifted), np.sum((a - b) ** 2) + 3, rtol=1e-12)


def test_the_distance_is_the_metric_and_the_heights_are_its_first_variation(x64):
    x, of_data = jnp.asarray(OLD), fit(jnp.asarray(DATA), equal(DATA))
    # The metric divides by n - 1: deviations from the mean are shrunk by √((n - 1) / n) to make up for it.
    real, fake = (s.mean(0) + np.sqrt((len(s) - 1) / len(s)) * (s - s.mean(0)) for s in (DATA, OLD))
    value = squared_distance(fit(x, equal(x)), of_data)
    np.testing.assert_allclose(value, frechet_distance(real=real, fake=fake), rtol=1e-9)
    points = jnp.asarray(RNG.normal(size=(2, 3)))
    at = lambda e: jnp.concatenate([(1 - e) * equal(x), jnp.array([e, 0.0])])  # noqa: E731
    all_points = jnp.concatenate([x, points])
    slope = jax.grad(lambda e: squared_distance(fit(all_points, at(e)), of_data))(1e-9)
    seen = heights(all_points, fit(x, equal(x)), of_data)
    np.testing.assert_allclose(slope, seen[9] - seen[:9].mean(), rtol=1e-5)
