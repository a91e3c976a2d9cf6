import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Network, distributions, generators, stateless, velocity
from igm_jax.generators import conditional_pushforward, particles, pushforward
from igm_jax.networks import mlp


def normal(key, n):
    return jax.random.normal(key, (n, 3))


def test_pushforward_is_the_network_of_the_base(key):
    net = mlp(3, 2, width=8)
    generator = pushforward(net, normal)
    params, key_sample = jax.jit(net.init)(key), jax.random.key(1)
    assert generator.init is net.init
    np.testing.assert_array_equal(generator.sample(params, key_sample, 7), net.apply(params, normal(key_sample, 7)))


def test_pushforward_says_what_does_not_fit(key):
    net = mlp(3, 2, width=8)
    with pytest.raises(TypeError):
        pushforward(normal, normal)  # pyrefly: ignore
    with pytest.raises(TypeError):
        pushforward(net, jnp.ones((4, 3)))  # pyrefly: ignore
    flat = pushforward(net, lambda key, n: jax.random.normal(key, (n,)))
    with pytest.raises(ValueError, match=r"`base` must give samples of shape \(5, d\).*gave shape \(5,\)"):
        flat.sample({}, key, 5)
    few = pushforward(net, lambda key, n: jnp.ones((2, 3)))
    with pytest.raises(ValueError, match=r"`base` must give samples of shape \(5, d\)"):
        few.sample({}, key, 5)


def test_training_particles_by_sgd_is_a_flow_along_the_velocity(key):
    objective = stateless(lambda x, y: jnp.sum(jnp.square(x.mean(0) - y.mean(0))))
    x, y = normal(key, 6), normal(jax.random.key(1), 9)
    flow, optimizer, step = particles(x), optax.sgd(0.25 * len(x)), 0.25
    params = flow.init(key)

    def loss(params):
        return objective.loss(key, (), flow.sample(params, key, 6), y)

    updates, _ = optimizer.update(jax.grad(loss)(params), optimizer.init(params))
    moved = optax.apply_updates(params, updates)
    np.testing.assert_allclose(moved, x + step * velocity(objective, key, (), x, y), rtol=1e-6)


def test_particles_start_from_a_copy_for_every_seed(key):
    x = jnp.arange(6.0).reshape(3, 2)
    flow = particles(x)
    jax.jit(lambda params: params + 1, donate_argnums=0)(flow.init(key))  # a step that eats its input
    np.testing.assert_array_equal(flow.init(key), x)
    assert jax.vmap(flow.init)(jax.random.split(key, 4)).shape == (4, 3, 2)


def test_particles_say_why_they_cannot_give_another_number(key):
    flow = particles([[0.0], [1.0]])
    with pytest.raises(ValueError, match="2 fixed points and cannot give 5 samples: nothing is drawn"):
        flow.sample(flow.init(key), key, 5)
    with pytest.raises(ValueError, match=r"`x` must have shape \(n, d\)"):
        particles(jnp.ones(4))
    with pytest.raises(ValueError, match="finite"):
        particles([[jnp.nan]])


def test_conditional_generators_draw_under_each_condition(key):
    """A network that hands its condition through shows which draw was made under which."""
    handed = network_of(lambda given: given[:, 2:])
    generator = conditional_pushforward(handed, distributions.normal(2))
    c = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    x = generator.sample(generator.init(key), key, c, 3)
    np.testing.assert_array_equal(x, jnp.broadcast_to(c[:, None], (2, 3, 2)))
    noise = conditional_pushforward(network_of(lambda given: given[:, :2]), distributions.normal(2))
    z = noise.sample((), key, c, 3).reshape(6, 2)
    assert len(np.unique(np.asarray(z), axis=0)) == 6
    with pytest.raises(ValueError, match=r"conditions must become rows \(b, d_code\)"):
        generator.sample((), key, jnp.array([0, 1]), 3)


def network_of(function):
    return Network(lambda key: (), lambda params, given: function(given))


def test_two_maps_each_take_what_the_other_made(key):
    there, back = (Network(lambda key: (), lambda params, x, by=by: x + by) for by in (1.0, -3.0))
    x = generators.both_ways(there, back).sample(
        {"there": (), "back": ()}, key, (jnp.zeros((2, 1)), jnp.ones((2, 1))), 1
    )
    np.testing.assert_allclose(x, [[[1.0, -2.0, -2.0, -1.0]]] * 2)
    with pytest.raises(ValueError, match="leave `draws` at 1"):
        generators.both_ways(there, back).sample({"there": (), "back": ()}, key, (x[:, 0], x[:, 0]), 2)
    with pytest.raises(TypeError, match="back"):
        generators.both_ways(there, lambda x: x)  # pyrefly: ignore
