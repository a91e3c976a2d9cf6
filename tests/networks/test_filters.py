import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import depthwise
from igm_jax.networks.filters import averaged, by_library, by_product, convolved, interpolated, repeated, smoothed

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


@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (1, 1, 1, 2)])
def test_convolutions_by_product_are_those_of_the_library_with_their_derivatives(shape):
    rng = np.random.default_rng(1)
    images = rng.standard_normal(shape).astype(np.float32)
    kernel = rng.standard_normal((3, 3, shape[-1], 4)).astype(np.float32)

    @jax.jit
    def all_ways(images, kernel):
        return [
            (way(images, kernel), *jax.grad(lambda *at, way=way: jnp.sin(way(*at)).sum(), (0, 1))(images, kernel))
            for way in (by_product, by_library, convolved)
        ]

    product, library, chosen = all_ways(images, kernel)
    for ours, theirs, ours_too in zip(product, library, chosen, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(ours_too, theirs, rtol=1e-4, atol=1e-5)


def test_changes_of_size():
    images = np.random.default_rng(2).standard_normal((2, 5, 4, 3)).astype(np.float32)
    doubled = np.asarray(repeated(jnp.asarray(images)))
    np.testing.assert_array_equal(doubled, images.repeat(2, 1).repeat(2, 2))
    np.testing.assert_allclose(averaged(jnp.asarray(doubled)), images, rtol=1e-6)
    linear = jax.image.resize(images, (2, 10, 8, 3), "linear")
    np.testing.assert_allclose(interpolated(jnp.asarray(images)), linear, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 8, 6, 2), (1, 7, 5, 2), (1, 1, 2, 2)])
def test_smoothing_is_a_filter_of_stride_two_on_images_with_their_edges_repeated(shape):
    images = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    wider = np.pad(images, [(0, 0), (1, 1 + shape[1] % 2), (1, 1 + shape[2] % 2), (0, 0)], mode="edge")
    expected = sum(
        a * b / 64 * wider[:, i : i + shape[1] + shape[1] % 2 : 2, j : j + shape[2] + shape[2] % 2 : 2]
        for i, a in enumerate((1, 3, 3, 1))
        for j, b in enumerate((1, 3, 3, 1))
    )
    np.testing.assert_allclose(smoothed(jnp.asarray(images)), expected, rtol=1e-5, atol=1e-6)
