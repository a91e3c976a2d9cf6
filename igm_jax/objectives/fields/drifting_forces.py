"""The forces of drifting, of the paper's formula and of the released code's: what its fields and its loss are made of."""

import operator
from collections.abc import Callable
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike, Scalar
from igm_jax.kernels.pairs import centred, unit_of
from igm_jax.kernels.radial import distance
from igm_jax.pairwise.affinities import Costs, Targets, pulls, totals
from igm_jax.pairwise.affinities_of_few import Tables, pulls_of_few, tables_of_few
from igm_jax.pairwise.sums import kernel_mean, kernel_sums_within
from igm_jax.pairwise.tables import middle
from igm_jax.pairwise.temperatures import Temperatures

# Constants of the released code: what is added to a sample's distance to itself, the smallest scale and force.
SELF_DISTANCE, SMALLEST_SCALE, SMALLEST_FORCE = 100.0, 1e-3, 1e-8


class Drift(NamedTuple):
    """A drifting field and what it was before normalisation."""

    field: Float[Array, "n d"]
    """Displacement of each sample, in the units of the samples."""
    size: Scalar
    """Root mean square of the force over entries and temperatures before each is normalised: what falls in training."""


def _fields(
    x: Array,
    others: tuple[Array, ...],
    costs: Costs,
    temperatures: Temperatures,
    weights: tuple[Array, ...],
    counted: bool,
    least: float,
    tables: Tables | None,
) -> list[Float[Array, "n d"]]:
    """``Σ_j A_ij y_j · (mass of A on x) - Σ_k A_ik x_k · (mass of A on y)`` at each sample and temperature.

    The others are the data y and, where there are any, further negatives, which repel as x does. The weights are those of x and
    of the others; with ``counted`` they count in the sums that normalise A, too.
    """
    y = others[0]
    if tables is None:
        others = tuple(centred(other, y)[0] for other in others)
        x, _ = centred(x, y)
    else:  # few pairs are not worth the search of a mean that no far sample moves
        place = middle(y)
        x, others = x - place, tuple(other - place for other in others)
    counts = weights if counted else tuple(map(jnp.ones_like, weights))
    kinds = tuple(map(Targets, (x, *others), weights, counts, (True, *(False for _ in others))))
    if tables is None:
        found = totals(x, counts[0], kinds, costs, temperatures)
        pulled = pulls(x, kinds, costs, temperatures, found, least)
    else:
        pulled = pulls_of_few(counts[0], kinds, costs, temperatures, tables, least)
    fields = []
    for own, data, *more in zip(*pulled, strict=True):
        model, model_mass = (reduce(operator.add, parts) for parts in zip(own, *more, strict=True))
        fields.append(data.places * model_mass - model * data.mass)
    return fields


@partial(jax.jit, static_argnames="least")
def paper_drift(
    x: Array, others: tuple[Array, ...], temperatures: Temperatures, weights: tuple[Array, ...], least: float
) -> Drift:
    """``A = K / √(row sums · column sums)`` with ``K = w exp(-d/τ)``, a sample masked from itself."""

    def costs(distance: Array, own: Array) -> Array:
        return jnp.where(own > 0, jnp.inf, distance)

    fields = _fields(x, others, costs, temperatures, weights, True, least, tables_of_few(x, others))
    field = sum(fields[1:], start=fields[0])
    return Drift(field, jnp.sqrt(jnp.mean(jnp.square(field))))


@jax.jit
def _mean_distance(x: Array, others: tuple[Array, ...], weights: tuple[Array, ...], tables: Tables | None) -> Array:
    """``Σ_j w_j d_ij / number`` over all targets, x and the others, mean over the rows."""
    if tables is not None:
        rows = [jnp.sum(table * weight[None], axis=1) for table, weight in zip(tables, weights, strict=True)]
        return jnp.mean(sum(rows[1:], rows[0])) / (len(x) + sum(map(len, others)))
    kernel, ones = distance(), jnp.ones(len(x), x.dtype)
    total = -jnp.sum(weights[0] * kernel_sums_within(kernel, x, ones))
    for other, weight in zip(others, weights[1:], strict=True):
        total = total - kernel_mean(kernel, x, other, ones, weight)
    return total / (len(x) * (len(x) + sum(map(len, others))))


@partial(jax.jit, static_argnames="least")
def released_forces(
    x: Float[Array, "b n d"],
    others: tuple[Float[Array, "b _ d"], ...],
    temperatures: Temperatures,
    weights: tuple[Float[Array, "b _"], ...],
    least: float,
) -> tuple[Array, Array, Array]:
    """Forces in scaled coordinates, the unit of those coordinates, the mean squared raw force at each temperature.

    Scale and force sizes are means over the whole batch, as in the released code.
    """
    # Everything here is free of units but for the smallest scale, which is that of samples of size one.
    targets = jnp.concatenate(others, axis=1)
    size = unit_of(*(some.reshape(-1, x.shape[2]) for some in (x, targets)), plain=1.0)
    x, others = x / size, tuple(other / size for other in others)
    each = _alone if len(x) == 1 else jax.vmap
    tables = each(tables_of_few)(x, others)
    scale = jnp.mean(each(_mean_distance)(x, others, weights, tables)) / jnp.mean(jnp.concatenate(weights, axis=1))
    unit = jnp.maximum(scale / np.sqrt(x.shape[2]).astype(scale.dtype), SMALLEST_SCALE)
    length = jnp.maximum(scale, SMALLEST_SCALE)

    def costs(distance: Array, own: Array) -> Array:
        return distance / length + SELF_DISTANCE * own

    field = partial(_fields, counted=False, least=least)
    raw = each(lambda u, v, w, t: field(u, v, costs, temperatures, w, tables=t))(x, others, weights, tables)
    raw = [force / unit for force in raw]
    # A sum over features first: over all three axes at once it takes fifty times as long (XLA for CPUs, 784 features).
    squares = jnp.stack([jnp.mean(jnp.mean(jnp.square(force), axis=2)) for force in raw])
    shares = 1 / jnp.sqrt(jnp.maximum(squares, SMALLEST_FORCE))
    normalised = [force * share for force, share in zip(raw, shares, strict=True)]
    return sum(normalised[1:], start=normalised[0]), unit * size, squares


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """``vmap`` over one: the same without a further axis, for which compilers make fewer operations."""
    first = partial(jax.tree.map, lambda leaf: leaf[0])
    return lambda *given: jax.tree.map(lambda leaf: leaf[None], function(*first(given)))


def multiplicities(name: str, value: ArrayLike | None, like: Array) -> Array:
    """Weights as counts: one each if None, not normalised, since the paper's field depends on how many there are."""
    checks.weights(name, value, like)
    return jnp.ones(len(like), like.dtype) if value is None else jnp.asarray(value).astype(like.dtype)
