"""Problems for models with a density: laws and data, and what is said of a model in nats and in distances."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax.data import ocean_climate
from igm_jax.distributions import Distribution, digits, gaussian, moons, ring
from igm_jax.evaluation import exact_w2, floor
from igm_jax.kernels import distance
from igm_jax.objectives import mmd2_unbiased

HELD, JUDGED = 4000, 500
LEVELS = 17


class Problem(NamedTuple):
    """What is to be learned.

    Attributes:
        target: draws to train on.
        held: (m, d) held-out data.
        log_density: of the data's law; None where nobody knows it.
        offset: nats to add to a log density, from the model's units to the data's own.
        image_shape: of images; None for what is none.
        mean, covariance: of the training data.
        share: of the updates that the others get: few data are soon remembered.
    """

    target: Distribution
    held: np.ndarray
    log_density: Callable[[Array], Array] | None
    offset: float
    image_shape: tuple[int, int, int] | None
    mean: np.ndarray
    covariance: np.ndarray
    share: float = 1.0


def of_law(law: Distribution) -> Problem:
    """A problem whose density is known."""
    seen, held = (np.asarray(law(jax.random.key(seed), n)) for seed, n in ((1, 50_000), (2, HELD)))
    return Problem(law, held, law.log_density, 0.0, None, seen.mean(0), np.cov(seen.T))


def of_climate() -> Problem:
    """The seven outcomes of the ocean's climate, in standard deviations."""
    splits = ocean_climate()
    seen, held = np.asarray(splits.train.values), np.asarray(splits.test.values)
    held = held[np.random.default_rng(0).permutation(len(held))[:HELD]]
    return Problem(splits.target(), held, None, 0.0, None, seen.mean(0), np.cov(seen.T))


def of_digits() -> Problem:
    """Digits with uniform noise within each grey level; the offset makes a density a bound of a probability."""
    splits = digits()

    def continuous(key: Array, values: Any) -> Array:
        level = (jnp.asarray(values) + 1) * 8
        return (level + jax.random.uniform(key, level.shape)) * (2 / LEVELS) - 1

    def sample(key: Array, n: int) -> Array:
        key_rows, key_noise = jax.random.split(key)
        return continuous(key_noise, rows(key_rows, n))

    rows, dim = splits.target(), splits.train.values.shape[1]
    target = Distribution("digits", dim, sample, no_density="nobody knows it")
    held = np.asarray(continuous(jax.random.key(2), splits.test.values))
    seen = np.asarray(target(jax.random.key(1), 20_000))
    offset = dim * np.log(2 / LEVELS)
    return Problem(target, held, None, offset, splits.image_shape, seen.mean(0), np.cov(seen.T), share=0.4)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "modes": lambda: of_law(ring(8, 2.0, 0.3)),
    "moons": lambda: of_law(moons(0.1)),
    "ocean-climate": of_climate,
    "digits": of_digits,
}


def judged(problem: Problem, held_heights: np.ndarray, heights: np.ndarray, x: np.ndarray) -> dict[str, float]:
    """What is said of one model: likelihood, divergences in nats, distances.

    Args:
        problem: what was learned.
        held_heights: (m,) the model's log density at the held-out data.
        heights: (n,) at its own samples.
        x: (n, d) these samples.
    """
    found = {"log-likelihood": float(np.mean(held_heights)) + problem.offset}
    if problem.log_density is not None:
        found["KL(p‖q)"] = float(np.mean(heights_of(problem.log_density, problem.held) - held_heights))
        found["KL(q‖p)"] = float(np.mean(heights - heights_of(problem.log_density, x)))
    size = judged_size(problem)
    return found | distances(real=problem.held[:size], fake=x[:size])


def heights_of(log_density: Callable[[Array], Array], x: np.ndarray) -> np.ndarray:
    """A log density at points (n, d)."""
    return np.asarray(log_density(jnp.asarray(x)))


def judged_size(problem: Problem) -> int:
    """How many samples have their distance measured: as many as real data can have from others."""
    return min(JUDGED, len(problem.held) // 2)


_energy = jax.jit(partial(mmd2_unbiased, kernel=distance()))


def distances(*, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """The energy distance, without bias and so with mean 0 for equal laws, and the exact W2 of equally many samples."""
    return {"energy distance": float(_energy(fake, real)), "W2": float(exact_w2(real=real, fake=fake))}


def naive(problem: Problem, seeds: int) -> list[dict[str, float]]:
    """The Gaussian with the data's mean and covariance, judged alike."""
    law = gaussian(problem.mean, problem.covariance)
    assert law.log_density is not None
    draws = [np.asarray(law(jax.random.key(seed), HELD)) for seed in range(seeds)]
    at_held = heights_of(law.log_density, problem.held)
    return [judged(problem, at_held, heights_of(law.log_density, x), x) for x in draws]


def floors(problem: Problem, seeds: int) -> list[dict[str, float]]:
    """Real data against real data, with the likelihood of the law itself where it is known."""
    parts = floor(distances, problem.held, judged_size(problem), range(seeds))
    rows = [{name: values[i] for name, values in parts.items()} for i in range(seeds)]
    if problem.log_density is None:
        return rows
    own = float(heights_of(problem.log_density, problem.held).mean())
    return [{"log-likelihood": own, "KL(p‖q)": 0.0, "KL(q‖p)": 0.0, **row} for row in rows]
