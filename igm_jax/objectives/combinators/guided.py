"""Guidance as an input of training: fields by class, away from all classes as strongly as each batch says."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key, Objective
from igm_jax.lifts import from_velocity
from igm_jax.records import recorded

__all__ = ["Guided", "guided_conditions", "guided_field"]


class Guided(NamedTuple):
    """What a guided sample is drawn under.

    Attributes:
        label: (n,) classes.
        strength: (n,) how strongly it keeps away from what all classes are, from 1, which is no guidance.
    """

    label: Array
    strength: Array


@recorded
def guided_conditions(classes: int, most: float) -> Callable[[Key, int], Guided]:
    """A sampler of conditions for ``training(..., conditions=)``: classes in turn, and one strength for each class of a batch.

    Strengths are drawn anew in every step, uniformly in their logarithm between 1 and ``most``.

    Args:
        classes: how many there are; a batch should be a multiple of them.
        most: the largest strength, at least 1.

    Returns:
        ``(key, n) -> Guided``.

    Raises:
        ValueError: for no classes, or a strength below 1.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import guided_conditions
        >>> guided = guided_conditions(2, 3.0)(jax.random.key(0), 4)
        >>> guided.label.tolist(), bool(guided.strength[0] == guided.strength[2])
        ([0, 1, 0, 1], True)

    Source: Generative Modeling via Drifting, arXiv 2602.04770 (strengths are drawn in training).
    """
    checks.count("classes", classes)
    if checks.positive("most", most) < 1:
        raise ValueError(f"`most` must be at least 1, which is no guidance, but is {most}")

    def sample(key: Key, n: int) -> Guided:
        label = jnp.arange(n) % classes
        strength = jnp.exp(jax.random.uniform(key, (classes,)) * jnp.log(most))
        return Guided(label, strength[label])

    return sample


@recorded
def guided_field(field: Callable[..., Array], classes: int) -> Objective:
    """A field class by class that also keeps away from the data of all classes, as strongly as samples were drawn to.

    ``v = field(x_c, y_c)`` with the whole of y as further negatives of the weight ``(α_c − 1)(n_c − 1)/m`` each, of the n_c
    samples of class c: together α_c − 1 times the others of its class. With the strength an input of the generator, one network
    serves all strengths, and nothing is left to do at sampling time.

    Args:
        field: ``(x, y, *, x_weights, y_weights, negatives, negative_weights) -> (n, d)``, in which a weight of zero is a removal,
            e.g. the field of ``drifting_field``.
        classes: how many classes there are.

    Returns:
        The objective, of samples drawn under ``Guided(label, strength)``, one strength within a class (else their mean
        counts), and of data whose
        condition is their class (or ``Guided``). Classes that a side has fewer than two of are passed over.

    Raises:
        TypeError: if ``field`` is no function; while running, for samples without such conditions.
        ValueError: for no classes.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch, objectives, velocity
        >>> def field(*samples, **options):
        ...     return objectives.drifting_field(*samples, 0.5, **options).field
        >>> labels = jnp.array([0, 0, 1, 1])
        >>> x = Batch(jnp.zeros((4, 1)), objectives.Guided(labels, jnp.full(4, 2.0)))
        >>> y = Batch(jnp.array([[-1.0], [-1.2], [1.0], [1.2]]), labels)
        >>> v = velocity(objectives.guided_field(field, 2), jax.random.key(0), (), x, y)
        >>> bool((v[:2] < 0).all() and (v[2:] > 0).all())
        True

    Source: Generative Modeling via Drifting, arXiv 2602.04770 (its guidance).
    """
    if not callable(field) or isinstance(field, Objective):
        raise TypeError(f"`field` must be a function of samples and data, e.g. of `drifting_field`, but is {field!r}")
    checks.count("classes", classes)

    def whole(x: Array, y: Array, *, x_condition: Any = None, y_condition: Any = None) -> Array:
        if not isinstance(x_condition, Guided):
            raise TypeError(
                "`x` must be drawn under `Guided(label, strength)`, e.g. `training(..., conditions=guided_conditions(10,"
                f" 4.0))`, but its condition is {type(x_condition).__name__}"
            )
        x, y = checks.pair(x, y)
        of_y = y_condition.label if isinstance(y_condition, Guided) else y_condition
        if of_y is None:
            raise TypeError("`y` must come with its classes, `Batch(y, condition=labels)`, but has no condition")
        _check_strengths(x_condition.strength)
        labels = checks.labels("x.condition.label", x_condition.label, classes, len(x))
        known = checks.labels("y.condition", of_y, classes, len(y))
        strength = x_condition.strength.astype(x.dtype)

        def one(number: Array) -> Array:
            a, b = (labels == number).astype(x.dtype), (known == number).astype(x.dtype)
            alpha = jnp.sum(a * strength) / jnp.maximum(jnp.sum(a), 1)
            enough = (jnp.sum(a) >= 2) & (jnp.sum(b) >= 2)
            away = jnp.full((len(y),), 1 / len(y), x.dtype) * (alpha - 1) * jnp.maximum(jnp.sum(a) - 1, 1)
            # Where there are too few everybody counts: what comes of it is not used, but must be finite.
            weights = {"x_weights": jnp.where(enough, a, 1), "y_weights": jnp.where(enough, b, 1)}
            moved = field(x, y, negatives=y, negative_weights=jnp.where(enough, away, 1), **weights)
            return jnp.where((enough & (a > 0))[:, None], moved, 0)

        return jnp.sum(jax.lax.map(one, jnp.arange(classes, dtype=jnp.int32)), axis=0)

    return from_velocity(whole, reason="guided fields need not be gradients")


def _check_strengths(strength: Any) -> None:
    """An error for known strengths that are none."""
    if not checks.is_concrete(strength):
        return
    known = np.asarray(strength)
    if not (np.isfinite(known).all() and (known >= 1).all()):
        raise ValueError(
            f"`strength` must hold numbers of at least 1, which is no guidance, but ranges from {known.min()} to {known.max()}"
        )
