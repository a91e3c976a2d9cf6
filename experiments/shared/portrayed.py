"""Objectives of samples that come with something, as objectives of bare points in the plane, which a portrait has."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import Batch, Objective, objectives
from igm_jax.base import Key
from igm_jax.lifts import through


def by_side(objective: Objective) -> Objective:
    """The objective of points whose class is the side they are on: on the left 0, on the right 1."""

    def labelled(name: str, points: Any) -> Batch:
        return Batch(points, condition=(points[:, 0] > 0).astype(jnp.int32))

    return through(objective, labelled)


def guided_sides(objective: Objective) -> Objective:
    """The objective of points whose class is the side they are on, drawn with the strength 2."""

    def guided(name: str, points: Any) -> Batch:
        label = (points[:, 0] > 0).astype(jnp.int32)
        return Batch(points, condition=objectives.Guided(label, jnp.full(len(points), 2.0, points.dtype)))

    return through(objective, guided)


def within_sides(objective: Objective) -> Objective:
    """The objective of the draws under two conditions, the sides: each holds all points, and those of the other count nothing."""

    def grouped(name: str, points: Any) -> Batch:
        right = points[:, 0] > 0
        return Batch(jnp.stack([points, points]), weights=jnp.stack([~right, right]).astype(points.dtype))

    def witness(state: Any, points: Any, x: Any, y: Any) -> Array:
        both = Batch(jnp.stack([points, points]))
        left, right = objective.witness(state, both, grouped("x", x), grouped("y", y))
        return jnp.where(points[:, 0] > 0, right, left)

    return through(objective, grouped)._replace(witness=witness)


def carried_from(place: Sequence[float], objective: Objective) -> Objective:
    """The objective of samples that all come from one place."""

    def carried(name: str, points: Any) -> Any:
        source = jnp.broadcast_to(jnp.asarray(place, points.dtype)[None], points.shape)
        return points if name == "y" else Batch(points, condition=source)

    return through(objective, carried)


def undone(objective: Objective) -> Objective:
    """The objective of what one map makes, while the other takes everything back to where it should, and learns nothing."""

    def both(x: Array, y: Array) -> Batch:
        x0, y = jax.lax.stop_gradient(x), y[jnp.arange(len(x)) % len(y)]
        return Batch(jnp.concatenate([x, x0, x0, y], axis=1), condition=objectives.Unpaired(x0, y))

    def loss(key: Key, state: Any, x: Array, y: Array) -> Array:
        return objective.loss(key, state, both(x, y), y)

    def update(key: Key, state: Any, x: Array, y: Array) -> tuple[Any, dict[str, Array]]:
        return objective.update(key, state, both(x, y), y)

    return objective._replace(init=lambda key, x: objective.init(key, both(x, x)), update=update, loss=loss)  # pyrefly: ignore
