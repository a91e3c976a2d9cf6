import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import depthwise

CHANNELS_LAST = ("NHWC", "HWIO", "NHWC")


@pytest.mark.parametrize(
    ("shape", "taps", "stride"),
    [
        ((2, 7, 6, 3), (3, 3), 1),
        ((2, 7, 6, 3), (3, 3), 2),
        ((1, 8, 9, 2), (5, 5), 1),
        ((1, 8, 9, 2), (5, 5), 2),
        ((2, 2, 3, 2), (5, 1), 3),
        ((2, 9, 8, 1), (2, 4), 2),
    ],
)
def test_depthwise_is_a_grouped_convolution_with_the_same_padding(shape, taps, stride):
    rng = np.random.default_rng(0)
    images = rng.standard_normal(shape).astype(np.float32)
    kernel = rng.standard_normal((*taps, shape[-1])).astype(np.float32)

    def grouped(images, kernel):
        return jax.lax.conv_general_dilated(
            images,
            kernel[:, :, None],
            (stride, stride),
            "SAME",
            dimension_numbers=CHANNELS_LAST,
            feature_group_count=shape[-1],
        )

    slopes = rng.standard_normal(jax.eval_shape(grouped, images, kernel).shape).astype(np.float32)

    def both(images, kernel, slopes):
        ours, pull = jax.vjp(lambda *at: depthwise(*at, stride), images, kernel)
        theirs, pull_theirs = jax.vjp(grouped, images, kernel)
        return (ours, *pull(slopes)), (theirs, *pull_theirs(slopes))

    for ours, theirs in zip(*jax.jit(both)(images, kernel, slopes), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_depthwise_refuses_kernels_of_other_channels_and_no_stride():
    images = jnp.ones((1, 4, 4, 3))
    with pytest.raises(ValueError, match=r"for each channel of the images, \(a, b, 3\), but has shape \(3, 3, 1\)"):
        depthwise(images, jnp.ones((3, 3, 1)))
    with pytest.raises(ValueError, match="`stride` must be at least 1"):
        depthwise(images, jnp.ones((3, 3, 3)), 0)
