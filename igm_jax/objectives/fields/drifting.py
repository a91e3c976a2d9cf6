"""Drifting: samples are pulled to the data and pushed off each other by doubly normalised kernels."""

import operator
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks, digits
from igm_jax.base import Info, Objective
from igm_jax.checks import ArrayLike, Rows, Scalar, Weights
from igm_jax.kernels.forms import unit_between
from igm_jax.kernels.pairs import centred, unit_of
from igm_jax.kernels.radial import distance
from igm_jax.lifts import from_velocity
from igm_jax.objectives.fields.drifting_presets import FLOORS, checked_floor, checked_temperatures
from igm_jax.pairwise.affinities import Costs, Tables, Targets, pulls, tables_of_few, totals
from igm_jax.pairwise.sums import kernel_mean, kernel_sums_within
from igm_jax.records import recorded, told

__all__ = ["Drift", "drifting", "drifting_field", "drifting_loss"]

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
    temperatures: Array,
    weights: tuple[Array, ...],
    counted: bool,
    least: float,
    tables: Tables | None,
) -> Float[Array, "n t d"]:
    """``Σ_j A_ij y_j · (mass of A on x) - Σ_k A_ik x_k · (mass of A on y)`` at each sample and temperature.

    The others are the data y and, where there are any, further negatives, which repel as x does. The weights are those of x and
    of the others; with ``counted`` they count in the sums that normalise A, too.
    """
    y = others[0]
    others = tuple(centred(other, y)[0] for other in others)
    x, _ = centred(x, y)
    counts = weights if counted else tuple(map(jnp.ones_like, weights))
    kinds = tuple(map(Targets, (x, *others), weights, counts, (True, *(False for _ in others))))
    found = totals(x, counts[0], kinds, costs, temperatures, tables)
    own, (data, data_mass), *more = pulls(x, kinds, costs, temperatures, found, least, tables)
    model, model_mass = (reduce(operator.add, parts) for parts in zip(own, *more, strict=True))
    return data * model_mass[..., None] - model * data_mass[..., None]


@partial(jax.jit, static_argnames="least")
def _paper(x: Array, others: tuple[Array, ...], temperatures: Array, weights: tuple[Array, ...], least: float) -> Drift:
    """``A = K / √(row sums · column sums)`` with ``K = w exp(-d/τ)``, a sample masked from itself."""

    def costs(distance: Array, own: Array) -> Array:
        return jnp.where(own > 0, jnp.inf, distance)

    tables = tables_of_few(x, others)
    field = _sum_over(
        _fields(x, others, costs, temperatures, weights, True, least, tables), jnp.ones_like(temperatures)
    )
    return Drift(field, jnp.sqrt(jnp.mean(jnp.square(field))))


@jax.jit
def _mean_distance(
    x: Array, others: tuple[Array, ...], weights: tuple[Array, ...], tables: Tables | None = None
) -> Array:
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
def _released(
    x: Float[Array, "b n d"],
    others: tuple[Float[Array, "b _ d"], ...],
    temperatures: Array,
    weights: tuple[Array, ...],
    least: float,
) -> tuple[Array, Array, Array]:
    """Forces in scaled coordinates, the unit of those coordinates, the mean squared raw force at each temperature.

    Scale and force sizes are means over the whole batch, as in the released code.
    """
    # Everything here is free of units but for the smallest scale, which is that of samples of size one.
    targets = jnp.concatenate(others, axis=1)
    size = unit_of(*(some.reshape(-1, x.shape[2]) for some in (x, targets)), plain=1.0)
    x, others = x / size, tuple(other / size for other in others)
    tables = jax.vmap(tables_of_few)(x, others)
    scale = jnp.mean(jax.vmap(lambda u, v, some: _mean_distance(u, v, weights, some))(x, others, tables))
    scale = scale / jnp.mean(jnp.concatenate(weights))
    unit = jnp.maximum(scale / np.sqrt(x.shape[2]).astype(scale.dtype), SMALLEST_SCALE)
    length = jnp.maximum(scale, SMALLEST_SCALE)

    def costs(distance: Array, own: Array) -> Array:
        return distance / length + SELF_DISTANCE * own

    field = partial(_fields, counted=False, least=least)
    raw = jax.vmap(lambda u, v, some: field(u, v, costs, temperatures, weights, tables=some))(x, others, tables)
    raw = raw / unit
    squares = jnp.mean(jnp.mean(jnp.square(raw), axis=3), axis=(0, 1))
    return _sum_over(raw, 1 / jnp.sqrt(jnp.maximum(squares, SMALLEST_FORCE))), unit * size, squares


