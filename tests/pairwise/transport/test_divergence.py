from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.special import logsumexp

from igm_jax import sinkhorn_divergence
from igm_jax.objectives import sweeps
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), 0.5 + 0.8 * RNG.normal(size=(30, 2))

ROWS = [
    (300, 700, 3),
    *(pytest.param(*row, marks=pytest.mark.slow) for row in ((513, 257, 40), (1, 300, 2), (300, 1, 2))),
]


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


def test_gradients_in_samples_weights_and_epsilon_by_finite_differences(x64):
    a = RNG.uniform(1, 2, size=8)

    @jax.jit
    def value(x, y, a, epsilon):
        return sinkhorn_divergence(x, y, epsilon, x_weights=a, tolerance=1e-12, max_iterations=20_000)

    check_grads(value, (X[:8], Y[:7], a, 0.7), order=1, modes=["rev"], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m", "dim"), ROWS)
def test_computing_costs_anew_is_only_another_order_of_sums(n, m, dim, x64):
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


@pytest.mark.parametrize("argnums", [pytest.param(0, marks=pytest.mark.slow), (0, 1)])
def test_memory_is_linear_at_large_sizes(argnums):
    samples = jax.ShapeDtypeStruct((16384, 64), jnp.float32)
    step = jax.jit(jax.value_and_grad(lambda x, y: sinkhorn_divergence(x, y, 1.0), argnums=argnums))
    used = step.lower(samples, samples).compile().memory_analysis().temp_size_in_bytes
    assert used < 150e6 < 4 * 16384**2


@pytest.mark.slow
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


@pytest.mark.slow
def test_unbalanced_gradients_by_finite_differences(x64):
    a, b = RNG.uniform(1, 2, size=8), RNG.uniform(0.5, 1, size=7)

    @jax.jit
    def value(x, y, a, b, epsilon, rho):
        options = {"x_weights": a, "y_weights": b, "rho": rho, "tolerance": 1e-13, "max_iterations": 20_000}
        return sinkhorn_divergence(x, y, epsilon, **options)

    check_grads(value, (X[:8], Y[:7], a, b, 0.7, 1.5), order=1, modes=["rev"], rtol=1e-4)


def test_three_digits_are_left_however_large_epsilon_is():
    x, y = X.astype(np.float32), Y.astype(np.float32)
    both = jax.jit(lambda x, y, epsilon: jax.value_and_grad(sinkhorn_divergence)(x, y, epsilon=epsilon))
    gap = x.astype(float).mean(0) - y.astype(float).mean(0)
    for epsilon in (300.0, 2e3, 1e4, 1e6, 1e8):
        value, slope = both(x, y, np.float32(epsilon))
        with jax.enable_x64(True):
            expected = both(x.astype(float), y.astype(float), epsilon)
        np.testing.assert_allclose(value, expected[0], rtol=1e-3)
        np.testing.assert_allclose(slope, expected[1], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(expected[0], gap @ gap, rtol=1e-5)
    with jax.enable_x64(True):
        np.testing.assert_allclose(both(x.astype(float), y.astype(float), 1e12)[0], gap @ gap, rtol=1e-7)
