import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, velocity
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import critics
from igm_jax.objectives.critics import CriticState, adversarial
from igm_jax.objectives.f_gan import f_gan
from igm_jax.objectives.gan import gan
from igm_jax.objectives.wasserstein_gan import wgan_gp

CRITIC = mlp_critic(2, width=8, depth=2)
ADAM = optax.adam(1e-2)
OBJECTIVES = {
    "gan": gan(CRITIC, ADAM),
    "gan, r1 and r2": gan(CRITIC, ADAM, r1=1.0, r2=0.5),
    "wgan_gp": wgan_gp(CRITIC, ADAM),
    "f_gan": f_gan("jeffrey", CRITIC, ADAM),
    "f_gan, not saturating": f_gan("kl", CRITIC, ADAM, saturating=False),
}
each = pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES.keys())


def batches(n=6, m=9):
    key_x, key_y = jax.random.split(jax.random.key(5))
    return jax.random.normal(key_x, (n, 2)), 1 + jax.random.normal(key_y, (m, 2))


@each
def test_velocity_is_minus_the_gradient_of_the_witness(objective, key):
    x, y = batches()
    state = jax.jit(objective.init)(key, x)

    @jax.jit
    def both(state):
        slope = jax.grad(lambda points: objective.witness(state, points, x, y).sum())(x)
        return velocity(objective, key, state, x, y), -slope

    flow, descent = both(state)
    assert np.linalg.norm(flow) > 1e-3
    np.testing.assert_allclose(flow, descent, rtol=1e-5, atol=1e-7)


@each
def test_the_critic_learns_without_compiling_again(objective, key):
    x, y = batches()
    update = jax.jit(objective.update)
    state = jax.jit(objective.init)(key, x)
    losses = []
    for _ in range(30):
        state, info = update(key, state, x, y)
        losses.append(float(info["critic_loss"]))
    assert isinstance(state, CriticState)
    assert {value.shape for value in info.values()} == {()}
    assert losses[-1] < losses[0]
    assert float(info["critic_gap"]) > 0  # high on data
    assert update._cache_size() == 1


@each
def test_identical_and_constant_samples_give_finite_steps(objective, key):
    x = jnp.ones((3, 2))
    state = jax.jit(objective.init)(key, x)
    state, info = jax.jit(objective.update)(key, state, x, x)
    assert np.isfinite(velocity(objective, key, state, x, x)).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((state, info)))
    assert float(info["critic_gap"]) == 0


def test_update_is_one_step_of_the_optimiser(key):
    x, y = batches()
    objective = adversarial(CRITIC, optax.sgd(0.1), lambda key, critic, x, y: (critic(x).mean(), {}), jnp.negative)
    state = objective.init(key, x)
    slope = jax.grad(lambda params: CRITIC.apply(params, x).mean())(state.params)
    after, info = objective.update(key, state, x, y)
    expected = jax.tree.map(lambda p, g: p - 0.1 * g, state.params, slope)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), after.params, expected)
    np.testing.assert_allclose(info["critic_loss"], CRITIC.apply(state.params, x).mean(), rtol=1e-6)


def test_works_in_double_precision(x64, key):
    objective = wgan_gp(CRITIC, ADAM)
    x, y = (jax.random.normal(key, (4, 2), jnp.float64) for _ in range(2))
    state = jax.jit(objective.init)(key, x)
    state, info = jax.jit(objective.update)(key, state, x, y)
    assert info["critic_loss"].dtype == velocity(objective, key, state, x, y).dtype == jnp.float64


def test_gradient_norms_have_a_gradient_at_zero():
    vectors = jnp.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(critics.lengths(vectors), [5, 0])
    slope = jax.grad(lambda v: critics.lengths(v).sum())(vectors)
    np.testing.assert_allclose(slope, [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_wrong_parts_are_named():
    with pytest.raises(TypeError, match="`optimizer` must be an optax optimiser.*but is float"):
        critics.check_parts(CRITIC, 1e-3)
    with pytest.raises(TypeError, match="`critic` must be a Network.*but is function"):
        critics.check_parts(lambda x: x, ADAM)
    for make in (gan, wgan_gp):
        with pytest.raises(TypeError):
            make(CRITIC, "adam")  # pyrefly: ignore
        with pytest.raises(TypeError):
            make(lambda x: x[:, 0], ADAM)  # pyrefly: ignore


def test_a_critic_that_does_not_fit_fails_before_any_work(key):
    x, y = batches()
    column = gan(mlp(2, 1, width=4), ADAM)
    with pytest.raises(ValueError, match=r"one number a sample, shape \(6,\), but gave \(6, 1\)"):
        column.init(key, x)
    mean = wgan_gp(Network(lambda key: {}, lambda params, x: x.mean()), ADAM)
    with pytest.raises(ValueError, match=r"shape \(6,\), but gave \(\)"):
        mean.loss(key, CriticState({}, ()), x, y)
    with pytest.raises(ValueError, match="built for 2 features"):
        gan(CRITIC, ADAM).init(key, jnp.ones((4, 3)))


def test_bad_samples_are_named(key):
    x, y = batches()
    objective = OBJECTIVES["gan"]
    state = objective.init(key, x)
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
            critics.not_negative("r", wrong)