def _sum_over(fields: Float[Array, "*b t d"], factors: Float[Array, " t"]) -> Float[Array, "*b d"]:
    """The fields of all temperatures times their factors, added one by one: as a sum over a middle axis it takes fifty times
    as long (XLA for CPUs, 784 features)."""
    return sum((fields[..., k, :] * factors[k] for k in range(1, len(factors))), start=fields[..., 0, :] * factors[0])


def _multiplicities(name: str, value: ArrayLike | None, like: Array) -> Array:
    """Weights as counts: one each if None, not normalised, since the paper's field depends on how many there are."""
    checks.weights(name, value, like)
    return jnp.ones(len(like), like.dtype) if value is None else jnp.asarray(value).astype(like.dtype)


def drifting_field(
    x: Rows,
    y: Rows,
    temperatures: ArrayLike | None = None,
    *,
    preset: str = "paper",
    floor: float | None = None,
    x_weights: Weights = None,
    y_weights: Weights = None,
    negatives: ArrayLike | None = None,
    negative_weights: Weights = None,
) -> Drift:
    """The drifting field at the generated samples.

    ``v_i = Σ_j A_ij (y_j - x_i) · Σ_k A⁻_ik - Σ_k A⁻_ik (x_k - x_i) · Σ_j A_ij``, where the affinity
    ``A = √(softmax over targets · softmax over samples)`` of ``-‖x_i - t_j‖/τ`` has the targets t = [x; y], a sample masked
    from itself; A⁻ are the columns of x. The temperatures' fields are summed. Further negatives are targets that repel, as x
    does, and belong to A⁻: past samples, or what a guided model should keep away from (see ``guided_drifting``).

    "paper" is the toy notebook's formula. "released" is that of the released image code: distances divided by their mean,
    affinities at least 1e-3, and each temperature's force divided by its root mean square, so that the field has the same
    size however close the samples are; then ``Drift.size`` tells how far they still would go. Where samples lie far from data,
    as at the start in pixels, all affinities to data are below that floor: raised to it, they pull every sample to one and the
    same mean, and a generator may never come away from it. ``floor=0`` leaves them as they are.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        temperatures: τ > 0, one or several: in the units of the samples for "paper", in mean distances for "released";
            None for the preset's own.
        preset: "paper" or "released".
        floor: the smallest affinity, from 0 to below 1; None for the preset's own, 0 or 1e-3.
        x_weights: (n,) multiplicities, not normalised: how strongly each sample repels; one each if None.
        y_weights: (m,) multiplicities: how strongly each datum attracts; one each if None.
        negatives: (k, d) samples that repel besides x, and do not move; none if None.
        negative_weights: (k,) multiplicities: how strongly each of them repels; one each if None.

    Returns:
        ``Drift(field, size)``: displacements (n, d) in the units of the samples, and the size before normalisation.

    Raises:
        ValueError: for an unknown preset, temperatures that are not positive, a floor out of its range, wrong shapes, non-finite
            numbers, bad weights.

    Example:
        >>> from igm_jax.objectives import drifting_field
        >>> field, size = drifting_field([[0.0], [0.1]], [[1.0], [1.2]], temperatures=1.0)
        >>> bool((field > 0).all())
        True

    Source: Generative Modeling via Drifting, arXiv 2602.04770, and its released code.
    """
    temperatures, least = checked_temperatures(temperatures, preset), checked_floor(floor, preset)
    x, y = checks.pair(x, y)
    weights = (_multiplicities("x_weights", x_weights, x), _multiplicities("y_weights", y_weights, y))
    others, known = (y,), jnp.asarray(temperatures, x.dtype)
    if negatives is not None:
        negatives = checks.pair(negatives, y, names=("negatives", "y"))[0].astype(x.dtype)
        others = (y, negatives)
        weights = (*weights, _multiplicities("negative_weights", negative_weights, negatives))
    if preset == "paper":
        length = unit_between(unit_of(x, jnp.concatenate(others), plain=1.0), *known)
        field, size = _paper(x / length, tuple(other / length for other in others), known / length, weights, least)
        return Drift(length * field, length * size)
    force, unit, squares = _released(x[None], tuple(other[None] for other in others), known, weights, least)
    return Drift(force[0] * unit, jnp.sqrt(jnp.mean(squares)))


