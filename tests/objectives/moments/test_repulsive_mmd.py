import jax
import numpy as np

from igm_jax.objectives import repulsive_mmd, repulsive_value
from tests.objectives.moments.linear_features import KERNEL, KEY, LINEAR, SGD, W, X, Y, arrays, matrix, mean_of_distinct


def test_the_repulsive_critic_tells_data_from_data(x64):
    expected = mean_of_distinct(matrix(X, X)) - mean_of_distinct(matrix(Y, Y))
    value = jax.jit(lambda w: repulsive_value(X @ w, Y @ w, KERNEL))
    np.testing.assert_allclose(value(W), expected, rtol=1e-10)
    objective = repulsive_mmd(LINEAR, SGD, KERNEL)
    x, y = arrays()
    after, info = jax.jit(objective.update)(KEY, objective.init(KEY, x), x, y)
    np.testing.assert_allclose(info["critic_loss"], -expected, rtol=1e-10)
    assert value(after.params) > expected
