"""Objectives made of one function: a divergence, one that draws, a velocity field; and of four functions of bare arrays."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.base import Info, Key, Objective, State, WitnessFn, regression
from igm_jax.batches import Batch, Samples, checked, effective_weights, parts_of, plain_rows, refused, rows, rows_of
from igm_jax.records import recorded


def _nothing(key: Key, x: Samples) -> State:
    del key, x
    return ()


def _identity(key: Key, state: State, x: Samples, y: Samples | None) -> tuple[State, Info]:
    del key, x, y
    return state, {}


class NoWitnessError(TypeError):
    """Raised by the witness of an objective that has none; the text says why."""


def of_arrays(
    init: Callable[[Key, Array], State],
    update: Callable[[Key, State, Array, Array], tuple[State, Info]],
    loss: Callable[[Key, State, Array, Array], Array],
    witness: Callable[[State, Array, Array, Array], Array],
) -> Objective:
    """The objective of four functions of bare arrays: a ``Batch`` is its values, one a row, and refused if more comes with it.

    Args:
        init: as in ``Objective``, and so are the others.
        update: one inner step.
        loss: what the generator minimises.
        witness: its first variation.

    Returns:
        The objective.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch
        >>> from igm_jax.lifts import no_witness, of_arrays
        >>> gap = lambda key, state, x, y: jnp.mean((x - y) ** 2)
        >>> objective = of_arrays(lambda key, x: (), lambda key, state, x, y: (state, {}), gap, no_witness("none is known"))
        >>> objective.loss(jax.random.key(0), (), Batch(jnp.ones((2, 3, 1))), jnp.zeros((6, 1))).item()
        1.0
    """

    functions: tuple = (init, update, loss, witness)
    return through(Objective(*functions), partial(plain_rows, who="this objective"))


def through(objective: Objective, seen: Callable[[str, Samples], Samples]) -> Objective:
    """An objective that sees its samples through a function.

    Args:
        objective: of what is seen.
        seen: ``(name, samples) -> samples``, the name being ``x``, ``y`` or ``points``, for errors.

    Returns:
        The objective.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.lifts import through
        >>> from igm_jax.objectives import energy
        >>> halved = through(energy(), lambda name, samples: samples / 2)
        >>> halved.loss(jax.random.key(0), (), jnp.zeros((1, 1)), jnp.ones((1, 1))).item()
        1.0
    """
    return Objective(
        lambda key, x: objective.init(key, seen("x", x)),
        lambda key, state, x, y: objective.update(key, state, seen("x", x), seen("y", y)),
        lambda key, state, x, y: objective.loss(key, state, seen("x", x), seen("y", y)),
        lambda state, points, x, y: objective.witness(state, seen("points", points), seen("x", x), seen("y", y)),
    )


def no_witness(reason: str) -> WitnessFn:
    """A witness that raises an error which says why there is none.

    Args:
        reason: the end of the sentence "this objective has no witness: ...".

    Returns:
        A function of the witness's signature that raises ``NoWitnessError`` when called.

    Example:
        >>> import jax
        >>> from igm_jax.lifts import no_witness
        >>> no_witness("its field is not a gradient")((), *jax.numpy.zeros((3, 5, 2)))
        Traceback (most recent call last):
        igm_jax.lifts.NoWitnessError: this objective has no witness: its field is not a gradient
    """

    def witness(state: State, points: Samples, x: Samples, y: Samples) -> Array:
        raise NoWitnessError(f"this objective has no witness: {reason}")

    return witness


def _lifted(witness: Callable[..., Array] | None, reason: str) -> WitnessFn:
    if witness is None:
        return no_witness(reason)
    of_samples = taking(witness)
    return lambda state, points, x, y: of_samples(points, x, y)


@recorded
def stateless(divergence: Callable[..., Array], witness: Callable[..., Array] | None = None) -> Objective:
    """Lift a two-sample divergence to an objective with nothing to learn.

    ``loss(key, state, x, y) = divergence(x, y)``

    Args:
        divergence: ``(x, y) -> scalar``, differentiable in ``x``. What else belongs to the samples of a ``Batch`` goes to its
            arguments ``x_weights``, ``y_weights``, ``x_condition``, ``y_condition``, ``x_observed``, ``y_observed``; a part
            that it has no argument for is refused.
        witness: ``(points, x, y) -> (m,)``, the divergence's first variation in the distribution of ``x``; parts likewise.

    Returns:
        The objective; its witness raises ``NoWitnessError`` if none was given.

    Example:
        >>> from functools import partial
        >>> from igm_jax import energy_distance, stateless
        >>> objective = stateless(energy_distance)
    """

    of_samples = taking(divergence)

    def loss(key: Key, state: State, x: Samples, y: Samples | None) -> Array:
        del key, state
        return of_samples(x, y)

    reason = "`stateless` was given a divergence without one; pass `witness=`"
    return Objective(_nothing, _identity, loss, _lifted(witness, reason))


@recorded
def stochastic(divergence: Callable[..., Array], *, reason: str) -> Objective:
    """Lift a divergence that draws at random, what it looks at or where, to an objective with nothing to learn.

    ``loss(key, state, x, y) = divergence(key, x, y)``, drawn anew at every call.

    Args:
        divergence: ``(key, x, y) -> scalar``, differentiable in ``x``; parts of a ``Batch`` as in ``stateless``.
        reason: why there is no witness, for the error's text.

    Returns:
        The objective; its witness raises ``NoWitnessError``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.lifts import stochastic
        >>> half = lambda key, x: jax.random.choice(key, x, (len(x) // 2,), replace=False)
        >>> gap = lambda key, x, y: jnp.sum((half(key, x).mean(0) - y.mean(0)) ** 2)
        >>> objective = stochastic(gap, reason="half of the samples are at rest")
        >>> objective.loss(jax.random.key(0), (), jnp.zeros((4, 2)), jnp.ones((5, 2))).item()
        2.0
    """

    def loss(key: Key, state: State, x: Samples, y: Samples | None) -> Array:
        del state
        return taking(partial(divergence, key))(x, y)

    return Objective(_nothing, _identity, loss, no_witness(reason))


@recorded
def from_velocity(
    field: Callable[..., Array],
    witness: Callable[..., Array] | None = None,
    *,
    measure: Callable[..., Info] | None = None,
    reason: str = "it was lifted from a velocity field, which need not be the gradient of anything",
) -> Objective:
    """Lift a velocity field to an objective: regress the samples on where the field would take them.

    ``loss = ½ Σ_i w_i ‖x_i - sg(x_i + v_i)‖²``, w_i = 1/n unless samples have weights, so that ``velocity(...) = v`` exactly.

    Args:
        field: ``(x, y) -> v``, of the shape of ``x``; parts of a ``Batch`` go to its arguments, as in ``stateless``.
        witness: ``(points, x, y) -> (m,)``, where the field is minus its gradient.
        measure: ``(x, y) -> {name: scalar}``, reported as the update's info, for fields whose loss is constant.
        reason: why there is no witness, for the error's text.

    Returns:
        The objective; its witness raises ``NoWitnessError`` if none was given.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import from_velocity, velocity
        >>> objective = from_velocity(lambda x, y: y.mean(0, keepdims=True) - x)
        >>> velocity(objective, jax.random.key(0), (), jnp.zeros((3, 1)), jnp.ones((2, 1)))[:, 0].tolist()
        [1.0, 1.0, 1.0]
    """

    moved, measured = taking(field), measure and taking(measure)

    def update(key: Key, state: State, x: Samples, y: Samples | None) -> tuple[State, Info]:
        del key
        return state, {} if measured is None else measured(x, y)

    def loss(key: Key, state: State, x: Samples, y: Samples | None) -> Array:
        del key, state
        return regression(rows(x), moved(x, y))

    return Objective(_nothing, update, loss, _lifted(witness, reason))


# --- how parts of a batch reach a function ---


def taking(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of arrays (..., x, y) as one of samples: parts become the arguments that it names.

    The weights of x go to ``x_weights``, the condition of y to ``y_condition``, and so on; draws (b, k, d) become rows. A part
    that the function has no argument for is refused.

    Args:
        function: ``(x, y)`` or ``(points, x, y)`` of arrays, with any of the keyword arguments ``x_weights``, ``y_weights``,
            ``x_condition``, ``y_condition``, ``x_observed``, ``y_observed``, ``points_condition``.

    Returns:
        The function of arrays or batches; of arrays alone it is called as it is.
    """
    known, who = _keywords(function), f"`{_name(function)}`"

    def of_samples(*samples: Any) -> Any:
        if not any(isinstance(one, Batch) for one in samples):
            return function(*samples)
        arrays, parts = [], {}
        for name, one in zip(("points", "x", "y")[-len(samples) :], samples, strict=True):
            if one is None:  # no data, for who reads none
                arrays.append(None)
                continue
            batch = rows_of(checked(name, one))
            arrays.append(batch.values)
            for part in parts_of(batch):
                if known is not None and f"{name}_{part}" not in known:
                    raise refused(name, part, who)
                value = effective_weights(batch) if part == "weights" else getattr(batch, part)
                parts[f"{name}_{part}"] = jnp.asarray(value) if part == "observed" else value
        return function(*arrays, **parts)

    return of_samples


def _keywords(function: Callable[..., Any]) -> set[str] | None:
    """The names of a function's arguments; None where it takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set()
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters) else {p.name for p in parameters}


def _name(function: Any) -> str:
    while hasattr(function, "func"):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)
