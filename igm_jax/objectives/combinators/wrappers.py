"""Objectives made of objectives: in a feature space, as weighted sums, and with a bank of past samples.

Each takes any objective, whatever it learns, and gives an objective again, so that they nest. Classes are in
``conditional``, scales that follow a schedule or the data in ``scale``.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Network, Objective, Params, State
from igm_jax.batches import Samples, mapped, plain_rows
from igm_jax.checks import ArrayLike
from igm_jax.records import recorded

__all__ = ["BankState", "FeatureState", "on_features", "weighted", "with_bank"]


def checked_objective(name: str, value: Any) -> Objective:
    """``value`` if it has the four functions of an objective, else an error that says what it is."""
    # By its parts, not its class: a tuple of the same functions serves as well.
    if not all(hasattr(value, part) for part in Objective._fields):
        raise TypeError(f"`{name}` must be an Objective, e.g. `energy()`: call its constructor; but is {value!r}")
    return value


class FeatureState(NamedTuple):
    """What an objective of features remembers: the features' parameters, drawn once, and its own state."""

    params: Params
    state: State


@recorded
def on_features(objective: Objective, features: Network | Callable[[Array], Array]) -> Objective:
    """An objective that compares features of samples, and moves the samples.

    ``loss(x, y) = objective.loss(φ(x), φ(y))``, hence ``velocity_i = J_φ(x_i)ᵀ v(φ(x_i))`` and ``witness(p) = w(φ(p))``.

    It works with every objective; features act on each sample alone. What φ does not see, the samples keep.

    Args:
        objective: compares (n, k) features.
        features: from (n, d) to (n, k), differentiable: a function, e.g. ``partial(network.apply, params)`` of a trained
            network; or a ``Network``, whose parameters are drawn at ``init`` and stay as they are.

    Returns:
        The objective; its state is a ``FeatureState``.

    Raises:
        TypeError: if ``objective`` is no objective, or ``features`` neither a function nor a network.
        ValueError: while running, for features that are not (n, k).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import objectives, velocity
        >>> first = objectives.on_features(objectives.energy(), lambda points: points[:, :1])
        >>> x, y = jnp.zeros((1, 2)), jnp.ones((1, 2))
        >>> jnp.abs(velocity(first, jax.random.key(0), first.init(jax.random.key(1), x), x, y)).tolist()
        [[2.0, 0.0]]

    Source: features of an autoencoder under MMD: Li et al., arXiv 1502.02761.
    """
    objective = checked_objective("objective", objective)
    if not isinstance(features, Network) and not callable(features):
        raise TypeError(
            f"`features` must be a function from (n, d) to (n, k) or a Network, but is {type(features).__name__}"
        )

    def of(params: Params, samples: Samples | None, name: str = "x") -> Any:
        if samples is None:  # no data, for who reads none
            return None

        def seen(points: Array) -> Array:
            out = features.apply(params, points) if isinstance(features, Network) else features(points)
            return functions.one_row(out, points)

        return mapped(name, samples, seen, "`on_features`")

    def init(key: Key, x: Samples) -> FeatureState:
        if not isinstance(features, Network):
            return FeatureState((), objective.init(key, of((), x)))
        key_features, key_objective = jax.random.split(key)
        params = features.init(key_features)
        return FeatureState(params, objective.init(key_objective, of(params, x)))

    def update(key: Key, state: FeatureState, x: Samples, y: Samples | None) -> tuple[FeatureState, Info]:
        inner, info = objective.update(key, state.state, of(state.params, x), of(state.params, y, "y"))
        return FeatureState(state.params, inner), info

    def loss(key: Key, state: FeatureState, x: Samples, y: Samples | None) -> Array:
        return objective.loss(key, state.state, of(state.params, x), of(state.params, y, "y"))

    def witness(state: FeatureState, points: Samples, x: Samples, y: Samples | None) -> Array:
        samples = {"points": points, "x": x, "y": y}
        return objective.witness(state.state, *(of(state.params, some, name) for name, some in samples.items()))

    return Objective(init, update, loss, witness)


