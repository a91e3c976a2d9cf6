"""Gaussians and mixtures: densities against SciPy, scores against closed forms, draws against their moments and density."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from igm_jax.distributions import gaussian, gaussian_mixture
from tests.distributions.laws import cell_masses, drawn, draws_fit_density, evaluate, finite_differences

MEANS = np.array([[-1.0, 0.5], [1.5, 0.0], [0.0, -1.0]])
COVARIANCES = np.array([[[1.0, 0.3], [0.3, 0.5]], [[0.6, -0.2], [-0.2, 1.4]], [[0.2, 0.0], [0.0, 0.1]]])
WEIGHTS = np.array([0.5, 0.3, 0.2])
MIXTURES = {
    "one std": dict(std=0.4),
    "std each": dict(std=[0.4, 0.3, 0.7]),
    "one covariance": dict(covariances=COVARIANCES[0]),
    "covariance each": dict(covariances=COVARIANCES),
}


def covariances_of(options):
    if "std" in options:
        return np.broadcast_to(options["std"], (3,))[:, None, None] ** 2 * np.eye(2)
    return np.broadcast_to(options["covariances"], (3, 2, 2))


@pytest.mark.parametrize("name", MIXTURES)
def test_density_and_score_are_the_closed_forms(name, x64, key):
    target = gaussian_mixture(MEANS, weights=WEIGHTS, **MIXTURES[name])
    points = np.asarray(2 * jax.random.normal(key, (12, 2)))
    covariances = covariances_of(MIXTURES[name])
    parts = np.stack(
        [w * stats.multivariate_normal(m, c).pdf(points) for w, m, c in zip(WEIGHTS, MEANS, covariances, strict=True)],
        axis=1,
    )
    log_density, scores = evaluate(target, points)
    np.testing.assert_allclose(log_density, np.log(parts.sum(axis=1)), rtol=1e-12)
    pulls = np.einsum("kij,mkj->mki", np.linalg.inv(covariances), MEANS[None] - points[:, None])
    score = (parts[:, :, None] * pulls).sum(axis=1) / parts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores, score, rtol=1e-10)
    differences = finite_differences(jax.jit(target.log_density), points)
    np.testing.assert_allclose(scores, differences, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["std each", "covariance each"])
def test_draws_fit_the_density_which_integrates_to_one(name):
    target = gaussian_mixture(MEANS, weights=WEIGHTS, **MIXTURES[name])
    masses = cell_masses(target, -6.0, 6.0, 30, 8)
    np.testing.assert_allclose(masses.sum(), 1.0, atol=2e-6)
    assert draws_fit_density(target, masses, -6.0, 6.0) > 1e-3


@pytest.mark.parametrize("name", MIXTURES)
def test_moments(name, key):
    target = gaussian_mixture(MEANS, weights=WEIGHTS, **MIXTURES[name])
    x = np.asarray(target(key, 20_000), np.float64)
    covariances = covariances_of(MIXTURES[name])
    mean = WEIGHTS @ MEANS
    second = np.einsum("k,kij->ij", WEIGHTS, covariances + MEANS[:, :, None] * MEANS[:, None, :])
    assert (np.abs(x.mean(axis=0) - mean) < 4.5 * x.std(axis=0) / np.sqrt(len(x))).all()
    products = x[:, :, None] * x[:, None, :]
    assert (np.abs(products.mean(axis=0) - second) < 4.5 * products.std(axis=0) / np.sqrt(len(x))).all()


def test_many_dimensions(x64, key):
    d = 30
    root = np.asarray(jax.random.normal(key, (d, d)))
    covariance = root @ root.T / d + 0.1 * np.eye(d)
    target = gaussian(np.ones(d), covariance)
    x = drawn(target, key, 4000)
    log_density, score = evaluate(target, x[:5])
    np.testing.assert_allclose(log_density, stats.multivariate_normal(np.ones(d), covariance).logpdf(x[:5]), rtol=1e-10)
    np.testing.assert_allclose(score, -np.linalg.solve(covariance, (x[:5] - 1).T).T, rtol=1e-8)
    whitened = np.linalg.solve(np.linalg.cholesky(covariance), (x - 1).T)
    assert stats.kstest(whitened.ravel(), "norm").pvalue > 1e-3


def test_far_away_the_density_is_finite_and_the_score_points_home():
    target = gaussian_mixture([[-1.0], [1.0]], 0.01)
    far = jnp.array([[1e4], [-1e4]])
    log_density, score = evaluate(target, far)
    assert bool(jnp.isfinite(log_density).all())
    np.testing.assert_allclose(score, [[-(1e4 - 1) * 1e4], [(1e4 - 1) * 1e4]], rtol=1e-5)


def test_an_offset_costs_no_accuracy():
    near, away = gaussian_mixture([[0.0], [1.0]], 0.5), gaussian_mixture([[8192.0], [8193.0]], 0.5)
    points = jnp.array([[-0.5], [0.25], [1.5]])
    for shifted, expected in zip(evaluate(away, points + 8192), evaluate(near, points), strict=True):
        np.testing.assert_allclose(shifted, expected, rtol=1e-5)


def test_full_precision_under_a_coarse_default(key):
    target = gaussian_mixture(MEANS, covariances=COVARIANCES)
    points = jax.random.normal(key, (8, 2))
    # The CPU ignores the setting, so what is asked of the compiler is looked at, not what comes out.
    with jax.default_matmul_precision("bfloat16"):
        asked = str(jax.make_jaxpr(lambda: (target.score(points), target(key, 8)))())
    assert asked.count("dot_general[") >= 3
    assert asked.count("dot_general[") == asked.count("HIGHEST, Precision.HIGHEST") + asked.count("precision=HIGHEST")


def test_weights_repeat_and_remove(x64):
    points = np.array([[0.3, 0.1], [2.0, -1.0]])
    repeated = evaluate(gaussian_mixture(MEANS[[0, 0, 1]], 0.5), points)
    weighted = evaluate(gaussian_mixture(MEANS[:2], 0.5, weights=[2, 1]), points)
    removed = evaluate(gaussian_mixture(MEANS, 0.5, weights=[2, 1, 0]), points)
    for expected, same, too in zip(repeated, weighted, removed, strict=True):
        np.testing.assert_allclose(same, expected, rtol=1e-12)
        np.testing.assert_allclose(too, expected, rtol=1e-12)


def test_no_draw_from_a_component_of_weight_zero(key):
    x = drawn(gaussian_mixture([[0.0], [100.0]], 0.1, weights=[1, 0]), key, 500)
    assert float(x.max()) < 1


def test_modes_are_known_where_the_components_are_alike():
    modes = gaussian_mixture(MEANS, 0.3, weights=[2, 1, 1]).modes
    np.testing.assert_allclose(modes.means, MEANS)
    np.testing.assert_allclose(modes.weights, [0.5, 0.25, 0.25])
    assert modes.std == 0.3
    assert gaussian_mixture(MEANS, [0.1, 0.2, 0.3]).modes is None
    assert gaussian_mixture(MEANS, covariances=COVARIANCES).modes is None


def test_draws_compile_inside_a_scan(key):
    target = gaussian_mixture(MEANS, covariances=COVARIANCES)
    keys = jax.random.split(key, 2)
    drawn = jax.jit(lambda keys: jax.lax.scan(lambda c, k: (c, target(k, 3)), 0, keys)[1])(keys)
    np.testing.assert_allclose(drawn[1], target(keys[1], 3), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(means=MEANS), "neither came"),
        (dict(means=MEANS, std=1.0, covariances=np.eye(2)), "both came"),
        (dict(means=MEANS[0], std=1.0), r"shape \(K, d\)"),
        (dict(means=np.zeros((0, 2)), std=1.0), r"shape \(K, d\)"),
        (dict(means=MEANS, std=0.0), "`std` must be positive"),
        (dict(means=MEANS, std=[1.0, 1.0]), "one a component"),
        (dict(means=MEANS, std=np.nan), "NaN"),
        (dict(means=MEANS + np.inf, std=1.0), "`means`"),
        (dict(means=MEANS, covariances=np.eye(3)), "to fit the means"),
        (dict(means=MEANS, covariances=[[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (dict(means=MEANS, covariances=[[1.0, 2.0], [2.0, 1.0]]), "positive definite, but the least eigenvalue is -1"),
        (dict(means=MEANS, std=1.0, weights=[1.0, 1.0]), "one weight a sample"),
        (dict(means=MEANS, std=1.0, weights=[1.0, 1.0, -1.0]), "non-negative"),
    ],
)
def test_bad_arguments(options, text):
    with pytest.raises(ValueError, match=text):
        gaussian_mixture(**options)


def test_bad_means():
    with pytest.raises(ValueError, match="one vector"):
        gaussian(np.zeros((1, 2)), np.eye(2))
    with pytest.raises(TypeError, match="known real numbers"):
        gaussian(["a", "b"], np.eye(2))
