import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.descriptions import described
from igm_jax.networks import conv_critic, conv_generator
from igm_jax.networks.convolutional import doubled_patches, halved_patches
from tests.networks import facts

CHANNELS_LAST = ("NHWC", "HWIO", "NHWC")


@pytest.mark.parametrize("shape", [(3, 8, 6, 2), (2, 7, 5, 3), (1, 1, 1, 4)])
def test_patches_times_a_matrix_is_a_convolution_of_stride_two(shape):
    rng = np.random.default_rng(0)
    images = rng.standard_normal(shape).astype(np.float32)
    kernel = rng.standard_normal((4, 4, shape[3], 5)).astype(np.float32)  # rows, columns, in, out
    padding = [(1, 1 + shape[1] % 2), (1, 1 + shape[2] % 2)]

    @jax.jit
    def both(images, kernel):
        product = halved_patches(images) @ kernel.transpose(1, 0, 2, 3).reshape(-1, 5)
        return product, jax.lax.conv_general_dilated(images, kernel, (2, 2), padding, dimension_numbers=CHANNELS_LAST)

    np.testing.assert_allclose(*both(images, kernel), rtol=1e-4, atol=1e-4)


def test_adding_patches_is_the_transpose_of_taking_them():
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, 8, 6, 3)).astype(np.float32)
    patches = rng.standard_normal((2, 4, 3, 4, 4, 3)).astype(np.float32)  # row, column, channel of a patch
    taken = np.asarray(jax.jit(halved_patches)(images)).reshape(2, 4, 3, 4, 4, 3).swapaxes(3, 4)
    added = np.asarray(jax.jit(doubled_patches)(patches))
    np.testing.assert_allclose(np.sum(taken * patches), np.sum(images * added), rtol=1e-4)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (9, 15, 3), (1, 2, 1)])
def test_flat_rows_in_and_out(key, shape):
    size = shape[0] * shape[1] * shape[2]
    generator, critic = conv_generator(5, shape, width=4), conv_critic(shape, width=4)
    images = jax.eval_shape(lambda key: generator.apply(generator.init(key), jnp.ones((3, 5))), key)
    assert images.shape == (3, size)
    assert jax.eval_shape(lambda key, x: critic.apply(critic.init(key), x), key, images).shape == (3,)


def test_every_pixel_answers_to_the_latent_and_moves_the_critic(key):
    generator, critic = conv_generator(6, (9, 7, 2), width=4), conv_critic((9, 7, 2), width=4)

    @jax.jit
    def images_and_slopes(key):
        key_z, key_generator, key_critic = jax.random.split(key, 3)
        images = generator.apply(generator.init(key_generator), jax.random.normal(key_z, (64, 6)))
        params = critic.init(key_critic)
        return images, jax.grad(lambda x: critic.apply(params, x).sum())(images)

    images, slopes = images_and_slopes(key)
    assert (images.std(0) > 1e-3).all()
    assert (jnp.abs(slopes).max(0) > 1e-5).all()


def test_samples_do_not_mix(key):
    generator, critic = conv_generator(4, (8, 8, 1), width=4), conv_critic((8, 8, 1), width=4)
    z = jax.random.normal(key, (6, 4))
    apply = jax.jit(lambda g, c, z: critic.apply(c, generator.apply(g, z)))
    params = jax.jit(generator.init)(key), jax.jit(critic.init)(key)
    np.testing.assert_allclose(apply(*params, z[::-1]), apply(*params, z)[::-1], rtol=1e-4, atol=1e-6)


def test_spectral_norm_bounds_the_slope(key):
    critic = conv_critic((8, 8, 1), width=4, spectral_norm=True)
    params = jax.tree.map(lambda p: 30 * p, jax.jit(critic.init)(key))
    x = jax.random.normal(jax.random.key(1), (32, 64))
    slopes = jnp.linalg.norm(jax.jit(jax.grad(lambda x: critic.apply(params, x).sum()))(x), axis=1)
    assert 0 < slopes.max() <= 4 + 1e-3  # two convolutions of norm at most 2


def test_bad_shapes_are_named(key):
    critic = conv_critic((8, 8, 1), width=4)
    with pytest.raises(ValueError, match=r"images of shape \(8, 8, 1\) come as rows \(n, 64\).*\(3, 49\)"):
        jax.eval_shape(lambda key: critic.apply(critic.init(key), jnp.ones((3, 49))), key)
    with pytest.raises(ValueError, match="`image_shape` must be at least 1, but is 0"):
        conv_generator(4, (8, 0, 1))
    with pytest.raises(ValueError, match="`latent_dim` must be at least 1"):
        conv_generator(0, (8, 8, 1))
    with pytest.raises((TypeError, ValueError)):
        conv_critic((8, 8))  # pyrefly: ignore


def test_bfloat16_and_rows_by_themselves():
    facts.check(conv_generator(5, (8, 8, 1), 4), conv_generator(5, (8, 8, 1), 4, "bfloat16"), 5, (64,))
    facts.check(conv_critic((8, 8, 1), 4), conv_critic((8, 8, 1), 4, dtype="bfloat16"), 64, ())


def test_parameters_are_as_many_as_told():
    assert [facts.counted(conv_generator(128, shape)) for shape in facts.SHAPES] == facts.told(conv_generator)
    assert [facts.counted(conv_critic(shape)) for shape in facts.SHAPES] == facts.told(conv_critic)


def test_runs_begun_before_there_was_a_type_to_compute_in_go_on():
    for plain, low in (
        (conv_generator(5, (8, 8, 1)), conv_generator(5, (8, 8, 1), dtype="bfloat16")),
        (conv_critic((8, 8, 1)), conv_critic((8, 8, 1), dtype="bfloat16")),
    ):
        assert "dtype" not in described(plain).value
        assert described(low).value["dtype"] == "bfloat16"
