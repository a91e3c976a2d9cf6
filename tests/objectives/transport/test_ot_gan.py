import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import minibatch_energy_distance, ot_gan

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 3)), 1 + RNG.normal(size=(8, 3))
ZEROS = jnp.zeros((8, 3))
IDENTITY = Network(lambda key: {}, lambda params, points: points)


def plan_and_cost(u, v, epsilon):
    cost = 1 - (u / np.linalg.norm(u, axis=1, keepdims=True)) @ (v / np.linalg.norm(v, axis=1, keepdims=True)).T
    plan = np.exp(-cost / epsilon)
    for _ in range(5000):
        plan /= plan.sum(axis=0) * len(v)
        plan /= plan.sum(axis=1, keepdims=True) * len(u)
    return plan, cost


def expected(x, y, epsilon):
    def w(u, v):
        plan, cost = plan_and_cost(u, v, epsilon)
        return np.sum(plan * cost)

    (x1, x2), (y1, y2) = (x[:4], x[4:]), (y[:4], y[4:])
    return w(x1, y1) + w(x1, y2) + w(x2, y1) + w(x2, y2) - 2 * w(x1, x2) - 2 * w(y1, y2)


def test_it_is_the_cosine_cost_of_plans_between_halves_by_plain_scaling(x64):
    got = minibatch_energy_distance(X, Y, 0.2, tolerance=1e-11)
    np.testing.assert_allclose(got, expected(X, Y, 0.2), rtol=1e-8)
    longer = minibatch_energy_distance(RNG.uniform(1, 9, size=(8, 1)) * X, Y, 0.2, tolerance=1e-11)
    np.testing.assert_allclose(longer, got, rtol=1e-9)
    objective = ot_gan(IDENTITY, optax.sgd(1.0), 0.2, tolerance=1e-11, max_iterations=1000)
    order = np.argsort(jax.random.permutation(KEY, 8))  # the loss's own order undoes it
    np.testing.assert_allclose(
        objective.loss(KEY, objective.init(KEY, ZEROS), jnp.asarray(X[order]), jnp.asarray(Y)), got, rtol=1e-12
    )


@pytest.mark.slow
def test_its_gradient_holds_the_plans(x64):
    plans = [plan_and_cost(u, v, 0.2)[0] for u in (X[:4], X[4:]) for v in (Y[:4], Y[4:])]
    own = plan_and_cost(X[:4], X[4:], 0.2)[0]

    def held(x):
        unit = lambda u: u / jnp.linalg.norm(u, axis=1, keepdims=True)  # noqa: E731
        cost = lambda u, v: 1 - unit(u) @ unit(v).T  # noqa: E731
        sides = [(u, v) for u in (x[:4], x[4:]) for v in (Y[:4], Y[4:])]
        across = sum(jnp.sum(plan * cost(*side)) for plan, side in zip(plans, sides, strict=True))
        return across - 2 * jnp.sum(own * cost(x[:4], x[4:]))

    got = jax.grad(lambda x: minibatch_energy_distance(x, Y, 0.2, tolerance=1e-11))(X)
    np.testing.assert_allclose(got, jax.grad(held)(X), rtol=1e-6, atol=1e-9)


def test_features_that_are_zero_have_finite_slopes():
    objective = ot_gan(IDENTITY, optax.sgd(0.1))
    loss, slope = jax.value_and_grad(objective.loss, argnums=2)(KEY, objective.init(KEY, ZEROS), ZEROS, ZEROS + 1)
    assert np.isfinite(loss)
    assert np.isfinite(slope).all()


def test_the_critic_climbs_and_the_generator_s_loss_is_what_it_climbed():
    objective = ot_gan(mlp(3, 4, width=8, depth=2), optax.sgd(0.1))
    x, y = jnp.asarray(X, jnp.float32), jnp.asarray(Y, jnp.float32)
    state = objective.init(KEY, x)
    update, loss = jax.jit(objective.update), jax.jit(objective.loss)
    losses = []
    for _ in range(20):
        losses.append(loss(KEY, state, x, y))
        state, info = update(KEY, state, x, y)
        np.testing.assert_allclose(info["critic_loss"], -losses[-1], rtol=1e-4)
    assert losses[-1] > losses[0] + 0.2


def test_bad_input_is_explained():
    with pytest.raises(ValueError, match=r"features must be one row a sample, shape \(8, k\)"):
        ot_gan(mlp_critic(3, width=4, depth=1), optax.sgd(0.1)).init(KEY, ZEROS)
    with pytest.raises(ValueError, match="`epsilon` must be positive"):
        ot_gan(IDENTITY, optax.sgd(0.1), 0.0)
