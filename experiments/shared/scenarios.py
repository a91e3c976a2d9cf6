"""Circumstances under which particle flows are known to fail, all of one shape: starts and data in the plane.

Lengths are in median distances of the data, so that one setting of an objective serves all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax.evaluation import exact_w2
from igm_jax.pairwise import squared_distances


class Law(NamedTuple):
    """A law of the data with a density: a mixture of equally wide Gaussians, or of Student's law in the plane.

    Attributes:
        centres: (k, 2) their centres.
        weights: (k,) their weights; 0 for none.
        width: their scale.
        freedom: degrees of freedom; infinite for Gaussians.
    """

    centres: Array | np.ndarray
    weights: Array | np.ndarray
    width: Array | float
    freedom: Array | float


def log_density(law: Law, points: Array) -> Array:
    """``log Σ_k w_k p((x - c_k)/s)/s²`` up to a constant, p normal or ``(1 + ‖z‖²/ν)^-(ν+2)/2``."""
    squares = squared_distances(points / law.width, jnp.asarray(law.centres, points.dtype) / law.width)
    heavy = jnp.isfinite(law.freedom)
    freedom = jnp.where(heavy, law.freedom, 1.0)
    student = -(freedom + 2) / 2 * jnp.log1p(squares / freedom)
    return jax.nn.logsumexp(jnp.where(heavy, student, -squares / 2), axis=1, b=jnp.asarray(law.weights)[None, :])


class Scenario(NamedTuple):
    """Where particles start, and where they should go.

    Attributes:
        start: (n, 2) particles.
        data: (n, 2) what they see.
        fresh: (n, 2) other draws of the data, to judge with.
        law: of the data; NaN where it has no density.
    """

    start: np.ndarray
    data: np.ndarray
    fresh: np.ndarray
    law: Law


Draw = Callable[[np.random.Generator, int], np.ndarray]


def _normal(centre: tuple[float, float], std: float) -> Draw:
    return lambda rng, n: np.asarray(centre) + std * rng.normal(size=(n, 2))


def _modes(weights: tuple[float, ...], std: float, radius: float) -> Law:
    """Gaussians around a circle; five places, so that all laws have one shape."""
    angles = 2 * np.pi * np.arange(len(weights)) / len(weights)
    centres = np.zeros((5, 2))
    centres[: len(weights)] = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    return Law(centres, np.pad(weights, (0, 5 - len(weights))), std, np.inf)


_ONE = np.array([1.0, 0, 0, 0, 0])
_FOUR, _UNEQUAL = _modes((0.25,) * 4, 0.02, 0.7), _modes((0.5, 0.25, 0.15, 0.07, 0.03), 0.03, 0.8)
_NORMAL, _STUDENT = Law(np.zeros((5, 2)), _ONE, 1.0, np.inf), Law(np.zeros((5, 2)), _ONE, 1.0, 3.0)
_NONE = Law(np.full((5, 2), np.nan), _ONE, 1.0, np.inf)


def _of(law: Law) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        centres = np.asarray(law.centres)[rng.choice(len(law.weights), n, p=law.weights)]
        noise = rng.normal(size=(n, 2))
        if np.isfinite(law.freedom):
            noise = noise / np.sqrt(rng.chisquare(law.freedom, size=(n, 1)) / law.freedom)
        return centres + law.width * noise

    return draw


def _ten_points(rng: np.random.Generator, n: int) -> np.ndarray:
    places = np.random.default_rng(7).normal(size=(10, 2))  # the same ten every time
    return places[rng.integers(10, size=n)]


def _circle(rng: np.random.Generator, n: int) -> np.ndarray:
    angles = rng.uniform(0, 2 * np.pi, n)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _dirac(rng: np.random.Generator, n: int) -> np.ndarray:
    del rng
    return np.zeros((n, 2))


HEALTHY = "healthy"
"""The scenario in which nothing is difficult; the step of every objective is measured on it."""

SCENARIOS: dict[str, tuple[Draw, Draw, Law]] = {
    HEALTHY: (_normal((1.0, 0.0), 0.3), _of(_NORMAL), _NORMAL),
    "far modes": (_normal((4.0, 1.0), 0.1), _of(_FOUR), _FOUR),
    "unequal weights": (_normal((0.0, 0.0), 0.3), _of(_UNEQUAL), _UNEQUAL),
    "duplicated data": (_normal((0.0, 0.0), 0.5), _ten_points, _NONE),
    "thin manifold": (_normal((0.3, 0.0), 0.3), _circle, _NONE),
    "heavy tails": (_normal((3.0, 0.0), 0.3), _of(_STUDENT), _STUDENT),
    "collapsed start": (_normal((0.5, 0.0), 1e-3), _of(_FOUR), _FOUR),
    "Dirac pair": (lambda rng, n: np.tile([1.0, 0.0], (n, 1)), _dirac, _NONE),
}
"""By name, where particles start, in median distances of the data, and the data in any unit, with their law.

Student's law with three degrees of freedom has a variance, but no third moment.
"""


def scenario(name: str, n: int, seed: int) -> Scenario:
    """Draw n of a scenario, the data's median distance brought to one; those that all coincide keep their unit."""
    start, data, law = SCENARIOS[name]
    rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
    unit = median_distance(data(np.random.default_rng(1), 2000)) or 1.0
    scaled = law._replace(centres=np.asarray(law.centres) / unit, width=law.width / unit)
    return Scenario(start(rng, n), data(rng, n) / unit, data(rng, n) / unit, scaled)


def median_distance(points: np.ndarray) -> float:
    """The median distance of neighbours in a random order, which are independent pairs."""
    return float(np.median(np.linalg.norm(points[1:] - points[:-1], axis=1)))


def judged(scene: Scenario, places: np.ndarray) -> dict[str, float]:
    """What is left of the distance: ``(W2 - floor) / (W2 of the start - floor)``, the floor that of the data seen."""
    start, floor = (exact_w2(real=scene.fresh, fake=points) for points in (scene.start, scene.data))
    # Particles beyond all bounds have no distance that could be told in single precision.
    end = exact_w2(real=scene.fresh, fake=places) if (np.abs(places) < 1e15).all() else float("nan")
    return {"left": (end - floor) / (start - floor), "w2": end, "w2_start": start, "w2_floor": floor}
