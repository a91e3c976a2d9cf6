"""What an identity between objectives is, and when it counts as shown."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import Objective, velocity
from igm_jax.base import Key

Kind = Literal["exact", "limit", "optimum", "bound", "denied"]

MEANING = {
    "exact": "holds for all samples: what is left is rounding in float64",
    "limit": "holds in a limit: the discrepancy falls with the rate that theory gives",
    "optimum": "holds where the critic or the particles are at their optimum, which is put in from a formula",
    "bound": "an inequality: the largest violation over many random pairs, zero if it holds",
    "denied": "does not hold, though it is tempting: the discrepancy is far from rounding",
}

# How far a measured exponent may be from the theory's.
SLOPE = 0.12


class Outcome(NamedTuple):
    """What was measured.

    Attributes:
        errors: discrepancies, relative to the size of what is compared; one, or one for each of ``at``.
        at: the values of the parameter that goes to its limit, for limits.
    """

    errors: tuple[float, ...]
    at: tuple[float, ...] = ()

    @property
    def discrepancy(self) -> float:
        """The last and, in a limit, nearest one."""
        return self.errors[-1]

    @property
    def rate(self) -> float | None:
        """The exponent r of ``error ∝ parameter^r`` by least squares in logarithms; None where there is no limit."""
        if not self.at:
            return None
        return float(np.polyfit(np.log(self.at), np.log(self.errors), 1)[0])


class Identity(NamedTuple):
    """A statement about two objectives.

    Attributes:
        name: a few words.
        between: the two objectives, nodes of the map.
        statement: the equation.
        source: where it is from.
        kind: in which sense it holds.
        measure: makes the outcome, in float64.
        bound: the largest discrepancy that counts as rounding; for what is denied, the smallest that does not.
        rate: for limits, the exponent that theory gives.
    """

    name: str
    between: tuple[str, str]
    statement: str
    source: str
    kind: Kind
    measure: Callable[[], Outcome]
    bound: float = 1e-11
    rate: float | None = None

    def holds(self, outcome: Outcome) -> bool:
        """Whether the outcome shows what is claimed."""
        if not np.isfinite(outcome.errors).all():
            return False
        if self.rate is not None:
            rate = outcome.rate
            return rate is not None and abs(rate - self.rate) <= SLOPE
        return outcome.discrepancy >= self.bound if self.kind == "denied" else outcome.discrepancy <= self.bound


Measure = Callable[[], Outcome]


class Stated(NamedTuple):
    """An equation, where it is from, and what measures it."""

    statement: str
    source: str
    measure: Measure


def states(statement: str, source: str) -> Callable[[Measure], Stated]:
    """The inner one of two decorators of what measures an identity: the equation, and where it is from."""
    return lambda measure: Stated(statement, source, measure)


def family() -> tuple[list[Identity], Callable[..., Callable[[Stated], Measure]]]:
    """The identities of a family, and the outer decorator, by which each joins: ``@claim(name, between, kind, rate=)``."""
    identities: list[Identity] = []

    def claim(name: str, between: tuple[str, str], kind: Kind, **limits: float) -> Callable[[Stated], Measure]:
        def joined(stated: Stated) -> Measure:
            statement, source, measure = stated
            identities.append(Identity(name, between, statement, source, kind, measure, **limits))
            return measure

        return joined

    return identities, claim


def compared(left: Array | float, right: Array | float) -> Outcome:
    """The largest difference of two arrays over the largest entry of the second."""
    found, truth = np.asarray(left, np.float64), np.asarray(right, np.float64)
    if found.shape != truth.shape:
        raise ValueError(f"only arrays of one shape can be compared, but these have {found.shape} and {truth.shape}")
    return Outcome((float(np.abs(found - truth).max() / np.abs(truth).max()),))


def towards(left: Callable[[float], Array], right: Array, at: tuple[float, ...]) -> Outcome:
    """The discrepancies of ``left(parameter)`` from ``right`` as the parameter goes through ``at``."""
    return Outcome(tuple(compared(left(value), right).discrepancy for value in at), at)


def spread(draw: Callable[[Key, int], Array], truth: float, at: tuple[int, ...]) -> Outcome:
    """The root mean square of the relative errors of 256 draws ``(key, number) -> estimate``, for each number in ``at``."""

    def error(number: int) -> float:
        found = jax.lax.map(jax.jit(lambda key: draw(key, number)), jax.random.split(jax.random.key(number), 256))
        return float(jnp.sqrt(jnp.mean(jnp.square(found / truth - 1))))

    return Outcome(tuple(map(error, at)), tuple(map(float, at)))


def conservative(objective: Objective, x: Array, y: Array) -> Outcome:
    """The velocity of an objective without a state, against minus the slope of its witness."""
    slope = jax.grad(lambda points: jnp.sum(objective.witness((), points, x, y)))(x)
    return compared(velocity(objective, jax.random.key(0), (), x, y), -slope)


def plane(n: int = 40, m: int = 50, dim: int = 2, seed: int = 0) -> tuple[Array, Array]:
    """Two samples of unlike place, spread and number, in float64."""
    draws = np.random.default_rng(seed)
    x, y = draws.normal(size=(n, dim)), 0.7 + 0.6 * draws.normal(size=(m, dim))
    return jnp.asarray(x, jnp.float64), jnp.asarray(y, jnp.float64)


def steps(sample: Array, ends: Array) -> Array:
    """The distribution function of a sample of scalars at the ends."""
    return jnp.searchsorted(jnp.sort(sample), ends, side="right").astype(ends.dtype) / len(sample)


class Line(NamedTuple):
    """Two densities on a fine grid of the line, p of the data and q of the model, and the weight of each point.

    The trapezoidal rule is exact to rounding for smooth densities that vanish at both ends.
    """

    points: Array
    p: Array
    q: Array
    weight: float


P, Q = ((0.6, -1.0, 0.8), (0.4, 1.6, 1.0)), ((0.25, -1.0, 0.8), (0.75, 1.6, 1.0))
"""Weight, mean and standard deviation of the Gaussians that make up p, and q: the same, so that p/q is bounded."""


def mixture(points: Array, parts: tuple[tuple[float, float, float], ...]) -> Array:
    """The density of a mixture of Gaussians."""
    terms = [w * jnp.exp(-0.5 * jnp.square((points - m) / s)) / (s * np.sqrt(2 * np.pi)) for w, m, s in parts]
    return sum(terms[1:], terms[0])


def line() -> Line:
    """Both mixtures, with all mass but rounding between -14 and 14."""
    points = jnp.linspace(-14.0, 14.0, 4001, dtype=jnp.float64)
    return Line(points, mixture(points, P), mixture(points, Q), float(points[1] - points[0]))
