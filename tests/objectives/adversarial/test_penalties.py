import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network
from igm_jax.objectives.adversarial.base import adversarial, ascent, penalty_terms
from igm_jax.objectives.adversarial.constraints import fisher_constraint
from igm_jax.objectives.adversarial.penalties import (
    dragan_penalty,
    one_sided_penalty,
    r1_penalty,
    r2_penalty,
    slope_penalty,
)
from igm_jax.objectives.adversarial.wasserstein import wgan_value

LINEAR = Network(lambda key: jnp.array([3.0, 4.0]), lambda psi, x: x @ psi)  # slope 5


def batches():
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(6, 2))), jnp.asarray(1 + rng.normal(size=(9, 2)))


def bowl(points):
    return 0.5 * jnp.sum(jnp.square(points), axis=1)  # the slope at a point is the point


@jax.jit
def of_linear(key, x, y, slope):
    critic = lambda points: points @ jnp.stack([slope, 0 * slope])  # noqa: E731
    terms = (
        r1_penalty(3.0),
        r2_penalty(0.5),
        slope_penalty(10.0, 2.0),
        one_sided_penalty(4.0),
        dragan_penalty(0.3, 7.0),
    )
    return jnp.stack([term(key, critic, x, y) for term in terms])


@pytest.mark.parametrize("slope", [5.0, 0.5, -2.0])
def test_of_a_linear_critic(x64, key, slope):
    size = abs(slope)
    expected = [
        1.5 * size**2, 0.25 * size**2, 10 * (size - 2) ** 2, 4 * max(size - 1, 0) ** 2, 7 * (size - 1) ** 2
    ]  # fmt: skip
    np.testing.assert_allclose(of_linear(key, *batches(), jnp.asarray(slope)), expected, rtol=1e-12, atol=1e-12)


def test_r1_looks_at_data_and_r2_at_samples(x64, key):
    x, y = batches()
    np.testing.assert_allclose(r1_penalty(2.0)(key, bowl, x, y), np.mean(np.sum(y * y, axis=1)), rtol=1e-12)
    np.testing.assert_allclose(r2_penalty(2.0)(key, bowl, x, y), np.mean(np.sum(x * x, axis=1)), rtol=1e-12)


def test_dragan_looks_around_data(x64, key):
    """With D = ½‖·‖² and target 0 the penalty is E‖y + w ε‖² = E‖y‖² + d w²."""
    y = jnp.tile(jnp.array([[2.0, -1.0]]), (20_000, 1))
    found = dragan_penalty(0.5, 1.0, 0.0)(key, bowl, y[:1] + 100, y)
    np.testing.assert_allclose(found, 5 + 2 * 0.25, rtol=0.02)  # one standard error is 0.3 %


def test_the_one_sided_penalty_lets_flat_places_be(x64, key):
    """Between 0 and y the slopes of D = ½t² are uniform on (0, y): E max(0, s − 1)² = (y − 1)³/3y."""
    x, y = jnp.zeros((40_000, 1)), jnp.full((40_000, 1), 3.0)
    found = one_sided_penalty(1.0)(key, bowl, x, y)
    np.testing.assert_allclose(found, 8 / 9, rtol=0.03)


def test_several_are_added_up_and_reported(x64, key):
    x, y = batches()
    penalties = (r1_penalty(1.0), slope_penalty(2.0), r2_penalty(0.0))
    objective = adversarial(LINEAR, optax.sgd(0.1), ascent(wgan_value), jnp.negative, penalties=penalties)
    state, info = jax.jit(lambda x, y: objective.update(key, objective.init(key, x), x, y))(x, y)
    psi, gap = np.array([3.0, 4.0]), y.mean(0) - x.mean(0)
    np.testing.assert_allclose(info["penalty"], 12.5 + 2 * 16, rtol=1e-12)
    np.testing.assert_allclose(info["critic_loss"], 12.5 + 32 - gap @ psi, rtol=1e-12)
    np.testing.assert_allclose(state.params, psi + 0.1 * (gap - psi - 2 * 2 * 4 * psi / 5), rtol=1e-12)
    assert state.memory == ()


def test_what_is_no_penalty_is_named():
    for wrong in (r1_penalty(1.0), fisher_constraint(1.0), None):
        with pytest.raises(TypeError, match=r"`penalties` must be a sequence, but is"):
            penalty_terms(wrong)
    with pytest.raises(TypeError, match="must hold functions, but one is float"):
        penalty_terms((1.0,))
    with pytest.raises(ValueError, match="`coefficient` must be positive"):
        slope_penalty(-1.0)
    with pytest.raises(ValueError, match="`width` must be positive"):
        dragan_penalty(0.0)
