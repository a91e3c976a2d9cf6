import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from igm_jax.networks import network, spectral_norm
from igm_jax.networks.layers import Dense, activation, compute_dtype


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (96, 2), (64, 64), (48, 96)])
def test_spectral_norm_is_the_largest_singular_value(shape):
    norm = jax.jit(spectral_norm)
    for scale in (1.0, 1e-25, 1e18):
        matrix = scale * np.random.default_rng(shape[0]).standard_normal(shape)
        exact = np.linalg.svd(matrix, compute_uv=False)[0]
        value = float(norm(jnp.asarray(matrix, jnp.float32)))
        assert (1 - 1e-3) * exact <= value <= (1 + 1e-5) * exact


@pytest.mark.parametrize(
    ("matrix", "norm"),
    [(np.eye(7), 1), (np.zeros((4, 3)), 0), (np.ones((6, 5)), 30**0.5), (np.diag([0.0, 0.0, 3.0, 1.0]), 3)],
    ids=["identity", "zeros", "ones", "late in the diagonal"],
)
def test_spectral_norm_of_special_matrices(matrix, norm):
    value, gradient = jax.jit(jax.value_and_grad(spectral_norm))(jnp.asarray(matrix, jnp.float32))
    np.testing.assert_allclose(value, norm, rtol=1e-6)
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(jnp.sum(gradient * matrix.astype(np.float32)), norm, rtol=1e-6)  # <u vᵀ, W> = σ


@pytest.mark.parametrize("shape", [(12, 5), (5, 12), (8, 8)])
def test_gradient_of_the_spectral_norm_is_the_outer_product_of_its_singular_vectors(x64, shape):
    matrix = np.random.default_rng(1).standard_normal(shape)
    u, _, vt = np.linalg.svd(matrix)
    np.testing.assert_allclose(
        jax.jit(jax.grad(spectral_norm))(jnp.asarray(matrix)), np.outer(u[:, 0], vt[0]), atol=1e-9
    )


def test_a_spectral_layer_has_norm_one_and_keeps_it_whatever_the_scale(key):
    net = network(lambda rngs: Dense(6, 4, spectral=True, rngs=rngs))
    params, x = jax.jit(net.init)(key), jnp.ones(6)
    jacobian = jax.jit(lambda scale: jax.jacobian(lambda x: net.apply(jax.tree.map(lambda p: scale * p, params), x))(x))
    np.testing.assert_allclose(np.linalg.norm(jacobian(1.0), 2), 1, rtol=1e-5)
    np.testing.assert_allclose(jacobian(100.0), jacobian(1.0), rtol=1e-5)


def test_dense_is_an_affine_map_on_the_last_axis(key):
    layer = Dense(3, 2, rngs=nnx.Rngs(key))
    layer.bias[...] = jnp.array([1.0, -2.0])
    x = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(layer(jnp.asarray(x)), x @ np.asarray(layer.kernel[...]) + [1, -2], rtol=1e-5, atol=1e-6)


def test_kernels_start_with_variance_one_over_the_inputs(key):
    kernel = Dense(400, 300, rngs=nnx.Rngs(key)).kernel[...]
    np.testing.assert_allclose(jnp.var(kernel), 1 / 400, rtol=0.02)


def test_wrong_features_and_unknown_activations_are_named():
    with pytest.raises(ValueError, match=r"built for 3 features, but got an array of shape \(4, 2\)"):
        Dense(3, 2, rngs=nnx.Rngs(0))(jnp.ones((4, 2)))
    with pytest.raises(ValueError, match=r"silu, relu.*did you mean 'relu'\?"):
        activation("rellu")
    assert activation(jnp.sin) is jnp.sin


def test_types_to_compute_in_by_name_or_as_they_are():
    assert compute_dtype(None) is None
    assert compute_dtype("bfloat16") == compute_dtype(jnp.bfloat16) == jnp.bfloat16
    for wrong in ("int32", int, "half", 3):
        with pytest.raises(ValueError, match="`dtype` must be one of float32, bfloat16, float16, float64"):
            compute_dtype(wrong)


def test_float64_is_refused_where_jax_would_take_float32_for_it(x64):
    assert compute_dtype("float64") == np.float64
    with (
        jax.enable_x64(False),
        pytest.raises(ValueError, match=r"`dtype` is 'float64', but .* `jax.enable_x64\(True\)`"),
    ):
        compute_dtype(np.float64)


def test_dense_computes_in_the_type_asked_for_from_parameters_in_float32():
    layer = Dense(300, 2, dtype=jnp.bfloat16, spectral=True, rngs=nnx.Rngs(0))
    x = np.random.default_rng(0).standard_normal((4, 300)).astype(np.float32)
    out = layer(jnp.asarray(x))
    assert (out.dtype, layer.kernel.dtype) == (jnp.bfloat16, jnp.float32)
    kernel = np.asarray(layer.kernel[...])
    exact = x @ kernel / np.linalg.norm(kernel, 2)
    np.testing.assert_allclose(out.astype(jnp.float32), exact, atol=0.02 * np.abs(exact).max())
