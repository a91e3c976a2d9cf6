"""A way that is seldom needed, at its own cost only where it is needed."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from igm_jax import loops
from igm_jax.digits import is_concrete


@jax.custom_batching.custom_vmap
def somewhere(condition: Bool[Array, ""]) -> Bool[Array, ""]:
    """The condition; for many problems side by side under ``vmap`` one answer, whether it holds for any of them."""
    return condition


@somewhere.def_vmap
def _somewhere(size: int, batched: list[bool], conditions: Bool[Array, " b"]) -> tuple[Array, bool]:
    return somewhere(jnp.any(conditions, axis=0) if batched[0] else conditions), False


def seldom(condition: Bool[Array, ""], rare: Callable[..., Any], usual: Callable[..., Any], *operands: Any) -> Any:
    """``rare(*operands) if condition else usual(*operands)``, for a condition that hardly ever holds.

    ``lax.cond`` becomes a choice between two results under ``vmap``, and both are computed. Here they are only if the condition
    holds for one of the problems; then each takes its own result.

    Args:
        condition: a scalar.
        rare: the way that is seldom taken.
        usual: the other, with results of the same shapes and types; where derivatives are taken, it needs finite ones also
            where it is not taken.
        operands: of both.

    Returns:
        The result of one of them.
    """

    def both(*operands: Any) -> Any:
        return jax.tree.map(lambda a, b: jnp.where(condition, a, b), rare(*operands), usual(*operands))

    if is_concrete(condition):
        return loops.cond(condition, rare, usual, *operands)
    return loops.cond(somewhere(condition), both, usual, *operands)
