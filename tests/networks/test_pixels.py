import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from igm_jax.networks.pixels import Conv, Norm, as_images, checked_shape, halvings, split_row


@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (8, 2), (18, 2), (32, 8), (128, 32), (256, 32)])
def test_groups_have_four_channels_at_least_and_are_normalised_in_each_image(channels, groups):
    norm = Norm(channels, 0, rngs=nnx.Rngs(0))
    assert norm.groups == groups
    h = (5 + 3 * np.random.default_rng(0).standard_normal((2, 3, 4, channels))).astype(np.float32)
    h[1] *= 10
    out = np.asarray(norm(jnp.asarray(h), jnp.ones((2, 0)))).reshape(2, 12, groups, -1)
    np.testing.assert_allclose(out.mean((1, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(np.square(out).mean((1, 3)), 1, rtol=1e-4)


def test_a_condition_sets_scale_and_shift():
    norm = Norm(4, 2, rngs=nnx.Rngs(0))
    table = np.zeros((2, 8), np.float32)
    table[0, :4], table[1, 4:] = 2, 7
    norm.of_code[...] = jnp.asarray(table)
    h = jnp.asarray(np.random.default_rng(0).standard_normal((1, 3, 4, 4)).astype(np.float32))
    plain, scaled, shifted = (np.asarray(norm(h, jnp.array([code]))) for code in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0]))
    np.testing.assert_allclose(scaled, 3 * plain, rtol=1e-5)
    np.testing.assert_allclose(shifted, plain + 7, rtol=1e-5)


def test_normalising_in_bfloat16_takes_its_statistics_in_float32():
    h = jnp.asarray(1000 + np.random.default_rng(0).standard_normal((1, 8, 8, 4)), jnp.bfloat16)
    norm = Norm(4, 0, rngs=nnx.Rngs(0))
    exact = norm(h.astype(jnp.float32), jnp.ones((1, 0)))
    low = norm(h, jnp.ones((1, 0)))
    assert low.dtype == jnp.bfloat16
    np.testing.assert_allclose(low.astype(jnp.float32), exact, rtol=2**-8)


def test_a_convolution_of_one_point_is_its_kernel():
    conv = Conv(2, 3, rngs=nnx.Rngs(0))
    point = np.zeros((1, 3, 3, 2), np.float32)
    point[0, 1, 1, 1] = 1
    kernel = np.asarray(conv.kernel[...]).reshape(3, 3, 2, 3)
    np.testing.assert_allclose(conv(jnp.asarray(point))[0], kernel[::-1, ::-1, 1], rtol=1e-6)


def test_sides_parts_and_their_errors():
    assert halvings((8, 8, 1)) == [(8, 8), (4, 4)]
    assert halvings((64, 33, 1), largest=8) == [(64, 33), (32, 17), (16, 9), (8, 5)]
    assert halvings((3, 1, 1)) == [(3, 1), (2, 1)]
    first, second, third = split_row(jnp.arange(12.0).reshape(2, 6), a=1, b=3, c=2)
    assert [part[0].tolist() for part in (first, second, third)] == [[0], [1, 2, 3], [4, 5]]
    with pytest.raises(
        ValueError, match=r"rows \(n, 3\), 2 of latent \+ 1 of noise, but got an array of shape \(2, 6\)"
    ):
        split_row(jnp.ones((2, 6)), latent=2, noise=1, condition=0)
    with pytest.raises(ValueError, match=r"come as rows \(n, 4\), but got an array of shape \(2, 6\)"):
        as_images(jnp.ones((2, 6)), (2, 2, 1))
    for wrong in ((2, 2), 28, None):
        with pytest.raises(
            ValueError, match=r"must be \(height, width, channels\), but is .*; use \(h, w, 1\) for grey"
        ):
            checked_shape(wrong)
