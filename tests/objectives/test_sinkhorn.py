import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import energy_distance, sinkhorn_divergence
from igm_jax.objectives import sinkhorn, sinkhorn_potentials
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), 0.5 + 0.8 * RNG.normal(size=(30, 2))


@pytest.mark.parametrize("precision", [None, "bfloat16"])
@pytest.mark.parametrize(("dim", "offset"), [(2, 0.0), (2, 1e4), (20, 1e4)])
def test_float32_matches_float64(dim, offset, precision):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(60, dim)) + offset).astype(np.float32)
    y = (1 + 0.8 * rng.normal(size=(50, dim)) + offset).astype(np.float32)
    with jax.default_matmul_precision(precision):
        got = jax.jit(lambda x, y: sinkhorn_divergence(x, y, float(dim), tolerance=1e-6))(x, y)
    np.testing.assert_allclose(got, reference.sinkhorn_divergence(x, y, float(dim)), rtol=1e-6)


def test_entropic_closed_form_of_two_gaussians(x64):
    rng = np.random.default_rng(0)
    values = []
    for _ in range(8):
        x, y = (reference.draw(rng, gaussian, 400) for gaussian in (reference.GAUSSIAN_A, reference.GAUSSIAN_B))
        potentials = sinkhorn_potentials(x, y, 1.0)
        values.append(float(jnp.mean(potentials.f) + jnp.mean(potentials.g)))
    assert abs(np.mean(values) - 5.654458992917423) < 4 * np.std(values, ddof=1) / np.sqrt(8)


@pytest.mark.parametrize("epsilon", [0.1, 1.0])
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


def test_gradients_in_samples_weights_and_epsilon_by_finite_differences(x64):
    a = RNG.uniform(1, 2, size=8)

    @jax.jit
    def value(x, y, a, epsilon):
        return sinkhorn_divergence(x, y, epsilon, x_weights=a, tolerance=1e-12, max_iterations=20_000)

    check_grads(value, (X[:8], Y[:7], a, 0.7), order=1, modes=["rev"], rtol=1e-4)


def test_limits_in_epsilon(x64):
    means = np.sum((X.mean(0) - Y.mean(0)) ** 2)
    np.testing.assert_allclose(jax.jit(sinkhorn_divergence)(X, Y, 1e5), means, rtol=1e-3)
    # ε → 0: for translated copies W2² is the squared shift, whatever the law.
    near = sinkhorn_divergence(X, X + np.array([3.0, 4.0]), 1e-2, max_iterations=5000)
    np.testing.assert_allclose(near, 25.0, rtol=1e-3)


def test_marginal_error_is_the_plan_s_own(x64):
    potentials = sinkhorn_potentials(X, Y, 0.1, max_iterations=70)
    cost = reference.squared_distances(X, Y)
    plan = np.exp((potentials.f[:, None] + potentials.g[None, :] - cost) / 0.1) / (len(X) * len(Y))
    np.testing.assert_allclose(plan.sum(1), np.full(len(X), 1 / len(X)), rtol=1e-9)
    np.testing.assert_allclose(potentials.marginal_error, np.abs(plan.sum(0) - 1 / len(Y)).sum(), rtol=1e-6)
    assert 70 <= potentials.iterations < 80
    assert sinkhorn_potentials(X, Y, 0.1).marginal_error < 1e-4


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


def test_vmap_over_problems_agrees_with_one_at_a_time(x64):
    xs = jnp.asarray(RNG.normal(size=(3, 10, 2)))
    ys = jnp.asarray(RNG.normal(size=(3, 12, 2)))
    one = jax.jit(lambda x, y: sinkhorn_divergence(x, y, 0.2))
    single = [one(x, y) for x, y in zip(xs, ys, strict=True)]
    np.testing.assert_allclose(jax.jit(jax.vmap(one))(xs, ys), single, rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan")])
def test_bad_epsilon_is_explained(epsilon):
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        sinkhorn(epsilon)
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        sinkhorn_divergence(X, Y, epsilon)
