"""The energy distance as a permutation test: no bandwidth to choose."""

from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.evaluation.two_sample.permutation import PermutationTest, p_value, permuted, pool, split_sums
from igm_jax.kernels import Kernel, distance


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
