import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import NoWitnessError, Objective, base, from_velocity, stateless, velocity

X, Y = jnp.arange(8.0).reshape(4, 2), jnp.ones((3, 2))
KEY = jax.random.key(0)


def gap(x, y):
    return jnp.sum((x.mean(0) - y.mean(0)) ** 2)


def test_velocity_is_minus_n_times_the_gradient():
    got = velocity(stateless(gap), KEY, (), X, Y)
    expected = -2 * (X.mean(0) - Y.mean(0))
    np.testing.assert_allclose(got, np.tile(expected, (4, 1)), rtol=1e-6)


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


def test_the_parts_of_an_objective_keep_their_protocols():
    objective = stateless(gap)
    for part, protocol in zip(objective, (base.InitFn, base.UpdateFn, base.LossFn, base.WitnessFn), strict=True):
        assert isinstance(part, protocol)
    assert Objective._fields == ("init", "update", "loss", "witness")
