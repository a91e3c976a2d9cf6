"""Loops and branches inside of ``jax.shard_map``, and all that is made of them: every plain function and every objective.

A mesh of one device is enough: whether a value may differ along an axis is in its type, however long the axis is.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from igm_jax import loops, velocity
from tests.conformance import ROWS
from tests.pairwise.devices import mesh_of_one
from tests.plain import PLAIN

KEY = jax.random.key(0)
HERE = PartitionSpec("data")


def spread(function, check, *specs):
    return jax.jit(jax.shard_map(function, mesh=mesh_of_one(), in_specs=specs, out_specs=HERE, check_vma=check))


@pytest.mark.parametrize("check", [True, False])
def test_sums_that_begin_at_zero_and_branches_of_two_types(check):
    def body(x):
        total, outs = loops.scan(lambda sum, row: (sum + row, row), jnp.zeros(()), x)
        doubled = loops.fori_loop(0, 3, lambda _, pair: (pair[1], pair[0] + x[0]), (jnp.zeros(()), jnp.zeros(())))
        grown = loops.while_loop(lambda sum: jnp.all(sum < 10), lambda sum: sum + x[1], jnp.zeros(()))
        chosen = loops.cond(x[0] > 5, lambda: jnp.zeros(()), lambda: x[2])
        placed = loops.on_platform(x, default=lambda x: jnp.zeros(()), cpu=lambda x: x[0])
        constant = loops.scan(lambda carry, row: (jnp.zeros(()), None), x[0], x)[0]
        parts = [total, outs[2], *doubled, grown, chosen, placed, constant]
        return jnp.stack([loops.differing(part, x) for part in parts])

    x = jnp.array([1.0, 2.0, 4.0])
    np.testing.assert_array_equal(spread(body, check, HERE)(x), [7, 4, 1, 2, 10, 4, 1, 0])
    np.testing.assert_array_equal(jax.jit(body)(x), [7, 4, 1, 2, 10, 4, 1, 0])


def of_plain(name):
    def both(x, y):
        value = lambda x, y: jnp.sum(PLAIN[name].call(x, y, np.float32(1)))  # noqa: E731
        return jax.tree.map(jnp.atleast_1d, jax.value_and_grad(value, argnums=(0, 1))(x, y))

    return both


def of_objective(name):
    objective = ROWS[name].objective

    def both(x, y):
        state, _ = objective.update(KEY, objective.init(KEY, x), x, y)
        return jnp.atleast_1d(objective.loss(KEY, state, x, y)), velocity(objective, KEY, state, x, y)

    return both


CASES = {name: of_plain(name) for name in PLAIN} | {f"objective {name}": of_objective(name) for name in ROWS}
ALWAYS = {"energy_distance"}


@pytest.mark.parametrize("name", [n if n in ALWAYS else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_values_and_gradients_inside_shard_map_are_those_outside(name):
    rng, scalars = np.random.default_rng(0), name in PLAIN and PLAIN[name].scalars
    x, y = (jnp.asarray(rng.normal(size=(6, 1 if scalars else 2)) + shift, jnp.float32) for shift in (0, 1))
    with jax.numpy_dtype_promotion("standard"):  # for Adam
        expected = jax.jit(CASES[name])(x, y)
        for check in (True, False):
            found = spread(CASES[name], check, HERE, HERE)(x, y)
            for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())
