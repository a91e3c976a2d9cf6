"""Permutation tests with the MMD of one Gaussian kernel: as wide as the median distance, or chosen on half of the samples."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample import bandwidths
from igm_jax.evaluation.two_sample.permutation import (
    Family,
    KernelTest,
    Pool,
    median_family,
    mmd2,
    p_value,
    permuted,
    pool,
    split_sums,
)
from igm_jax.kernels import gaussian
from igm_jax.objectives import power_bandwidth


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
    with jax.enable_x64(False):
        halves = jnp.asarray(learn.z[learn.real :]), jnp.asarray(learn.z[: learn.real])
        return np.asarray(_chosen(*halves, gaussian, jnp.asarray(candidates)).bandwidth)[None]


def _tested(both: Pool, family: Family, num_permutations: int, rng: np.random.Generator) -> KernelTest:
    splits = split_sums(both, [family], permuted(both, num_permutations, rng))
    values = mmd2(splits, both.real, both.fake)[0]
    return KernelTest(float(values[0]), p_value(values, splits.rounding[0]), float(family[1][0]) * both.scale)
