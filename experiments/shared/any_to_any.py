"""Any law of the plane into any other: six laws of one size, and a small network for each ordered pair, trained side by side."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from igm_jax import Network, Objective
from igm_jax.distributions import Distribution, dataset, moons, normal, sphere, uniform_cube
from igm_jax.generators import pushforward
from igm_jax.training import Run, advance, training

FREEDOM = 3
"""Degrees of freedom of Student's law: it has a variance, and no third moment."""

ATOMS = np.sqrt(1.5) * np.stack(np.meshgrid([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]), -1).reshape(-1, 2)


def _student(key: Array, n: int) -> Array:
    key_normal, key_length = jax.random.split(key)
    squares = jnp.sum(jnp.square(jax.random.normal(key_length, (n, FREEDOM))), axis=1, keepdims=True)
    # With ν in the place of ν - 2 it would be Student's own, whose variance is ν / (ν - 2).
    return jax.random.normal(key_normal, (n, 2)) * jnp.sqrt((FREEDOM - 2) / squares)


def _moons(key: Array, n: int) -> Array:
    mean, std = jnp.array([0.5, 0.25]), jnp.array([0.868, 0.496])
    return (moons(0.05)(key, n) - mean[None]) / std[None]


LAWS: dict[str, Distribution] = {
    "normal": normal(2),
    "cube": uniform_cube(2, -(3**0.5), 3**0.5),
    "sphere": sphere(2, 2**0.5),
    "Student": Distribution("Student", 2, _student),
    "atoms": dataset(ATOMS, "atoms"),
    "moons": Distribution("moons", 2, _moons),
}
"""Each with mean 0 and variance 1 of both features."""


def any_of(laws: Sequence[Distribution], which: Any) -> Callable[[Array, int], Array]:
    """``(key, n) -> (n, d)``: draws of one of several laws, which may be chosen by a traced number."""

    def draw(key: Array, n: int) -> Array:
        return jax.lax.switch(which, [partial(lambda law, key: law.sample(key, n), law) for law in laws], key)

    return draw


class Recipe(NamedTuple):
    """How every pair is trained.

    Attributes:
        network: from the base's space to the target's.
        bases, targets: the laws.
        objective: how samples should move.
        steps: updates.
        batch_size: samples, and data, in each.
        rate: Adam's learning rate at the beginning; it falls to zero along half a cosine.
    """

    network: Network
    bases: Sequence[Distribution]
    targets: Sequence[Distribution]
    objective: Objective
    steps: int
    batch_size: int
    rate: float


def pairs_of(recipe: Recipe) -> np.ndarray:
    """(bases · targets, 2) numbers of the ordered pairs, all targets of the first base first."""
    both = np.meshgrid(np.arange(len(recipe.bases)), np.arange(len(recipe.targets)), indexing="ij")
    return np.stack(both, -1).reshape(-1, 2)


def _run(recipe: Recipe, pair: Array) -> Run:
    optimizer = optax.adam(optax.cosine_decay_schedule(recipe.rate, recipe.steps), b2=0.99)
    generator = pushforward(recipe.network, any_of(recipe.bases, pair[0]))
    target = any_of(recipe.targets, pair[1])
    return training(
        generator, recipe.objective, optimizer, target, recipe.batch_size, inner_steps=0, average=0.99, name="pair"
    )


def trained(recipe: Recipe, key: Array, parts: int = 20) -> Iterator[tuple[int, Any]]:
    """All pairs side by side: the number of steps made and the averaged parameters, after each of some parts."""
    pairs = jnp.asarray(pairs_of(recipe))
    keys = jax.random.split(key, len(pairs))
    length = max(1, recipe.steps // parts)

    @jax.jit
    def begun(keys: Array) -> Any:
        return jax.vmap(lambda pair, key: _run(recipe, pair).init(key))(pairs, keys)

    @jax.jit
    def moved(states: Any, number: Array) -> Any:
        def once(_: Any, states: Any) -> Any:
            return jax.vmap(lambda pair, state: advance(_run(recipe, pair), state)[0])(pairs, states)

        return jax.lax.fori_loop(0, number, once, states)

    states, done = begun(keys), 0
    while done < recipe.steps:
        number = min(length, recipe.steps - done)
        states, done = jax.block_until_ready(moved(states, jnp.int32(number))), done + number
        yield done, states.average


def drawn(recipe: Recipe, params: Any, key: Array, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(pairs, n, d) base points and samples of all pairs."""
    bases = jnp.asarray(pairs_of(recipe)[:, 0])

    def one(params: Any, base: Array, key: Array) -> tuple[Array, Array]:
        z = any_of(recipe.bases, base)(key, n)
        return z, recipe.network.apply(params, z)

    z, x = jax.jit(jax.vmap(one))(params, bases, jax.random.split(key, len(bases)))
    return np.asarray(z), np.asarray(x)
