"""The presets of drifting: temperatures, and the smallest affinity."""

import numpy as np

from igm_jax import checks
from igm_jax.checks import ArrayLike

PRESETS = {"paper": (0.05,), "released": (0.02, 0.05, 0.2)}
"""The presets and the temperatures that go with each: the toy notebook of the paper, the released training code."""

FLOORS = {"paper": 0.0, "released": 1e-3}
"""The smallest affinity of each preset."""


def checked_temperatures(temperatures: ArrayLike | None, preset: str) -> tuple[ArrayLike, ...]:
    """The temperatures as a tuple, those of the preset if None, or an error."""
    checks.choice("preset", preset, PRESETS)
    if temperatures is None:
        return PRESETS[preset]
    several = isinstance(temperatures, list | tuple) or np.ndim(temperatures) > 0
    temperatures = tuple(temperatures) if several else (temperatures,)  # pyrefly: ignore  each may be traced
    if not temperatures:
        raise ValueError(
            "`temperatures` must hold at least one positive number, but is empty; pass None for the preset's"
        )
    return tuple(checks.positive("temperatures", temperature) for temperature in temperatures)


def checked_floor(floor: float | None, preset: str) -> float:
    """The smallest affinity, that of the preset if None, or an error."""
    if floor is None:
        return FLOORS[preset]
    if isinstance(floor, bool | str) or not checks.is_concrete(floor) or np.ndim(floor) != 0:
        raise TypeError(
            f"`floor` must be a number that is known before compiling, from 0 to below 1, but is {floor!r}; pass None for the"
            " preset's own"
        )
    if not 0 <= floor < 1:
        raise ValueError(
            f"`floor` must be an affinity from 0 to below 1, but is {floor}; pass None for the preset's own"
        )
    return float(floor)
