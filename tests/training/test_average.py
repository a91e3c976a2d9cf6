"""The moving average: what it remembers, and in which type; the types of a state."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Generator, stateless
from igm_jax.training import advance, training
from igm_jax.training.average import in_single, strong
from tests.training import toys
from tests.training.test_step import sgd_run, start, steps


def test_the_average_is_the_debiased_sum(key, x64):
    """m_t = Σ_s β^(t-s) θ_s / Σ_s β^(t-s)."""
    decay, run = 0.9, sgd_run(average=0.9)
    state, history, step = start(run, key), [], jax.jit(lambda state: advance(run, state))
    for _ in range(6):
        state, _ = step(state)
        history.append(state.params["in"])
    weights = decay ** np.arange(5, -1, -1)
    expected = np.tensordot(weights / weights.sum(), np.stack(history), axes=1)
    np.testing.assert_allclose(state.average["in"], expected, rtol=1e-12)


@pytest.mark.parametrize("average", [0.0, 0.999])
def test_the_average_forgets_the_random_start(key, average):
    run = sgd_run(average=average)
    state, _ = steps(run, key, 1)
    assert toys.same(state.average, state.params)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_the_average_of_half_precision_is_kept_in_single(dtype):
    """Parameters that rise to 3 in steps of 1/32, which an average with steps of 1/1000 in half precision cannot follow."""
    rise = optax.GradientTransformation(lambda params: (), lambda updates, state, params=None: (
        jax.tree.map(lambda p: jnp.minimum(3 - p, jnp.asarray(1 / 32, p.dtype)), params), state))  # fmt: skip
    still = Generator(lambda key: jnp.zeros((1, 2), dtype), lambda params, key, n: jnp.tile(params, (n, 1)))
    zero = stateless(lambda x, y: 0 * jnp.mean(x.astype(jnp.float32)))
    run = training(still, zero, rise, lambda key, n: jnp.zeros((n, 2), dtype), 2, average=0.99)

    @jax.jit
    def many(state):
        return jax.lax.fori_loop(0, 1500, lambda i, state: advance(run, state)[0], state)

    state = many(run.init(jax.random.key(0)))
    assert (state.params.dtype, state.average.dtype) == (dtype, jnp.float32)
    np.testing.assert_allclose(state.average, 3.0, rtol=1e-4)


def test_types_are_fixed_and_halves_become_single():
    state = strong({"a": 1.0, "b": jnp.ones(2, jnp.bfloat16)})
    assert not state["a"].weak_type
    assert in_single(state)["b"].dtype == jnp.float32
    shapes = jax.eval_shape(lambda: state)
    assert in_single(shapes)["b"] == jax.ShapeDtypeStruct((2,), jnp.float32)
