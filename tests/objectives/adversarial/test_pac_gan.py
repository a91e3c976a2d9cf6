import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, NoWitnessError
from igm_jax.objectives.adversarial.pac_gan import pac_gan, packs
from igm_jax.objectives.adversarial.wasserstein import wgan


def test_packs_are_consecutive_and_filled_up_from_the_start():
    x = jnp.arange(14.0).reshape(7, 2)
    np.testing.assert_array_equal(packs(x[:6], 3), x[:6].reshape(2, 6))
    np.testing.assert_array_equal(packs(x, 3)[2], [12, 13, 0, 1, 2, 3])
    np.testing.assert_array_equal(packs(x[:1], 3), [[0, 1, 0, 1, 0, 1]])


def test_images_are_stacked_along_their_channels():
    images = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype(np.float32)
    packed = np.asarray(packs(jnp.asarray(images.reshape(4, -1)), 2, channels=2)).reshape(2, 3, 3, 4)
    np.testing.assert_array_equal(packed, np.concatenate([images[::2], images[1::2]], axis=-1))


def test_the_critic_sees_a_lack_of_variety(key):
    """D(a, b) = ‖a − b‖²: nothing on copies, twice the variance on draws; a critic of single samples sees neither."""
    spread = Network(
        lambda key: jnp.ones(()), lambda s, pair: s * jnp.sum(jnp.square(pair[:, :2] - pair[:, 2:]), axis=1)
    )
    objective = pac_gan(wgan(spread, optax.sgd(0.1)), 2)
    x, y = jnp.zeros((4, 2)), jnp.array([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0], [1.0, 0.0]])
    state, info = jax.jit(objective.update)(key, objective.init(key, x), x, y)
    np.testing.assert_allclose(info["critic_gap"], 12.5)
    np.testing.assert_allclose(state.params, 1 + 0.1 * 12.5)
    np.testing.assert_allclose(objective.loss(key, state, y, x), -2.25 * 12.5, rtol=1e-6)


def test_what_does_not_fit_is_named(key):
    x = jnp.ones((4, 6))
    with pytest.raises(ValueError, match="`channels` must divide the number of features, 6, but is 4"):
        packs(x, 2, channels=4)
    with pytest.raises(ValueError, match="`size` must be at least 1"):
        packs(x, 0)
    objective = pac_gan(wgan(Network(lambda key: {}, lambda params, x: x[:, 0]), optax.sgd(0.1)))
    with pytest.raises(NoWitnessError, match="together with the others of its pack"):
        objective.witness((), x, x, x)
