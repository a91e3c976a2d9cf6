"""Drifting: samples are pulled to the data and pushed off each other by doubly normalised kernels."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Objective
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.forms import unit_between
from igm_jax.kernels.pairs import unit_of
from igm_jax.lifts import from_velocity
from igm_jax.objectives.fields.drifting_forces import Drift, multiplicities, paper_drift, released_forces
from igm_jax.objectives.fields.drifting_presets import checked_floor, checked_temperatures
from igm_jax.pairwise.temperatures import temperatures_of
from igm_jax.records import recorded, told

__all__ = ["Drift", "drifting", "drifting_field"]


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
    weights = (multiplicities("x_weights", x_weights, x), multiplicities("y_weights", y_weights, y))
    others, known = (y,), temperatures_of(temperatures, x.dtype)
    if negatives is not None:
        negatives = checks.pair(negatives, y, names=("negatives", "y"))[0].astype(x.dtype)
        others = (y, negatives)
        weights = (*weights, multiplicities("negative_weights", negative_weights, negatives))
    if preset == "paper":
        length = unit_between(unit_of(x, jnp.concatenate(others), plain=1.0), *known.values)
        field, size = paper_drift(
            x / length, tuple(other / length for other in others), known.over(length), weights, least
        )
        return Drift(length * field, length * size)
    one_problem = x[None], tuple(other[None] for other in others), known, tuple(weight[None] for weight in weights)
    force, unit, squares = released_forces(*one_problem, least)
    return Drift(force[0] * unit, jnp.sqrt(jnp.mean(squares)))


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
