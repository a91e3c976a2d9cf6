import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import kernels, mmd2_unbiased, velocity
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import mmd_gan, repulsive_mmd, scaled_mmd, witness_penalty
from tests.objectives.moments.linear_features import KERNEL, KEY, LINEAR, SGD, W, X, Y, arrays, matrix, mean_of_distinct

RNG = np.random.default_rng(0)


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


OTHERS = {
    "scaled": scaled_mmd(mlp(2, 2, width=4, depth=1), SGD, KERNEL),
    "repulsive": repulsive_mmd(mlp(2, 2, width=4, depth=1), SGD, KERNEL),
}


@pytest.mark.parametrize("name", [pytest.param("scaled", marks=pytest.mark.slow), "repulsive"])
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
    with pytest.raises(ValueError, match="`penalty` must be positive"):
        mmd_gan(LINEAR, SGD, KERNEL, penalty=0.0)
    column = mmd_gan(mlp_critic(2, width=4), SGD, KERNEL)
    with pytest.raises(ValueError, match=r"one row a sample, shape \(9, k\), but are \(9,\)"):
        jax.eval_shape(column.init, KEY, jnp.zeros((9, 2)))
