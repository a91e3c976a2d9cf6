"""Permutation tests: how often a random split of the same samples into two groups looks as different as real and fake do.

The level is exact: under equal laws all splits are alike, so the p-value is at most α with probability at most α, for every
sample size. Rounding must not spoil this where splits tie, so what is greater by rounding alone counts as equal.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample import bandwidths
from igm_jax.kernels import Kernel, gaussian
from igm_jax.pairwise.group_sums import group_sums

# Sums differ by rounding up to about this many units of the sum of absolute values.
ROUNDING = 4

# Where the farthest sample is so many times as far as a typical one, single precision keeps too few digits of the others.
FAR = 1000

# And double precision, too.
TOO_FAR = 1e10


class PermutationTest(NamedTuple):
    """The outcome of a permutation test.

    Attributes:
        statistic: of real against fake; the larger, the more different.
        p_value: the share of splits, that of real and fake included, whose statistic is at least as large.
    """

    statistic: float
    p_value: float


class KernelTest(NamedTuple):
    """The outcome of a permutation test with one kernel.

    Attributes:
        statistic: of real against fake; the larger, the more different.
        p_value: the share of splits, that of real and fake included, whose statistic is at least as large.
        bandwidth: of the kernel, in the units of the samples.
    """

    statistic: float
    p_value: float
    bandwidth: float


class Pool(NamedTuple):
    """Real and fake samples in one list, the real ones first, moved and scaled into [-1, 1].

    In single precision; in double, where some are so far away that their distances would swallow the digits of all others.

    Attributes:
        z: all samples.
        real: how many are real.
        scale: the length that became one.
    """

    z: Float[np.ndarray, "n d"]
    real: int
    scale: float

    @property
    def fake(self) -> int:
        return len(self.z) - self.real

    def precision(self) -> AbstractContextManager[None]:
        """The context in which JAX computes in the precision of the samples."""
        return jax.enable_x64(self.z.dtype == np.float64)


Family = tuple[Callable[[Any], Kernel], Float[np.ndarray, " k"]]
"""A family of kernels and its bandwidths, in the units of the pool."""


class Splits(NamedTuple):
    """Sums of kernels over pairs of different samples, for each kernel and each split, the first that of real and fake.

    Attributes:
        real: over pairs within the first group.
        fake: within the second.
        across: over pairs of one of each.
        squares: the sum of squared kernels over all pairs, whatever the split.
        rounding: how far the mean over the pairs of a group may be off.
    """

    real: Float[np.ndarray, "k b"]
    fake: Float[np.ndarray, "k b"]
    across: Float[np.ndarray, "k b"]
    squares: Float[np.ndarray, "k 1"]
    rounding: Float[np.ndarray, "k 1"]


def pool(real: Any, fake: Any, *, least: int = 2) -> Pool:
    """Real and fake samples as a pool, or an error; their order and place do not matter."""
    real, fake = _inputs.pair(real, fake, least=least)
    z = np.concatenate([real, fake])
    # The median, which one far sample does not move.
    z = z - np.median(z, axis=0)
    away = np.abs(z).max(axis=1)
    scale = float(away.max()) or 1.0
    near = float(np.median(away[away > 0])) if away.any() else scale
    if scale > TOO_FAR * near:
        farthest = int(away.argmax())
        name, row = ("real", farthest) if farthest < len(real) else ("fake", farthest - len(real))
        raise ValueError(
            f"`{name}` must hold samples of one scale, but row {row} is {scale / near:.1g} times as far from the centre as a"
            " typical sample, so that its distances leave no digits for all others; find out where it comes from, or leave it out"
        )
    return Pool((z / scale).astype(np.float32 if FAR * near > scale else np.float64), len(real), scale)


def permuted(pool: Pool, num_permutations: int, rng: np.random.Generator) -> Float[np.ndarray, "n b"]:
    """Columns of zeros and ones: which samples are in the first group, in fact and under random permutations."""
    count = checks.count("num_permutations", num_permutations)
    groups = np.zeros((count + 1, len(pool.z)), np.uint8)
    groups[:, : pool.real] = 1
    rng.permuted(groups[1:], axis=1, out=groups[1:])
    return np.ascontiguousarray(groups.T, np.float32)


def split_sums(pool: Pool, families: Sequence[Family], groups: Float[np.ndarray, "n b"]) -> Splits:
    """The sums of all kernels of some families, in one pass over the pairs for each family."""
    with pool.precision():
        z, columns = jnp.asarray(pool.z), jnp.asarray(groups, pool.z.dtype)
        found = [group_sums(kernel_of, jnp.asarray(widths, z.dtype), z, columns) for kernel_of, widths in families]
    parts = [[np.asarray(part, np.float64) for part in sums] for sums in found]
    within, reach, total, size, squares, offset = (np.concatenate(part) for part in zip(*parts, strict=True))
    total, size, squares, offset = (part[:, None] for part in (total, size, squares, offset))
    n, members = len(pool.z), groups[:, 0].sum(dtype=np.float64)
    within = within + offset * members * (members - 1)
    reach = reach + offset * members * (n - 1)
    total = total + offset * n * (n - 1)
    rounding = ROUNDING * float(np.finfo(pool.z.dtype).eps) * size / (pool.real * pool.fake)
    return Splits(within, total - 2 * reach + within, reach - within, squares, rounding)


def mmd2(splits: Splits, n: int, m: int) -> Float[np.ndarray, "k b"]:
    """``Σ_{i≠j} k(x_i, x_j)/n(n-1) + Σ_{i≠j} k(y_i, y_j)/m(m-1) - 2 Σ k(x_i, y_j)/nm``, unbiased."""
    return splits.real / (n * (n - 1)) + splits.fake / (m * (m - 1)) - 2 * splits.across / (n * m)


def p_value(statistics: Float[np.ndarray, " b"], rounding: float | np.ndarray = 0.0) -> float:
    """The share of splits whose statistic is at least that of the first, which is among them."""
    return float(np.mean(statistics >= statistics[0] - rounding))


def median_family(pool: Pool, rng: np.random.Generator) -> Family:
    """The Gaussian kernel, with the median distance of the pool as its bandwidth."""
    distances = bandwidths.pooled_distances(bandwidths.euclidean, pool.z, rng)
    return gaussian, np.array([bandwidths.median(distances)], np.float32)
