"""What density and coverage are on average for a perfect model: without ties, and for laws of a few atoms."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from igm_jax import checks, pairwise
from igm_jax.evaluation import _inputs
from igm_jax.evaluation.metrics.manifold import DensityCoverage


def expected_density_coverage(n: int, m: int, k: int = 5) -> DensityCoverage:
    """The expectation of density and coverage where real and fake are draws of one law without ties.

    Exact, whatever the law and the dimension, since only ranks matter: among the distances of a real sample to the n - 1
    others and the m fake ones, every order is equally likely::

        E density = 1,   E coverage = 1 - (n-1)…(n-k) / ((n+m-1)…(n+m-k))

    Cost: k.

    Args:
        n: real samples, n > k.
        m: fake samples.
        k: neighbours.

    Returns:
        The expectations.

    Raises:
        ValueError: for k ≥ n or numbers below one.

    Example:
        >>> from igm_jax.evaluation import expected_density_coverage
        >>> expected_density_coverage(n=2, m=1, k=1)  # of three samples, the fake is the nearest with probability 1/2
        DensityCoverage(density=1.0, coverage=0.5)

    Source: Naeem et al., arXiv 2002.09797, Section 3.3 and Appendix A.
    """
    n, m, k = _sizes(n, m, k)
    return DensityCoverage(1.0, 1 - math.prod((n - i) / (n + m - i) for i in range(1, k + 1)))


def expected_density_coverage_of_atoms(atoms: Any, probabilities: Any, n: int, m: int, k: int = 5) -> DensityCoverage:
    """The same for a law on a few points, whose samples coincide and tie.

    Let F_a(r) be the law's mass within distance r of atom a. The ball of a real sample at a reaches to the first distance R
    within which k of the n - 1 others lie, so ``P(R ≤ r) = P(Bin(n - 1, F_a(r)) ≥ k)``, and then::

        E density = (n/k) Σ_a p_a E F_a(R),   E coverage = 1 - Σ_a p_a E (1 - F_a(R))^m

    Ties count in full, so the density is above 1: a single atom gives n/k, and copies in real data raise it likewise.

    Cost: K² log K in time for K atoms, K² numbers of memory.

    Args:
        atoms: (K, d) the points, all different.
        probabilities: (K,) positive weights, normalised here.
        n: real samples, n > k.
        m: fake samples.
        k: neighbours.

    Returns:
        The expectations.

    Raises:
        ValueError: for wrong shapes, weights that are not positive, k ≥ n or numbers below one.

    Example:
        >>> from igm_jax.evaluation import expected_density_coverage_of_atoms
        >>> expected_density_coverage_of_atoms([[0.0]], [1.0], n=10, m=3, k=5)
        DensityCoverage(density=2.0, coverage=1.0)

    Source: the definitions of Naeem et al., arXiv 2002.09797, Eqs. 3-4; the expectation is ours.
    """
    n, m, k = _sizes(n, m, k)
    atoms = _inputs.samples("atoms", atoms)
    p = _inputs.samples("probabilities", np.reshape(probabilities, (-1, 1)))[:, 0]
    if len(p) != len(atoms) or not np.all(p > 0):
        raise ValueError(
            f"`probabilities` must be {len(atoms)} positive numbers, one an atom, but is {probabilities!r}"
        )
    p = p / p.sum()
    with jax.enable_x64(True):
        distances = np.asarray(pairwise.distances(jnp.asarray(atoms), jnp.asarray(atoms)))
    found = np.array([_of_one_atom(row, p, n, m, k) for row in distances])
    density, missed = p @ found
    return DensityCoverage(float(density), float(1 - missed))


def _of_one_atom(distances: np.ndarray, p: np.ndarray, n: int, m: int, k: int) -> tuple[float, float]:
    """``(n/k) E F(R)`` and ``E (1 - F(R))^m`` for a real sample whose atoms lie at these distances."""
    order = np.argsort(distances, kind="stable")
    # Equal distances are one shell.
    last = np.searchsorted(distances[order], distances[order] * (1 + _inputs.ROUNDING), side="right") - 1
    mass = np.minimum(np.cumsum(p[order])[np.unique(last)], 1.0)
    mass[-1] = 1.0
    reached = stats.binom.sf(k - 1, n - 1, mass)
    share = np.diff(reached, prepend=0.0)
    return n / k * float(share @ mass), float(share @ (1 - mass) ** m)


def _sizes(n: int, m: int, k: int) -> tuple[int, int, int]:
    n, m, k = (checks.count(name, value) for name, value in (("n", n), ("m", m), ("k", k)))
    if k >= n:
        raise ValueError(f"`k` must be less than `n`, but they are {k} and {n}")
    return n, m, k
