"""Objectives that compare class by class: the condition of a batch is the class of each of its samples.

It is the divergence, or the field, with ``x_weights`` and ``y_weights`` that is made conditional: a class leaves the others out
by their weights, so that shapes stay fixed. Critics and kernels that read a condition are in ``conditions``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import Weights
from igm_jax.lifts import from_velocity, stateless
from igm_jax.records import recorded

__all__ = ["conditional", "conditional_field"]


@recorded
def conditional(
    divergence: Callable[..., Array],
    classes: int,
    witness: Callable[..., Array] | None = None,
    *,
    least: int | None = None,
) -> Objective:
    """A divergence between the classes of x and those of y, class by class, as an objective.

    ``loss = Σ_c (n_c / n) D(x_c, y_c)``, x_c the n_c samples of class c.

    With these shares a sample's velocity is the one that it has in a batch of its class alone. Classes that x or y lack in a
    minibatch are passed over, and so are those with fewer samples than the divergence needs. Every class looks at all pairs,
    with weights 0 and 1, so that shapes stay fixed: the cost is ``classes`` times the divergence's.

    Args:
        divergence: ``(x, y, *, x_weights, y_weights) -> scalar`` in which a weight of zero is a removal, e.g.
            ``energy_distance``, ``partial(mmd2_biased, kernel=...)``, ``partial(sinkhorn_divergence, epsilon=...)``.
        classes: how many classes there are.
        witness: ``(points, x, y, *, x_weights, y_weights) -> (p,)``, its first variation, if there is to be one.
        least: how many samples of a class x and y must hold; None for what the divergence is known to need: two for
            ``mmd2_unbiased``, also within ``partial`` or ``jax.jit``, else one. Say so of a function that calls it.

    Returns:
        The objective, of batches whose condition is the class of each sample, integers from 0 to classes - 1; weights of
        samples may come with them. Its witness holds within each class, up to a constant of the class.

    Raises:
        TypeError: for an ``Objective`` in the place of its divergence.
        ValueError: for no classes, or ``least`` below one; while running, for labels that are no class.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch, energy_distance, objectives, velocity
        >>> classes = jnp.array([0, 1])
        >>> x, y = Batch(jnp.zeros((2, 1)), classes), Batch(jnp.array([[-5.0], [5.0]]), classes)
        >>> velocity(objectives.conditional(energy_distance, 2), jax.random.key(0), (), x, y)[:, 0].tolist()
        [-2.0, 2.0]
    """
    classes = _checked("divergence", divergence, classes)
    least = checks.least_weights(divergence) if least is None else checks.count("least", least)

    def whole(
        x: Array, y: Array, *, x_condition: Any = None, y_condition: Any = None, x_weights: Weights = None,
        y_weights: Weights = None,
    ) -> Array:  # fmt: skip
        sides = _sides(x, y, classes, (x_condition, y_condition), (x_weights, y_weights))
        return _over_classes(divergence, lambda one, value: jnp.sum(one.members) * value, sides, classes, least)

    return stateless(whole, witness and _conditional_witness(witness, classes))


@recorded
def conditional_field(
    field: Callable[..., Array],
    classes: int,
    witness: Callable[..., Array] | None = None,
    *,
    reason: str = "it was lifted from a velocity field, which need not be the gradient of anything",
    least: int | None = None,
) -> Objective:
    """A velocity field between the classes of x and those of y, class by class, as an objective.

    ``v_i = field(x_c, y_c)_i``, c the class of sample i; a sample whose class is not among y stays where
    it is, as does one whose class has too few samples for the field.

    Args:
        field: ``(x, y, *, x_weights, y_weights) -> (n, d)`` in which a weight of zero is a removal, e.g.
            ``partial(score_difference_field, bandwidth=...)``.
        classes: how many classes there are.
        witness: ``(points, x, y, *, x_weights, y_weights) -> (p,)``, where the field is minus its gradient.
        reason: why there is no witness, for the error's text.
        least: how many samples of a class x and y must hold, as in ``conditional``.

    Returns:
        The objective, of batches whose condition is their class, as in ``conditional``.

    Raises:
        TypeError: for an ``Objective`` in the place of its field.
        ValueError: for no classes; while running, for labels that are no class.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from functools import partial
        >>> from igm_jax import Batch, objectives, velocity
        >>> objective = objectives.conditional_field(partial(objectives.score_difference_field, bandwidth=1.0), 2)
        >>> classes = jnp.array([0, 1])
        >>> x, y = Batch(jnp.zeros((2, 1)), classes), Batch(jnp.array([[-2.0], [2.0]]), classes)
        >>> velocity(objective, jax.random.key(0), (), x, y)[:, 0].tolist()
        [-2.0, 2.0]
    """
    classes = _checked("field", field, classes)
    least = checks.least_weights(field) if least is None else checks.count("least", least)

    def whole(
        x: Array, y: Array, *, x_condition: Any = None, y_condition: Any = None, x_weights: Weights = None,
        y_weights: Weights = None,
    ) -> Array:  # fmt: skip
        sides = _sides(x, y, classes, (x_condition, y_condition), (x_weights, y_weights))
        return _over_classes(
            field, lambda one, value: jnp.where(one.members[:, None] > 0, value, 0), sides, classes, least
        )

    return from_velocity(whole, witness and _conditional_witness(witness, classes), reason=reason)


def _conditional_witness(witness: Callable[..., Array], classes: int) -> Callable[..., Array]:
    def whole(
        points: Array, x: Array, y: Array, *, points_condition: Any = None, x_condition: Any = None,
        y_condition: Any = None, x_weights: Weights = None, y_weights: Weights = None,
    ) -> Array:  # fmt: skip
        sides = _sides(x, y, classes, (x_condition, y_condition), (x_weights, y_weights))
        at = _labels("points", points_condition, classes, len(points))

        def inside(one: _Class, value: Array) -> Array:
            return (at == one.number).astype(points.dtype) * value

        return _over_classes(partial(witness, points), inside, sides, classes)

    return whole


class _Side(NamedTuple):
    """Samples, their classes and what they count."""

    values: Array
    labels: Array
    weights: Array


class _Class(NamedTuple):
    """A class: its number, and what the samples count that are of it, 0 for all others."""

    number: Array
    members: Array


def _sides(x: Array, y: Array, classes: int, conditions: tuple, weights: tuple) -> tuple[_Side, _Side]:
    def side(name: str, values: Array, condition: Any, given: Weights) -> _Side:
        counted = checks.weights(f"{name}_weights", given, values)
        labels = _labels(name, condition, classes, len(values))
        # What is no class cannot be told while tracing, and must not pass for a class that the other side lacks.
        known = jnp.all((labels >= 0) & (labels < classes))
        return _Side(values, labels, jnp.where(known, counted, jnp.nan))

    x, y = checks.pair(x, y)
    return side("x", x, conditions[0], weights[0]), side("y", y, conditions[1], weights[1])


def _labels(name: str, condition: Any, classes: int, number: int) -> Int[Array, " n"]:
    if condition is None:
        raise TypeError(f"`{name}` must come with its classes, `Batch({name}, condition=labels)`, but has no condition")
    return checks.labels(f"{name}.condition", condition, classes, number)


def _over_classes(
    function: Callable[..., Array],
    share: Callable[[_Class, Array], Array],
    sides: tuple[_Side, _Side],
    classes: int,
    least: int = 1,
) -> Array:
    """The sum of the shares of a function's values over the classes of which both sides have enough for it."""
    x, y = sides

    def one(number: Array) -> Array:
        a, b = (jnp.where(side.labels == number, side.weights, 0) for side in sides)
        wrong = jnp.isnan(jnp.sum(x.weights) + jnp.sum(y.weights))
        enough = wrong | ((jnp.sum(a > 0) >= least) & (jnp.sum(b > 0) >= least))
        # Where there are too few everybody is weighed: what comes of it is not used, but must be finite.
        weights = {"x_weights": jnp.where(enough, a, 1), "y_weights": jnp.where(enough, b, 1)}
        value = function(x=x.values, y=y.values, **weights)
        return jnp.where(enough, share(_Class(number, a), value), 0)

    return jnp.sum(jax.lax.map(one, jnp.arange(classes, dtype=jnp.int32)), axis=0)


def _checked(name: str, value: Any, classes: int) -> int:
    if isinstance(value, Objective) or not callable(value):
        raise TypeError(
            f"`{name}` must be a function of weighted samples, (x, y, *, x_weights, y_weights), e.g. `energy_distance`, but is"
            f" {'an Objective, which has no weights' if isinstance(value, Objective) else repr(value)}; of a critic"
            " `joint(objective, encode)` is conditional"
        )
    return checks.count("classes", classes)
