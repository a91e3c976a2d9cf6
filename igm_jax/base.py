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
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
from jaxtyping import Array, PRNGKeyArray

from igm_jax.batches import Samples, mean_square, per_weight, values_of, with_values
from igm_jax.records import Recorded

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


def velocity(objective: Objective, key: Key, state: State, x: Samples, y: Samples | None) -> Array:
    """The field that the samples follow under an objective.

    ``v_i = -(∂loss/∂x_i) / w_i``, w_i what the sample counts: 1/n, 1/(b k), or its share of the weights; 0 at weight 0.

    Args:
        objective: the objective.
        key: random key, handed to the loss.
        state: the objective's state.
        x: (n, ...) generated samples, or a ``Batch``; only its values move.
        y: (m, ...) data, or a ``Batch``; None for an objective that reads none.

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
    data: Any = y
    slope = jax.grad(lambda values: objective.loss(key, state, with_values(x, values), data))(values_of(x))
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
