"""A test of a conditional law: pairs (condition, sample) and (condition, datum), swapped within conditions alone."""

from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample.permutation import KernelTest, Pool, median_family, mmd2, p_value, pool, split_sums


def conditional_two_sample_test(
    *, real: Any, fake: Any, condition: Any, num_permutations: int = 2000, seed: int = 0
) -> KernelTest:
    """A permutation test of whether samples have the conditional law of the data, exact in level for every size.

    ``MMD²_u`` of the pairs ``(c_i, x_i)`` and ``(c_i, y_i)`` under a product of Gaussian kernels; a permutation swaps x_i and y_i
    or not, under each condition. All pairs must not be pooled: the conditions on both sides are the same ones, and a permutation
    that gave one side other conditions would make splits look more different than they are. Columns of conditions and of samples
    are divided by their standard deviation, of data and samples together.

    Args:
        real: (n, d) data, n ≥ 2, one under each condition; independent of each other, given the conditions.
        fake: (n, d) one sample under each.
        condition: (n, e) the conditions, numbers.
        num_permutations: B.
        seed: of the swaps.

    Returns:
        The statistic, ``p = (1 + #{swapped ≥ real})/(1 + B)``, and the bandwidth, in the scaled units.

    Raises:
        ValueError: for sets that are not equally many, too few, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import conditional_two_sample_test
        >>> c, noise, more = np.random.default_rng(0).normal(size=(3, 200, 1))
        >>> flipped = conditional_two_sample_test(real=c + 0.3 * noise, fake=-c + 0.3 * more, condition=c, num_permutations=99)
        >>> alike = conditional_two_sample_test(real=c + 0.3 * noise, fake=c + 0.3 * more, condition=c, num_permutations=99)
        >>> flipped.p_value, alike.p_value > 0.05
        (0.01, True)

    Source: a paired permutation test, after Fisher, The Design of Experiments (1935), Section 21.
    """
    real, fake = _inputs.pair(real, fake)
    condition = _inputs.samples("condition", condition)
    if not len(real) == len(fake) == len(condition):
        raise ValueError(
            "`real`, `fake` and `condition` must be equally many, a datum and a sample under each condition, but are"
            f" {len(real)}, {len(fake)} and {len(condition)}"
        )
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    values = np.concatenate([real, fake])  # of both, so that a swap changes nothing of the scale
    c, x, y = (_scaled(part, by) for part, by in ((condition, condition), (fake, values), (real, values)))
    both = pool(np.concatenate([c, y], axis=1), np.concatenate([c, x], axis=1))
    family = median_family(both, rng)
    splits = split_sums(both, [family], _swapped(both, num_permutations, rng))
    values = mmd2(splits, both.real, both.fake)[0]
    return KernelTest(float(values[0]), p_value(values, splits.rounding[0]), float(family[1][0]) * both.scale)


def _scaled(part: np.ndarray, by: np.ndarray) -> np.ndarray:
    unit = by.std(axis=0)
    return (part - by.mean(axis=0)) / np.where(unit > 0, unit, 1)


def _swapped(both: Pool, num_permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Columns of zeros and ones: which of the pool are in the first group, in fact and with swaps within conditions."""
    count = checks.count("num_permutations", num_permutations)
    swaps = rng.integers(0, 2, size=(both.real, count + 1), dtype=np.uint8)
    swaps[:, 0] = 0
    return np.ascontiguousarray(np.concatenate([1 - swaps, swaps]), np.float32)
