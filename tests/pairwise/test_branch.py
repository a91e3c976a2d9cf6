"""A way that is seldom needed is taken, and paid for, only where it is needed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.pairwise.branch import seldom

TAKEN = []


def sign_of(x):
    """-x at length where x is negative, else x."""

    def rare(x):
        jax.debug.callback(lambda: TAKEN.append(1))
        return -x

    return seldom(x < 0, rare, lambda x: x, x)


@pytest.fixture(autouse=True)
def untaken():
    TAKEN.clear()


def taken():
    jax.effects_barrier()
    return len(TAKEN)


def test_one_problem_takes_one_way():
    assert float(jax.jit(sign_of)(2.0)) == 2
    assert taken() == 0
    assert float(jax.jit(sign_of)(-2.0)) == 2
    assert taken() == 1


def test_many_problems_take_the_rare_way_only_if_one_of_them_needs_it():
    each = jax.jit(jax.vmap(sign_of))
    np.testing.assert_array_equal(each(jnp.array([1.0, 2.0])), [1, 2])
    assert taken() == 0
    np.testing.assert_array_equal(each(jnp.array([1.0, -2.0, 3.0])), [1, 2, 3])
    assert taken() > 0


def test_batches_of_batches_and_loops():
    nested = jax.jit(jax.vmap(jax.vmap(sign_of)))
    np.testing.assert_array_equal(nested(jnp.array([[1.0, 2.0], [3.0, 4.0]])), [[1, 2], [3, 4]])
    assert taken() == 0
    np.testing.assert_array_equal(nested(jnp.array([[1.0, -2.0], [3.0, 4.0]])), [[1, 2], [3, 4]])

    def until_ten(x):
        return jax.lax.while_loop(lambda x: x < 10, lambda x: sign_of(x) + 1, x)

    np.testing.assert_array_equal(jax.vmap(until_ten)(jnp.array([-3.0, 9.0, 20.0])), [10, 10, 20])


def test_derivatives_are_those_of_the_way_taken():
    slopes = jax.vmap(jax.grad(lambda x: sign_of(x) ** 2))(jnp.array([1.0, -2.0]))
    np.testing.assert_array_equal(slopes, [2, -4])
    assert float(jax.jvp(sign_of, (-2.0,), (1.0,))[1]) == -1


@pytest.mark.parametrize("condition", [True, False])
def test_a_condition_that_all_problems_share_keeps_one_way(condition):
    values = jax.vmap(lambda x: seldom(jnp.array(condition), lambda x: -x, lambda x: x, x))(jnp.arange(3.0))
    np.testing.assert_array_equal(values, (-1 if condition else 1) * np.arange(3.0))
