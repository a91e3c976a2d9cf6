"""What samples see of the data through the lengths of an objective: its temperatures, bandwidths and kernels.

A length far below the distances of samples from data lets all affinities underflow, and one far above makes them equal: either
way every sample is moved alike, whatever the data look like, and a generator gives copies of one grey mean. ``reaches`` measures
that for samples and data that are there, and ``blind`` says it in words.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import Rows, is_concrete
from igm_jax.descriptions import Made
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import distances
from igm_jax.objectives.fields.drifting_presets import FLOORS, PRESETS

__all__ = ["Reach", "blind", "reaches"]

MOST = 256
"""Samples, and data, that are looked at, at most."""

FAINT, EVEN = 1e-6, 1 / (1 + 0.05**2)
"""An affinity that is nothing, and the evenness of affinities that differ by 5 % (their standard deviation over their mean)."""


class Reach(NamedTuple):
    """What a typical sample sees of the data through one length.

    Attributes:
        name: the length, and what it is of.
        share: of all affinity of a sample, to data and to other samples, that to data; where affinities are not normalised,
            that to its nearest datum in that at distance zero. The median over samples.
        evenness: the number of data that a sample sees, ``(Σ_j a_j)² / Σ_j a_j²``, in all data. The median over samples.
    """

    name: str
    share: float
    evenness: float

    @property
    def fault(self) -> str:
        """Why nothing of the data's shape is seen, or the empty text."""
        if not self.share > FAINT:
            return f"underflows (its affinity to data is {self.share:.1g})"
        spread = np.sqrt(max(1 / max(self.evenness, FAINT) - 1, 0.0))
        return f"makes all data equal (to {spread:.1%})" if self.evenness > EVEN else ""


def reaches(objective: Objective, x: Rows, y: Rows) -> list[Reach]:
    """What samples see of data through each length of an objective.

    Args:
        objective: any; lengths are known of kernels, of ``drifting`` and its kin, and of fields with a ``bandwidth``. Those
            inside ``weighted``, ``with_bank`` and ``frozen`` are looked at; what compares features, or reads its length off the
            data, is not.
        x: (n, d) samples, such as those of a generator at its start; the first 256 are looked at.
        y: (m, d) data, of which as many.

    Returns:
        One for each length; none where the objective has none that is known here.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import drifting
        >>> from igm_jax.reach import reaches
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 64, 100))
        >>> [bool(found.fault) for found in reaches(drifting((0.05, 2.0)), x, y + 3)]
        [True, False]
    """
    x, y = (some[:MOST] for some in checks.pair(x, y))
    return list(_found(getattr(objective, "made", None), _Distances(x, y)))


def blind(objective: Objective, x: Rows, y: Rows) -> str | None:
    """A sentence for a user, where an objective sees nothing of the data's shape: scale, reason and cure.

    Args:
        objective: any, see ``reaches``.
        x: (n, d) samples.
        y: (m, d) data.

    Returns:
        The sentence, if every length of the objective underflows or makes all data equal, else None.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> from igm_jax.reach import blind
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 64, 100))
        >>> blind(objectives.mmd(kernels.gaussian(1000.0)), x, y)[:44]
        'no sample sees where data lie: gaussian(1000'
        >>> blind(objectives.mmd(kernels.gaussian(10.0)), x, y) is None
        True
    """
    found = reaches(objective, x, y)
    if not found or not all(one.fault for one in found):
        return None
    x, y = (some[:MOST] for some in checks.pair(x, y))
    away, data = _distances(x, y), _distances(y, y)
    median = np.median(data[np.triu_indices(len(y), 1)]) if len(y) > 1 else float(np.median(away))
    reasons = "; ".join(f"{one.name} {one.fault}" for one in found)
    return (
        f"no sample sees where data lie: {reasons}. Samples are {np.median(away):.3g} from data, and data"
        f" {median:.3g} from each other (medians). Choose lengths from .03 to 1 of that: on the command line they are in median"
        " distances, in Python `objectives.auto(lambda s: drifting((0.03 * s, 0.08 * s, 0.16 * s)))` reads them off the data"
    )


