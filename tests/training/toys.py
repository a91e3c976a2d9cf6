"""A generator, objectives and a target small enough to train in milliseconds."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from igm_jax import Generator, Objective, stateless
from igm_jax.generators import particles
from igm_jax.lifts import no_witness
from igm_jax.training import training


def target(key, n):
    return 3 + 2 * jax.random.uniform(key, (n, 2))


generator = Generator(
    lambda key: {"in": jax.random.uniform(key, (2, 8)), "out": jnp.ones((8, 2))},
    lambda params, key, n: jnp.tanh(jax.random.uniform(key, (n, 2)) @ params["in"]) @ params["out"],
)


moments = stateless(
    lambda x, y: jnp.mean(jnp.square(x.mean(0) - y.mean(0))) + jnp.mean(jnp.square(x.var(0) - y.var(0)))
)
"""Nothing to learn: first and second moments."""


class CriticState(NamedTuple):
    weights: jax.Array
    optimizer_state: optax.OptState
    noise: jax.Array


def _critic() -> Objective:
    """A linear critic with its own optimiser and its own random state: all that a checkpoint must bring back."""
    optimizer = optax.adam(1e-2)

    def value(weights, x, y):
        return jnp.mean(y @ weights) - jnp.mean(x @ weights)

    def init(key, x):
        weights = jax.random.uniform(key, (x.shape[1],))
        return CriticState(weights, optimizer.init(weights), key)

    def update(key, state, x, y):
        noise = 0.01 * jax.random.uniform(key, state.weights.shape)
        gap, gradient = jax.value_and_grad(value)(state.weights, x, y)
        updates, optimizer_state = optimizer.update(-gradient + state.weights + noise, state.optimizer_state)
        return CriticState(state.weights + updates, optimizer_state, key), {"critic_gap": gap}

    return Objective(init, update, lambda key, state, x, y: -jnp.mean(x @ state.weights), no_witness("a toy"))


critic = _critic()


def still_run(name="still", **options):
    """Without any randomness, which compiles in no time: points that move to others."""
    x = jnp.arange(8.0).reshape(4, 2)
    return training(particles(x), moments, optax.sgd(0.4), lambda key, n: x[::-1] / 2 - 5.0, 4, name=name, **options)


def critic_run(**options):
    return training(generator, critic, optax.adam(1e-2), target, 16, name="critic", **options)


def same(left, right) -> bool:
    """Whether two states are equal to the last bit, keys included."""

    def bits(leaf):
        return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf

    left, right = jax.tree.map(bits, left), jax.tree.map(bits, right)
    equal = jax.tree.map(lambda a, b: a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all()), left, right)
    return jax.tree.structure(left) == jax.tree.structure(right) and all(jax.tree.leaves(equal))
