"""Tests with one kernel: the MMD as wide as the median distance, as wide as half of the samples advise, or with random signs;
and the energy distance, which has no width.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample import bandwidths
from igm_jax.evaluation.two_sample.permutation import (
    Family,
    KernelTest,
    PermutationTest,
    Pool,
    Splits,
    median_family,
    mmd2,
    p_value,
    permuted,
    pool,
    split_sums,
)
from igm_jax.kernels import Kernel, distance, gaussian
from igm_jax.objectives import power_bandwidth
from igm_jax.pairwise.sums import kernel_values


def mmd_permutation_test(*, real: Any, fake: Any, num_permutations: int = 2000, seed: int = 0) -> KernelTest:
    """The unbiased squared MMD with a Gaussian kernel, as wide as the median distance of all samples.

    ``M = MMD²_u``, ``k = exp(-‖x - y‖²/2λ²)``, ``p = (1 + #{M_π ≥ M}) / (1 + B)`` over B permutations π

    One pass over the pairs serves all permutations; its memory is (n + m)·B numbers. The median is a width for smooth
    differences: it cannot see what happens within narrow modes that lie far apart.

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (m, d) generated samples, m ≥ 2.
        num_permutations: B, random splits.
        seed: of the permutations.

    Returns:
        The statistic, the p-value, and λ (the median includes the zero distance of each sample to itself).

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import mmd_permutation_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 2))
        >>> mmd_permutation_test(real=real, fake=fake + 2.0, num_permutations=99).p_value
        0.01

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Section 8.
    """
    rng = np.random.default_rng(seed)
    both = pool(real, fake)
    return _tested(both, median_family(both, rng), num_permutations, rng)


def mmd_split_test(
    *, real: Any, fake: Any, num_bandwidths: int = 100, num_permutations: int = 2000, seed: int = 0
) -> KernelTest:
    """The same on one half of the samples, with the width that promises the most power on the other half.

    ``λ = argmax MMD²_u / standard error`` among equally spaced ones, from half of the lower to twice the upper 5 % quantile
    of the distances; see ``igm_jax.objectives.power_bandwidth``.

    Args:
        real: (n, d) data, n ≥ 8.
        fake: (m, d) generated samples, m ≥ 8.
        num_bandwidths: how many widths to choose from.
        num_permutations: B, random splits.
        seed: of the halves and the permutations.

    Returns:
        The statistic and p-value of the half that was tested, and λ.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import mmd_split_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 100, 2))
        >>> mmd_split_test(real=real, fake=fake + 2.0, num_permutations=99).p_value
        0.01

    Source: Sutherland et al., Generative Models and Model Criticism via Optimized Maximum Mean Discrepancy, arXiv 1611.04488.
    """
    count = checks.count("num_bandwidths", num_bandwidths)
    rng = np.random.default_rng(seed)
    real, fake = (_inputs.subsample(x, len(x), rng) for x in _inputs.pair(real, fake, least=8))
    learn = pool(real[: len(real) // 2], fake[: len(fake) // 2])
    test = pool(real[len(real) // 2 :], fake[len(fake) // 2 :])
    # The halves have scales of their own.
    width = _most_powerful(learn, count, rng) * np.float32(learn.scale / test.scale)
    return _tested(test, (gaussian, width), num_permutations, rng)


_chosen = jax.jit(power_bandwidth, static_argnums=2)


def _most_powerful(learn: Pool, count: int, rng: np.random.Generator) -> np.ndarray:
    candidates = bandwidths.grid(bandwidths.pooled_distances(bandwidths.euclidean, learn.z, rng), count)
    with learn.precision():
        halves = jnp.asarray(learn.z[learn.real :]), jnp.asarray(learn.z[: learn.real])
        return np.asarray(_chosen(*halves, gaussian, jnp.asarray(candidates, learn.z.dtype)).bandwidth)[None]


def _tested(both: Pool, family: Family, num_permutations: int, rng: np.random.Generator) -> KernelTest:
    splits = split_sums(both, [family], permuted(both, num_permutations, rng))
    values = mmd2(splits, both.real, both.fake)[0]
    return KernelTest(float(values[0]), p_value(values, splits.rounding[0]), float(family[1][0]) * both.scale)


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
    with both.precision():
        values = kernel_values(kernel_of(widths[0]), *map(jnp.asarray, (both.z[: both.real], both.z[both.real :])))
    return float(np.asarray(values, np.float64).sum())


def energy_permutation_test(*, real: Any, fake: Any, num_permutations: int = 2000, seed: int = 0) -> PermutationTest:
    """The energy distance, and how often a random split of the same samples has at least as much.

    ``E = 2/nm Σ ‖x_i - y_j‖ - 1/n² Σ ‖x_i - x_j‖ - 1/m² Σ ‖y_i - y_j‖ ≥ 0``, the V-statistic

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (m, d) generated samples, m ≥ 2.
        num_permutations: random splits.
        seed: of the permutations.

    Returns:
        E in the units of the samples, and its p-value.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import energy_permutation_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 2))
        >>> energy_permutation_test(real=real, fake=fake + 2.0, num_permutations=99).p_value
        0.01

    Source: Székely and Rizzo, Energy statistics, J. Statist. Plann. Inference 143 (2013).
    """
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    both = pool(real, fake)
    widths = np.ones(1, np.float32)
    splits = split_sums(both, [(_minus_distance, widths)], permuted(both, num_permutations, rng))
    n, m = both.real, both.fake
    values = (splits.real / n**2 + splits.fake / m**2 - 2 * splits.across / (n * m))[0]
    return PermutationTest(float(values[0]) * both.scale, p_value(values, splits.rounding[0]))


def _minus_distance(bandwidth: Any) -> Kernel:
    """It has no width."""
    del bandwidth
    return distance()
