import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Batch, velocity
from igm_jax.batches import UnusedPartError
from igm_jax.distributions import dataset
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import energy, gan, sinkhorn, transported
from igm_jax.training import advance, training

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
X, C = jnp.asarray(RNG.normal(size=(6, 2))), jnp.asarray(RNG.normal(size=(6, 2)))
Y = jnp.asarray(1 + RNG.normal(size=(9, 2)))


def test_the_loss_is_that_of_the_objective_and_the_mean_cost(x64):
    x, c, y = (jnp.asarray(part, float) for part in (X, C, Y))
    found = transported(sinkhorn(0.5), 0.3).loss(KEY, (), Batch(x, c), y)
    cost = 0.3 * np.mean(np.sum((np.asarray(x) - np.asarray(c)) ** 2, axis=1))
    np.testing.assert_allclose(found, sinkhorn(0.5).loss(KEY, (), x, y) + cost, rtol=1e-12)


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.0, 1.0, 0.5, 3.0]])
def test_the_velocity_is_that_of_the_objective_less_the_way_back(weights, x64):
    x, c, y = (jnp.asarray(part, float) for part in (X, C, Y))
    weights = None if weights is None else jnp.asarray(weights)
    plain = velocity(energy(), KEY, (), Batch(x, weights=weights), y)
    found = velocity(transported(energy(), 0.7), KEY, (), Batch(x, c, weights), y)
    counted = 1.0 if weights is None else (weights > 0)[:, None].astype(float)
    np.testing.assert_allclose(found, plain - 1.4 * (x - c) * counted, rtol=1e-9, atol=1e-12)


def test_the_velocity_is_minus_the_slope_of_the_witness(x64):
    x, c, y = (jnp.asarray(part, float) for part in (X, C, Y))
    objective = transported(energy(), 0.7, lambda a, b: jnp.sum(jnp.abs(a - b) ** 3))

    def height(points):
        return jnp.sum(objective.witness((), Batch(points, c), Batch(x, c), y))

    np.testing.assert_allclose(velocity(objective, KEY, (), Batch(x, c), y), -jax.grad(height)(x), rtol=1e-7)


def test_draws_pay_from_the_condition_of_their_group():
    draws, c = jnp.arange(12.0).reshape(3, 2, 2), jnp.ones((3, 2))
    flat = Batch(draws.reshape(6, 2), jnp.repeat(c, 2, axis=0))
    objective = transported(energy(), 0.2)
    assert objective.loss(KEY, (), Batch(draws, c), Y) == pytest.approx(float(objective.loss(KEY, (), flat, Y)))


def test_nothing_flows_to_the_condition():
    objective = transported(energy(), 0.2)
    slope = jax.grad(lambda c: objective.loss(KEY, (), Batch(X, c), Y))(C)
    np.testing.assert_array_equal(slope, 0)


def shift(weight):
    """How far a law at 0 is carried to one at 2, where ``‖x - y‖²`` of Sinkhorn asks for 2 and the cost for 0."""
    sources, targets = dataset(jnp.zeros((4, 1))), dataset(jnp.full((4, 1), 2.0))
    generator = conditional_pushforward(mlp(1, 1, width=8), lambda key, n: jnp.zeros((n, 0)))
    run = training(
        generator, transported(sinkhorn(0.1), weight), optax.adam(3e-2), targets, 4, inner_steps=0, conditions=sources
    )
    state = run.init(KEY)
    step = jax.jit(lambda state: advance(run, state)[0])
    for _ in range(150):
        state = step(state)
    return float(generator.sample(state.params, KEY, jnp.zeros((1, 1)), 1)[0, 0, 0])


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_map_stops_where_the_objective_and_the_cost_are_at_rest(weight):
    with jax.numpy_dtype_promotion("standard"):
        assert shift(weight) == pytest.approx(2 / (1 + weight), abs=0.02)  # of (s - 2)² + λ s²


def test_critics_learn_beside_the_cost():
    objective = transported(gan(mlp_critic(2, width=8), optax.sgd(1e-2)), 0.1)
    with jax.numpy_dtype_promotion("standard"):
        state, info = objective.update(KEY, objective.init(KEY, Batch(X, C)), Batch(X, C), Y)
        assert np.isfinite(velocity(objective, KEY, state, Batch(X, C), Y)).all()
    assert info


def test_what_does_not_fit_is_explained():
    objective = transported(energy(), 0.1)
    with pytest.raises(TypeError, match="must come with what it was made from"):
        objective.loss(KEY, (), X, Y)
    with pytest.raises(ValueError, match="shape of its condition for the cost"):
        objective.loss(KEY, (), Batch(X, jnp.ones((6, 3))), Y)
    with pytest.raises(UnusedPartError, match="`y` comes with `condition`"):
        objective.loss(KEY, (), Batch(X, C), Batch(Y, jnp.ones((9, 2))))
    with pytest.raises(ValueError, match=r"one number for an output and its condition, but gave shape \(2,\)"):
        transported(energy(), 0.1, lambda a, b: (a - b) ** 2).loss(KEY, (), Batch(X, C), Y)
    for weight in (-1.0, np.nan):
        with pytest.raises(ValueError, match="`weight`"):
            transported(energy(), weight)
    for wrong in ((energy(), 1.0, "squared"), (energy, 1.0)):
        with pytest.raises(TypeError):
            transported(*wrong)  # pyrefly: ignore
