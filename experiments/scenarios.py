"""Circumstances under which particle flows are known to fail, all of one shape: starts and data in the plane.

Lengths are in median distances of the data, so that one setting of an objective serves all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Scenario(NamedTuple):
    """Where particles start, and where they should go.

    Attributes:
        start: (n, 2) particles.
        data: (n, 2) what they see.
        fresh: (n, 2) other draws of the data, to judge with.
    """

    start: np.ndarray
    data: np.ndarray
    fresh: np.ndarray


Draw = Callable[[np.random.Generator, int], np.ndarray]


def _normal(centre: tuple[float, float], std: float) -> Draw:
    return lambda rng, n: np.asarray(centre) + std * rng.normal(size=(n, 2))


def _modes(rng: np.random.Generator, n: int, weights: tuple[float, ...], std: float, radius: float) -> np.ndarray:
    angles = 2 * np.pi * rng.choice(len(weights), n, p=weights) / len(weights)
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1) + std * rng.normal(size=(n, 2))


def _four(rng: np.random.Generator, n: int) -> np.ndarray:
    return _modes(rng, n, (0.25,) * 4, 0.02, 0.7)


def _unequal(rng: np.random.Generator, n: int) -> np.ndarray:
    return _modes(rng, n, (0.5, 0.25, 0.15, 0.07, 0.03), 0.03, 0.8)


def _ten_points(rng: np.random.Generator, n: int) -> np.ndarray:
    places = np.random.default_rng(7).normal(size=(10, 2))  # the same ten every time
    return places[rng.integers(10, size=n)]


def _circle(rng: np.random.Generator, n: int) -> np.ndarray:
    angles = rng.uniform(0, 2 * np.pi, n)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _student(rng: np.random.Generator, n: int) -> np.ndarray:
    """Three degrees of freedom: a variance, but no third moment."""
    return rng.normal(size=(n, 2)) / np.sqrt(rng.chisquare(3, size=(n, 1)) / 3)


def _dirac(rng: np.random.Generator, n: int) -> np.ndarray:
    del rng
    return np.zeros((n, 2))


HEALTHY = "healthy"
"""The scenario in which nothing is difficult; the step of every objective is measured on it."""

SCENARIOS: dict[str, tuple[Draw, Draw]] = {
    HEALTHY: (_normal((1.0, 0.0), 0.3), _normal((0.0, 0.0), 1.0)),
    "far modes": (_normal((4.0, 1.0), 0.1), _four),
    "unequal weights": (_normal((0.0, 0.0), 0.3), _unequal),
    "duplicated data": (_normal((0.0, 0.0), 0.5), _ten_points),
    "thin manifold": (_normal((0.3, 0.0), 0.3), _circle),
    "heavy tails": (_normal((3.0, 0.0), 0.3), _student),
    "collapsed start": (_normal((0.5, 0.0), 1e-3), _four),
    "Dirac pair": (lambda rng, n: np.tile([1.0, 0.0], (n, 1)), _dirac),
}
"""By name, where particles start, in median distances of the data, and the data in any unit."""


def scenario(name: str, n: int, seed: int) -> Scenario:
    """Draw a scenario, the data's median distance brought to one; those that all coincide keep their unit.

    Args:
        name: of ``SCENARIOS``.
        n: how many particles and data.
        seed: of the draws.

    Returns:
        The scenario.
    """
    start, data = SCENARIOS[name]
    rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
    unit = median_distance(data(np.random.default_rng(1), 2000)) or 1.0
    return Scenario(start(rng, n), data(rng, n) / unit, data(rng, n) / unit)


def median_distance(points: np.ndarray) -> float:
    """The median distance of neighbours in a random order, which are independent pairs."""
    return float(np.median(np.linalg.norm(points[1:] - points[:-1], axis=1)))
