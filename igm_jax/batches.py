"""What a batch is: samples, and what may come with them: a condition, weights, which of their numbers were observed.

A bare array is a batch of values alone. All that passes from a generator or from data to an objective is one or the other, and
each part is either used or refused by name: nothing that somebody hands in is passed over.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

__all__ = ["Batch", "UnusedPartError", "checked", "effective_weights", "per_weight"]

PARTS = ("condition", "weights", "observed")


class Batch(NamedTuple):
    """Samples with what belongs to them.

    Attributes:
        values: (n, d) samples, one a row; or (b, k, d), k samples for each of b conditions.
        condition: what each row, or each of the b groups, was drawn under: a tree of arrays with a leading axis of n or b,
            e.g. integer labels, vectors, images. It never moves. None for nothing.
        weights: (n,) or (b, k) non-negative numbers, relative to each other; 0 is a removal. None for equal ones.
        observed: booleans of the shape of ``values``; what is False is missing and counts nowhere. None for all.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import Batch
        >>> Batch(jnp.zeros((3, 2)), condition=jnp.array([0, 1, 1])).condition.tolist()
        [0, 1, 1]
    """

    values: Array
    condition: Any = None
    weights: Array | None = None
    observed: Array | None = None


Samples = Array | Batch
"""Samples as they pass through the contract: an array of values alone, or a ``Batch``."""


def parts_of(samples: Any) -> list[str]:
    """The names of the parts that come with samples."""
    return [part for part in PARTS if isinstance(samples, Batch) and getattr(samples, part) is not None]


def values_of(samples: Any) -> Any:
    """The values of samples."""
    return samples.values if isinstance(samples, Batch) else samples


def with_values(samples: Samples, values: Array) -> Samples:
    """The same samples with other values."""
    return samples._replace(values=values) if isinstance(samples, Batch) else values


def simplified(samples: Any) -> Any:
    """An array for a batch of one array (n, d) alone, so that it takes the plain way."""
    plain = isinstance(samples, Batch) and not parts_of(samples) and samples.values.ndim == 2
    return samples.values if plain else samples


def checked(name: str, samples: Any) -> Batch:
    """Samples as a batch whose parts fit each other, or an error; values are looked at where they are known.

    Args:
        name: the argument's name, for the error's text.
        samples: an array (n, d), or a ``Batch``.

    Returns:
        The batch.

    Raises:
        TypeError: for what is no array, observed that is no boolean, or an empty condition.
        ValueError: for parts of other shapes, weights that are negative or not finite or sum to zero.
    """
    batch = samples if isinstance(samples, Batch) else Batch(samples)
    parts: list[Any] = [np.asarray(part) if isinstance(part, list) else part for part in batch]
    batch = Batch(*parts)
    values = batch.values
    if not hasattr(values, "ndim") or values.ndim not in (2, 3):
        shape = getattr(values, "shape", type(values).__name__)
        raise ValueError(
            f"`{name}` must hold values (n, d), one sample a row, or (b, k, d), k for each of b conditions, but has {shape};"
            " flatten images: `x.reshape(len(x), -1)`"
        )
    _check_condition(name, batch)
    if batch.weights is not None:
        _check_weights(name, batch)
    mask = batch.observed
    if mask is not None and mask.dtype != bool:
        raise TypeError(f"`observed` of `{name}` must be booleans, True where a number is known, but is {mask.dtype}")
    if mask is not None and mask.shape != values.shape:
        raise ValueError(
            f"`observed` of `{name}` must have the shape of its values, {values.shape}, but has {mask.shape}; say it of every"
            " number: `jnp.broadcast_to(mask, values.shape)`"
        )
    return batch


def _check_condition(name: str, batch: Batch) -> None:
    leaves = jax.tree.leaves(batch.condition)
    if batch.condition is not None and not leaves:
        raise TypeError(f"`condition` of `{name}` holds no array; leave it out, or pass labels, vectors, images")
    for leaf in leaves:
        shape = np.shape(leaf)
        if not shape or shape[0] != len(batch.values):
            of = "rows" if batch.values.ndim == 2 else "groups of draws"
            raise ValueError(
                f"`condition` of `{name}` must have one entry for each of its {len(batch.values)} {of}, but has shape {shape}"
            )


def _check_weights(name: str, batch: Batch) -> None:
    weights: Any = batch.weights
    if weights.shape != batch.values.shape[:-1]:
        raise ValueError(
            f"`weights` of `{name}` must have shape {batch.values.shape[:-1]}, one a sample, but have {weights.shape}; repeat"
            " those of conditions: `jnp.broadcast_to(w[:, None], (b, k))`"
        )
    if not any(jnp.issubdtype(weights.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
        raise TypeError(f"`weights` of `{name}` must be numbers, one a sample, but are {weights.dtype}")
    if isinstance(weights, jax.core.Tracer | jax.ShapeDtypeStruct):
        return
    known = np.asarray(weights)
    if not np.isfinite(known).all() or (known < 0).any() or known.sum() <= 0:
        raise ValueError(
            f"`weights` of `{name}` must be finite and non-negative with a positive sum, but range from {known.min()} to"
            f" {known.max()} and sum to {known.sum()}; a weight of 0 removes a sample"
        )


def rows_of(batch: Batch) -> Batch:
    """Draws (b, k, d) one below the other, (b·k, d), each with its condition; rows stay as they are."""
    values = batch.values
    if values.ndim == 2:
        return batch
    b, k, d = values.shape
    flat = [None if part is None else part.reshape(b * k, *part.shape[2:]) for part in (batch.weights, batch.observed)]
    condition = jax.tree.map(lambda leaf: jnp.repeat(jnp.asarray(leaf), k, axis=0), batch.condition)
    return Batch(values.reshape(b * k, d), condition, *flat)


def rows(samples: Samples) -> Samples:
    """Samples one a row: arrays as they are, and draws (b, k, d) one below the other."""
    return rows_of(samples) if isinstance(samples, Batch) else samples


def number(samples: Any) -> int:
    """How many samples there are: n, or b·k."""
    if not isinstance(samples, Batch):
        return len(samples)
    return int(np.prod(samples.values.shape[:-1]))


def effective_weights(batch: Batch) -> Array:
    """What each sample counts: weights that sum to one, of the shape of the values without features.

    ``w_i = weights_i / Σ weights``, or 1/n, or 1/(b k).

    Args:
        batch: the batch, as ``checked`` gives it.

    Returns:
        (n,) or (b, k) weights, in the type of the values.
    """
    # At least in single precision: a sum of weights may be more than half precision holds, and integers hold no shares.
    kind = batch.values.dtype if jnp.issubdtype(batch.values.dtype, jnp.floating) else jnp.result_type(float)
    kind = jnp.dtype(jnp.float32) if jnp.finfo(kind).bits < 32 else kind
    if batch.weights is None:
        return jnp.full(batch.values.shape[:-1], 1 / number(batch), kind)
    weights: Any = batch.weights
    if isinstance(weights, np.ndarray) and weights.dtype == np.float64:  # which may be beyond what is computed in
        weights = weights / np.max(weights)
    weights = jnp.asarray(weights).astype(kind)
    weights = weights / jnp.max(weights)
    return weights / jnp.sum(weights)


def per_weight(samples: Samples, slope: Array) -> Array:
    """A gradient in the samples' values, each over what its sample counts: ``s_i / w_i``, and 0 where w_i is 0.

    The one place where a sum over samples becomes a field: the velocity is minus it.

    Args:
        samples: an array (n, d), or a ``Batch``.
        slope: the gradient, of the shape of the values.

    Returns:
        Vectors of that shape.
    """
    if not isinstance(samples, Batch) or samples.weights is None:
        return number(samples) * slope
    w = effective_weights(samples)[..., None]
    return jnp.where(w > 0, slope.astype(w.dtype) / jnp.where(w > 0, w, 1), 0).astype(slope.dtype)


def mean_square(samples: Samples, vectors: Array) -> Array:
    """``Σ_i w_i ‖v_i‖²``, the mean over samples as they count."""
    if not isinstance(samples, Batch) or samples.weights is None:
        return jnp.sum(jnp.square(vectors)) / number(samples)
    w = effective_weights(samples)[..., None]
    return jnp.sum(w * jnp.square(vectors.astype(w.dtype)))


# --- what cannot use a part refuses it ---

WAYS = {
    "condition": (
        "compare by condition: `per_condition(o)` within each, `joint(o)` by rows with their condition, `conditional(...)` by"
        " class"
    ),
    "weights": "take an objective of a function with weights, e.g. `energy()`, or draw by the weights instead",
    "observed": "take `energy_scoring()` or `kernel_scoring(kernel)`, or leave out what is incomplete",
}


class UnusedPartError(TypeError):
    """Raised where samples come with a part that what they are handed to cannot use; the text names both."""


def refused(name: str, part: str, who: str) -> UnusedPartError:
    """The error for a part that cannot be used."""
    return UnusedPartError(f"`{name}` comes with `{part}`, which {who} cannot use; {WAYS[part]}")


def only(name: str, samples: Any, who: str = "what it is handed to", allowed: tuple[str, ...] = ()) -> Any:
    """Samples without parts but those allowed, or the error; a batch of values alone becomes an array."""
    for part in parts_of(samples):
        if part not in allowed:
            raise refused(name, part, who)
    return simplified(samples)


def plain_rows(name: str, samples: Any, who: str = "what it is handed to") -> Any:
    """The values of samples that come with nothing else, one a row; what is no batch stays as it is."""
    return values_of(rows(only(name, samples, who)))


def mapped(name: str, samples: Samples, function: Callable[[Array], Array], who: str) -> Samples:
    """Samples whose values went through a function of rows; conditions and weights are left alone, masks refused.

    Draws (b, k, d) stay in their groups. Where the function gives another number of rows, nothing can belong to them.
    """
    if not isinstance(samples, Batch):
        return function(samples)
    batch = checked(name, samples)
    only(name, batch, who, ("condition", "weights"))
    values = function(rows_of(batch).values)
    if len(values) != number(batch):
        return with_values(only(name, batch, f"{who}, which changes how many there are,"), values)
    return batch._replace(values=values.reshape(*batch.values.shape[:-1], *values.shape[1:]))
