"""MMD-FUSE: many kernels at once, the log-mean-exp of their normalised statistics."""

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special

from igm_jax.evaluation.two_sample.permutation import PermutationTest, Splits, bank_splits, mmd2, p_value


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
    return fused(
        *bank_splits(real=real, fake=fake, num_bandwidths=num_bandwidths, num_permutations=num_permutations, seed=seed)
    )


def fused(splits: Splits, n: int, m: int) -> PermutationTest:
    """The fused test, from the sums of a bank of kernels.

    Args:
        splits: from ``bank_splits``.
        n: how many samples are real.
        m: how many are fake.

    Returns:
        The statistic and its p-value.
    """
    scale = normaliser(splits, n, m)
    values = special.logsumexp(mmd2(splits, n, m) * scale, axis=0) - np.log(len(scale))
    # A log-mean-exp moves by no more than the largest of its terms.
    return PermutationTest(float(values[0]), p_value(values, np.max(splits.rounding * scale)))


def normaliser(splits: Splits, n: int, m: int) -> Float[np.ndarray, "k 1"]:
    """What an unbiased squared MMD is multiplied by; a kernel that is zero for all pairs counts as zero.

    Args:
        splits: from ``bank_splits``.
        n: how many samples are real.
        m: how many are fake.

    Returns:
        A factor for each kernel.
    """
    pairs = min(n, m) * (min(n, m) - 1)
    return pairs**1.5 / np.sqrt(np.where(splits.squares > 0, splits.squares, np.inf))
