"""Translation without pairs: any objective between outputs and targets, and the cost of going there from where each began."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Batch, Samples, checked, effective_weights, only, parts_of, rows_of, simplified
from igm_jax.checks import ArrayLike
from igm_jax.kernels.points import OfPoints
from igm_jax.objectives.combinators.wrappers import checked_objective
from igm_jax.records import recorded

__all__ = ["transported"]


@recorded
def transported(objective: Objective, weight: ArrayLike, cost: OfPoints | None = None) -> Objective:
    """An objective between outputs and data, plus the cost of carrying each condition to its output.

    ``loss = objective.loss(x, y) + λ Σ_i w_i cost(x_i, c_i)``, w_i what a sample counts, 1/n unless it has weights.

    The generator maps a condition c, such as a letter in one typeface, to a sample x that should be of the law of y, letters in
    another, while nothing says which y belongs to c. Of all maps that reach the law, the cost asks for the one that moves least:
    as λ → 0 the map of optimal transport, which is the true one only where the truth moves least. With λ > 0 the law is missed
    by a little, since a velocity of zero needs ``v_i = λ ∇cost``; with λ large nothing moves.

    Args:
        objective: compares outputs with data, whatever it learns.
        weight: λ ≥ 0, in units of the objective over those of the cost; it may be traced.
        cost: ``(x (d,), c) -> scalar``, differentiable in x; ``‖x - c‖²`` if None, for conditions of the shape of samples.

    Returns:
        The objective, of samples that come with their condition, ``Batch(x, condition=c)``, as a ``ConditionalGenerator`` gives
        them, and of data of any number, without. Its witness, at points with a condition, is ``w(p) + λ cost(p, c)``.

    Raises:
        TypeError: if ``objective`` is no objective or ``cost`` no function; while running, for samples without a condition.
        ValueError: for a weight that is negative or not finite; while running, for conditions of another shape than
            samples, or a cost that is no scalar.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch, objectives, velocity
        >>> objective = objectives.transported(objectives.energy(), 0.25)
        >>> x, y = Batch(jnp.array([[1.0]]), condition=jnp.array([[0.0]])), jnp.array([[3.0]])
        >>> objective.loss(jax.random.key(0), (), x, y).item()  # 2·2 + 0.25·1
        4.25
        >>> velocity(objective, jax.random.key(0), (), x, y).tolist()  # 2 - 0.25·2
        [[1.5]]

    Source: a map fitted by the divergence of what it makes from its target, and a regulariser of transport: Uscidda and Cuturi,
        The Monge Gap, arXiv 2302.04953, Section 4.
    """
    objective = checked_objective("objective", objective)
    checked_weight(weight, "cost")
    if cost is not None and not callable(cost):
        raise TypeError(f"`cost` must be a function of an output and its condition, (x, c) -> scalar, but is {cost!r}")
    priced = jax.vmap(cost or _squared)

    def inner(samples: Samples) -> Samples:
        return simplified(samples._replace(condition=None)) if isinstance(samples, Batch) else samples

    def fares(name: str, samples: Samples) -> tuple[Batch, Array]:
        """Samples one a row, and what carrying each costs."""
        batch = rows_of(_with_sources(name, samples))
        if cost is None:
            _check_sources(name, batch)
        of_each = priced(batch.values, jax.lax.stop_gradient(batch.condition))
        if of_each.shape != batch.values.shape[:1]:
            raise ValueError(
                f"`cost` must give one number for an output and its condition, but gave shape {of_each.shape[1:]}; sum it over"
                " the features"
            )
        return batch, of_each

    def init(key: Key, x: Samples) -> State:
        return objective.init(key, inner(_with_sources("x", x)))

    def update(key: Key, state: State, x: Samples, y: Samples) -> tuple[State, Info]:
        state, info = objective.update(key, state, inner(_with_sources("x", x)), y)
        return state, info

    def loss(key: Key, state: State, x: Samples, y: Samples) -> Array:
        batch, of_each = fares("x", x)
        value = objective.loss(key, state, inner(checked("x", x)), y)
        return value + jnp.asarray(weight).astype(value.dtype) * jnp.sum(effective_weights(batch) * of_each)

    def witness(state: State, points: Samples, x: Samples, y: Samples) -> Array:
        batch, of_each = fares("points", points)
        heights = objective.witness(state, inner(batch), inner(_with_sources("x", x)), y)
        return heights + jnp.asarray(weight).astype(heights.dtype) * of_each

    return Objective(init, update, loss, witness)


def checked_weight(weight: Any, what: str) -> None:
    """An error for what is not one number λ ≥ 0, which may be traced."""
    known = isinstance(weight, jax.Array | np.number | int | float)
    if not known or isinstance(weight, bool) or jnp.ndim(weight) != 0:
        raise TypeError(f"`weight` must be one number from 0, but is {weight!r:.80}")
    checks.finite("weight", weight)
    if checks.is_concrete(weight) and weight < 0:  # pyrefly: ignore
        raise ValueError(f"`weight` must be at least 0, which leaves the {what} out, but is {weight}")


def _squared(x: Array, c: Array) -> Array:
    return jnp.sum(jnp.square(x - c))


def _with_sources(name: str, samples: Samples) -> Batch:
    batch = checked(name, only(name, samples, "`transported`", ("condition", "weights")))
    if "condition" not in parts_of(batch):
        raise TypeError(
            f"`{name}` must come with what it was made from, `Batch({name}, condition=c)`, but has no condition; train a"
            " `ConditionalGenerator` with `conditions=` a sampler of the sources"
        )
    return batch


def _check_sources(name: str, batch: Batch) -> None:
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(batch.condition)]
    if shapes != [batch.values.shape]:
        raise ValueError(
            f"`{name}` must be of the shape of its condition for the cost ‖x - c‖², but samples (one a row) have shape"
            f" {batch.values.shape} and conditions {shapes}; pass `cost`, a function (x, c) -> scalar of your own"
        )
