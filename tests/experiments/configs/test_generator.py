"""The generator and its optimiser."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.configs import Adam, Pushforward, Space
from igm_jax.distributions import normal
from igm_jax.generators import pushforward
from igm_jax.networks import conv_generator, style_noise_size
from igm_jax.training import plain


@pytest.mark.parametrize("config", [Pushforward(width=8), Pushforward(width=8, frequencies=0), Pushforward(latent=3)])
@pytest.mark.parametrize("space", [Space(2, 1.0), Space(48, 1.0, (4, 4, 3))])
def test_samples_have_the_shape_of_the_data(config, space):
    generator = config.build(space)
    params = jax.eval_shape(generator.init, jax.random.key(0))
    samples = jax.eval_shape(lambda params: generator.sample(params, jax.random.key(1), 5), params)
    assert samples.shape == (5, space.dim)


@pytest.mark.parametrize("network", ["convolutional", "residual", "unet", "style"])
def test_networks_for_images_in_either_type(network):
    space = Space(48, 1.0, (4, 4, 3))
    for dtype in ("float32", "bfloat16"):
        generator = Pushforward(width=16, network=network, dtype=dtype).build(space)
        params = jax.eval_shape(generator.init, jax.random.key(0))
        samples = jax.eval_shape(lambda params, g=generator: g.sample(params, jax.random.key(1), 5), params)
        assert (samples.shape, samples.dtype) == ((5, 48), jnp.float32)
        assert ("dtype='bfloat16'" in repr(generator)) == (dtype == "bfloat16")


def test_defaults_are_the_networks_of_before_and_are_told_as_before():
    assert plain(Pushforward()) == {"kind": "Pushforward", "latent": None, "width": 128, "depth": 3, "frequencies": 64}
    told = plain(Pushforward(network="unet", dtype="bfloat16"))
    assert (told["network"], told["dtype"]) == ("unet", "bfloat16")
    assert Pushforward().build(Space(48, 1.0, (4, 4, 3))) == pushforward(
        conv_generator(16, (4, 4, 3), width=32), normal(16)
    )


def test_noise_of_a_unet_and_of_styles():
    shape = (8, 8, 1)
    assert repr(Pushforward(network="unet").build(Space(64, 1.0, shape))).endswith("normal(64))")
    assert Pushforward(network="unet", latent=64).build(Space(64, 1.0, shape))
    with pytest.raises(
        ValueError, match=r"`latent` must be 64 with the network unet.*is 8; leave `--generator.latent` out"
    ):
        Pushforward(network="unet", latent=8).build(Space(64, 1.0, shape))
    deeper, few = (
        jax.eval_shape(Pushforward(network="unet", blocks=n).build(Space(64, 1.0, shape)).init, jax.random.key(0))
        for n in (2, 1)
    )
    assert len(jax.tree.leaves(deeper)) > len(jax.tree.leaves(few))
    with pytest.raises(ValueError, match="`blocks` are those of a U-Net, but the network is style"):
        Pushforward(network="style", blocks=2).build(Space(64, 1.0, shape))
    styled = repr(Pushforward(network="style", latent=8).build(Space(64, 1.0, shape)))
    assert styled.endswith(f"normal({8 + style_noise_size(shape)}))")


@pytest.mark.parametrize(("option", "value"), [("network", "residual"), ("dtype", "bfloat16"), ("blocks", 2)])
def test_networks_for_images_are_refused_for_others(option, value):
    text = f"`generator.{option}` is {value!r}, but the samples are no images.*leave `--generator.{option}` out"
    with pytest.raises(ValueError, match=text):
        Pushforward(**{option: value}).build(Space(2, 1.0))
    with pytest.raises(ValueError, match=r"`network` must be one of.*did you mean 'residual'"):
        Pushforward(network="residul").build(Space(48, 1.0, (4, 4, 3)))


def steps(optimizer, number):
    """Updates of one parameter whose gradient is two."""
    state, found = optimizer.init(jnp.zeros(())), []
    with jax.numpy_dtype_promotion("standard"):
        for _ in range(number):
            update, state = optimizer.update(jnp.asarray(2.0), state)
            found.append(float(update))
    return np.array(found)


def test_adam_steps_by_its_rate_and_a_cosine_brings_it_to_zero():
    """A gradient that stays is divided by its own size; the cosine is ``(1 + cos π t/T)/2``."""
    np.testing.assert_allclose(steps(Adam(rate=0.1).build(), 5), -0.1, rtol=1e-5)
    expected = -0.1 * (1 + np.cos(np.pi * np.arange(5) / 4)) / 2
    np.testing.assert_allclose(steps(Adam(rate=0.1).build(4), 5), expected, atol=1e-6)


def test_clipped_gradients_leave_a_step_of_adam_as_it_is():
    """Adam does not see the size of a gradient that is always clipped alike."""
    np.testing.assert_allclose(steps(Adam(rate=0.1, clip=0.5).build(), 3), steps(Adam(rate=0.1).build(), 3), rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "text"),
    [(Adam(rate=None), "give one, e.g. `--optimizer.rate"), (Adam(rate=-1.0), "`rate`"), (Adam(clip=0.0), "`clip`")],
)
def test_a_wrong_rate_is_refused(config, text):
    with pytest.raises(ValueError, match=text):
        config.build()
