import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise import budget
from igm_jax.pairwise.transport import iterations, solvers, sweeps
from igm_jax.pairwise.transport.problem import Relaxation
from tests import reference

RNG = np.random.default_rng(0)


def uniform(n):
    return jnp.full((n,), 1 / n)


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (257, 10), (4096, 4096), (1000, 10**6)])
def test_tiles_cover_all_rows_and_few_more(n, m, odd):
    tiles, rows = budget.tiling(n, m, odd=odd)
    assert n <= tiles * rows < n + tiles
    assert rows <= 256
    assert not odd or tiles % 2 == 1
    assert tiles * rows * m <= max(n, 1) * m + tiles * m


def test_a_plain_sweep_is_one_update_of_each_side(x64):
    x, y, epsilon = RNG.normal(size=(300, 2)), RNG.normal(size=(7, 2)), 0.5
    g = RNG.normal(size=7)
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(y), uniform(300), uniform(7), keep=False)
    one = jnp.asarray(1.0)
    swept = sweeps.swept(pairs, jnp.zeros(pairs.a.shape), jnp.asarray(g), Relaxation(jnp.asarray(epsilon), one, one))
    cost = reference.squared_distances(x, y)
    f = -epsilon * np.log(np.exp((g[None] - cost) / epsilon).mean(1))
    np.testing.assert_allclose(swept.f.reshape(-1)[:300], f, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(swept.g, -epsilon * np.log(np.exp((f[:, None] - cost) / epsilon).mean(0)), rtol=1e-9)
    assert not swept.lost


@pytest.mark.parametrize("precision", [None, "bfloat16"])
def test_the_default_precision_of_products_does_not_matter(precision):
    x, y = (RNG.normal(size=(300, 20)).astype(np.float32) for _ in range(2))
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(y), uniform(300), uniform(300), keep=False)
    with jax.default_matmul_precision(precision):
        epsilon = jnp.asarray(3.0)
        f = jax.jit(lambda: iterations.solve(pairs, epsilon, None, solvers.sweeps(1e-6, 500))[0])()
    cost = reference.squared_distances(x, y)
    wide = sweeps.cross_tiles(*(jnp.asarray(s) for s in (x, y)), uniform(300), uniform(300), keep=True)
    np.testing.assert_allclose(wide.costs.reshape(-1, 300)[:300], cost, rtol=1e-4, atol=1e-4)
    assert np.isfinite(f).all()


@pytest.mark.parametrize("dim", [2, 64])
def test_costs_of_equal_samples_are_exactly_zero(dim):
    x = RNG.normal(size=(256, dim)).astype(np.float32)
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(x[::-1]), uniform(256), uniform(256), keep=True)
    costs = np.asarray(pairs.costs).reshape(-1, 256)[:256]
    np.testing.assert_array_equal(np.diag(costs[:, ::-1]), np.zeros(256))
    assert np.sum(costs == 0) == 256
    np.testing.assert_allclose(costs, reference.squared_distances(x, x[::-1]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rho", [None, 2.0])
def test_moments_of_a_plan_are_those_of_the_dense_plan(rho, x64):
    n, m, epsilon = 300, 7, 0.5
    x, y, g = RNG.normal(size=(n, 2)), RNG.normal(size=(m, 2)), RNG.normal(size=m)
    b = np.arange(m) / 21  # the first column has no mass
    kappa = 1.0 if rho is None else rho / (rho + epsilon)
    pairs = sweeps.cross_tiles(jnp.asarray(x), jnp.asarray(y), uniform(n), jnp.asarray(b), keep=False)
    relaxation = Relaxation(*(jnp.asarray(value) for value in (epsilon, 1.0, kappa)))
    got = sweeps.plan_moments(
        pairs, jnp.asarray(g), relaxation, jnp.asarray(y), sweeps.in_tiles(jnp.asarray(x), *pairs.a.shape)
    )
    f = sweeps.soft_minima(pairs, jnp.asarray(g), relaxation.epsilon)
    scores = (g[None] - reference.squared_distances(x, y)) / epsilon
    np.testing.assert_allclose(f.reshape(-1)[:n], -epsilon * np.log(np.exp(scores) @ b), rtol=1e-9)
    np.testing.assert_allclose(got.f, kappa * f, rtol=1e-9)
    plan = np.exp(np.asarray(got.f).reshape(-1)[:n, None] / epsilon + scores) * b / n
    np.testing.assert_allclose(got.rows.reshape(-1, 2)[:n], plan @ y / plan.sum(1, keepdims=True), rtol=1e-9)
    np.testing.assert_allclose(got.columns, np.concatenate([plan.sum(0)[None], x.T @ plan]), rtol=1e-9, atol=1e-15)