@recorded
def weighted(parts: Sequence[tuple[ArrayLike, Objective]], names: Sequence[str] | None = None) -> Objective:
    """A weighted sum of objectives.

    ``loss = Σ_k w_k loss_k``, and so are the velocity and the witness.

    It works with every objective. Objectives have units of their own: compare their velocities before choosing weights.
    The parts get independent random keys, ``jax.random.split(key, number of parts)``.

    Args:
        parts: pairs of a weight, which may be traced, and an objective.
        names: of the parts, by which the update's info is prefixed (``name/critic_loss``); 0, 1, … if None.

    Returns:
        The objective. Its state is the tuple of the parts' states; its witness raises ``NoWitnessError`` if a part's does.

    Raises:
        TypeError: for parts that are not pairs of a number and an objective.
        ValueError: for no parts, weights that are not finite, or names that are not one a part.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import kernels, objectives
        >>> objective = objectives.weighted([(0.5, objectives.energy()), (1.0, objectives.mmd(kernels.linear()))])
        >>> x, y = jnp.array([[0.0]]), jnp.array([[3.0]])
        >>> objective.witness(((), ()), x, x, y).tolist()
        [3.0]
    """
    parts = [_part(index, part) for index, part in enumerate(parts)]
    names = [str(index) for index in range(len(parts))] if names is None else list(names)
    if not parts or len(set(names)) != len(names) or len(names) != len(parts):
        raise ValueError(
            f"`parts` must hold at least one pair, and `names` one name for each, all different, but there are"
            f" {len(parts)} parts and the names {names}"
        )
    count = len(parts)

    def init(key: Key, x: Samples) -> tuple:
        return tuple(part.init(own, x) for own, (_, part) in zip(jax.random.split(key, count), parts, strict=True))

    def update(key: Key, state: tuple, x: Samples, y: Any) -> tuple[tuple, Info]:
        states, infos = [], {}
        for name, own, inner, (_, part) in zip(names, jax.random.split(key, count), state, parts, strict=True):
            inner, info = part.update(own, inner, x, y)
            states.append(inner)
            infos |= {f"{name}/{key}": value for key, value in info.items()}
        return tuple(states), infos

    def loss(key: Key, state: tuple, x: Samples, y: Any) -> Array:
        keys = jax.random.split(key, count)
        return _sum(
            [(w, part.loss(own, inner, x, y)) for own, inner, (w, part) in zip(keys, state, parts, strict=True)]
        )

    def witness(state: tuple, points: Samples, x: Samples, y: Any) -> Array:
        return _sum([(w, part.witness(inner, points, x, y)) for inner, (w, part) in zip(state, parts, strict=True)])

    return Objective(init, update, loss, witness)


def _part(index: int, part: Any) -> tuple[ArrayLike, Objective]:
    if not isinstance(part, tuple | list) or isinstance(part, Objective) or len(part) != 2:
        raise TypeError(
            f"`parts` must be pairs (weight, objective), e.g. `[(0.5, energy())]`, but part {index} is {part!r}"
        )
    weight, objective = part
    checks.finite(f"parts[{index}][0]", weight)
    return weight, checked_objective(f"parts[{index}][1]", objective)


def _sum(terms: list[tuple[ArrayLike, Array]]) -> Array:
    products = [jnp.asarray(weight).astype(value.dtype) * value for weight, value in terms]
    return sum(products[1:], products[0])


class BankState(NamedTuple):
    """What an objective with a bank remembers: past samples, the newest first, and its own state."""

    bank: Array
    state: State


@recorded
def with_bank(objective: Objective, size: int) -> Objective:
    """An objective that sees, beside the samples of the moment, a bank of past ones that no longer move.

    ``velocity_i(x, y) = v_i([x; bank], y)``, ``witness(p) = w(p; [x; bank], y)``, and the loss has the value of
    ``objective.loss([x; bank], y)``.

    A small minibatch then repels, or trains a critic, as a larger one does. It works with every objective that takes other
    numbers of samples than of data. Each update puts its samples into the bank and drops the oldest, so it is for
    generators: particles would meet themselves there. Weights are equal, so n in n + size of the model are of today.

    Args:
        objective: the objective.
        size: how many past samples are kept; the bank starts with the first samples, repeated where they are fewer.

    Returns:
        The objective; its state is a ``BankState``.

    Raises:
        TypeError: if ``objective`` is no objective, or ``size`` no integer.
        ValueError: for a negative size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives import energy, with_bank
        >>> objective = with_bank(energy(), 3)
        >>> state = objective.init(jax.random.key(0), jnp.zeros((2, 1)))
        >>> state, info = objective.update(jax.random.key(1), state, jnp.ones((2, 1)), jnp.ones((4, 1)))
        >>> state.bank[:, 0].tolist()
        [1.0, 1.0, 0.0]

    Source: a history of generated samples for a critic: Shrivastava et al., arXiv 1612.07828, Section 2.3.
    """
    objective = checked_objective("objective", objective)
    size = checks.count("size", size, least=0)

    def alone(x: Samples) -> Array:
        return plain_rows("x", x, "`with_bank`")

    def joined(bank: Array, x: Array) -> Array:
        return jnp.concatenate([x, jax.lax.stop_gradient(bank).astype(x.dtype)])

    def init(key: Key, x: Samples) -> BankState:
        x = checks.samples("x", alone(x))
        bank = x[np.arange(size) % len(x)]
        return BankState(bank, objective.init(key, joined(bank, x)))

    def update(key: Key, state: BankState, x: Samples, y: Any) -> tuple[BankState, Info]:
        x = alone(x)
        inner, info = objective.update(key, state.state, joined(state.bank, x), y)
        bank = jnp.concatenate([x.astype(state.bank.dtype), state.bank])[:size]
        return BankState(bank, inner), info

    def loss(key: Key, state: BankState, x: Samples, y: Any) -> Array:
        x = alone(x)
        value = objective.loss(key, state.state, joined(state.bank, x), y)
        # Each sample is one of n + size there and one of n here: its slope is raised, so that it moves at the same speed.
        fixed = jax.lax.stop_gradient(value)
        return fixed + (1 + size / len(x)) * (value - fixed)

    def witness(state: BankState, points: Samples, x: Samples, y: Any) -> Array:
        return objective.witness(state.state, points, joined(state.bank, alone(x)), y)

    return Objective(init, update, loss, witness)
