from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.special import logsumexp

from igm_jax import energy_distance, sinkhorn_divergence
from igm_jax.objectives import fixed_sweeps, sinkhorn, sinkhorn_potentials, sinkhorn_witness, sweeps
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


def test_entropic_closed_form_of_two_gaussians(x64):
    rng = np.random.default_rng(0)
    values = []
    for _ in range(8):
        x, y = (reference.draw(rng, gaussian, 400) for gaussian in (reference.GAUSSIAN_A, reference.GAUSSIAN_B))
        potentials = sinkhorn_potentials(x, y, 1.0)
        values.append(float(jnp.mean(potentials.f) + jnp.mean(potentials.g)))
    assert abs(np.mean(values) - 5.654458992917423) < 4 * np.std(values, ddof=1) / np.sqrt(8)


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
    potentials = sinkhorn_potentials(X, Y, 0.1, max_iterations=20)
    cost = reference.squared_distances(X, Y)
    plan = np.exp((potentials.f[:, None] + potentials.g[None, :] - cost) / 0.1) / (len(X) * len(Y))
    np.testing.assert_allclose(plan.sum(1), np.full(len(X), 1 / len(X)), rtol=1e-9)
    np.testing.assert_allclose(potentials.marginal_error, np.abs(plan.sum(0) - 1 / len(Y)).sum(), rtol=1e-6)
    assert potentials.iterations == 20
    assert potentials.marginal_error > 1e-6
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


ROWS = [
    (300, 700, 3),
    *(pytest.param(*row, marks=pytest.mark.slow) for row in ((513, 257, 40), (1, 300, 2), (300, 1, 2))),
]


@pytest.mark.parametrize(("n", "m", "dim"), ROWS)
def test_streaming_is_only_another_order_of_sums(n, m, dim, x64):
    x, y = jnp.asarray(RNG.normal(size=(n, dim))), jnp.asarray(1 + RNG.normal(size=(m, dim)))
    a, b = RNG.uniform(size=n), RNG.uniform(size=m)

    def value(x, y, a, b, epsilon, keep_costs):
        solver = sweeps(1e-11, 3000, keep_costs=keep_costs)
        return sinkhorn_divergence(x, y, epsilon, x_weights=a, y_weights=b, solver=solver)

    both = [
        jax.jit(jax.value_and_grad(partial(value, keep_costs=keep_costs), argnums=(0, 1, 2, 3, 4)))(
            x, y, a, b, 0.5 * dim
        )
        for keep_costs in (True, False)
    ]
    for kept, streamed in zip(*(jax.tree.leaves(each) for each in both), strict=True):
        np.testing.assert_allclose(streamed, kept, rtol=1e-7, atol=1e-9 * np.abs(kept).max())
    np.testing.assert_allclose(both[0][0], dense_divergence(x, y, 0.5 * dim, a, b), rtol=1e-7)


def dense_divergence(x, y, epsilon, a, b):
    """The definition, by plain alternating updates in NumPy."""

    def transport(x, y, a, b):
        cost, g = reference.squared_distances(x, y), np.zeros(len(b))
        log_a, log_b = np.log(a / a.sum()), np.log(b / b.sum())
        for _ in range(3000):
            f = -epsilon * logsumexp((g[None] - cost) / epsilon + log_b[None], axis=1)
            before, g = g, -epsilon * logsumexp((f[:, None] - cost) / epsilon + log_a[:, None], axis=0)
            if np.abs(g - before).max() < 1e-12:
                break
        return np.exp(log_a) @ f + np.exp(log_b) @ g

    return transport(x, y, a, b) - transport(x, x, a, a) / 2 - transport(y, y, b, b) / 2


@pytest.mark.parametrize("argnums", [0, (0, 1)])
def test_memory_is_linear_at_large_sizes(argnums):
    samples = jax.ShapeDtypeStruct((16384, 64), jnp.float32)
    step = jax.jit(jax.value_and_grad(lambda x, y: sinkhorn_divergence(x, y, 1.0), argnums=argnums))
    used = step.lower(samples, samples).compile().memory_analysis().temp_size_in_bytes
    assert used < 150e6 < 4 * 16384**2


