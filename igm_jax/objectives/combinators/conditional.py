"""Objectives that compare class by class: samples carry their class as their last column.

A combinator of objectives cannot do this, because an objective has no weights to leave the other classes out with: it is the
divergence, or the field, with ``x_weights`` and ``y_weights`` that is made conditional. Two other ways need nothing from
here. A critic is conditional as it is, when its network reads the last column. A kernel is, when it is multiplied by
``equality()`` of the last column; see ``igm_jax.kernels.labelled``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from igm_jax import checks
from igm_jax.base import Objective, from_velocity, stateless
from igm_jax.records import recorded

__all__ = ["conditional", "conditional_field"]


def split_labels(name: str, samples: Any, classes: int) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
    """Samples (n, d + 1) as features (n, d) and the classes in their last column, or an error.

    Args:
        name: the argument's name, for the error's text.
        samples: (n, d + 1), the last column holding the integers 0, …, classes - 1.
        classes: how many classes there are.

    Returns:
        Features and classes. While tracing, a class that does not exist is not noticed: its samples then stay where they are.

    Raises:
        ValueError: for no column beside the classes, or numbers that are no class.

    Example:
        >>> from igm_jax.objectives.combinators.conditional import split_labels
        >>> features, labels = split_labels("x", [[0.5, 1.0], [2.5, 0.0]], classes=2)
        >>> features.tolist(), labels.tolist()
        ([[0.5], [2.5]], [1, 0])
    """
    samples = checks.samples(name, samples)
    if samples.shape[1] < 2:
        raise ValueError(
            f"`{name}` must have shape (n, d + 1), features and then a column of classes, but has shape {samples.shape}"
        )
    column = samples[:, -1]
    if checks.is_concrete(column):
        known = np.asarray(column)
        wrong = (known != np.round(known)) | (known < 0) | (known >= classes)
        if wrong.any():
            raise ValueError(
                f"the last column of `{name}` must hold classes, integers from 0 to {classes - 1}, but {int(wrong.sum())} of"
                f" {len(known)} are others, such as {known[wrong][0]}; append them, or raise `classes`"
            )
    return samples[:, :-1], jnp.round(jax.lax.stop_gradient(column)).astype(jnp.int32)


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
        The objective, of samples (n, d + 1) whose last column is their class (see ``split_labels``); that column's velocity
        is zero. Its witness holds within each class, up to a constant of the class.

    Raises:
        TypeError: for an ``Objective`` in the place of its divergence.
        ValueError: for no classes, or ``least`` below one; while running, as ``split_labels`` does.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import energy_distance, objectives, velocity
        >>> x, y = jnp.array([[0.0, 0.0], [0.0, 1.0]]), jnp.array([[-5.0, 0.0], [5.0, 1.0]])
        >>> velocity(objectives.conditional(energy_distance, 2), jax.random.key(0), (), x, y)[:, 0].tolist()
        [-2.0, 2.0]
    """
    classes = _checked("divergence", divergence, classes)
    least = checks.least_weights(divergence) if least is None else checks.count("least", least)

    def whole(x: Array, y: Array) -> Array:
        return _over_classes(divergence, lambda one, value: jnp.mean(one.members) * value, x, y, classes, least)

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
        The objective, of samples (n, d + 1) whose last column is their class, as in ``conditional``.

    Raises:
        TypeError: for an ``Objective`` in the place of its field.
        ValueError: for no classes; while running, as ``split_labels`` does.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from functools import partial
        >>> from igm_jax import objectives, velocity
        >>> objective = objectives.conditional_field(partial(objectives.score_difference_field, bandwidth=1.0), 2)
        >>> x, y = jnp.array([[0.0, 0.0], [0.0, 1.0]]), jnp.array([[-2.0, 0.0], [2.0, 1.0]])
        >>> velocity(objective, jax.random.key(0), (), x, y)[:, 0].tolist()
        [-2.0, 2.0]
    """
    classes = _checked("field", field, classes)
    least = checks.least_weights(field) if least is None else checks.count("least", least)

    def whole(x: Array, y: Array) -> Array:
        moved = _over_classes(field, lambda one, value: one.members[:, None] * value, x, y, classes, least)
        return jnp.concatenate([moved, jnp.zeros((len(x), 1), moved.dtype)], axis=1)

    return from_velocity(whole, witness and _conditional_witness(witness, classes), reason=reason)


def _conditional_witness(witness: Callable[..., Array], classes: int) -> Callable[[Array, Array, Array], Array]:
    def whole(points: Array, x: Array, y: Array) -> Array:
        points, at = split_labels("points", points, classes)

        def inside(one: _Class, value: Array) -> Array:
            return (at == one.number).astype(points.dtype) * value

        return _over_classes(partial(witness, points), inside, x, y, classes)

    return whole


class _Class(NamedTuple):
    """A class: its number, and which samples are of it."""

    number: Array
    members: Array


def _over_classes(
    function: Callable[..., Array],
    share: Callable[[_Class, Array], Array],
    x: Array,
    y: Array,
    classes: int,
    least: int = 1,
) -> Array:
    """The sum of the shares of a function's values over the classes of which both sides have enough for it."""
    (x, x_labels), (y, y_labels) = split_labels("x", x, classes), split_labels("y", y, classes)

    def one(number: Array) -> Array:
        a, b = (x_labels == number).astype(x.dtype), (y_labels == number).astype(x.dtype)
        enough = (jnp.sum(a > 0) >= least) & (jnp.sum(b > 0) >= least)
        # Where there are too few everybody is weighed: what comes of it is not used, but must be finite.
        samples = {"x": x, "y": y, "x_weights": jnp.where(enough, a, 1), "y_weights": jnp.where(enough, b, 1)}
        return jnp.where(enough, share(_Class(number, a), function(**samples)), 0)

    return jnp.sum(jax.lax.map(one, jnp.arange(classes, dtype=jnp.int32)), axis=0)


def _checked(name: str, value: Any, classes: int) -> int:
    if isinstance(value, Objective) or not callable(value):
        raise TypeError(
            f"`{name}` must be a function of weighted samples, (x, y, *, x_weights, y_weights), e.g. `energy_distance`, but is"
            f" {'an Objective, which has no weights' if isinstance(value, Objective) else repr(value)}; a critic's objective"
            " needs none of this, as its network can read the classes in the last column"
        )
    return checks.count("classes", classes)
