"""Two maps that undo each other: any objective on either side, and the distance of what comes back from what went."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.base import Info, Key, Objective, State
from igm_jax.batches import Samples, checked, only, rows_of
from igm_jax.checks import ArrayLike
from igm_jax.lifts import no_witness
from igm_jax.objectives.combinators.transported import checked_weight
from igm_jax.objectives.combinators.wrappers import checked_objective
from igm_jax.records import recorded

__all__ = ["Unpaired", "cycle_consistent"]


class Unpaired(NamedTuple):
    """What a pair of maps is drawn under: as many samples of each side, which have nothing to do with each other.

    Attributes:
        source: (n, d) of the one law.
        target: (n, d) of the other.
    """

    source: Array
    target: Array


class _Ways(NamedTuple):
    there: Array
    back: Array
    source_again: Array
    target_again: Array


@recorded
def cycle_consistent(there: Objective, back: Objective, weight: ArrayLike) -> Objective:
    """An objective of two maps G and F at once, each towards the other's source, that should undo each other.

    ``loss = there.loss(G(a), b) + back.loss(F(b), a) + λ mean_ij |F(G(a)) - a| + λ mean_ij |G(F(b)) - b|``

    With two critics this is a CycleGAN; it works with every objective. Maps that undo each other are not for that the true
    ones: turned by any permutation that keeps the law, they still do.

    Args:
        there: compares outputs of G with the target's samples b.
        back: compares outputs of F with the source's samples a.
        weight: λ ≥ 0; it may be traced.

    Returns:
        The objective, of batches of ``igm_jax.generators.both_ways``: values (n, 4 d) hold G(a), F(b), F(G(a)) and G(F(b)) side
        by side, the condition is ``Unpaired(a, b)``. It reads no y. Its state is a pair; it has no witness.

    Raises:
        TypeError: for what is no objective; while running, for samples of another kind.
        ValueError: for a weight that is negative or not finite; while running, for samples of another shape.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import Batch, objectives
        >>> objective = objectives.cycle_consistent(objectives.energy(), objectives.energy(), 10.0)
        >>> a, b = jnp.array([[0.0]]), jnp.array([[2.0]])
        >>> x = Batch(jnp.concatenate([b, a, a + 0.5, b], axis=1), condition=objectives.Unpaired(a, b))
        >>> objective.loss(jax.random.key(0), ((), ()), x, None).item()  # both laws are met, and a comes back half off
        5.0

    Source: Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, arXiv 1703.10593, Eq. 3.
    """
    there, back = checked_objective("there", there), checked_objective("back", back)
    checked_weight(weight, "cycle")

    def init(key: Key, x: Samples) -> State:
        ways, _ = _ways(x)
        key_there, key_back = jax.random.split(key)
        return there.init(key_there, ways.there), back.init(key_back, ways.back)

    def update(key: Key, state: State, x: Samples, y: Any) -> tuple[State, Info]:
        only("y", y, "`cycle_consistent`, whose data come as a condition,")
        ways, (a, b) = _ways(x)
        key_there, key_back = jax.random.split(key)
        forth, told = there.update(key_there, state[0], ways.there, b)
        again, of_back = back.update(key_back, state[1], ways.back, a)
        info = {f"there/{name}": value for name, value in told.items()}
        return (forth, again), info | {f"back/{name}": value for name, value in of_back.items()}

    def loss(key: Key, state: State, x: Samples, y: Any) -> Array:
        only("y", y, "`cycle_consistent`, whose data come as a condition,")
        ways, (a, b) = _ways(x)
        key_there, key_back = jax.random.split(key)
        value = there.loss(key_there, state[0], ways.there, b) + back.loss(key_back, state[1], ways.back, a)
        gap = jnp.mean(jnp.abs(ways.source_again - a)) + jnp.mean(jnp.abs(ways.target_again - b))
        return value + jnp.asarray(weight).astype(value.dtype) * gap.astype(value.dtype)

    return Objective(init, update, loss, no_witness("it is about two maps at once, whose laws are not one"))


def _ways(x: Samples) -> tuple[_Ways, Unpaired]:
    """What the maps gave, and what they were given; an error for anything else."""
    batch = rows_of(checked("x", only("x", x, "`cycle_consistent`", ("condition",))))
    given = batch.condition
    if not isinstance(given, Unpaired):
        raise TypeError(
            "`x` must be drawn under `Unpaired(source, target)`, as `igm_jax.generators.both_ways(there, back)` gives it, but its"
            f" condition is {type(given).__name__}"
        )
    a, b = jax.lax.stop_gradient((jnp.asarray(given.source), jnp.asarray(given.target)))
    if a.shape != b.shape or a.ndim != 2 or batch.values.shape != (len(a), 4 * a.shape[1]):
        raise ValueError(
            "`x` must hold (n, 4 d) values, two maps there and back, of sources and targets (n, d), but values, sources and"
            f" targets have shapes {batch.values.shape}, {a.shape} and {b.shape}; bring both sides to one shape"
        )
    return _Ways(*jnp.split(batch.values, 4, axis=1)), Unpaired(a, b)
