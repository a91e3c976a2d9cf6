"""Objectives of samples under conditions: compared within each condition, or as pairs of a sample and its condition."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Batch, Samples, checked, effective_weights, only, parts_of, refused, rows_of, simplified
from igm_jax.lifts import through
from igm_jax.objectives.combinators.wrappers import checked_objective
from igm_jax.records import recorded

__all__ = ["joint", "per_condition"]


@recorded
def per_condition(objective: Objective) -> Objective:
    """The mean over conditions of an objective between the draws and the data of each.

    ``loss = Σ_b ω_b loss(x_b, y_b)``, ω_b what the draws of condition b count: 1/b, or their share of the weights.

    A sample's velocity is then the one that it has among the draws of its condition alone. With one datum a condition take a
    score, which needs no second one: ``per_condition(energy_scoring())``.

    Args:
        objective: an objective that learns nothing.

    Returns:
        The objective, of samples ``Batch`` with values (b, k, d), and of data (b, d), one for each condition, or (b, m, d). The
        conditions themselves are not looked at: the b groups of both sides belong together. How much each counts is said by the
        weights of x; those of data compare data of one condition, and a condition whose data count nothing is passed over. What
        it reports is a mean.

    Raises:
        TypeError: if ``objective`` is no objective, or, while running, for samples that are not (b, k, d).
        ValueError: while running, for an objective that learns, or other numbers of groups.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch, objectives
        >>> objective = objectives.per_condition(objectives.energy_scoring())
        >>> x = Batch(jnp.array([[[1.0], [3.0]], [[0.0], [0.0]]]))
        >>> objective.loss(jax.random.key(0), (), x, jnp.array([[6.0], [0.0]])).item()
        1.5

    Source: Gneiting and Raftery, JASA 102 (2007), for scores.
    """
    objective = checked_objective("objective", objective)

    def init(key: Key, x: Samples) -> State:
        some = jax.tree.map(lambda leaf: leaf[0], _groups("x", x))
        state = jax.eval_shape(objective.init, key, some)
        if jax.tree.leaves(state):
            raise ValueError(
                "`per_condition` takes objectives that learn nothing, such as `energy()` or `drifting()`, but this one has a"
                " state; take `joint(objective, encode)`, whose critic sees samples with their conditions"
            )
        return objective.init(key, some)

    def within(function: Callable[..., Any], key: Key, x: Batch, y: Batch) -> Any:
        def one(key: Key, x: Batch, y: Batch) -> Any:
            return function(key, simplified(x), simplified(y))

        return jax.vmap(one)(jax.random.split(key, len(x.values)), x, y)

    def mean(function: Callable[..., Any], key: Key, x: Samples, y: Samples) -> Any:
        together = _together(x, y)
        values = within(function, key, *map(_weighed, together))
        shares = jnp.sum(effective_weights(together[0]), axis=1)
        if (of_data := together[1].weights) is not None:
            shares = jnp.where(jnp.sum(of_data, axis=1) > 0, shares, 0)
        return jax.tree.map(lambda of_each: jnp.sum(shares * of_each), values)

    def update(key: Key, state: State, x: Samples, y: Samples) -> tuple[State, Info]:
        return state, mean(lambda key, x, y: objective.update(key, state, x, y)[1], key, x, y)

    def loss(key: Key, state: State, x: Samples, y: Samples) -> Array:
        return mean(lambda key, x, y: objective.loss(key, state, x, y), key, x, y)

    def witness(state: State, points: Samples, x: Samples, y: Samples) -> Array:
        x, y = map(_weighed, _together(x, y))
        at = _groups("points", only("points", points, "`per_condition`", ("condition",)))
        return jax.vmap(lambda p, x, y: objective.witness(state, p.values, simplified(x), simplified(y)))(at, x, y)

    return Objective(init, update, loss, witness)


def _groups(name: str, samples: Samples) -> Batch:
    """Samples (b, k, d) without their conditions, whose groups belong together by their places."""
    batch = checked(name, samples)
    if batch.values.ndim != 3:
        raise TypeError(
            f"`{name}` must be a `Batch` with values (b, k, d), k draws for each of b conditions, but has values of shape"
            f" {batch.values.shape}; train a `ConditionalGenerator`, or reshape them"
        )
    return batch._replace(condition=None)


def _together(x: Samples, y: Samples) -> tuple[Batch, Batch]:
    """Both sides in groups; data (b, d) are one for each condition."""
    _check_same(*(side.condition if isinstance(side, Batch) else None for side in (x, y)))
    x, y = _groups("x", x), checked("y", y)
    if y.values.ndim == 2:
        if y.weights is not None and x.weights is None:
            raise refused("y", "weights", "`per_condition`, where `x` has none, with one datum a condition")
        _check_proportional(x.weights, y.weights)
        y = Batch(y.values[:, None], observed=None if y.observed is None else y.observed[:, None])
    y = _groups("y", y)
    if len(x.values) != len(y.values):
        raise ValueError(
            f"`x` and `y` must have as many groups, one for each condition, but have {len(x.values)} and {len(y.values)}"
        )
    return x, y


def _weighed(batch: Batch) -> Batch:
    """A condition that counts nothing is compared all the same, so that its value, which is not used, is finite."""
    if batch.weights is None:
        return batch
    return batch._replace(weights=jnp.where(jnp.sum(batch.weights, axis=1, keepdims=True) > 0, batch.weights, 1))


def _check_same(x: Any, y: Any) -> None:
    """Conditions of both sides are those of the same groups, as far as they are known."""
    if x is not None and y is None:
        raise TypeError(
            "`x` comes with conditions and `y` without, so nothing says that draws and data of a group belong together; pass"
            " `Batch(y, condition=c)`, or leave out those of x"
        )
    pairs = [] if x is None else list(zip(jax.tree.leaves(x), jax.tree.leaves(y), strict=False))
    known = [(np.asarray(a), np.asarray(b)) for a, b in pairs if checks.is_concrete(a) and checks.is_concrete(b)]
    if any(a.shape != b.shape or not np.array_equal(a, b) for a, b in known):
        raise ValueError(
            "the conditions of `x` and `y` differ, but `per_condition` compares the draws and the data of one condition; draw"
            " under the conditions of the data, or take `joint(objective, encode)`"
        )


def _check_proportional(x: Any, y: Any) -> None:
    """With one datum a condition, its weight is what all draws of the condition count; they must agree where they are known."""
    if y is None or not (checks.is_concrete(x) and checks.is_concrete(y)):
        return
    of_x, of_y = np.sum(np.asarray(x), axis=1), np.asarray(y)
    if not np.allclose(of_x / of_x.sum(), of_y / of_y.sum(), rtol=1e-3):
        raise ValueError(
            "weights of `y`, one datum a condition, must be in proportion to what the draws of each condition count in `x`, which"
            " decide; leave them out of `y`, or broadcast them to those of `x`"
        )


@recorded
def joint(objective: Objective, encode: Callable[[Any], Array] | None = None) -> Objective:
    """An objective that compares pairs of a sample and its condition: rows ``(x, encode(c))``.

    ``loss = objective.loss([x, e(c_x)], [y, e(c_y)])``; only x moves.

    Critics, features and kernels then see the condition, and fit the joint law; where the conditions of x have the law of those
    of y, that is the conditional law. A critic from d + e features: ``joint(gan(mlp_critic(d + e), optimizer), encode)``; with
    classes: ``joint(gan(projection_critic(trunk, k, classes), optimizer), one_hot(classes))``.

    Args:
        objective: of samples (n, d + e), whatever it learns.
        encode: ``c -> (n, e)``; None for labels (n,) as one column, and vectors (n, e) as they are.

    Returns:
        The objective, of batches with a condition, in the state of the given one. Weights are passed on.

    Raises:
        TypeError: if ``objective`` is no objective, or, while running, for samples without a condition.
        ValueError: while running, for codes that are not (n, e).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch, kernels, objectives
        >>> objective = objectives.joint(objectives.mmd(kernels.labelled(kernels.linear())))
        >>> x, y = Batch(jnp.array([[2.0]]), jnp.array([0])), Batch(jnp.array([[3.0]]), jnp.array([0]))
        >>> objective.loss(jax.random.key(0), (), x, y).item()
        1.0

    Source: Mirza, Osindero, Conditional Generative Adversarial Nets, arXiv 1411.1784.
    """
    objective = checked_objective("objective", objective)

    def seen(name: str, samples: Samples) -> Samples:
        batch = checked(name, samples)
        if batch.condition is None:
            raise TypeError(
                f"`{name}` must come with its condition, `Batch({name}, condition=c)`, since `joint` compares pairs, but has none"
            )
        if "observed" in parts_of(batch):
            raise refused(name, "observed", "`joint`")
        batch = rows_of(batch)
        code = jax.lax.stop_gradient(_code(name, batch.condition, encode, len(batch.values)))
        values, code = checks.samples(name, batch.values), checks.samples(f"{name}.condition", code)
        kind = max(values.dtype, code.dtype, key=lambda dtype: jnp.finfo(dtype).bits)
        values, code = values.astype(kind), code.astype(kind)
        values = jnp.concatenate([values, code], axis=1)
        return simplified(Batch(values, None, batch.weights))

    return through(objective, seen)


def _code(name: str, condition: Any, encode: Callable[[Any], Array] | None, number: int) -> Any:
    """The rows that stand for conditions, with all their digits."""
    if encode is not None:
        code = encode(condition)
    else:
        leaves = jax.tree.leaves(condition)
        code = leaves[0] if len(leaves) == 1 else np.zeros(())
        code = code[:, None] if np.ndim(code) == 1 else code
    if np.ndim(code) != 2 or len(code) != number:
        raise ValueError(
            f"the condition of `{name}` must become rows ({number}, e), but gave {np.shape(code)}; pass `encode`, e.g."
            " `one_hot(10)`, or a function of your own"
        )
    if checks.is_concrete(code) and jnp.issubdtype(code.dtype, jnp.integer) and np.abs(np.asarray(code)).max() > 2**24:
        raise ValueError(
            f"labels of `{name}` beyond 2**24 = {2**24} are no numbers to compare in single precision; number them anew, or pass"
            " `encode`, e.g. `one_hot(classes)`"
        )
    return code
