"""Which samples are copies of each other, and halves that no copy is torn over: equal samples say something of each other.

Labels play no part here. So whatever is tested on the one half with what was learned on the other, all ways to say who is real
and who is fake are alike under equal laws.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from igm_jax.evaluation import neighbours

# What is nearer than this share of each feature's typical distance from its median is a copy but for the rounding of single
# precision.
ROUNDING = 2.0**-20


class Copies(NamedTuple):
    """Groups of samples that are copies of each other.

    Attributes:
        which: (n,) for each sample, which group it is in; most are alone in theirs.
        sizes: (n,) how many are in it.
    """

    which: Int[np.ndarray, " n"]
    sizes: Int[np.ndarray, " n"]

    @property
    def atoms(self) -> Bool[np.ndarray, " n"]:
        """Samples whose value more than √n of all share: it is no chance copy, but a value of the law that has a share."""
        return self.sizes > max(1, math.isqrt(len(self.sizes)))


def copies(z: Float[np.ndarray, "n d"]) -> Copies:
    """The groups of samples that are equal but for rounding.

    Args:
        z: (n, d) samples.

    Returns:
        The groups.
    """
    once = neighbours.distinct(z + 0.0)  # minus zero is zero
    groups = _joined(z[once.first])[once.which]
    return Copies(groups, np.bincount(groups)[groups])


def _joined(z: Float[np.ndarray, "u d"]) -> Int[np.ndarray, " u"]:
    """Groups of different samples by their distance: those that are near are near on any line, too, where they are sorted."""
    away = z - np.median(z, axis=0)
    # Each feature in its own units, or one with large numbers would make copies of samples that differ in another. Medians,
    # since one far sample would make copies of all the others; most numbers of a feature may be equal.
    spread, widest = (of(np.abs(away), axis=0) for of in (np.median, np.max))
    away = away / np.where(spread > 0, spread, np.where(widest > 0, widest, 1))
    line = np.random.default_rng(0).normal(size=z.shape[1])
    along = away @ (line / np.linalg.norm(line))
    order = np.argsort(along)
    within = ROUNDING * math.sqrt(z.shape[1])
    pairs = []
    for step in range(1, len(z)):
        first = np.flatnonzero(along[order[step:]] - along[order[:-step]] <= within)
        if not len(first):
            break
        i, j = order[first], order[first + step]
        pairs.append(np.stack([i, j])[:, neighbours.distances_of(away, away, i, j, 1.0) <= within])
    i, j = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), int)
    edges = coo_array((np.ones(len(i)), (i, j)), shape=(len(z), len(z)))
    return connected_components(edges, directed=False)[1]


def halves(found: Copies, rng: np.random.Generator) -> Bool[np.ndarray, " n"]:
    """Which samples to learn from, of a pool whose first half is real and whose second half is fake, each in random order.

    Copies stay together, but for atoms. Without copies, half of the real and half of the fake are learned from.

    Args:
        found: the pool's groups.
        rng: the chance by which groups of copies are dealt out.

    Returns:
        (n,) true for those to learn from.
    """
    n = len(found.which)
    if found.sizes.max() == 1:
        return np.tile(np.arange(n // 2) < n // 4, 2)
    # An atom's members are dealt out one by one.
    hand = np.where(found.atoms, n + np.arange(n), found.which)
    _, hand = np.unique(hand, return_inverse=True)
    sizes = np.bincount(hand)
    order = rng.permutation(len(sizes))
    learned = np.zeros(len(sizes), bool)
    learned[order] = np.cumsum(sizes[order]) <= n // 2
    return learned[hand]