def drifting_loss(x: ArrayLike, y: ArrayLike, temperatures: ArrayLike | None = None) -> Float[Array, " b"]:
    """The loss of the released drifting code, for a batch of independent problems that share one scale.

    ``loss_b = mean over samples and features of ((x - sg(x))/u - F)²``, F the sum of normalised forces in coordinates of
    unit u. Its value is constant up to the interplay of temperatures; its gradient is what trains.

    Args:
        x: (b, n, d) generated samples.
        y: (b, m, d) data.
        temperatures: τ > 0 in mean distances; None for (0.02, 0.05, 0.2).

    Returns:
        (b,) losses.

    Raises:
        ValueError: for other shapes, non-finite numbers, or temperatures that are not positive.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import drifting_loss
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 1, 8, 3))
        >>> drifting_loss(x, y).shape
        (1,)

    Source: the released code of arXiv 2602.04770.
    """
    temperatures = checked_temperatures(temperatures, "released")
    x, y = digits.as_given("x", x), digits.as_given("y", y)
    if x.ndim != 3 or y.ndim != 3 or len(x) != len(y) or x.shape[2] != y.shape[2]:
        raise ValueError(f"expected x (b, n, d) and y (b, m, d), but got shapes {x.shape} and {y.shape}")
    flat = checks.pair(*(some.reshape(-1, some.shape[2]) for some in (x, y)))
    x, y = flat[0].reshape(x.shape), flat[1].reshape(y.shape)
    ones = jnp.ones(x.shape[1] + y.shape[1], x.dtype)
    fixed = jax.lax.stop_gradient(x)
    known, n = jnp.asarray(temperatures, x.dtype), x.shape[1]
    force, unit, _ = jax.lax.stop_gradient(_released(fixed, (y,), known, (ones[:n], ones[n:]), FLOORS["released"]))
    return jnp.mean(jnp.square((x - fixed) / unit - force), axis=(1, 2))


def _one_on_average(weights: Weights) -> Any:
    """Weights as multiplicities, those that are not zero one on average: as many samples as are there."""
    if weights is None:
        return None
    known = jnp.asarray(weights)
    return known * (jnp.sum(known > 0).astype(known.dtype) / jnp.sum(known))


@recorded
@told(later=("floor",))
def drifting(temperatures: ArrayLike | None = None, preset: str = "paper", *, floor: float | None = None) -> Objective:
    """Drifting as an objective: the generator regresses on its samples moved along the field.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²``; the update's info holds ``drift``, the field's size before normalisation,
    because the "released" loss is constant by construction.

    Args:
        temperatures: τ > 0, one or several; None for the preset's own.
        preset: "paper" or "released", see ``drifting_field``.
        floor: the smallest affinity; None for the preset's own. In pixels, 0: see ``drifting_field``.

    Returns:
        The objective. Its witness raises an error: the doubly normalised field is not a gradient.

    Raises:
        ValueError: for an unknown preset, temperatures that are not positive, or a floor out of its range.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import drifting
        >>> objective = drifting((0.2, 1.0), preset="released")
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> state, info = objective.update(jax.random.key(1), (), x, y)
        >>> list(info)
        ['drift']

    Source: Generative Modeling via Drifting, arXiv 2602.04770.
    """
    temperatures = checked_temperatures(temperatures, preset)
    checked_floor(floor, preset)

    def drift(x: Array, y: Array, x_weights: Weights, y_weights: Weights) -> Drift:
        weights = {"x_weights": _one_on_average(x_weights), "y_weights": _one_on_average(y_weights)}
        return drifting_field(x, y, temperatures, preset=preset, floor=floor, **weights)

    def field(x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None) -> Array:
        return drift(x, y, x_weights, y_weights).field

    def measure(x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None) -> Info:
        return {"drift": drift(x, y, x_weights, y_weights).size}

    return from_velocity(
        field,
        measure=measure,
        reason="the doubly normalised drifting field is not a gradient (its Jacobian is not symmetric)",
    )
