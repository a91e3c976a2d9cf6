"""What every metric does first: check its samples, and look at pairs in double precision and in bounded memory."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from igm_jax import checks
from igm_jax.evaluation import neighbours

# Balls are closed: a neighbour that lies on the rim counts, also when rounding put it a hair outside. A hair is some units of
# double precision: the ball of a far sample is large, and a wider rim would take in whole sets.
ROUNDING = 1e-14

# Beyond, squares of distances and products of two of them are infinite or zero.
SMALLEST, LARGEST = 1e-75, 1e75


def samples(name: str, value: Any, *, least: int = 1) -> Float[np.ndarray, "n d"]:
    """``value`` as float64 samples (n, d), or an error (see ``igm_jax.checks.samples``)."""
    with jax.enable_x64(True):
        return np.asarray(checks.samples(name, value, least=least).astype(float))


def pair(real: Any, fake: Any, *, least: int = 1) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """``real`` and ``fake`` as float64 samples with the same number of features, or an error."""
    real, fake = same_features(real=samples("real", real, least=least), fake=samples("fake", fake, least=least))
    return real, fake


def same_features(**named: Float[np.ndarray, "_ _"]) -> tuple[Float[np.ndarray, "_ _"], ...]:
    """The named samples, or an error if they do not have the same number of features, or cannot be squared."""
    if len({x.shape[1] for x in named.values()}) > 1:
        names = " and ".join(f"`{name}`" for name in named)
        shapes = " and ".join(str(x.shape) for x in named.values())
        raise ValueError(
            f"{names} must have the same number of features, but have shapes {shapes}; compare samples of one space"
        )
    for name, x in named.items():
        largest = max(-x.min(), x.max())
        if largest and not SMALLEST < largest < LARGEST:
            raise ValueError(
                f"`{name}` must hold numbers whose squares double precision can hold, but the largest is {largest:.3g};"
                f" scale all samples alike, so that it lies between {SMALLEST:g} and {LARGEST:g}"
            )
    return tuple(named.values())


def neighbour_count(k: Any, **named: Float[np.ndarray, "_ _"]) -> int:
    """``k`` if every named set has k samples besides each of its own, else an error."""
    k = checks.count("k", k)
    for name, x in named.items():
        if k >= len(x):
            raise ValueError(
                f"`k` must be less than the number of samples, but is {k} and `{name}` has {len(x)};"
                " lower `k` or give more samples"
            )
    return k


def subsample(x: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """``size`` rows of ``x`` without replacement, in random order: files are often sorted."""
    return x[rng.permutation(len(x))[:size]]


def nearest(
    points: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], k: int
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"]]:
    """Distances to the k nearest of ``y``, ascending and exact to double precision, and their indices."""
    return neighbours.nearest_exact(points, y, k)


def radii(x: Float[np.ndarray, "n d"], k: int) -> Float[np.ndarray, " n"]:
    """The distance of each sample to its k-th nearest other sample."""
    # A sample is among its own k + 1 nearest, at distance zero.
    return nearest(x, x, k + 1)[0][:, k]


def held(
    points: Float[np.ndarray, "n d"], centres: Float[np.ndarray, "m d"], radius: Float[np.ndarray, " m"]
) -> neighbours.Held:
    """How many of the balls contain each point, and how many of the points each ball contains."""
    return neighbours.held(points, centres, radius * (1 + ROUNDING))
