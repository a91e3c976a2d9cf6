import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from igm_jax.objectives import (
    cauchy_frequencies,
    characteristic,
    characteristic_distance,
    normal_frequencies,
    random_feature_mmd2,
    student_frequencies,
)
from tests import reference

RNG = np.random.default_rng(0)
distance = jax.jit(characteristic_distance)
X, Y = RNG.normal(size=(40, 2)), 0.7 + 0.6 * RNG.normal(size=(50, 2))


def test_is_the_distance_of_empirical_characteristic_functions(x64):
    frequencies, shares = RNG.normal(size=(2, 30)), RNG.uniform(size=30)
    a, b = RNG.uniform(size=40), RNG.uniform(size=50)
    phi_x, phi_y = (np.exp(1j * s @ frequencies).T @ w / w.sum() for s, w in ((X, a), (Y, b)))
    expected = np.sum(shares / shares.sum() * np.abs(phi_x - phi_y) ** 2)
    given = {"frequency_weights": shares, "x_weights": a, "y_weights": b}
    np.testing.assert_allclose(distance(X, Y, frequencies, **given), expected, rtol=1e-10)
    np.testing.assert_allclose(distance(X + 9, Y + 9, frequencies, **given), expected, rtol=1e-10)


def test_with_gaussian_quadrature_over_normal_frequencies_it_is_the_mmd_of_the_gaussian_kernel(x64):
    x, y = X[:, :1], Y[:, :1]
    nodes, shares = np.polynomial.hermite_e.hermegauss(60)
    got = distance(x, y, nodes[None] / 0.8, frequency_weights=shares)
    expected = reference.mmd2(x, y, lambda x, y: np.exp(-reference.squared_distances(x, y) / (2 * 0.8**2)))
    np.testing.assert_allclose(got, expected, rtol=1e-9)


# Laws of frequencies, and their kernels as functions of the distance over the bandwidth.
LAWS = {
    "normal": (normal_frequencies(1 / 0.8), lambda r: np.exp(-(r**2) / 2)),
    "cauchy": (cauchy_frequencies(1 / 0.8), lambda r: np.exp(-r)),
    "student 3": (student_frequencies(3, 1 / 0.8), lambda r: (1 + 3**0.5 * r) * np.exp(-(3**0.5) * r)),
}


def replicated(name, size):
    """How far estimates of this many features are from the MMD of the law's kernel, and their standard errors."""
    law, form = LAWS[name]
    estimate = functools.partial(random_feature_mmd2, x=X, y=Y, law=law, num_features=size)
    values, errors = jax.jit(jax.vmap(estimate))(jax.random.split(jax.random.key(0), 100))
    return values - reference.mmd2(X, Y, lambda x, y: form(np.sqrt(reference.squared_distances(x, y)) / 0.8)), errors


@pytest.mark.parametrize("name", ["cauchy", "student 3"])
def test_random_features_are_unbiased_for_the_mmd_of_their_kernel_and_know_their_error(name, x64):
    misses, errors = replicated(name, 64)
    assert abs(np.mean(misses)) < 4 * np.std(misses) / 10
    # A spread over 100 keys is known to √(1/200) = 7 %.
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(errors))), np.std(misses), rtol=0.2)


def test_random_features_approach_the_mmd_as_one_over_the_root_of_their_number(x64):
    sizes = (16, 1024)
    misses = [np.sqrt(np.mean(np.square(replicated("normal", size)[0]))) for size in sizes]
    slope = np.log(misses[1] / misses[0]) / np.log(sizes[1] / sizes[0])
    assert abs(slope + 0.5) < 0.06


def test_frequencies_have_their_laws(x64):
    points = np.asarray(student_frequencies(3, 2.0)(jax.random.key(0), 2, 4000))
    direction = np.array([0.6, 0.8])  # a projection of a multivariate Student law has the one-dimensional law
    assert stats.kstest(direction @ points / 2, stats.t(3).cdf).pvalue > 0.01
    cauchy = np.asarray(cauchy_frequencies(2.0)(jax.random.key(1), 3, 4000))
    assert stats.kstest(cauchy[1] / 2, stats.cauchy.cdf).pvalue > 0.01


def test_each_update_draws_frequencies_that_loss_and_witness_share():
    objective = characteristic(cauchy_frequencies(1.0), 8)
    x, y = jnp.asarray(X, jnp.float32), jnp.asarray(Y, jnp.float32)
    first = objective.init(jax.random.key(0), x)
    second, info = objective.update(jax.random.key(1), first, x, y)
    assert info == {}
    assert first.frequencies.shape == second.frequencies.shape == (2, 8)
    assert not np.allclose(first.frequencies, second.frequencies)
    loss, witness = jax.jit(objective.loss)(jax.random.key(5), second, x, y), jax.jit(objective.witness)
    np.testing.assert_allclose(loss, distance(x, y, second.frequencies), rtol=1e-6)
    # mean_Q w - mean_P w = 2 D for a squared distance.
    at = np.asarray(witness(second, jnp.concatenate([x, y]), x, y))
    np.testing.assert_allclose(at[:40].mean() - at[40:].mean(), 2 * loss, rtol=1e-5)


def test_wrong_frequencies_are_explained():
    with pytest.raises(
        ValueError, match=r"shape \(d, k\), one a column, for samples \(40, 2\), but have shape \(3, 4\)"
    ):
        characteristic_distance(X, Y, np.ones((3, 4)))
    with pytest.raises(ValueError, match="`num_features` must be at least 2"):
        random_feature_mmd2(jax.random.key(0), X, Y, normal_frequencies(1.0), num_features=1)
    with pytest.raises(ValueError, match="`scale` must be positive"):
        cauchy_frequencies(0.0)
