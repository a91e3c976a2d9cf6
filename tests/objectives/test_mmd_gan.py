import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, kernels, mmd2_biased, mmd2_unbiased, velocity
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import mmd_gan, mmd_scale, repulsive_mmd, repulsive_value, scaled_mmd, witness_penalty
from igm_jax.objectives.critics import CriticState
from tests import reference
from tests.objectives.optimisers import adam

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 2)), 1 + RNG.normal(size=(12, 2))


def arrays(dtype=jnp.float64):
    return jnp.asarray(X, dtype), jnp.asarray(Y, dtype)


W = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]])
KEY = jax.random.key(0)
KERNEL = kernels.gaussian(1.3)
LINEAR = Network(lambda key: jnp.asarray(W), lambda w, points: points @ w)
SGD = optax.sgd(0.1)


def matrix(x, y):
    return np.exp(-reference.squared_distances(x @ W, y @ W) / (2 * 1.3**2))


def mean_of_distinct(k):
    return (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))


def test_the_penalty_of_linear_features_with_the_linear_kernel(x64):
    # The witness is f(p) = pᵀ W Wᵀ (mean y - mean x), of the same slope everywhere.
    slope = np.linalg.norm(W @ W.T @ (Y.mean(0) - X.mean(0)))
    penalty = jax.jit(lambda w, target: witness_penalty(lambda p: p @ w, KEY, X, Y, kernels.linear(), target))
    np.testing.assert_allclose(penalty(W, 1.0), (slope - 1) ** 2, rtol=1e-10)
    np.testing.assert_allclose(penalty(W, 0.0), slope**2, rtol=1e-10)
    # Through the features of the data, too: doubling W makes the slope four times as large.
    along = jax.jit(jax.grad(lambda scale: penalty(scale * W, 0.0)))(1.0)
    np.testing.assert_allclose(along, 4 * slope**2, rtol=1e-10)


def test_the_penalty_with_a_gaussian_kernel_by_finite_differences(x64):
    w = jnp.asarray(W)
    value = jax.jit(lambda w: witness_penalty(lambda p: jnp.tanh(p @ w), KEY, X, Y, KERNEL))
    slope = jax.jit(jax.grad(lambda w: witness_penalty(lambda p: jnp.tanh(p @ w), KEY, X, Y, KERNEL)))(w)
    direction = jnp.asarray(RNG.normal(size=W.shape))
    expected = (value(w + 1e-5 * direction) - value(w - 1e-5 * direction)) / 2e-5
    np.testing.assert_allclose(jnp.vdot(slope, direction), expected, rtol=1e-6)


def test_the_generator_descends_the_biased_and_the_critic_ascends_the_unbiased_mmd_of_features(x64):
    objective = mmd_gan(LINEAR, SGD, KERNEL, penalty=0.5)
    x, y = arrays()
    state = objective.init(KEY, x)
    np.testing.assert_allclose(objective.loss(KEY, state, x, y), mmd2_biased(X @ W, Y @ W, KERNEL), rtol=1e-12)
    after, info = jax.jit(objective.update)(KEY, state, x, y)
    unbiased = mean_of_distinct(matrix(X, X)) + mean_of_distinct(matrix(Y, Y)) - 2 * matrix(X, Y).mean()
    np.testing.assert_allclose(info["mmd2"], unbiased, rtol=1e-10)
    np.testing.assert_allclose(info["critic_loss"], info["penalty"] - unbiased, rtol=1e-10)

    def critic_loss(w):
        penalty = witness_penalty(lambda p: p @ w, KEY, X, Y, KERNEL)
        return 0.5 * penalty - mmd2_unbiased(X @ w, Y @ w, KERNEL)

    np.testing.assert_allclose(after.params, W - 0.1 * jax.jit(jax.grad(critic_loss))(jnp.asarray(W)), rtol=1e-8)


def test_the_scale_of_linear_features_is_in_closed_form(x64):
    frobenius, width = np.sum(W**2), 1.3
    got = mmd_scale(lambda p: p @ W, Y, KERNEL, ridge=0.7)
    np.testing.assert_allclose(got, 1 / (0.7 + 1 + frobenius / width**2), rtol=1e-12)
    # -2k'(0) of (1 + s/2α)^-α is 1 for every α, of (1 + s)^-½ it is 1.
    got = mmd_scale(lambda p: p @ W, Y, kernels.rational_quadratic((0.5, 2.0)) + kernels.inverse_multiquadric(1.0))
    np.testing.assert_allclose(got, 1 / (1 + 3 + 3 * frobenius), rtol=1e-12)
    # Features of changing slope: the mean over data of ‖∇φ‖² for φ = p².
    got = mmd_scale(lambda p: p**2, Y, kernels.gaussian(1.0))
    np.testing.assert_allclose(got, 1 / (2 + np.mean(np.sum(4 * Y**2, axis=1))), rtol=1e-12)


