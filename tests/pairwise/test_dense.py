"""The squared MMD of few samples: value and slopes are those of the whole table, of tiles, and of finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from igm_jax import kernels
from igm_jax.objectives import mmd2_biased, mmd2_unbiased
from igm_jax.pairwise import backend
from igm_jax.pairwise.budget import most_of_tables
from igm_jax.pairwise.dense import mmd2_of_few
from tests.pairwise.devices import mesh_of_one

RNG = np.random.default_rng(0)
KERNELS = {
    "one table for both": kernels.gaussian(0.9),
    "two tables": kernels.laplace(1.3),
    "a distance": kernels.distance(1.0),
    "another power": kernels.distance(1.5),
    "a bank": kernels.gaussian(0.5) + kernels.gaussian(1.0) + kernels.gaussian(2.0),
    "a ratio with β": kernels.inverse_multiquadric(1.1),
    "scaled": 2.5 * kernels.gaussian(0.7),
}


def whole(x, y, kernel, distinct):
    """As it is written on paper."""

    def within(some):
        table = kernel(some, some)
        n = len(some)
        return (jnp.sum(table) - jnp.trace(table)) / (n * (n - 1)) if distinct else jnp.mean(table)

    return within(x) + within(y) - 2 * jnp.mean(kernel(x, y))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("distinct", [False, True])
@pytest.mark.parametrize(("n", "m", "d"), [(5, 8, 3), (7, 4, 12)])
def test_value_and_both_slopes_are_those_of_the_whole_table(name, distinct, n, m, d, x64):
    x, y, kernel = jnp.asarray(RNG.normal(size=(n, d))), jnp.asarray(RNG.normal(size=(m, d))), KERNELS[name]
    found = jax.value_and_grad(lambda x, y: mmd2_of_few(kernel, x, y, distinct=distinct), argnums=(0, 1))(x, y)
    known = jax.value_and_grad(lambda x, y: whole(x, y, kernel, distinct), argnums=(0, 1))(x, y)
    np.testing.assert_allclose(found[0], known[0], rtol=1e-10)
    for mine, theirs in zip(found[1], known[1], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("distinct", [False, True])
def test_tables_and_tiles_agree_in_single_precision(distinct):
    x = jnp.asarray(RNG.normal(size=(60, 20)), jnp.float32)
    y = jnp.asarray(0.5 + RNG.normal(size=(50, 20)), jnp.float32)
    divergence, kernel = mmd2_unbiased if distinct else mmd2_biased, kernels.gaussian(4.0)
    few = jax.value_and_grad(lambda x: mmd2_of_few(kernel, x, y, distinct=distinct))(x)
    ones = jnp.ones(60, jnp.float32)  # weights are for tiles
    many = jax.value_and_grad(lambda x: divergence(x, y, kernel, x_weights=ones))(x)
    np.testing.assert_allclose(few[0], many[0], rtol=2e-5)
    np.testing.assert_allclose(few[1], many[1], rtol=1e-4, atol=1e-8)


def test_derivatives_in_a_bandwidth_and_of_the_second_order(x64):
    x, y = jnp.asarray(RNG.normal(size=(4, 3))), jnp.asarray(RNG.normal(size=(5, 3)))
    value = lambda x, y, width: mmd2_of_few(kernels.gaussian(width), jnp.asarray(x), jnp.asarray(y))  # noqa: E731
    check_grads(value, (x, y, jnp.asarray(0.8)), order=1, modes=["fwd", "rev"], rtol=1e-6)
    check_grads(lambda x: value(x, y, 0.8), (x,), order=2, rtol=1e-6)


def test_equal_samples_exert_no_force(x64):
    x = jnp.asarray([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    for kernel in (kernels.distance(), kernels.laplace(1.0)):
        slope = jax.grad(lambda x, kernel=kernel: mmd2_of_few(kernel, x, x[:2] * 1.0))(x)
        assert np.isfinite(slope).all()
        np.testing.assert_allclose(slope[0], slope[1])


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_samples_of_any_size_beside_a_kernel_of_theirs(size):
    x, y = (jnp.asarray(RNG.normal(size=(6, 3)), jnp.float32) for _ in range(2))
    plain = jax.value_and_grad(lambda x: mmd2_of_few(kernels.gaussian(1.0), x, y))(x)
    scaled = jax.value_and_grad(lambda x: mmd2_of_few(kernels.gaussian(size), x, size * y))(size * x)
    np.testing.assert_allclose(scaled[0], plain[0], rtol=1e-5)
    np.testing.assert_allclose(size * scaled[1], plain[1], rtol=1e-4, atol=1e-8)


def test_a_wide_kernel_keeps_its_digits():
    """Its mean is one, the squared MMD a millionth of it."""
    x, y = (jnp.asarray(RNG.normal(size=(200, 2)), jnp.float32) for _ in range(2))
    found = mmd2_of_few(kernels.gaussian(300.0), x, y + 1)
    with jax.enable_x64(True):
        known = whole(jnp.asarray(x, float), jnp.asarray(y + 1, float), kernels.gaussian(300.0), False)
    np.testing.assert_allclose(found, known, rtol=1e-2)


def test_seeds_side_by_side_are_what_they_are_alone():
    x, y = (jnp.asarray(RNG.normal(size=(3, 9, 10)), jnp.float32) for _ in range(2))
    run = jax.value_and_grad(lambda x, y: mmd2_of_few(kernels.distance(), x, y))
    together = jax.vmap(run)(x, y)
    for k in range(3):
        for one, other in zip(jax.tree.leaves(together), jax.tree.leaves(run(x[k], y[k])), strict=True):
            np.testing.assert_allclose(one[k], other, rtol=1e-4, atol=1e-7)


def test_what_is_not_for_tables_is_left_to_others():
    x = jnp.ones((3, 2))
    assert mmd2_of_few(kernels.linear(), x, x) is None
    many = jnp.ones((int(most_of_tables(2) ** 0.5) + 1, 2))
    assert mmd2_of_few(kernels.gaussian(1.0), x, many) is None
    with backend.over(mesh_of_one()):
        assert mmd2_of_few(kernels.gaussian(1.0), x, x) is None
    with backend.using("interpret"):
        assert mmd2_of_few(kernels.gaussian(1.0), x, x) is None
