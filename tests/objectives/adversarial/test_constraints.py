import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network
from igm_jax.objectives.adversarial.constraints import fisher_constraint, lecam_penalty, sobolev_constraint
from igm_jax.objectives.adversarial.wasserstein import wgan

LINEAR = Network(lambda key: jnp.array([0.5, 0.1]), lambda psi, x: x @ psi)


def batches():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 2)), np.array([0.8, -0.4]) + rng.normal(size=(8, 2))
    return jnp.asarray(x), jnp.asarray(y)


def moments(x, y):
    return np.asarray(0.5 * (x.T @ x / len(x) + y.T @ y / len(y)))


@pytest.mark.parametrize("make", [fisher_constraint, sobolev_constraint])
def test_cost_and_multiplier_of_a_linear_critic(x64, key, make):
    x, y = batches()
    psi, penalty = np.array([0.5, 0.1]), make(0.3)
    omega = psi @ moments(x, y) @ psi if make is fisher_constraint else psi @ psi
    multiplier, expected = penalty.init(), 0.0
    for _ in range(3):
        cost, multiplier = penalty.cost(multiplier, key, lambda p: p @ psi, x, y)
        np.testing.assert_allclose(cost, -expected * (1 - omega) + 0.15 * (1 - omega) ** 2, rtol=1e-12)
        expected -= 0.3 * (1 - omega)
        np.testing.assert_allclose(multiplier, expected, rtol=1e-12)


@pytest.mark.parametrize("make", [fisher_constraint, sobolev_constraint])
def test_the_trained_gap_is_that_of_the_best_critic_under_the_constraint(x64, key, make):
    """max δ·ψ under ψᵀMψ = 1 is √(δᵀM⁻¹δ), and its multiplier half of that; M is the mean second moment, or one."""
    x, y = batches()
    objective = wgan(LINEAR, optax.sgd(0.1), penalties=(make(0.5),))

    @jax.jit
    def train(key):
        def step(state, _):
            return objective.update(key, state, x, y)

        return jax.lax.scan(step, objective.init(key, x), None, length=2000)

    state, info = train(key)
    matrix = moments(x, y) if make is fisher_constraint else np.eye(2)
    delta = np.asarray(y.mean(0) - x.mean(0))
    best = np.sqrt(delta @ np.linalg.solve(matrix, delta))
    np.testing.assert_allclose(info["critic_gap"][-1], best, rtol=1e-8)
    np.testing.assert_allclose(state.memory[0], best / 2, rtol=1e-8)
    np.testing.assert_allclose(state.params @ matrix @ state.params, 1, rtol=1e-8)


def test_a_strength_must_be_positive():
    with pytest.raises(ValueError, match="`rho` must be positive"):
        fisher_constraint(0.0)


def test_costs_and_anchors_of_a_linear_critic(x64, key):
    """Three updates with a critic that stands still: each side is held to the other side's running average."""
    psi = np.array([0.5, 0.1])
    objective = wgan(LINEAR, optax.sgd(0.0), penalties=(lecam_penalty(0.2, decay=0.75),))
    rng, state, anchors = np.random.default_rng(0), None, np.zeros(2)
    update = jax.jit(objective.update)
    for _ in range(3):
        x, y = rng.normal(size=(4, 2)), 1 + rng.normal(size=(5, 2))
        state = objective.init(key, jnp.asarray(x)) if state is None else state
        real, fake = y @ psi, x @ psi
        state, info = update(key, state, x, y)
        expected = 0.2 * (np.mean((real - anchors[1]) ** 2) + np.mean((fake - anchors[0]) ** 2))
        np.testing.assert_allclose(info["penalty"], expected, rtol=1e-12)
        anchors = 0.75 * anchors + 0.25 * np.array([real.mean(), fake.mean()])
        np.testing.assert_allclose(state.memory[0], anchors, rtol=1e-12)
    assert update._cache_size() == 1


def test_a_decay_is_a_share():
    for wrong in (1.0, -0.1):
        with pytest.raises(ValueError, match=r"`decay` must lie in \[0, 1\), but is"):
            lecam_penalty(decay=wrong)
