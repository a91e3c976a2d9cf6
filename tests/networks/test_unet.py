import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import unet_generator
from tests.networks import facts


@pytest.mark.slow
def test_it_is_a_pure_function_of_each_row():
    shape = (9, 10, 2)
    low = unet_generator(shape, 8, 1, 3, dtype="bfloat16")
    facts.check(unet_generator(shape, 8, 1, 3), low, 183, (180,))


@pytest.mark.slow
def test_seeds_side_by_side():
    facts.check_seeds(unet_generator((8, 8, 1), 4), 64)


def test_every_pixel_of_the_noise_and_the_condition_reach_the_whole_image_and_no_other():
    net = unet_generator((8, 8, 1), 4, condition_dim=2)
    rows = np.zeros((5, 66), np.float32)
    rows[1, 63] = rows[2, 64] = rows[3, 65] = 1.0  # the last pixel; two conditions; then the first row again
    out = np.asarray(jax.jit(lambda key, x: net.apply(net.init(key), x))(jax.random.key(0), rows))
    assert (np.abs(out[1:4] - out[0]) > 0).all()
    np.testing.assert_allclose(out[4], out[0], rtol=1e-5, atol=1e-6)


def test_parameters_are_as_many_as_told():
    assert [facts.counted(unet_generator(shape)) for shape in facts.SHAPES] == facts.told(unet_generator)
    assert facts.counted(unet_generator((32, 32, 3), width=128, depth=2)) == 32856707
    assert "has 32856707" in unet_generator.__doc__


def test_sides_from_8_to_64():
    for shape in ((8, 64, 1), (33, 50, 3)):
        net, size = unet_generator(shape, 4, 2), shape[0] * shape[1] * shape[2]
        out = jax.eval_shape(
            lambda key, net=net, size=size: net.apply(net.init(key), jnp.ones((3, size))), jax.random.key(0)
        )
        assert out.shape == (3, size)


def test_wrong_arguments_are_named():
    net = unet_generator((8, 8, 1), 4)
    with pytest.raises(ValueError, match=r"rows \(n, 64\), 64 of noise, but got an array of shape \(2, 16\)"):
        jax.eval_shape(lambda key: net.apply(net.init(key), jnp.ones((2, 16))), jax.random.key(0))
    with pytest.raises(ValueError, match="`depth` must be at least 1"):
        unet_generator((8, 8, 1), depth=0)
