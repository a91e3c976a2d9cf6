import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.distributions import normal
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import one_hot, residual_critic, residual_generator
from tests.networks import facts


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 6, 2)])
def test_generators_are_pure_functions_of_each_row(shape):
    size = shape[0] * shape[1] * shape[2]
    low = residual_generator(5, shape, 8, 2, dtype="bfloat16")
    facts.check(residual_generator(5, shape, 8, 2), low, 7, (size,))


@pytest.mark.parametrize("spectral", [False, True])
def test_critics_are_pure_functions_of_each_row(spectral):
    shape = (9, 10, 2)
    low = residual_critic(shape, 8, spectral, dtype=jnp.bfloat16)
    facts.check(residual_critic(shape, 8, spectral), low, 180, ())


def test_seeds_side_by_side():
    facts.check_seeds(residual_generator(3, (8, 8, 1), 4), 3)


def test_sides_from_8_to_64():
    for shape in ((8, 64, 1), (28, 28, 1), (33, 50, 3), (64, 64, 3)):
        size = shape[0] * shape[1] * shape[2]
        generator, critic = residual_generator(5, shape, width=4), residual_critic(shape, width=4)
        images = jax.eval_shape(
            lambda key, net=generator: net.apply(net.init(key), jnp.ones((3, 5))), jax.random.key(0)
        )
        assert images.shape == (3, size)
        judged = jax.eval_shape(lambda key, x, net=critic: net.apply(net.init(key), x), jax.random.key(0), images)
        assert judged.shape == (3,)


def test_parameters_are_as_many_as_told_and_as_published():
    assert [facts.counted(residual_generator(128, shape)) for shape in facts.SHAPES] == facts.told(residual_generator)
    assert [facts.counted(residual_critic(shape)) for shape in facts.SHAPES] == facts.told(residual_critic)
    # SNGAN's for CIFAR-10: convolutions, two of them a block, with the matrix around them; normalisation; the ends.
    block = 2 * (9 * 256**2 + 256) + 256**2 + 256 + 4 * 256
    generator = 129 * 16 * 256 + 3 * block + 2 * 256 + 9 * 256 * 3 + 3
    assert facts.counted(residual_generator(128, (32, 32, 3), width=256)) == generator == 4276739
    convolution, around = 9 * 128**2 + 128, 128**2 + 128
    first = 9 * 3 * 128 + 128 + convolution + 3 * 128 + 128
    assert facts.counted(residual_critic((32, 32, 3), width=128, spectral_norm=True)) == 1053825
    assert first + 6 * convolution + around + 129 == 1053825


def test_spectral_normalisation_makes_the_scale_of_the_weights_irrelevant():
    critic = residual_critic((8, 8, 1), 4, spectral_norm=True)
    x = np.random.default_rng(0).standard_normal((3, 64)).astype(np.float32)

    @jax.jit
    def both(key, x):
        params = critic.init(key)
        return critic.apply(params, x), critic.apply(jax.tree.map(lambda p: 7 * p, params), x)

    once, scaled = both(jax.random.key(0), x)
    np.testing.assert_allclose(once, scaled, rtol=1e-4, atol=1e-5)


def test_a_class_conditional_generator():
    net = residual_generator(4, (8, 8, 1), 8, condition_dim=10)
    facts.check_condition(net, 4, 10)
    generator = conditional_pushforward(net, normal(4), one_hot(10))

    @jax.jit
    def drawn(key):
        return generator.sample(generator.init(key), key, jnp.array([7, 0, 7]), 2)

    x = drawn(jax.random.key(1))
    assert x.shape == (3, 2, 64)
    assert np.isfinite(x).all()


def test_wrong_arguments_are_named():
    net = residual_generator(4, (8, 8, 1), 4, condition_dim=3)
    with pytest.raises(ValueError, match=r"rows \(n, 7\), 4 of latent \+ 3 of condition, but got .*\(2, 4\)"):
        jax.eval_shape(lambda key: net.apply(net.init(key), jnp.ones((2, 4))), jax.random.key(0))
    with pytest.raises(ValueError, match=r"`dtype` must be one of float32, bfloat16.*'bfloat61'"):
        residual_generator(4, (8, 8, 1), dtype="bfloat61")
    with pytest.raises(ValueError, match=r"`dtype`.*'int32'"):
        residual_critic((8, 8, 1), dtype=jnp.int32)
    with pytest.raises(ValueError, match="`width` must be at least 1"):
        residual_critic((8, 8, 1), width=0)
