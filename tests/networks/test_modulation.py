import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from igm_jax.networks.modulation import Modulated, leaky, normalised


def test_a_demodulated_convolution_has_kernels_of_norm_one_for_each_image():
    """Of independent inputs of unit variance the outputs then have unit variance: the sum of the squares of what each sees."""
    layer = Modulated(3, 4, 5, 3, None, rngs=nnx.Rngs(0))
    style = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)

    def centre(h):
        return layer(h, jnp.asarray(style))[:, 1, 1]

    slopes = np.asarray(
        jax.jit(jax.jacobian(centre))(jnp.zeros((2, 3, 3, 4)))
    )  # image, output, image, row, column, input
    for i in range(2):
        np.testing.assert_allclose(np.square(slopes[i, :, i]).sum((1, 2, 3)), 1, rtol=1e-5)
        np.testing.assert_array_equal(slopes[i, :, 1 - i], 0)
    assert np.abs(slopes[0, :, 0] - slopes[1, :, 1]).max() > 0.01  # each image has kernels of its own


@pytest.mark.parametrize("side", [3, 1])
def test_scaling_inputs_and_outputs_is_scaling_the_kernel_of_each_image(side):
    layer = Modulated(3, 4, 5, side, None, rngs=nnx.Rngs(1))
    rng = np.random.default_rng(1)
    h, style = rng.standard_normal((2, 5, 4, 4)).astype(np.float32), rng.standard_normal((2, 3)).astype(np.float32)
    kernel = np.asarray(layer.kernel[...], np.float64)
    scale = 1 + style @ np.asarray(layer.style.kernel[...])
    for i in range(2):
        own = kernel * scale[i][:, None]
        if side == 3:
            own /= np.sqrt(np.square(own).sum((0, 1, 2)))
        padded = np.pad(h[i], [(side // 2, side // 2)] * 2 + [(0, 0)])
        expected = sum(padded[a : a + 5, b : b + 4] @ own[a, b] for a in range(side) for b in range(side))
        np.testing.assert_allclose(layer(jnp.asarray(h), jnp.asarray(style))[i], expected, rtol=1e-4, atol=1e-5)


def test_a_leaky_rectifier_keeps_the_mean_square_and_rows_are_normalised():
    h = np.random.default_rng(0).standard_normal(200_000).astype(np.float32)
    np.testing.assert_allclose(np.mean(np.square(leaky(jnp.asarray(h)))), 1 + 0.2**2, rtol=0.02)
    rows = np.asarray(normalised(jnp.array([[3.0, 4.0], [0.0, 0.0]])))
    np.testing.assert_allclose(np.square(rows).mean(1), [1, 0], rtol=1e-6)
