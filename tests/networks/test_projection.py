import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import mlp, one_hot, projection_critic


def test_formula(key):
    critic, trunk = projection_critic(mlp(2, 4, width=8, depth=1), 4, 3), mlp(2, 4, width=8, depth=1)
    params = jax.jit(critic.init)(key)
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    classes = np.array([0, 1, 2, 2, 1, 0])
    labelled = np.concatenate([x, np.eye(3, dtype=np.float32)[classes]], axis=1)
    features = np.asarray(trunk.apply(params["trunk"], jnp.asarray(x)))
    head, embedding = np.asarray(params["head"]), np.asarray(params["classes"])
    expected = features @ head + np.sum(features * embedding[classes], axis=1) + float(params["bias"])
    np.testing.assert_allclose(jax.jit(critic.apply)(params, jnp.asarray(labelled)), expected, rtol=1e-5, atol=1e-6)


def test_what_does_not_fit_is_named(key):
    critic = projection_critic(mlp(2, 4, width=8), 5, 3)
    params = jax.eval_shape(critic.init, key)
    with pytest.raises(ValueError, match=r"`trunk` must give 5 features a sample, but gave an array of shape \(6, 4\)"):
        jax.eval_shape(critic.apply, params, jnp.ones((6, 5)))
    with pytest.raises(ValueError, match="one-hot class of 3 behind their features"):
        jax.eval_shape(critic.apply, params, jnp.ones((6, 3)))
    with pytest.raises(ValueError, match="`num_classes` must be at least 1"):
        projection_critic(mlp(2, 4), 4, 0)


def test_one_hot_codes_and_what_is_no_class(key):
    code = one_hot(3)
    np.testing.assert_array_equal(code(jnp.array([2, 0])), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(jax.jit(code)(jnp.array([1])), [[0, 1, 0]])
    with pytest.raises(ValueError, match=r"`labels` must hold integers from 0 to 2, but 1 of 2 are others, such as 3"):
        code(jnp.array([1, 3]))
    with pytest.raises(TypeError, match="integers from 0 to 2, one a sample, but is of type float32"):
        code(jnp.array([1.0]))
