"""An objective's witness and velocity on a grid of the plane, as numbers. (The pictures of them are in ``fields``.)"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key, Objective, State, velocity
from igm_jax.checks import ArrayLike
from igm_jax.lifts import NoWitnessError


class Field(NamedTuple):
    """An objective's field on a full regular grid of the plane.

    Args:
        points: (m, 2) the grid's points, in any order.
        velocities: (m, 2) where a sample at each point would go.
        witness: (m,) its values, or None if the objective has none.
        reason: why there is no witness; empty if there is one.
    """

    points: Any
    velocities: Any
    witness: Any = None
    reason: str = ""


def grid_of(low: ArrayLike, high: ArrayLike, side: int = 33) -> np.ndarray:
    """A full regular grid of a rectangle of the plane.

    Args:
        low: (2,) its lower left corner.
        high: (2,) its upper right corner.
        side: points along each axis, at least 2.

    Returns:
        (side², 2) points, in the default float type.

    Raises:
        ValueError: for corners that are not two numbers each, the lower below the higher, or fewer than two points a side.

    Example:
        >>> from igm_jax.reporting import grid_of
        >>> grid_of((0.0, 0.0), (1.0, 2.0), side=2).tolist()
        [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0]]
    """
    low, high, side = np.asarray(low, float), np.asarray(high, float), checks.count("side", side, least=2)
    if low.shape != (2,) or high.shape != (2,) or not (low < high).all():
        raise ValueError(
            f"`low` and `high` must be corners of a rectangle, (2,) each with low < high, but are {low} and {high}"
        )
    axes = np.linspace(low, high, side).T
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 2).astype(jnp.result_type(float))


def field_on_grid(
    objective: Objective,
    state: State,
    grid: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    *,
    coarse: ArrayLike | None = None,
    key: Key | None = None,
    draws: int = 1,
) -> Field:
    """Witness and velocity of an objective at the points of a grid, for ``igm_jax.reporting.figures.field_panels``.

    ``v(p) = -∇w(p)``, where there is a witness w; else the velocity that one more sample at p would have among x.

    Args:
        objective: the objective.
        state: its state, from ``objective.init`` or a run's ``objective_state``.
        grid: (m, 2) points, e.g. of ``grid_of``; to be drawn, a full regular grid.
        x: (n, 2) generated samples.
        y: (k, 2) data.
        coarse: points that take the place of ``grid`` where there is no witness and each costs a gradient of the loss.
        key: random key, for the loss where there is no witness; ``jax.random.key(0)`` if None.
        draws: over how many draws of the loss that velocity is averaged, where the loss is random.

    Returns:
        The field, as NumPy arrays; without a witness ``witness`` is None and ``reason`` says why.

    Raises:
        ValueError: for samples that are not of the plane, wrong shapes or non-finite numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives import energy
        >>> from igm_jax.reporting import field_on_grid, grid_of
        >>> x, y = jnp.array([[0.0, 0.0]]), jnp.array([[2.0, 0.0]])
        >>> field = field_on_grid(energy(), (), grid_of((-1.0, -1.0), (3.0, 1.0), side=3), x, y)
        >>> field.velocities[4, 0].round(4).item()  # at (1, 0), between the sample and the datum
        4.0
    """
    samples, data = checks.pair(x, y)
    fine = _of_the_plane("grid", grid, samples)
    few = fine if coarse is None else _of_the_plane("coarse", coarse, samples)
    keys = jax.random.split(jax.random.key(0) if key is None else key, checks.count("draws", draws))

    def witness(point: Array) -> Array:
        return objective.witness(state, point[None], samples, data)[0]

    def joined(point: Array) -> Array:
        there = jnp.concatenate([samples, point[None]])
        moves = jax.vmap(lambda one: velocity(objective, one, state, there, data)[-1])(keys)
        return jnp.mean(moves, axis=0)

    try:
        values, slopes = _at(fine, jax.value_and_grad(witness), 256)
        return Field(np.asarray(fine), -slopes, values)
    except NoWitnessError as error:
        return Field(np.asarray(few), _at(few, joined, 16), None, str(error))


def _of_the_plane(name: str, points: ArrayLike, samples: Array) -> Array:
    """The points of a grid, in the type of the samples."""
    found, _ = checks.pair(points, samples, names=(name, "x"))
    if found.shape[1] != 2:
        raise ValueError(
            f"`{name}` must be points of the plane, (m, 2), but has shape {found.shape}; project the samples first"
        )
    return found.astype(samples.dtype)


def _at(points: Array, move: Callable, batch: int) -> Any:
    """Some points at a time."""
    return jax.tree.map(np.asarray, jax.jit(lambda points: jax.lax.map(move, points, batch_size=batch))(points))