def test_a_fixed_number_of_updates_is_the_loop_stopped_there(x64):
    xs, ys = jnp.asarray(RNG.normal(size=(3, 10, 2))), jnp.asarray(RNG.normal(size=(3, 12, 2)))

    def value(x, y, solver):
        return sinkhorn_divergence(x, y, 0.2, solver=solver)

    fixed, stopped = fixed_sweeps(25), sweeps(1e-14, 25)
    together = jax.jit(jax.vmap(jax.value_and_grad(partial(value, solver=fixed))))(xs, ys)
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        for got, one in zip(together, jax.value_and_grad(partial(value, solver=stopped))(x, y), strict=True):
            np.testing.assert_allclose(got[i], one, rtol=1e-8, atol=1e-10)
    assert "while" not in str(jax.make_jaxpr(jax.vmap(partial(value, solver=fixed)))(xs, ys))


def test_a_warm_start_needs_fewer_updates_for_the_same_potentials(x64):
    options = {"epsilon": 0.1, "tolerance": 1e-9, "max_iterations": 3000}
    before = sinkhorn_potentials(X, Y, **options)
    cold, warm = (sinkhorn_potentials(X + 1e-3 * X[::-1], Y, start=start, **options) for start in (None, before))
    assert 5 * int(warm.iterations) < 4 * int(cold.iterations)
    assert sinkhorn_potentials(X, Y, start=before, **options).iterations <= 2
    np.testing.assert_allclose(warm.f - warm.f.mean(), cold.f - cold.f.mean(), atol=1e-7)
    value, again = (sinkhorn_divergence(X, Y, start=start, **options) for start in (None, before))
    np.testing.assert_allclose(again, value, rtol=1e-10)
    with pytest.raises(ValueError, match="`start` must hold potentials of shapes"):
        sinkhorn_potentials(X[:-1], Y, start=before, **options)


def test_forward_derivatives_agree_with_backward_ones(x64):
    def value(x):
        return sinkhorn_divergence(x, Y, 0.5)

    direction = jnp.asarray(RNG.normal(size=X.shape))
    _, along = jax.jvp(value, (jnp.asarray(X),), (direction,))
    np.testing.assert_allclose(along, jnp.sum(jax.grad(value)(X) * direction), rtol=1e-10)


def test_second_derivatives_are_refused():
    with pytest.raises(NotImplementedError, match="no second derivatives"):
        jax.hessian(lambda x: sinkhorn_divergence(x, Y.astype(np.float32), 0.5))(X.astype(np.float32))
    with pytest.raises(NotImplementedError, match="no second derivatives"):
        jax.grad(lambda x: jnp.sum(jax.grad(sinkhorn_divergence)(x, Y.astype(np.float32))))(X.astype(np.float32))


def test_unbalanced_gradients_by_finite_differences(x64):
    a, b = RNG.uniform(1, 2, size=8), RNG.uniform(0.5, 1, size=7)

    @jax.jit
    def value(x, y, a, b, epsilon, rho):
        options = {"x_weights": a, "y_weights": b, "rho": rho, "tolerance": 1e-13, "max_iterations": 20_000}
        return sinkhorn_divergence(x, y, epsilon, **options)

    check_grads(value, (X[:8], Y[:7], a, b, 0.7, 1.5), order=1, modes=["rev"], rtol=1e-4)


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


@pytest.mark.parametrize("rho", [0.5, 20.0])
def test_parity_with_unbalanced_ott(rho, x64):
    from ott.geometry import geometry
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn as ott

    # Theirs is the entropy of π against counting: against a⊗b it is the same with costs higher by ε log(n m).
    epsilon, tau = 0.3, rho / (rho + 0.3)
    cost = reference.squared_distances(X, Y) + epsilon * np.log(len(X) * len(Y))
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        shifted = geometry.Geometry(cost_matrix=jnp.asarray(cost), epsilon=epsilon)
        problem = linear_problem.LinearProblem(shifted, tau_a=tau, tau_b=tau)
        theirs = ott.Sinkhorn(threshold=1e-10, max_iterations=20_000)(problem)
    ours = sinkhorn_potentials(X, Y, epsilon, rho=rho, tolerance=1e-11, max_iterations=20_000)
    np.testing.assert_allclose(ours.f, theirs.f, atol=1e-6)
    np.testing.assert_allclose(ours.g, theirs.g, atol=1e-6)


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
