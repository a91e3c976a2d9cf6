"""Temperatures: the kernels of all of them at the price of few exponentials.

A kernel at a temperature that is a whole fraction of another one is a power of the other's, ``exp(s/τ) = exp(s/pτ)^p``, and a
power is a few products. Those of the released drifting code are 0.2, a quarter and a tenth of it: one exponential serves all.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.pairwise.reductions import LARGEST_EXPONENT

MOST_POWER = 32
"""Powers multiply the rounding of what is raised."""


@partial(jax.tree_util.register_dataclass, data_fields=["values"], meta_fields=["powers"])
@dataclasses.dataclass(frozen=True)
class Temperatures:
    """Some temperatures, and which kernels are powers of which.

    Attributes:
        values: (t,) each τ > 0.
        powers: for each of them the number of the one whose kernels it raises, and the power; its own number and 1 for a
            temperature of its own.
    """

    values: Float[Array, " t"]
    powers: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.powers)

    def over(self, unit: Any) -> "Temperatures":
        """The same in another unit of length."""
        return dataclasses.replace(self, values=self.values / unit)

    def kernels(self, scores: Float[Array, "n m"], largest: float = LARGEST_EXPONENT) -> list[Float[Array, "n m"]]:
        """``exp(s/τ)`` for each τ, of scores of at most zero; higher ones, which what does not count may have, stay finite.

        They are cut at ``exp(largest)``, half of which is right for kernels that will be squared.
        """
        made: dict[int, Array] = {}
        for of in sorted({of for of, _ in self.powers}):
            room = largest / max(power for other, power in self.powers if other == of)
            # Kept as it is, since compilers take it for cheap and would make it anew for all that is done with it.
            made[of] = jax.lax.optimization_barrier(jnp.exp(jnp.minimum(scores / self.values[of], room)))
        return [_raised(made[of], power) for of, power in self.powers]


def temperatures_of(values: Sequence[Any], dtype: Any) -> Temperatures:
    """Temperatures as an array, with the powers that are known before compiling.

    Args:
        values: τ > 0, numbers or traced scalars.
        dtype: of the array.

    Returns:
        The temperatures.

    Example:
        >>> from igm_jax.pairwise.temperatures import temperatures_of
        >>> temperatures_of((0.02, 0.05, 0.2), "float32").powers
        ((2, 10), (2, 4), (2, 1))
    """
    known = [float(value) if checks.is_concrete(value) else None for value in values]
    return Temperatures(jnp.asarray(tuple(values), dtype), tuple(_power(number, known) for number in range(len(known))))


def _power(number: int, known: list[float | None]) -> tuple[int, int]:
    """The highest temperature of which one is a whole fraction, and which."""
    own = known[number]
    if own is None:
        return number, 1
    whole = []
    for other, value in enumerate(known):
        ratio = 0.0 if value is None else value / own
        if 1 <= round(ratio) <= MOST_POWER and abs(ratio - round(ratio)) < 1e-12 * ratio:
            whole.append((round(ratio), -other))
    power, other = max(whole)
    return -other, power


def _raised(base: Array, power: int) -> Array:
    """A power by squaring."""
    found = None
    while power:
        if power % 2:
            found = base if found is None else found * base
        base, power = (base * base if power > 1 else base), power // 2
    assert found is not None
    return found
