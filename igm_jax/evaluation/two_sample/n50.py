"""How many samples it takes to tell a model from the data."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample.neighbour_test import nearest_neighbour_test

SMALLEST, LARGEST = 8, 1024

# Between two sizes of which one is twice the other, so many more are tried.
REFINEMENTS = 2

# How fast the power may rise with log n: the slope of its log odds. A slope from few sizes could be anything.
SLOPES = 0.5, 8.0

QUICK_TEST = partial(nearest_neighbour_test, num_permutations=99)

Draw = Callable[[int, np.random.Generator], np.ndarray]


class DetectionSize(NamedTuple):
    """The sample size at which a test tells model from data half of the time.

    Attributes:
        n50: samples of each, 8 if these suffice or more; infinite where the largest size does not suffice to tell them apart.
        standard_error: of n50, from the finite number of repetitions; NaN where n50 is infinite, or the least that is tried.
        largest: the largest size that could be tried.
    """

    n50: float
    standard_error: float
    largest: int


def n50(
    *,
    real: Any,
    fake: Any,
    test: Any = QUICK_TEST,
    level: float = 0.05,
    largest: int | None = None,
    repetitions: int = 40,
    seed: int = 0,
) -> DetectionSize:
    """The sample size at which a test rejects that model and data are the same, half of the time.

    ``n50 = min n : P(p-value of n real and n fake samples ≤ level) ≥ ½``

    A number of samples means the same for every test, target and dimension, and it shrinks as a model gets worse. The size
    is doubled until at least half of the repetitions reject, then halved in between; n50 and its standard error are those of
    the logistic curve in log n, from ``level`` to 1, that makes all the outcomes most likely.

    Of given samples each repetition takes a random part, at most half; the standard error then leaves out that other given
    samples would have given another n50.

    Args:
        real: (N, d) data, or a sampler ``(key, n) -> (n, d)``.
        fake: (M, d) generated samples, or a sampler.
        test: ``(real=, fake=, seed=) ->`` something with a ``p_value``; by default nearest neighbours, 99 permutations.
        level: α of the test, below ½.
        largest: the largest size to try; by default half of the given samples, at most 1024.
        repetitions: tests at each size.
        seed: of the draws and tests.

    Returns:
        n50, its standard error and the largest size.

    Raises:
        ValueError: for a level outside (0, ½), given samples that are fewer than ``largest``, or bad samples.
        TypeError: for a test that is no function.

    Example:
        >>> import jax
        >>> from igm_jax import distributions, evaluation
        >>> far = evaluation.n50(real=distributions.normal(1), fake=distributions.gaussian([3.0], [[1.0]]), repetitions=20)
        >>> near = evaluation.n50(real=distributions.normal(1), fake=distributions.gaussian([0.8], [[1.0]]), repetitions=20)
        >>> far.n50 < near.n50 < 200
        True
    """
    if not 0 < level < 0.5:
        raise ValueError(f"`level` must lie between 0 and ½, but is {level}")
    if not callable(test):
        raise TypeError(f"`test` must be a function such as `energy_permutation_test`, but is {test!r}")
    repetitions = checks.count("repetitions", repetitions)
    real_draw, real_size = _drawn("real", real)
    fake_draw, fake_size = _drawn("fake", fake)
    if not callable(real) and not callable(fake):
        _inputs.pair(real, fake)
    available = min(real_size, fake_size)
    size = checks.count("largest", min(LARGEST, max(2, available // 2)) if largest is None else largest, least=2)
    if size > available:
        raise ValueError(f"`largest` must be at most the number of given samples, {available}, but is {size}")
    rng = np.random.default_rng(checks.count("seed", seed, least=0))

    def rejections(n: int) -> int:
        found = (
            test(real=real_draw(n, rng), fake=fake_draw(n, rng), seed=int(rng.integers(2**31)))
            for _ in range(repetitions)
        )
        return sum(bool(one.p_value <= level) for one in found)

    counts = _searched(rejections, size, repetitions)
    if len(counts) == 1 and size > SMALLEST:
        return DetectionSize(float(SMALLEST), math.nan, size)
    if max(counts.values()) < repetitions / 2:
        return DetectionSize(math.inf, math.nan, size)
    return DetectionSize(*_fitted(counts, repetitions, level), size)


def _drawn(name: str, source: Any) -> tuple[Draw, int]:
    """How to draw n samples, and how many there are."""
    if callable(source):
        return lambda n, rng: np.asarray(source(jax.random.key(int(rng.integers(2**31))), n)), LARGEST**2
    samples = _inputs.samples(name, source, least=2)
    return lambda n, rng: _inputs.subsample(samples, n, rng), len(samples)


def _searched(rejections: Callable[[int], int], largest: int, repetitions: int) -> dict[int, int]:
    """For each size that was tried how often the test rejected: doubled until it mostly does, then halved in between."""
    n = min(SMALLEST, largest)
    counts = {n: rejections(n)}
    while counts[n] < repetitions / 2 and n < largest:
        n = min(2 * n, largest)
        counts[n] = rejections(n)
    low, high = max((m for m in counts if m < n), default=n), n
    for _ in range(REFINEMENTS):
        middle = round(math.sqrt(low * high))
        if counts[n] < repetitions / 2 or middle in counts:
            break
        counts[middle] = rejections(middle)
        low, high = (middle, high) if counts[middle] < repetitions / 2 else (low, middle)
    return counts


def _fitted(counts: dict[int, int], repetitions: int, level: float) -> tuple[float, float]:
    """The size at which the most likely power curve is ½, and its standard error."""
    sizes = np.log(np.array(list(counts), float))
    rejected = np.array(list(counts.values()), float)

    def power(parameters: Float[np.ndarray, " 2"]) -> Float[np.ndarray, " s"]:
        middle, slope = parameters
        return level + (1 - level) * special.expit(
            slope * (sizes - middle) + special.logit((0.5 - level) / (1 - level))
        )

    def unlikely(parameters: Float[np.ndarray, " 2"]) -> float:
        share = np.clip(power(parameters), 1e-9, 1 - 1e-9)
        return -float(np.sum(rejected * np.log(share) + (repetitions - rejected) * np.log1p(-share)))

    bounds = [(sizes.min(), sizes.max()), SLOPES]
    best = optimize.minimize(unlikely, [sizes.max(), 2.0], bounds=bounds, method="Nelder-Mead").x
    size = float(np.exp(best[0]))
    return size, size * _error(power, best, repetitions)


def _error(power: Callable[[np.ndarray], np.ndarray], best: np.ndarray, repetitions: int) -> float:
    """The standard error of the first parameter, from the information of binomial counts."""
    steps = 1e-4 * np.eye(2)
    slopes = np.array([(power(best + step) - power(best - step)) / 2e-4 for step in steps])
    share = np.clip(power(best), 1e-9, 1 - 1e-9)
    information = (slopes * (repetitions / (share * (1 - share)))) @ np.moveaxis(slopes, 0, 1)
    return float(np.sqrt(np.linalg.pinv(information)[0, 0]))
