"""The MMD under a wild bootstrap: partners of two equally large samples change sides at random."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.evaluation.two_sample.permutation import (
    Family,
    KernelTest,
    Pool,
    Splits,
    median_family,
    p_value,
    pool,
    split_sums,
)
from igm_jax.pairwise.sums import kernel_values


def mmd_wild_bootstrap_test(*, real: Any, fake: Any, num_permutations: int = 2000, seed: int = 0) -> KernelTest:
    """The one-sample U-statistic of the MMD, with random signs: each real sample and its fake partner change sides, or not.

    ``M_ε = 1/n(n-1) Σ_{i≠j} ε_i ε_j h_ij``, ``h_ij = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i, x_j)``, ε = ±1; M has
    ε = 1, and ``p = (1 + #{M_ε ≥ M}) / (1 + B)``

    Under equal laws of independent pairs the signs change nothing, so the level is exact. Unlike a permutation test it stays
    so if partners depend on each other, as long as they could change sides.

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (n, d) generated samples, as many.
        num_permutations: B, random signs.
        seed: of the signs.

    Returns:
        M, its p-value, and the bandwidth of the Gaussian kernel: the median distance of all samples.

    Raises:
        ValueError: for samples that are not equally many, too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import mmd_wild_bootstrap_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 2))
        >>> mmd_wild_bootstrap_test(real=real, fake=fake + 2.0, num_permutations=99).p_value
        0.01

    Source: Fromont et al., The two-sample problem for Poisson processes, arXiv 1203.3572; Schrab et al., arXiv 2110.15073,
    Section 3.2.
    """
    rng = np.random.default_rng(seed)
    both = pool(real, fake)
    if both.real != both.fake:
        raise ValueError(
            f"`real` and `fake` must hold equally many samples, but hold {both.real} and {both.fake}: each needs a partner;"
            " leave some out, or use `mmd_permutation_test`"
        )
    family = median_family(both, rng)
    splits = split_sums(both, [family], _swapped(both, num_permutations, rng))
    values = _statistics(splits, both, _partners(both, family))
    return KernelTest(float(values[0]), p_value(values, splits.rounding[0]), float(family[1][0]) * both.scale)


def _swapped(both: Pool, num_permutations: int, rng: np.random.Generator) -> Float[np.ndarray, "n b"]:
    count = checks.count("num_permutations", num_permutations)
    stay = rng.integers(0, 2, size=(both.real, count + 1)).astype(np.float32)
    stay[:, 0] = 1
    return np.concatenate([stay, 1 - stay])


def _statistics(splits: Splits, both: Pool, partners: float) -> Float[np.ndarray, " b"]:
    """``M_ε``: partners are on different sides under all signs, and their kernel is no part of it."""
    total = splits.real + splits.fake - 2 * (splits.across - partners)
    return (total / (both.real * (both.real - 1)))[0]


def _partners(both: Pool, family: Family) -> float:
    """``Σ_i k(x_i, y_i)``."""
    kernel_of, widths = family
    with jax.enable_x64(False):
        values = kernel_values(kernel_of(widths[0]), *map(jnp.asarray, (both.z[: both.real], both.z[both.real :])))
    return float(np.asarray(values, np.float64).sum())
