"""Are the nearest neighbours of real samples real, and those of fake ones fake, more often than chance would have it?"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.two_sample.permutation import PermutationTest, Pool, p_value, permuted


def nearest_neighbour_test(
    *, real: Any, fake: Any, k: int = 5, num_permutations: int = 2000, seed: int = 0
) -> PermutationTest:
    """The share of nearest neighbours of the own kind, and how often a random split of the same samples has as many.

    ``T = 1/(N k) Σ_i #{j among the k nearest of z_i : j of the kind of i}``, z all N samples

    It has no bandwidth: what it sees is as fine as the samples lie. No objective of this package minimises it. Where
    neighbours are equally far, chance decides.

    Args:
        real: (n, d) data, n ≥ 2.
        fake: (m, d) generated samples, m ≥ 2.
        k: neighbours of each sample; all others, where there are fewer.
        num_permutations: random splits.
        seed: of the permutations.

    Returns:
        T and its p-value.

    Raises:
        ValueError: for too few samples, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import nearest_neighbour_test
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 50, 2))
        >>> nearest_neighbour_test(real=real, fake=fake + 20.0, num_permutations=99)
        PermutationTest(statistic=1.0, p_value=0.01)

    Source: Schilling, Multivariate Two-Sample Tests Based on Nearest Neighbors, J. Amer. Statist. Assoc. 81 (1986).
    """
    k = checks.count("k", k)
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    real, fake = _inputs.pair(real, fake, least=2)
    both = Pool(np.concatenate([real, fake]), len(real), 1.0)
    # In random order: the search breaks ties by it, and must not know who is real.
    order = rng.permutation(len(both.z))
    groups = permuted(both, num_permutations, rng)[order].astype(np.uint8)
    near = _others(both.z[order], min(k, len(order) - 1))
    # Whole numbers, so that ties are ties.
    same = np.zeros(groups.shape[1])
    for column in near.T:
        same += np.sum(groups == groups[column], axis=0)
    return PermutationTest(float(same[0] / near.size), p_value(same))


def _others(z: Float[np.ndarray, "n d"], k: int) -> Int[np.ndarray, "n k"]:
    """The k nearest other samples of each; a sample need not be the first of its own, where there are copies of it."""
    near = _inputs.nearest(z, z, k + 1)[1]
    itself = near == np.arange(len(z))[:, None]
    # Where copies crowd a sample out of its own neighbours, the last of them goes.
    itself[:, -1] |= ~itself.any(axis=1)
    return near[~itself].reshape(len(z), k)
