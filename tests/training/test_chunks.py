"""Chunks: the same steps as one by one, in one program for all lengths; what is unsound is found."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax.training import advance, training
from igm_jax.training.chunks import chunk_of, first_bad
from tests.training import toys

# Resumed runs are compared bit by bit.
pytestmark = pytest.mark.usefixtures("optax_types")


def test_a_chunk_is_its_steps_in_one_program(key):
    run = toys.still_run()
    chunk = chunk_of(run, 8, many=False)
    state, infos, sound = chunk(run.init(key), jnp.int32(5))
    expected, losses = run.init(key), []
    for _ in range(5):
        expected, info = jax.jit(lambda state: advance(run, state))(expected)
        losses.append(float(info["loss"]))
    np.testing.assert_allclose(state.params, expected.params, rtol=1e-6)
    np.testing.assert_allclose(infos["loss"], [*losses, 0, 0, 0], rtol=1e-5)
    assert bool(sound)
    state, *_ = chunk(state, jnp.int32(2))
    assert int(state.step) == 7
    assert chunk._cache_size() == 1


def test_seeds_have_a_column_each():
    run = toys.still_run()
    states = jax.vmap(run.init)(jax.random.split(jax.random.key(0), 3))
    state, infos, sound = chunk_of(run, 4, many=True)(states, jnp.int32(4))
    assert (infos["loss"].shape, sound.shape, state.step.tolist()) == ((4, 3), (3,), [4, 4, 4])


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("params", jnp.inf, False),
        ("average", jnp.nan, False),
        ("optimizer_state", jnp.inf, True),  # such as the best value so far of an optimiser that has seen none
        ("optimizer_state", jnp.nan, False),
        ("objective_state", jnp.nan, False),
    ],
)
def test_what_may_be_saved(part, value, expected, key):
    run = toys.still_run()
    state = run.init(key)._replace(**{part: jnp.full((4, 2), value)})
    _, _, sound = chunk_of(run._replace(step=lambda key, state: (state, {})), 1, many=False)(state, jnp.int32(0))
    assert bool(sound) is expected


def test_the_first_bad_step_and_its_seed():
    good = {"loss": np.ones((4, 2)), "velocity": np.ones((4, 2))}
    assert first_bad(good, np.array([True, True])) is None
    assert first_bad(good, np.array([True, False])) == (3, 1)
    bad = {**good, "loss": np.array([[1, 1], [1, np.nan], [np.inf, 1], [1, 1]])}
    assert first_bad(bad, np.array([True, True])) == (1, 1)
    assert first_bad({"loss": np.ones(3), "velocity": np.array([1, 1, np.inf])}, np.array(True)) == (2, 0)


def test_a_report_that_is_no_scalar_is_refused(key):
    objective = toys.critic._replace(update=lambda key, state, x, y: (state, {"gap": x[:, 0]}))
    run = training(toys.generator, objective, optax.sgd(0.1), toys.target, 4)
    with pytest.raises(ValueError, match=r"must be scalars, but 'gap' has shape \(4,\)"):
        chunk_of(run, 2, many=False)(run.init(key), jnp.int32(1))