class _Distances:
    """The distances of samples from data and from each other, infinite from themselves."""

    def __init__(self, x: Array, y: Array):
        self.x, self.y = x, y
        self.data, self.own = _distances(x, y), _distances(x, x)
        np.fill_diagonal(self.own, np.inf)


def _distances(x: Array, y: Array) -> np.ndarray:
    return np.array(distances(x, y), np.float64)


def _found(made: Any, away: _Distances) -> Iterator[Reach]:
    """The lengths in how an objective was made."""
    if not isinstance(made, Made):
        return
    given = made.arguments
    if made.name == "weighted":
        for _, part in given["parts"]:
            yield from _found(getattr(part, "made", None), away)
    elif made.name in ("with_bank", "frozen"):
        yield from _found(getattr(given["objective"], "made", None), away)
    elif "temperatures" in given and "preset" in given:
        yield from _drifts(given["temperatures"], given["preset"], given.get("floor"), away)
    elif isinstance(kernel := given.get("kernel"), Kernel):
        yield from _of_kernel(kernel, away)
    elif isinstance(given.get("bandwidth"), int | float) and made.name in ("kde_drift", "score_difference"):
        width = given["bandwidth"]
        logs = [-np.square(some / width) / 2 for some in (away.data, away.own)]
        yield _normalised(f"bandwidth {width:.3g}", logs[0], logs[1])


def _of_kernel(kernel: Kernel, away: _Distances) -> Iterator[Reach]:
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        x, y = away.x, away.y
        values, itself = np.asarray(kernel(x, y), np.float64), np.diag(np.asarray(kernel(x, x), np.float64))
    if (values < 0).any() or (itself <= 0).any():  # such as minus a distance: it has no length
        return
    nearest = float(np.median(values.max(1) / itself))
    yield Reach(kernel.name, nearest, float(np.median(_number(values))) / values.shape[1])


def _drifts(temperatures: Any, preset: str, floor: float | None, away: _Distances) -> Iterator[Reach]:
    """Those of the affinities of drifting, ``exp(-d/τ) / √(row sums · column sums)``, not below a floor."""
    least = FLOORS[preset] if floor is None else floor
    known = PRESETS[preset] if temperatures is None else temperatures
    known = known if isinstance(known, tuple | list) else (known,)
    finite = np.where(np.isinf(away.own), 0, away.own)
    unit = 1.0 if preset == "paper" else np.concatenate([finite, away.data], axis=1).mean()
    for temperature in known:
        if is_concrete(temperature):
            scale = float(temperature) * max(unit, 1e-30)
            name = f"temperature {float(temperature):.3g}" + (" of the mean distance" if preset == "released" else "")
            yield _normalised(name, -away.data / scale, -away.own / scale, least)


def _normalised(name: str, data: np.ndarray, own: np.ndarray, least: float = 0.0) -> Reach:
    """The reach of affinities that are divided by the roots of their row and column sums, given their logarithms."""
    rows = np.logaddexp.reduce(np.concatenate([data, own], axis=1), axis=1)
    columns = np.logaddexp.reduce(data, axis=0)
    share = np.exp(np.logaddexp.reduce(data, axis=1) - rows)
    affinity = np.maximum(np.exp(data - rows[:, None] / 2 - columns[None] / 2), least)
    return Reach(name, float(np.median(share)), float(np.median(_number(affinity))) / data.shape[1])


def _number(affinity: np.ndarray) -> np.ndarray:
    """How many data each sample sees, ``(Σ a)² / Σ a²``; 0 where it sees none."""
    largest = np.maximum(affinity.max(1, keepdims=True), np.finfo(float).tiny)
    scaled = affinity / largest
    return np.square(scaled.sum(1)) / np.maximum(np.square(scaled).sum(1), np.finfo(float).tiny)
