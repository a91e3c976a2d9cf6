"""Objectives of one scale that is not a number chosen by hand: it follows a schedule, or is read off the data.

``objective_of(scale)`` is any objective that has a length in it: a bandwidth, a temperature, the root of an ε. The scale in use
is state, and is reported by every update.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Samples, only, rows, values_of
from igm_jax.checks import ArrayLike
from igm_jax.objectives.combinators.scale_rules import RULES, Rule
from igm_jax.objectives.combinators.wrappers import checked_objective
from igm_jax.records import recorded

__all__ = ["ScaleState", "annealed", "auto"]


class ScaleState(NamedTuple):
    """What an objective of a changing scale remembers: updates made, the scale in use, and its own state."""

    step: Array
    scale: Array
    state: State


@recorded
def annealed(
    objective_of: Callable[[Array], Objective], schedule: Callable[[Array], ArrayLike], *, name: str = "scale"
) -> Objective:
    """An objective whose scale follows a schedule of its updates.

    ``loss_t = objective_of(schedule(t)).loss``, t the number of updates made before the last one.

    It works with every objective whose constructor takes the scale as a traced number and whose state has the same shapes
    at every scale. Steps are the objective's own updates: with k inner steps, k for each of the generator.

    Args:
        objective_of: from the scale to the objective, e.g. ``lambda scale: mmd(gaussian(scale))``.
        schedule: from the step, an int32 scalar, to a positive number; those of optax will do.
        name: of the scale in the update's info.

    Returns:
        The objective; its state is a ``ScaleState``.

    Raises:
        TypeError: if ``objective_of`` gives no objective, when it runs.
        ValueError: if the objective's info holds the name already, when it runs.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives import annealed, score_difference
        >>> objective = annealed(score_difference, lambda step: 2.0 / (1.0 + step.astype(float)))
        >>> x, y = jnp.zeros((3, 1)), jnp.ones((3, 1))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> state, later = objective.update(jax.random.key(2), state, x, y)
        >>> float(info["scale"]), float(later["scale"])
        (2.0, 1.0)

    Source: a falling bandwidth, σ₀ e^{-rt}, for drifts of kernels: arXiv 2603.09936.
    """

    def first(x: Samples) -> ArrayLike:
        del x
        return schedule(jnp.int32(0))

    def following(state: ScaleState, x: Samples, y: Samples) -> ArrayLike:
        del x, y
        return schedule(state.step)

    return _of_scale(objective_of, first, following, name)


@recorded
def auto(
    objective_of: Callable[[Array], Objective], rule: str | Rule = "median", *, memory: float = 0.9, name: str = "scale"
) -> Objective:
    """An objective whose scale is read off the samples, so that none has to be chosen.

    ``scale_t = β scale_{t-1} + (1 - β) rule(x, y)``, from ``rule(x, y)`` at the first update on.

    Rules are lengths: where samples are rescaled, the scale is, and the velocity follows. The objective says what it makes of
    it, in the units of the data::

        auto(lambda s: mmd(kernel_bank(laplace, s, (0.1, 0.3, 1.0))))    a bank of kernels
        auto(lambda s: mmd(gaussian(s)), power_scale(gaussian))          the kernel that tells x from y best
        auto(lambda s: sinkhorn(0.05 * s**2), "spread")                  ε, a share of the mean squared distance
        auto(lambda s: score_difference(0.2 * s))
        auto(lambda s: drifting(0.1 * s))

    Args:
        objective_of: from the scale, a traced number, to the objective; its state has the same shapes at every scale.
        rule: ``"median"`` or ``"spread"`` of the data (``median_scale``, ``spread_scale``), ``power_scale(...)``, or any
            function of (x, y).
        memory: β from 0, the last minibatch alone, to 1, the first one alone.
        name: of the scale in the update's info.

    Returns:
        The objective; its state is a ``ScaleState``. Before the first update, which sees data, the scale is that of the first
        samples.

    Raises:
        TypeError: if ``objective_of`` gives no objective, when it runs.
        ValueError: for an unknown rule, a memory outside [0, 1], or, when it runs, an info that holds the name already.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import kernels, objectives
        >>> objective = objectives.auto(lambda scale: objectives.mmd(kernels.gaussian(scale)))
        >>> x, y = jnp.zeros((3, 1)), jnp.array([[0.0], [1.0], [3.0]])
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> float(info["scale"])
        2.0

    Source: the median: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Section 8.
    """
    known = RULES[checks.choice("rule", rule, RULES)] if isinstance(rule, str) else rule
    if not 0 <= memory <= 1:
        raise ValueError(f"`memory` must lie between 0 and 1, e.g. 0.9, but is {memory!r}")

    def read(name: str, samples: Samples) -> Array:  # of all conditions together
        return values_of(rows(only(name, samples, "the rule of `auto`", ("condition",))))

    def following(state: ScaleState, x: Samples, y: Samples) -> Array:
        found = known(*checks.pair(read("x", x), read("y", y))).astype(state.scale.dtype)
        return jnp.where(state.step == 0, found, memory * state.scale + (1 - memory) * found)

    def first(x: Samples) -> ArrayLike:
        x = checks.samples("x", read("x", x))
        return known(x, x)

    return _of_scale(objective_of, first, following, name)


def _of_scale(
    objective_of: Callable[[Array], Objective],
    first: Callable[[Samples], ArrayLike],
    following: Callable[[ScaleState, Samples, Samples], ArrayLike],
    name: str,
) -> Objective:
    """The objective at the scale of its state, which each update sets to ``following(state, x, y)``."""

    def at(scale: Array) -> Objective:
        return checked_objective("objective_of(scale)", objective_of(scale))

    def init(key: Key, x: Samples) -> ScaleState:
        scale = jnp.asarray(first(x)).astype(checks.samples("x", values_of(rows(x))).dtype)
        return ScaleState(jnp.int32(0), scale, at(scale).init(key, x))

    def update(key: Key, state: ScaleState, x: Samples, y: Samples) -> tuple[ScaleState, Info]:
        scale = jnp.asarray(following(state, x, y)).astype(state.scale.dtype)
        inner, info = at(scale).update(key, state.state, x, y)
        if name in info:
            raise ValueError(
                f'the objective\'s update reports {name!r} already; give this scale another name, e.g. `name="outer_{name}"`'
            )
        return ScaleState(state.step + 1, scale, inner), {name: scale, **info}

    def loss(key: Key, state: ScaleState, x: Samples, y: Samples) -> Array:
        return at(state.scale).loss(key, state.state, x, y)

    def witness(state: ScaleState, points: Samples, x: Samples, y: Samples) -> Array:
        return at(state.scale).witness(state.state, points, x, y)

    return Objective(init, update, loss, witness)