def test_a_scaled_mmd_stays_where_an_mmd_grows_with_the_features(x64):
    objective = scaled_mmd(LINEAR, SGD, KERNEL)
    loss, (x, y) = jax.jit(objective.loss), arrays()
    state = objective.init(KEY, x)
    scale = mmd_scale(lambda p: p @ W, Y, KERNEL)
    np.testing.assert_allclose(loss(KEY, state, x, y), scale * mmd2_biased(X @ W, Y @ W, KERNEL), rtol=1e-10)
    steep = loss(KEY, CriticState(1e3 * state.params, ()), x, y)
    assert steep < 1e-5 < loss(KEY, state, x, y)
    _, info = objective.update(KEY, state, x, y)
    np.testing.assert_allclose(info["critic_loss"], -info["scale"] * info["mmd2"], rtol=1e-12)


def test_the_repulsive_critic_tells_data_from_data(x64):
    expected = mean_of_distinct(matrix(X, X)) - mean_of_distinct(matrix(Y, Y))
    np.testing.assert_allclose(repulsive_value(X @ W, Y @ W, KERNEL), expected, rtol=1e-10)
    objective = repulsive_mmd(LINEAR, SGD, KERNEL)
    x, y = arrays()
    after, info = jax.jit(objective.update)(KEY, objective.init(KEY, x), x, y)
    np.testing.assert_allclose(info["critic_loss"], -expected, rtol=1e-10)
    assert repulsive_value(X @ after.params, Y @ after.params, KERNEL) > expected


OTHERS = {
    "scaled": scaled_mmd(mlp(2, 2, width=4, depth=1), SGD, KERNEL),
    "repulsive": repulsive_mmd(mlp(2, 2, width=4, depth=1), SGD, KERNEL),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_others_move_samples_along_their_witness_too_and_rest_at_the_data(name, x64):
    objective, (x, y) = OTHERS[name], arrays()

    @jax.jit
    def flows(x, y):
        state, _ = objective.update(KEY, objective.init(KEY, x), x, y)
        slope = jax.grad(lambda points: jnp.sum(objective.witness(state, points, x, y)))(x)
        return velocity(objective, KEY, state, x, y), -slope

    flow, descent = flows(x, y)
    assert np.linalg.norm(flow) > 1e-3
    np.testing.assert_allclose(flow, descent, rtol=1e-6)
    order_x, order_y = RNG.permutation(9), RNG.permutation(12)
    np.testing.assert_allclose(flows(x[order_x], y[order_y])[0], flow[order_x], rtol=1e-8)
    still, _ = flows(x, x)
    assert np.abs(still).max() < 1e-12
    for samples in (jnp.ones((9, 2)), 1e3 + x):
        assert np.isfinite(flows(samples, y)[0]).all()


def test_features_learn_in_single_precision_and_the_witness_is_high_on_samples():
    x, y = arrays(jnp.float32)
    phi = mlp(2, 3, width=8, depth=1)
    objective = mmd_gan(phi, adam(1e-2), kernels.rational_quadratic(), penalty=0.1)
    update, state, values = jax.jit(objective.update), objective.init(KEY, x), []
    for key in jax.random.split(KEY, 60):
        state, info = update(key, state, x, y)
        values.append(float(info["critic_loss"]))
    assert values[-1] < values[0]
    assert np.mean(objective.witness(state, x, x, y)) > np.mean(objective.witness(state, y, x, y))
    flow = velocity(objective, KEY, state, x, y)
    assert flow.shape == x.shape


def test_wrong_parts_are_explained():
    with pytest.raises(ValueError, match="has a corner there"):
        scaled_mmd(LINEAR, SGD, kernels.gaussian(1.0) + kernels.laplace(1.0))
    with pytest.raises(ValueError, match="must be a function of the distance, but is linear"):
        scaled_mmd(LINEAR, SGD, kernels.linear())
    with pytest.raises(ValueError, match="`penalty` must be positive"):
        mmd_gan(LINEAR, SGD, KERNEL, penalty=0.0)
    column = mmd_gan(mlp_critic(2, width=4), SGD, KERNEL)
    with pytest.raises(ValueError, match=r"one row a sample, shape \(9, k\), but are \(9,\)"):
        jax.eval_shape(column.init, KEY, jnp.zeros((9, 2)))
