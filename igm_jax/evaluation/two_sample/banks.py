"""Tests of many kernels at once, a bank of them from narrow to wide: MMD-FUSE, and MMDAgg."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

from igm_jax import checks
from igm_jax.evaluation.two_sample import bandwidths
from igm_jax.evaluation.two_sample.permutation import (
    Family,
    PermutationTest,
    Pool,
    Splits,
    mmd2,
    p_value,
    permuted,
    pool,
    split_sums,
)
from igm_jax.kernels import gaussian, manhattan_laplace


class Bank(NamedTuple):
    """Sums of a bank of kernels for each split, and how many samples are real and fake."""

    splits: Splits
    real: int
    fake: int


def families(pool: Pool, num_bandwidths: int, rng: np.random.Generator) -> list[Family]:
    """Laplace kernels ``exp(-√2 ‖x - y‖₁/λ)`` and Gaussian ones ``exp(-‖x - y‖²/2λ²)``, from narrow to wide."""
    count = checks.count("num_bandwidths", num_bandwidths)
    rough, smooth = (
        bandwidths.grid(bandwidths.pooled_distances(of, pool.z, rng), count)
        for of in (bandwidths.manhattan, bandwidths.euclidean)
    )
    return [(manhattan_laplace, rough / np.float32(np.sqrt(2))), (gaussian, smooth)]


def bank_splits(*, real: Any, fake: Any, num_bandwidths: int = 10, num_permutations: int, seed: int = 0) -> Bank:
    """What the aggregated and the fused test both start from, so that whoever wants both goes over the pairs once.

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (m, d) generated samples, m ≥ 2.
        num_bandwidths: of the Laplace and of the Gaussian kernels.
        num_permutations: random splits.
        seed: of the permutations.

    Returns:
        The sums of the whole bank, n and m.
    """
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    both = pool(real, fake)
    bank = families(both, num_bandwidths, rng)
    return Bank(split_sums(both, bank, permuted(both, num_permutations, rng)), both.real, both.fake)


def mmd_fuse_test(
    *, real: Any, fake: Any, num_bandwidths: int = 10, num_permutations: int = 2000, seed: int = 0
) -> PermutationTest:
    """The log-mean-exp, a soft maximum, of the normalised MMD of many kernels, Laplace and Gaussian, from narrow to wide.

    ``F = log mean_k exp(M_k)``, ``M_k = n(n-1) MMD²_u,k · √(n(n-1)) / √(Σ_{i≠j} k(z_i, z_j)²)``, z all samples, n the smaller
    number

    The sum of squares is the same for all permutations, so a kernel is neither favoured for its size nor its width. The
    kernels are ``exp(-√2 ‖x - y‖₁/λ)`` and ``exp(-‖x - y‖²/2λ²)``, each with λ equally spaced from half of the lower to twice
    the upper 5 % quantile of its distances.

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (m, d) generated samples, m ≥ 2.
        num_bandwidths: of the Laplace and of the Gaussian kernels.
        num_permutations: random splits.
        seed: of the permutations.

    Returns:
        F and its p-value.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import mmd_fuse_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 2))
        >>> mmd_fuse_test(real=real, fake=fake + 2.0, num_permutations=99).p_value
        0.01

    Source: Biggs, Schrab, Gretton, MMD-FUSE: Learning and Combining Kernels for Two-Sample Testing Without Data Splitting,
    arXiv 2306.08777; scaled as in the authors' code.
    """
    counts = {"num_bandwidths": num_bandwidths, "num_permutations": num_permutations}
    return fused(bank_splits(real=real, fake=fake, **counts, seed=seed))


def fused(bank: Bank) -> PermutationTest:
    """The fused test, from the sums of a bank of kernels."""
    scale = normaliser(bank)
    values = special.logsumexp(mmd2(*bank) * scale, axis=0) - np.log(len(scale))
    # A log-mean-exp moves by no more than the largest of its terms.
    return PermutationTest(float(values[0]), p_value(values, np.max(bank.splits.rounding * scale)))


def normaliser(bank: Bank) -> Float[np.ndarray, "k 1"]:
    """What an unbiased squared MMD is multiplied by; a kernel that is zero for all pairs counts as zero."""
    smaller, squares = min(bank.real, bank.fake), bank.splits.squares
    return (smaller * (smaller - 1)) ** 1.5 / np.sqrt(np.where(squares > 0, squares, np.inf))


def mmd_aggregated_test(
    *, real: Any, fake: Any, num_bandwidths: int = 10, num_permutations: int = 2000, seed: int = 0
) -> PermutationTest:
    """The MMD of many kernels, rejecting where any rejects at a level that is corrected by the permutations.

    ``S = -min_k p_k``, ``p_k`` the p-value of kernel k among all splits; the same for every split in the place of the first,
    and ``p = #{S_π ≥ S} / (1 + B)``

    Unlike a Bonferroni correction this knows how the kernels depend on each other. The original takes the quantiles of each
    kernel from one set of permutations and corrects their level on a second one by bisection; with one set for both the
    correction is exact, and all splits are treated alike, so the level is, too. The kernels are those of ``mmd_fuse_test``.

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (m, d) generated samples, m ≥ 2.
        num_bandwidths: of the Laplace and of the Gaussian kernels.
        num_permutations: B, random splits.
        seed: of the permutations.

    Returns:
        S and its p-value.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import mmd_aggregated_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 2))
        >>> mmd_aggregated_test(real=real, fake=fake + 2.0, num_permutations=99).p_value
        0.01

    Source: Schrab et al., MMD Aggregated Two-Sample Test, arXiv 2110.15073, with uniform weights.
    """
    counts = {"num_bandwidths": num_bandwidths, "num_permutations": num_permutations}
    return aggregated(bank_splits(real=real, fake=fake, **counts, seed=seed))


def aggregated(bank: Bank) -> PermutationTest:
    """The aggregated test, from the sums of a bank of kernels."""
    each = zip(mmd2(*bank), bank.splits.rounding[:, 0], strict=True)
    least = np.min([_shares(values, off) for values, off in each], axis=0)
    return PermutationTest(-float(least[0]), p_value(-least))


def _shares(values: Float[np.ndarray, " b"], rounding: float) -> Float[np.ndarray, " b"]:
    """For each split the share of splits with at least its value: its own p-value."""
    below = np.searchsorted(np.sort(values), values - rounding, side="left")
    return 1 - below / len(values)
