"""Drifting with further negatives: guidance away from unconditional data, and a bank of past samples."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Objective, State, Target, regression
from igm_jax.checks import ArrayLike
from igm_jax.lifts import no_witness, of_arrays
from igm_jax.objectives.fields.drifting import Drift, drifting, drifting_field
from igm_jax.records import recorded, told

__all__ = ["banked_drifting", "guidance_weight", "guided_drifting"]

_NO_WITNESS = no_witness("the doubly normalised drifting field is not a gradient (its Jacobian is not symmetric)")


def guidance_weight(strength: float, n: int, number: int) -> float:
    """How strongly each of some unconditional samples must repel, for guidance of a given strength.

    ``w = (α - 1) (n - 1) / k``: the k negatives together weigh (α - 1) times the n - 1 other samples, so that the negatives are
    draws of ``((1 - γ) q + γ p_∅)`` with ``α = 1/(1 - γ)``. Then the samples settle where the data are
    ``q = α p - (α - 1) p_∅``, as in classifier-free guidance.

    Args:
        strength: α ≥ 1; 1 is no guidance.
        n: samples of the model in a minibatch; a lone one is weighed as if there were another.
        number: unconditional samples k.

    Returns:
        The weight of each.

    Raises:
        TypeError: for numbers that are not integers.
        ValueError: for a strength below 1, or numbers below 1.

    Example:
        >>> from igm_jax.objectives import guidance_weight
        >>> guidance_weight(2.0, 9, 16)
        0.5

    Source: Generative Modeling via Drifting, arXiv 2602.04770 (its guidance).
    """
    if checks.positive("strength", strength) < 1:
        raise ValueError(f"`strength` must be at least 1, which is no guidance, but is {strength}")
    return (strength - 1) * max(checks.count("n", n) - 1, 1) / checks.count("number", number)


@recorded
@told(later=("floor",))
def guided_drifting(
    unconditional: Target,
    strength: float,
    temperatures: ArrayLike | None = None,
    preset: str = "paper",
    *,
    number: int = 64,
    floor: float | None = None,
) -> Objective:
    """Drifting, guided: the data are of one class, and draws of all classes repel, too.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²``, v the drifting field with ``number`` unconditional negatives, each of the
    weight ``guidance_weight(strength, n, number)``

    Args:
        unconditional: ``(key, number) -> (number, d)``, draws of what to keep away from: the data of all classes.
        strength: α ≥ 1; 1 is ``drifting``.
        temperatures: τ > 0, one or several; None for the preset's own.
        preset: "paper" or "released", see ``drifting_field``.
        number: unconditional draws in each step.
        floor: the smallest affinity, see ``drifting_field``; None for the preset's own.

    Returns:
        The objective. Its witness raises an error: the doubly normalised field is not a gradient.

    Raises:
        TypeError: if ``unconditional`` is not a function.
        ValueError: for a strength below 1, or bad temperatures, preset or number.

    Example:
        >>> import jax
        >>> from igm_jax import distributions, objectives
        >>> objective = objectives.guided_drifting(distributions.normal(3), strength=1.5, temperatures=0.5)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> objective.loss(jax.random.key(1), (), x, y).shape
        ()

    Source: Generative Modeling via Drifting, arXiv 2602.04770 (its guidance).
    """
    functions.is_function("unconditional", unconditional)
    guidance_weight(strength, 2, number)
    plain = drifting(temperatures, preset, floor=floor)
    if strength == 1:
        return plain

    def drift(key: Key, x: Array, y: Array) -> Drift:
        negatives = unconditional(key, number)
        weights = jnp.full((number,), guidance_weight(strength, len(x), number), x.dtype)
        repelling = {"negatives": negatives, "negative_weights": weights}
        return drifting_field(x, y, temperatures, preset=preset, floor=floor, **repelling)

    def update(key: Key, state: State, x: Array, y: Array) -> tuple[State, Info]:
        return state, {"drift": drift(key, x, y).size}

    def loss(key: Key, state: State, x: Array, y: Array) -> Array:
        del state
        return regression(x, drift(key, jax.lax.stop_gradient(x), y).field)

    return of_arrays(plain.init, update, loss, plain.witness)


class Bank(NamedTuple):
    """Past samples, the newest first."""

    samples: Float[Array, "k d"]


@recorded
@told(later=("floor",))
def banked_drifting(
    size: int,
    temperatures: ArrayLike | None = None,
    preset: str = "paper",
    *,
    weight: float = 1.0,
    floor: float | None = None,
) -> Objective:
    """Drifting against a bank of past samples: more of the model than one minibatch shows.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²``, v the drifting field with the bank as further negatives

    Every update puts its samples in front and drops the oldest. It is for generators, whose samples are fresh at each step: a
    particle would be held by its own trace. The bank is filled with copies of the first samples to begin with.

    Args:
        size: past samples that are kept.
        temperatures: τ > 0, one or several; None for the preset's own.
        preset: "paper" or "released", see ``drifting_field``.
        weight: how strongly a past sample repels, compared with a present one.
        floor: the smallest affinity, see ``drifting_field``; None for the preset's own.

    Returns:
        The objective; ``update`` reports ``drift``, the field's size. Its witness raises an error.

    Raises:
        TypeError: for a size that is not an integer.
        ValueError: for a size below 1, a weight that is not positive, or bad temperatures or preset.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import banked_drifting
        >>> objective = banked_drifting(20, temperatures=0.5)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(2), x), x, y)
        >>> state.samples.shape
        (20, 3)

    Source: Generative Modeling via Drifting, arXiv 2602.04770, which keeps past samples of the data in queues.
    """
    checks.count("size", size)
    checks.positive("weight", weight)
    drifting(temperatures, preset, floor=floor)

    def drift(state: Bank, x: Array, y: Array) -> Drift:
        weights = jnp.full((size,), weight, x.dtype)
        repelling = {"negatives": state.samples, "negative_weights": weights}
        return drifting_field(x, y, temperatures, preset=preset, floor=floor, **repelling)

    def init(key: Key, x: Array) -> Bank:
        del key
        return Bank(jnp.asarray(x)[jnp.arange(size) % len(x)])

    def update(key: Key, state: Bank, x: Array, y: Array) -> tuple[Bank, Info]:
        del key
        samples = jnp.concatenate([x.astype(state.samples.dtype), state.samples])[:size]
        return Bank(samples), {"drift": drift(state, x, y).size}

    def loss(key: Key, state: Bank, x: Array, y: Array) -> Array:
        del key
        return regression(x, drift(state, jax.lax.stop_gradient(x), y).field)

    return of_arrays(init, update, loss, _NO_WITNESS)
