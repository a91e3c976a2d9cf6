"""The contract through which every generator and every objective passes, and the sign convention.

A generator turns cheap randomness into samples ``x`` that should look like data ``y``. Every way of training it is a way
of saying how the samples should move. So an objective is four pure functions, and one loop trains them all.

Sign, said once. ``x`` are n draws of the model Q and ``y`` are m draws of the data distribution P. The *witness* is the
first variation of the loss in Q: positive where the model has too much mass. Samples follow the *velocity*, which is
minus the gradient of the witness::

    velocity(objective, key, state, x, y)[i] = -n ∂loss/∂x_i = -∇ witness(state, x_i, x, y)

Samples and data are arrays, one a row; where conditions, weights or missing numbers belong to them they are a ``Batch``, and n
gives way to one over what the sample counts.

Critics keep the sign of their literature (high on data); their witness is the generator's loss at a point.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
from jaxtyping import Array, PRNGKeyArray

from igm_jax.batches import Samples, mean_square, per_weight, plain_rows, rows, taking, values_of, with_values
from igm_jax.records import Recorded, recorded

Key = PRNGKeyArray
Params = Any
State = Any
Info = dict[str, Array]


@runtime_checkable
class InitFn(Protocol):
    """``(key, x) -> state``: whatever the objective must remember, for samples that look like ``x``."""

    def __call__(self, key: Key, x: Samples) -> State: ...


@runtime_checkable
class UpdateFn(Protocol):
    """``(key, state, x, y) -> (state, info)``: one inner step (a critic, a bank, a schedule); identity where nothing is learned.

    ``info`` maps names to scalars; its keys do not depend on the data.
    """

    def __call__(self, key: Key, state: State, x: Samples, y: Samples) -> tuple[State, Info]: ...


@runtime_checkable
class LossFn(Protocol):
    """``(key, state, x, y) -> scalar``: what the generator minimises, differentiable in ``x``."""

    def __call__(self, key: Key, state: State, x: Samples, y: Samples) -> Array: ...


@runtime_checkable
class WitnessFn(Protocol):
    """``(state, points, x, y) -> (m,)``: the first variation of the loss in the model's distribution, at any points."""

    def __call__(self, state: State, points: Samples, x: Samples, y: Samples) -> Array: ...


class _Objective(NamedTuple):
    init: InitFn
    update: UpdateFn
    loss: LossFn
    witness: WitnessFn


class Objective(Recorded, _Objective):
    """A way of saying how samples should move: four pure functions (see the module's docstring for the sign)."""


class _Generator(NamedTuple):
    init: Callable[[Key], Params]
    sample: Callable[[Params, Key, int], Array]


class Generator(Recorded, _Generator):
    """A pushforward of a base distribution: ``init(key) -> params`` and ``sample(params, key, n) -> x``, the base inside."""


class _ConditionalGenerator(NamedTuple):
    init: Callable[[Key], Params]
    sample: Callable[[Params, Key, Any, int], Array]


class ConditionalGenerator(Recorded, _ConditionalGenerator):
    """Pushforwards under conditions: ``init(key) -> params`` and ``sample(params, key, c, k) -> x``, k draws for each of the b
    conditions c (a tree of arrays with a leading axis of b), of shape (b, k, d)."""


class _Network(NamedTuple):
    init: Callable[[Key], Params]
    apply: Callable[[Params, Array], Array]


class Network(Recorded, _Network):
    """A function with parameters: ``init(key) -> params`` (a plain nested dict) and ``apply(params, x) -> out``, both pure."""


Target = Callable[[Key, int], Samples]
"""``target(key, n) -> y``: n draws of the data, drawn on the device."""

Base = Callable[[Key, int], Array]
"""``base(key, n) -> z``: n draws of what a generator starts from."""


def velocity(objective: Objective, key: Key, state: State, x: Samples, y: Samples) -> Array:
    """The field that the samples follow under an objective.

    ``v_i = -(∂loss/∂x_i) / w_i``, w_i what the sample counts: 1/n, 1/(b k), or its share of the weights; 0 at weight 0.

    Args:
        objective: the objective.
        key: random key, handed to the loss.
        state: the objective's state.
        x: (n, ...) generated samples, or a ``Batch``; only its values move.
        y: (m, ...) data, or a ``Batch``.

    Returns:
        Displacement per unit of time, one for each sample, of the shape of the values of ``x``.

    Raises:
        igm_jax.batches.UnusedPartError: if the objective cannot use a part of a batch.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import stateless, velocity
        >>> mean_gap = lambda x, y: jnp.sum((x.mean(0) - y.mean(0)) ** 2)
        >>> objective = stateless(mean_gap)
        >>> x, y = jnp.zeros((4, 2)), jnp.ones((5, 2))
        >>> velocity(objective, jax.random.key(0), (), x, y)[0].tolist()
        [2.0, 2.0]
    """
    slope = jax.grad(lambda values: objective.loss(key, state, with_values(x, values), y))(values_of(x))
    return -per_weight(x, slope)


def regression(x: Samples, v: Array) -> Array:
    """Half the mean squared distance of the samples from where a field takes them; its velocity is exactly the field.

    ``½ Σ_i w_i ‖x_i - sg(x_i + v_i)‖²``, w_i what a sample counts, 1/n unless it has weights

    Args:
        x: (n, ...) generated samples, or a ``Batch``.
        v: the field at its values, of the same shape; no derivative flows through it.

    Returns:
        Scalar, in the squared units of the displacements.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.base import regression
        >>> x, v = jnp.zeros((2, 1)), jnp.array([[1.0], [3.0]])
        >>> float(regression(x, v)), (-2 * jax.grad(regression)(x, v)).tolist()
        (2.5, [[1.0], [3.0]])
    """
    # The target is detached and the displacement is used as it is: x - (x + v) would lose v's low bits far from 0.
    values = values_of(x)
    return 0.5 * mean_square(x, values - jax.lax.stop_gradient(values) - jax.lax.stop_gradient(v))


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
        >>> from igm_jax.base import no_witness, of_arrays
        >>> gap = lambda key, state, x, y: jnp.mean((x - y) ** 2)
        >>> objective = of_arrays(lambda key, x: (), lambda key, state, x, y: (state, {}), gap, no_witness("none is known"))
        >>> objective.loss(jax.random.key(0), (), Batch(jnp.ones((2, 3, 1))), jnp.zeros((6, 1))).item()
        1.0
    """

    def bare(name: str, samples: Samples) -> Array:
        return plain_rows(name, samples, "this objective")

    return Objective(
        lambda key, x: init(key, bare("x", x)),
        lambda key, state, x, y: update(key, state, bare("x", x), bare("y", y)),
        lambda key, state, x, y: loss(key, state, bare("x", x), bare("y", y)),
        lambda state, points, x, y: witness(state, bare("points", points), bare("x", x), bare("y", y)),
    )


def no_witness(reason: str) -> WitnessFn:
    """A witness that raises an error which says why there is none.

    Args:
        reason: the end of the sentence "this objective has no witness: ...".

    Returns:
        A function of the witness's signature that raises ``NoWitnessError`` when called.

    Example:
        >>> import jax
        >>> from igm_jax.base import no_witness
        >>> no_witness("its field is not a gradient")((), *jax.numpy.zeros((3, 5, 2)))
        Traceback (most recent call last):
        igm_jax.base.NoWitnessError: this objective has no witness: its field is not a gradient
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
        >>> from igm_jax.base import stochastic
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
