import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax.networks import style_critic, style_generator, style_noise_size
from tests.networks import facts


def test_generators_are_pure_functions_of_each_row():
    shape = (9, 10, 2)
    rows = 6 + style_noise_size(shape) + 3
    low = style_generator(6, shape, 4, 2, 3, dtype="bfloat16")
    facts.check(style_generator(6, shape, 4, 2, 3), low, rows, (180,))


def test_critics_are_pure_functions_of_each_row():
    low = style_critic((9, 10, 2), 4, dtype="bfloat16")
    facts.check(style_critic((9, 10, 2), 4), low, 180, ())


@pytest.mark.slow
def test_seeds_side_by_side():
    facts.check_seeds(style_generator(3, (8, 8, 1), 4, noise=False), 3)


def test_classes_give_other_images():
    facts.check_condition(style_generator(4, (8, 8, 1), 4, condition_dim=3, noise=False), 4, 3)


def test_the_spread_of_a_batch_only_where_it_is_asked_for():
    x = np.random.default_rng(0).standard_normal((3, 64)).astype(np.float32)

    def of(net):
        return np.asarray(jax.jit(lambda key, x: net.apply(net.init(key), x))(jax.random.key(0), x))

    critic = style_critic((8, 8, 1), 4, batch_spread=True)
    seen = jax.jit(lambda key, x, y: [critic.apply(critic.init(key), part)[0] for part in (x, y)])
    one, other = seen(jax.random.key(0), x, np.concatenate([x[:1], 5 * x[1:]]))
    assert abs(one - other) > 1e-3
    assert of(critic).shape == (3,)


def test_latent_features_are_normalised_and_noise_moves_pixels_once_it_has_strength():
    net, size = style_generator(4, (8, 8, 1), 4), style_noise_size((8, 8, 1))
    rng = np.random.default_rng(0)
    z, noise = rng.standard_normal((1, 4)).astype(np.float32), rng.standard_normal((2, size)).astype(np.float32)
    rows = np.concatenate([np.concatenate([scale * z, some[None]], 1) for scale in (1, 3) for some in noise])

    @jax.jit
    def both(key, x):
        params = net.init(key)
        strong = jax.tree_util.tree_map_with_path(lambda path, p: p + 1 if "strength" in str(path[-1]) else p, params)
        return net.apply(params, x), net.apply(strong, x)

    weak, strong = (np.asarray(out) for out in both(jax.random.key(0), rows))
    np.testing.assert_allclose(weak, weak[:1].repeat(4, 0), rtol=1e-4, atol=1e-5)  # neither length nor noise matters
    np.testing.assert_allclose(strong[:2], strong[2:], rtol=1e-4, atol=1e-5)
    assert (np.abs(strong[0] - strong[1]) > 0).all()


def test_noise_of_every_convolution_is_counted():
    assert style_noise_size((28, 28, 1)) == 7 * 7 + 2 * (14 * 14 + 28 * 28)
    assert style_noise_size((9, 3, 3)) == 5 * 2 + 2 * 9 * 3


def test_parameters_are_as_many_as_told():
    assert [facts.counted(style_generator(128, shape)) for shape in facts.SHAPES] == facts.told(style_generator)
    assert [facts.counted(style_critic(shape)) for shape in facts.SHAPES] == facts.told(style_critic)


def test_sides_from_8_to_64():
    for shape in ((8, 64, 1), (33, 50, 3)):
        size, noise = shape[0] * shape[1] * shape[2], style_noise_size(shape)
        generator, critic = style_generator(5, shape, 4), style_critic(shape, 4)

        def judged(key, x, generator=generator, critic=critic):
            images = generator.apply(generator.init(key), x)
            return images, critic.apply(critic.init(key), images)

        images, values = jax.eval_shape(judged, jax.random.key(0), jnp.ones((3, 5 + noise)))
        assert (images.shape, values.shape) == ((3, size), (3,))


def test_wrong_arguments_are_named():
    net = style_generator(4, (8, 8, 1), 4)
    with pytest.raises(ValueError, match=r"rows \(n, 148\), 4 of latent \+ 144 of noise, but got .*\(2, 4\)"):
        jax.eval_shape(lambda key: net.apply(net.init(key), jnp.ones((2, 4))), jax.random.key(0))
    with pytest.raises(ValueError, match="`depth` must be at least 1"):
        style_generator(4, (8, 8, 1), depth=0)
