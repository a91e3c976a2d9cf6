import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import energy_distance, sinkhorn_divergence
from igm_jax.objectives import sinkhorn, sinkhorn_witness
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), 0.5 + 0.8 * RNG.normal(size=(30, 2))


@pytest.mark.parametrize("precision", [None, pytest.param("bfloat16", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("dim", "offset"), [(2, 0.0), (2, 1e4), (20, 1e4)])
def test_float32_matches_float64(dim, offset, precision):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(60, dim)) + offset).astype(np.float32)
    y = (1 + 0.8 * rng.normal(size=(50, dim)) + offset).astype(np.float32)
    with jax.default_matmul_precision(precision):
        got = jax.jit(lambda x, y: sinkhorn_divergence(x, y, float(dim), tolerance=1e-6))(x, y)
    np.testing.assert_allclose(got, reference.sinkhorn_divergence(x, y, float(dim)), rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, pytest.param(1.0, marks=pytest.mark.slow)])
def test_parity_with_ott(epsilon, x64):
    # OTT's own code promotes ranks and types, so the strict settings of these tests are relaxed around it.
    from ott.geometry import pointcloud
    from ott.tools import sinkhorn_divergence as ott

    def theirs(x, y):
        options = {"threshold": 1e-9, "max_iterations": 20_000}
        return ott.sinkhorn_divergence(pointcloud.PointCloud, x, y, epsilon=epsilon, solve_kwargs=options)[0]

    def ours(x, y):
        return sinkhorn_divergence(x, y, epsilon, tolerance=1e-9, max_iterations=20_000)

    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        value, gradient = jax.jit(jax.value_and_grad(theirs, argnums=(0, 1)))(jnp.asarray(X), jnp.asarray(Y))
    got_value, got_gradient = jax.jit(jax.value_and_grad(ours, argnums=(0, 1)))(X, Y)
    np.testing.assert_allclose(got_value, value, rtol=1e-7)
    for got, expected in zip(got_gradient, gradient, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6 * np.abs(expected).max())


def test_limits_in_epsilon(x64):
    means = np.sum((X.mean(0) - Y.mean(0)) ** 2)
    np.testing.assert_allclose(jax.jit(sinkhorn_divergence)(X, Y, 1e5), means, rtol=1e-3)
    # ε → 0: for translated copies W2² is the squared shift, whatever the law.
    near = sinkhorn_divergence(X, X + np.array([3.0, 4.0]), 1e-2, max_iterations=5000)
    np.testing.assert_allclose(near, 25.0, rtol=1e-3)


def test_one_sample_against_itself_is_zero():
    x = X.astype(np.float32)
    divergence = jax.jit(sinkhorn_divergence)
    for epsilon in (0.01, 0.1, 1.0, 100.0):
        assert abs(float(divergence(x, x, epsilon))) < 1e-4 * float(energy_distance(x, x + 1)), epsilon


def test_weight_of_zero_is_exact(x64):
    b = np.ones(30)
    b[::3] = 0
    full = sinkhorn_divergence(X, Y, 0.3, y_weights=b, tolerance=1e-10)
    np.testing.assert_allclose(full, sinkhorn_divergence(X, Y[b > 0], 0.3, tolerance=1e-10), rtol=1e-9)
    gradient = jax.jit(jax.grad(lambda y: sinkhorn_divergence(X, y, 0.3, y_weights=b)))(Y)
    np.testing.assert_array_equal(gradient[::3], np.zeros((10, 2)))


@pytest.mark.slow
def test_unbalanced_transport_tends_to_balanced(x64):
    balanced = sinkhorn_divergence(X, Y, 0.5, tolerance=1e-10)
    values = [float(sinkhorn_divergence(X, Y, 0.5, rho=rho, tolerance=1e-10)) for rho in (0.1, 1.0, 1e3, 1e8)]
    assert values == sorted(values)
    np.testing.assert_allclose(values[-1], balanced, rtol=1e-6)
    # ρ → 0: potentials vanish, and what is left is half a squared MMD with the kernel exp(-C/ε), times ε.
    mmd2 = reference.mmd2(X, Y, lambda x, y: np.exp(-reference.squared_distances(x, y) / 0.5))
    np.testing.assert_allclose(sinkhorn_divergence(X, Y, 0.5, rho=1e-7), 0.25 * mmd2, rtol=1e-5)
    assert abs(float(sinkhorn_divergence(X, X, 0.5, rho=1.0))) < 1e-8


def test_unbalanced_transport_of_two_points_in_closed_form(x64):
    # One atom of mass α against one of mass β at squared distance C: π = (αβ)^{...} solves one equation.
    alpha, beta, cost, epsilon, rho = 2.0, 0.5, 3.0, 0.7, 1.3

    def transport(alpha, beta, cost):
        def objective(mass):
            kl = lambda p, q: p * np.log(p / q) - p + q  # noqa: E731
            return mass * cost + epsilon * kl(mass, alpha * beta) + rho * (kl(mass, alpha) + kl(mass, beta))

        best = np.exp(
            (epsilon * np.log(alpha * beta) + rho * np.log(alpha * beta) - cost) / (epsilon + 2 * rho)
        )  # where the derivative vanishes
        return objective(best)

    expected = transport(alpha, beta, cost) - transport(alpha, alpha, 0) / 2 - transport(beta, beta, 0) / 2
    expected += epsilon / 2 * (alpha - beta) ** 2
    options = {"x_weights": [alpha], "y_weights": [beta], "rho": rho, "tolerance": 1e-12}
    got = sinkhorn_divergence([[0.0]], [[np.sqrt(cost)]], epsilon, **options)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_a_witness_of_unbalanced_transport_is_its_first_variation(x64):
    options = {"rho": 2.0, "tolerance": 1e-12, "max_iterations": 5000}
    value = lambda a: sinkhorn_divergence(X, Y, 0.5, x_weights=a, **options)  # noqa: E731
    slope = jax.grad(value)(np.full(len(X), 1 / len(X)))
    np.testing.assert_allclose(sinkhorn_witness(X, X, Y, 0.5, **options), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan")])
def test_bad_epsilon_is_explained(epsilon):
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        sinkhorn(epsilon)
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        sinkhorn_divergence(X, Y, epsilon)
