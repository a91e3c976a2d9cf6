import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, kernels, mmd2_unbiased, velocity
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import mmd_gan, mmd_scale, repulsive_mmd, repulsive_value, scaled_mmd, witness_penalty
from igm_jax.objectives.adversarial.base import CriticState
from tests import reference

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
    objective, (x, y) = mmd_gan(LINEAR, SGD, KERNEL, penalty=0.5), arrays()

    def critic_loss(w):
        penalty = witness_penalty(lambda p: p @ w, KEY, x, y, KERNEL)
        return 0.5 * penalty - mmd2_unbiased(x @ w, y @ w, KERNEL)

    @jax.jit
    def found(x, y):
        state = objective.init(KEY, x)
        return (
            objective.loss(KEY, state, x, y),
            *objective.update(KEY, state, x, y),
            jax.grad(critic_loss)(state.params),
        )

    loss, after, info, slope = found(x, y)
    np.testing.assert_allclose(loss, matrix(X, X).mean() + matrix(Y, Y).mean() - 2 * matrix(X, Y).mean(), rtol=1e-10)
    unbiased = mean_of_distinct(matrix(X, X)) + mean_of_distinct(matrix(Y, Y)) - 2 * matrix(X, Y).mean()
    np.testing.assert_allclose(info["mmd2"], unbiased, rtol=1e-10)
    np.testing.assert_allclose(info["critic_loss"], info["penalty"] - unbiased, rtol=1e-10)
    np.testing.assert_allclose(after.params, W - 0.1 * slope, rtol=1e-8)


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


def test_a_scaled_mmd_is_the_mmd_times_its_scale_and_falls_with_the_slope_of_the_features(x64):
    objective, (x, y) = scaled_mmd(LINEAR, SGD, KERNEL), arrays()

    @jax.jit
    def found(w):
        state = CriticState(w, SGD.init(w))
        return objective.loss(KEY, state, x, y), objective.update(KEY, state, x, y)[1]

    scale = 1 / (2 + np.sum(W**2) / 1.3**2)
    loss, info = found(jnp.asarray(W))
    biased = matrix(X, X).mean() + matrix(Y, Y).mean() - 2 * matrix(X, Y).mean()
    np.testing.assert_allclose((loss, info["scale"]), (scale * biased, scale), rtol=1e-10)
    np.testing.assert_allclose(info["critic_loss"], -info["scale"] * info["mmd2"], rtol=1e-12)
    assert found(1e3 * jnp.asarray(W))[0] < 1e-5 < loss


def test_the_repulsive_critic_tells_data_from_data(x64):
    expected = mean_of_distinct(matrix(X, X)) - mean_of_distinct(matrix(Y, Y))
    value = jax.jit(lambda w: repulsive_value(X @ w, Y @ w, KERNEL))
    np.testing.assert_allclose(value(W), expected, rtol=1e-10)
    objective = repulsive_mmd(LINEAR, SGD, KERNEL)
    x, y = arrays()
    after, info = jax.jit(objective.update)(KEY, objective.init(KEY, x), x, y)
    np.testing.assert_allclose(info["critic_loss"], -expected, rtol=1e-10)
    assert value(after.params) > expected


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
    assert np.isfinite(flows(jnp.ones((9, 2)), y)[0]).all()


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
