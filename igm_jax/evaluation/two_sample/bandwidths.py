"""Bandwidths read off the pooled samples: whoever exchanges real and fake sees the same, so a permutation test stays exact."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from igm_jax import pairwise

# Quantiles of the distances of so many samples are as good as those of all.
MAX_SAMPLES = 2048


@jax.jit
def euclidean(z: jax.Array) -> jax.Array:
    """All Euclidean distances."""
    return pairwise.distances(z, z)


@jax.jit
def manhattan(z: jax.Array) -> jax.Array:
    """All Manhattan distances."""
    return pairwise.Pairs(z, z).manhattan


def pooled_distances(
    of: Callable[[jax.Array], jax.Array], z: Float[np.ndarray, "n d"], rng: np.random.Generator
) -> Float[np.ndarray, " p"]:
    """The distances of all pairs i ≤ j, with the zeros of a sample to itself, of at most ``MAX_SAMPLES`` random samples."""
    chosen = z if len(z) <= MAX_SAMPLES else z[np.sort(rng.permutation(len(z))[:MAX_SAMPLES])]
    with jax.enable_x64(z.dtype == np.float64):
        matrix = np.asarray(of(jnp.asarray(chosen)))
    return matrix[np.triu_indices(len(matrix))]


def median(distances: Float[np.ndarray, " p"]) -> float:
    """The median; of those above zero where it is zero, and one where all are."""
    middle = float(np.median(distances))
    if middle == 0:
        above = distances[distances > 0]
        middle = float(np.median(above)) if len(above) else 1.0
    return middle


def grid(distances: Float[np.ndarray, " p"], count: int) -> Float[np.ndarray, " k"]:
    """Equally spaced from half of the lower to twice the upper 5 % quantile, zeros counted as the median."""
    distances = np.where(distances == 0, np.float32(median(distances)), distances)
    ranks = [int(share * len(distances)) for share in (0.05, 0.95)]
    low, high = np.partition(distances, ranks)[ranks]
    return np.linspace(low / 2, 2 * high, count).astype(np.float32)
