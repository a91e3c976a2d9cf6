import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, velocity
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives.adversarial import base
from igm_jax.objectives.adversarial.base import CriticState, adversarial, separable
from igm_jax.objectives.adversarial.f_gan import f_gan
from igm_jax.objectives.adversarial.games import gan
from igm_jax.objectives.adversarial.wasserstein import wgan_gp
from tests.objectives.optimisers import adam

CRITIC = mlp_critic(2, width=8, depth=2)
ADAM = adam(1e-2)
OBJECTIVES = {
    "gan": gan(CRITIC, ADAM, r1=1.0, r2=0.5),
    "wgan_gp": wgan_gp(CRITIC, ADAM),
    "f_gan": f_gan("jeffrey", CRITIC, ADAM),
}
each = pytest.mark.parametrize("name", OBJECTIVES)


def batches(n=6, m=9):
    key_x, key_y = jax.random.split(jax.random.key(5))
    return jax.random.normal(key_x, (n, 2)), 1 + jax.random.normal(key_y, (m, 2))


@functools.cache
def compiled(name):
    """An objective's start, its update, and its velocity beside minus the gradient of its witness, compiled once."""
    objective = OBJECTIVES[name]

    def flows(key, state, x, y):
        slope = jax.grad(lambda points: objective.witness(state, points, x, y).sum())(x)
        return velocity(objective, key, state, x, y), -slope

    return jax.jit(objective.init), jax.jit(objective.update), jax.jit(flows)


@each
def test_velocity_is_minus_the_gradient_of_the_witness(name, key):
    init, _, flows = compiled(name)
    x, y = batches()
    flow, descent = flows(key, init(key, x), x, y)
    assert np.linalg.norm(flow) > 1e-3
    np.testing.assert_allclose(flow, descent, rtol=1e-5, atol=1e-7)


@each
def test_the_critic_learns_without_compiling_again(name, key):
    init, update, _ = compiled(name)
    x, y = batches()
    state, losses = init(key, x), []
    for _ in range(60):
        state, info = update(key, state, x, y)
        losses.append(float(info["critic_loss"]))
    assert isinstance(state, CriticState)
    assert {value.shape for value in info.values()} == {()}
    assert losses[-1] < losses[0]
    assert float(info["critic_gap"]) > 0  # high on data
    assert update._cache_size() == 1


@each
def test_identical_and_constant_samples_give_finite_steps(name, key):
    init, update, flows = compiled(name)
    x, y = jnp.ones((6, 2)), jnp.ones((9, 2))
    state, info = update(key, init(key, x), x, y)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((state, info, flows(key, state, x, y))))
    assert abs(float(info["critic_gap"])) < 1e-6


def test_update_is_one_step_of_the_optimiser(key):
    x, y = batches()
    game = separable("samples alone", jnp.zeros_like, jnp.negative, jnp.negative)
    objective = adversarial(game, CRITIC, optax.sgd(0.1))

    @jax.jit
    def found_and_expected(key):
        state = objective.init(key, x)
        value, slope = jax.value_and_grad(lambda params: CRITIC.apply(params, x).mean())(state.params)
        after, info = objective.update(key, state, x, y)
        by_hand = jax.tree.map(lambda p, g: p - 0.1 * g, state.params, slope)
        return (after.params, info["critic_loss"]), (by_hand, value)

    found, expected = found_and_expected(key)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), found, expected)


def test_works_in_double_precision(x64, key):
    objective, x, y = wgan_gp(CRITIC, ADAM), jnp.zeros((4, 2), jnp.float64), jnp.ones((5, 2), jnp.float64)
    state = jax.eval_shape(objective.init, key, x)
    _, info = jax.eval_shape(objective.update, key, state, x, y)
    flow = jax.eval_shape(functools.partial(velocity, objective), key, state, x, y)
    assert info["critic_loss"].dtype == flow.dtype == jnp.float64


def test_wrong_parts_are_named():
    with pytest.raises(TypeError, match=r"`optimizer` must be an optax optimiser.*but is float"):
        base.check_parts(CRITIC, 1e-3)
    with pytest.raises(TypeError, match=r"`critic` must be a Network.*but is function"):
        base.check_parts(lambda x: x, ADAM)
    with pytest.raises(TypeError, match=r"`network` must be a Network.*but is function"):
        base.check_network(lambda x: x, ADAM)
    with pytest.raises(TypeError, match=r"`optimizer` must be an optax optimiser.*but is float"):
        base.check_network(CRITIC, 1e-3)
    for make in (gan, wgan_gp):
        with pytest.raises(TypeError):
            make(CRITIC, "adam")  # pyrefly: ignore
        with pytest.raises(TypeError):
            make(lambda x: x[:, 0], ADAM)  # pyrefly: ignore


def test_a_critic_that_does_not_fit_fails_before_any_work(key):
    x, y = batches()
    column = gan(mlp(2, 1, width=4), ADAM)
    with pytest.raises(ValueError, match=r"one number a sample, shape \(6,\), but gave \(6, 1\)"):
        jax.eval_shape(column.init, key, x)
    mean = wgan_gp(Network(lambda key: {}, lambda params, x: x.mean()), ADAM)
    with pytest.raises(ValueError, match=r"shape \(9,\), but gave \(\)"):
        mean.loss(key, CriticState({}, ()), x, y)
    with pytest.raises(ValueError, match="built for 2 features"):
        jax.eval_shape(gan(CRITIC, ADAM).init, key, jnp.ones((4, 3)))


def test_bad_samples_are_named(key):
    x, y = batches()
    objective, state = OBJECTIVES["gan"], compiled("gan")[0](key, x)
    with pytest.raises(ValueError, match="same number of features"):
        objective.update(key, state, x, jnp.ones((4, 3)))
    with pytest.raises(ValueError, match=r"`y` must have shape \(n, d\)"):
        objective.loss(key, state, x, jnp.ones(4))
    with pytest.raises(ValueError, match="`x` must hold finite numbers"):
        objective.update(key, state, x.at[0, 0].set(jnp.nan), y)
    with pytest.raises(ValueError, match="`x` must hold at least 1 sample"):
        objective.init(key, jnp.ones((0, 2)))
    with pytest.raises(ValueError, match=r"`points` must have shape"):
        objective.witness(state, jnp.ones(3), x, y)


def test_coefficients_must_not_be_negative():
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="`r1` must be"):
            gan(CRITIC, ADAM, r1=wrong)
        with pytest.raises(ValueError, match="`r2` must be"):
            gan(CRITIC, ADAM, r2=wrong)
    for wrong in (-1.0, 0.0):
        with pytest.raises(ValueError, match="`penalty` must be positive"):
            wgan_gp(CRITIC, ADAM, penalty=wrong)
    for wrong in ("1", None, True, False):
        with pytest.raises(TypeError, match="`r` must be"):
            base.not_negative("r", wrong)
