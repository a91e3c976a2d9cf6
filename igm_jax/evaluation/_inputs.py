"""What every metric does first: check its samples, and look at pairs in double precision and in bounded memory."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from igm_jax import checks, pairwise

# A block of a distance matrix holds at most this many numbers: 32 MB in double precision.
BLOCK = 2**22

# Balls are closed: a neighbour that lies on the rim counts, also when rounding put it a hair outside.
ROUNDING = 1e-9


def samples(name: str, value: Any, *, least: int = 1) -> Float[np.ndarray, "n d"]:
    """``value`` as float64 samples (n, d), or an error (see ``igm_jax.checks.samples``)."""
    with jax.enable_x64(True):
        return np.asarray(checks.samples(name, value, least=least).astype(float))


def pair(real: Any, fake: Any, *, least: int = 1) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """``real`` and ``fake`` as float64 samples with the same number of features, or an error."""
    real, fake = same_features(real=samples("real", real, least=least), fake=samples("fake", fake, least=least))
    return real, fake


def same_features(**named: Float[np.ndarray, "_ _"]) -> tuple[Float[np.ndarray, "_ _"], ...]:
    """The named samples, or an error if they do not have the same number of features."""
    if len({x.shape[1] for x in named.values()}) > 1:
        names = " and ".join(f"`{name}`" for name in named)
        shapes = " and ".join(str(x.shape) for x in named.values())
        raise ValueError(
            f"{names} must have the same number of features, but have shapes {shapes}; compare samples of one space"
        )
    return tuple(named.values())


def neighbours(k: Any, **named: Float[np.ndarray, "_ _"]) -> int:
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


_nearest = jax.jit(lambda points, y, k: pairwise.nearest(points, y, k), static_argnums=2)


def nearest_indices(points: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], k: int) -> Int[np.ndarray, "n k"]:
    """Which k of ``y`` are nearest to each point, the nearest first.

    The search runs in single precision, whose partial sort is a hundred times as fast on a CPU. So centre and scale are taken
    out first, in double: what is lost is the order of neighbours that are equally far to seven digits.
    """
    centre = y.mean(0)
    points, y = points - centre, y - centre
    scale = max(np.abs(points).max(), np.abs(y).max()) or 1.0
    single = [(x / scale).astype(np.float32) for x in (points, y)]
    # Asked for a few more, so that 1, 5 and 6 neighbours share one compilation.
    wide = min(len(y), 8 ** math.ceil(math.log(max(k, 8), 8)))
    with jax.enable_x64(False):
        return np.asarray(_nearest(*map(jnp.asarray, single), wide)[1])[:, :k]


def nearest(
    points: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], k: int
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"]]:
    """Distances to the k nearest of ``y``, ascending and in double precision, and their indices."""
    indices = nearest_indices(points, y, k)
    distances = np.stack([np.linalg.norm(points - y[column], axis=1) for column in indices.T], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1)


def radii(x: Float[np.ndarray, "n d"], k: int) -> Float[np.ndarray, " n"]:
    """The distance of each sample to its k-th nearest other sample."""
    # A sample is among its own k + 1 nearest, at distance zero.
    return nearest(x, x, k + 1)[0][:, k]


@jax.jit
def _balls_around(points: jax.Array, centres: jax.Array, radius: jax.Array) -> jax.Array:
    return jnp.sum(pairwise.distances(points, centres) <= radius[None, :] * (1 + ROUNDING), axis=1)


def balls_around(
    points: Float[np.ndarray, "n d"], centres: Float[np.ndarray, "m d"], radius: Float[np.ndarray, " m"]
) -> Int[np.ndarray, " n"]:
    """How many of the balls contain each point, block by block."""
    rows = max(1, BLOCK // len(centres))
    with jax.enable_x64(True):
        blocks = [
            np.asarray(_balls_around(jnp.asarray(points[i : i + rows]), jnp.asarray(centres), jnp.asarray(radius)))
            for i in range(0, len(points), rows)
        ]
    return np.concatenate(blocks)
