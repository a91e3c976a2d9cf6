import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import mlp, mlp_critic, squeeze


def test_formula(key):
    net = mlp(2, 3, width=8, depth=3, activation="tanh")
    params = jax.tree.map(lambda p: np.asarray(p) + np.float32(0.1), jax.jit(net.init)(key))
    x = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)

    def dense(part, h):
        return h @ part["kernel"] + part["bias"]

    h = dense(params["inward"], x)
    for name in ("0", "1"):
        h = h + dense(params["residual"][name], np.tanh(h))
    expected = dense(params["outward"], np.tanh(h))
    np.testing.assert_allclose(jax.jit(net.apply)(params, x), expected, rtol=1e-5, atol=1e-6)


def test_depth_one_has_no_residual_layers(key):
    net = mlp(2, 3, width=8, depth=1)
    params = jax.eval_shape(net.init, key)
    assert sum(p.size for p in jax.tree.leaves(params)) == (2 + 1) * 8 + (8 + 1) * 3
    assert jax.eval_shape(net.apply, params, jnp.ones((4, 2))).shape == (4, 3)


def test_spectral_norm_makes_the_network_a_contraction(key):
    net = mlp_critic(3, width=16, depth=3, activation="relu", spectral_norm=True)
    free = mlp_critic(3, width=16, depth=3, activation="relu")

    @jax.jit
    def steepest(key):
        params = jax.tree.map(lambda p: 30 * p, net.init(key))  # however large the weights
        x = 3 * jax.random.normal(key, (200, 3))
        slopes = [jax.grad(lambda x, net=net: net.apply(params, x).sum())(x) for net in (net, free)]
        return [jnp.linalg.norm(slope, axis=1).max() for slope in slopes]

    bounded, unbounded = steepest(key)
    assert 0 < bounded <= 1 + 1e-4
    assert unbounded > 10


def test_critic_is_the_network_without_its_last_axis(key):
    critic, net = mlp_critic(2, width=8, depth=2), mlp(2, 1, width=8, depth=2)
    x = np.linspace(-1, 1, 10, dtype=np.float32).reshape(5, 2)
    params = jax.jit(net.init)(key)
    assert jax.tree.structure(jax.eval_shape(critic.init, key)) == jax.tree.structure(params)
    np.testing.assert_array_equal(jax.jit(critic.apply)(params, x), jax.jit(net.apply)(params, x)[:, 0])


def test_computes_in_the_precision_of_its_parameters(x64, key):
    net = mlp_critic(2, width=8)
    params = jax.jit(net.init)(key)
    assert {p.dtype for p in jax.tree.leaves(params)} == {jnp.dtype("float64")}
    single = jax.tree.map(lambda p: p.astype(jnp.float32), params)
    assert jax.eval_shape(net.apply, single, jnp.ones((2, 2), jnp.float64)).dtype == jnp.float32


def test_bad_sizes_and_inputs_are_named(key):
    with pytest.raises(ValueError, match="`depth` must be at least 1, but is 0"):
        mlp(2, 2, depth=0)
    with pytest.raises(ValueError, match="`in_dim` must be at least 1"):
        mlp(0, 2)
    with pytest.raises(ValueError, match="`activation` must be one of"):
        mlp(2, 2, activation="swoosh")
    wide = mlp(2, 2, width=4)
    params = jax.eval_shape(wide.init, key)
    with pytest.raises(ValueError, match="built for 2 features"):
        jax.eval_shape(wide.apply, params, jnp.ones((5, 3)))
    with pytest.raises(ValueError, match=r"needs a network with output \(n, 1\), but its output is \(5, 2\)"):
        jax.eval_shape(squeeze(wide).apply, params, jnp.ones((5, 2)))
