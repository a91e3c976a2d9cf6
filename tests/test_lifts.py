"""Objectives made of a function: what they remember, lose, move and report, and why they have no witness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch, NoWitnessError, from_velocity, stateless, velocity
from igm_jax.batches import UnusedPartError
from igm_jax.lifts import no_witness, of_arrays, stochastic
from tests.test_base import KEY, X, Y, gap


def test_a_stateless_objective_learns_nothing_and_is_its_divergence():
    objective = stateless(gap, lambda points, x, y: points[:, 0])
    assert objective.init(KEY, X) == ()
    assert objective.update(KEY, (), X, Y) == ((), {})
    assert objective.loss(KEY, (), X, Y) == gap(X, Y)
    np.testing.assert_array_equal(objective.witness((), X, X, Y), X[:, 0])


def test_a_missing_witness_is_explained():
    with pytest.raises(NoWitnessError, match="pass `witness=`"):
        stateless(gap).witness((), X, X, Y)
    with pytest.raises(NoWitnessError, match="need not be the gradient"):
        from_velocity(lambda x, y: x).witness((), X, X, Y)


def test_a_lifted_field_is_the_velocity_exactly_also_far_from_the_origin():
    def field(x, y):
        return jnp.cos(x) * 1e-3

    objective = from_velocity(field)
    for x in (X, X + 1e6):
        np.testing.assert_allclose(velocity(objective, KEY, (), x, Y), field(x, Y), rtol=1e-6)


def test_the_loss_of_a_field_is_half_its_mean_square():
    objective = from_velocity(lambda x, y: 3 * jnp.ones_like(x))
    np.testing.assert_allclose(objective.loss(KEY, (), X, Y), 0.5 * 18)


def test_a_measure_is_reported_by_the_update():
    objective = from_velocity(lambda x, y: x, measure=lambda x, y: {"size": jnp.max(x)})
    state, info = objective.update(KEY, (), X, Y)
    assert state == ()
    assert info == {"size": 7.0}


def test_functions_of_arrays_get_rows_and_refuse_what_they_cannot_use():
    def loss(key, state, x, y):
        return jnp.sum(x) * len(x) + 0 * jnp.sum(y)

    objective = of_arrays(lambda key, x: (), lambda key, state, x, y: (state, {}), loss, no_witness("it is a test"))
    draws = Batch(jnp.ones((2, 3, 2)))
    assert float(objective.loss(KEY, (), draws, Y)) == 12 * 6
    for part, value in (
        ("condition", jnp.arange(2)),
        ("weights", jnp.ones((2, 3))),
        ("observed", jnp.ones((2, 3, 2), bool)),
    ):
        with pytest.raises(UnusedPartError, match=f"`x` comes with `{part}`, which this objective cannot use"):
            objective.loss(KEY, (), draws._replace(**{part: value}), Y)


def test_what_is_drawn_depends_on_the_key_alone():
    objective = stochastic(lambda key, x, y: jax.random.uniform(key) * gap(x, y), reason="it is a test")
    assert objective.loss(KEY, (), X, Y) == jax.random.uniform(KEY) * gap(X, Y)
    with pytest.raises(UnusedPartError, match="cannot use"):
        objective.loss(KEY, (), Batch(X, weights=jnp.ones(4)), Y)
