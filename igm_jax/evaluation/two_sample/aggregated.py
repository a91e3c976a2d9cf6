"""MMDAgg: many kernels at once, each judged by its own permutations, the best of them by how often any does as well."""

from typing import Any

import numpy as np
from jaxtyping import Float

from igm_jax.evaluation.two_sample.permutation import PermutationTest, Splits, bank_splits, mmd2, p_value


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
    return aggregated(
        *bank_splits(real=real, fake=fake, num_bandwidths=num_bandwidths, num_permutations=num_permutations, seed=seed)
    )


def aggregated(splits: Splits, n: int, m: int) -> PermutationTest:
    """The aggregated test, from the sums of a bank of kernels.

    Args:
        splits: from ``bank_splits``.
        n: how many samples are real.
        m: how many are fake.

    Returns:
        The statistic and its p-value.
    """
    least = np.min(
        [_shares(values, off) for values, off in zip(mmd2(splits, n, m), splits.rounding[:, 0], strict=True)], axis=0
    )
    return PermutationTest(-float(least[0]), p_value(-least))


def _shares(values: Float[np.ndarray, " b"], rounding: float) -> Float[np.ndarray, " b"]:
    """For each split the share of splits with at least its value: its own p-value."""
    below = np.searchsorted(np.sort(values), values - rounding, side="left")
    return 1 - below / len(values)
