"""Quality and variety apart: how much of the fake lies where the real is, and how much of the real is reached."""

from typing import Any, NamedTuple

import numpy as np

from igm_jax.evaluation import _inputs


class PrecisionRecall(NamedTuple):
    """Quality and variety of samples.

    Attributes:
        precision: share of the fake samples inside the manifold of the real ones.
        recall: share of the real samples inside the manifold of the fake ones.
    """

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Quality and variety of samples, robust to outliers.

    Attributes:
        density: how many real balls contain a fake sample, on average and over k; 1 for equal laws, more in dense places.
        coverage: share of the real samples whose ball holds a fake sample.
    """

    density: float
    coverage: float


def precision_recall(*, real: Any, fake: Any, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall: the share of each set inside the other's manifold.

    The manifold of a set is the union of the closed balls around its samples, each reaching to the sample's k-th nearest other::

        precision = (1/m) Σ_j 1[fake_j in manifold(real)],   recall = (1/n) Σ_i 1[real_i in manifold(fake)]

    One outlier has a large ball, so precision is easily too high; ``density_coverage`` is the robust version.

    Cost: (n² + 2 n m + m²) p in time, (n + m) p numbers of memory.

    Args:
        real: (n, p) features of the data, n > k.
        fake: (m, p) features of the generated samples, m > k.
        k: the number of neighbours.

    Returns:
        Precision and recall, each between 0 and 1. Depends on n and m: compare at one size.

    Raises:
        ValueError: for k ≥ n or k ≥ m, wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import precision_recall
        >>> precision_recall(real=[[0.0], [1.0], [9.0]], fake=[[0.5], [20.0]], k=1)
        PrecisionRecall(precision=0.5, recall=1.0)

    Source: Kynkäänniemi et al., arXiv 1904.06991, Eqs. 1-2.
    """
    real, fake = _inputs.pair(real, fake)
    k = _inputs.neighbour_count(k, real=real, fake=fake)
    inside_real = _inputs.held(fake, real, _inputs.radii(real, k)).balls > 0
    inside_fake = _inputs.held(real, fake, _inputs.radii(fake, k)).balls > 0
    return PrecisionRecall(float(np.mean(inside_real)), float(np.mean(inside_fake)))


def density_coverage(*, real: Any, fake: Any, k: int = 5) -> DensityCoverage:
    """Density and coverage: precision and recall that an outlier does not spoil, since only real samples have balls.

    With B_i the closed ball around real_i that reaches to its k-th nearest other::

        density  = (1/km) Σ_j Σ_i 1[fake_j in B_i],   coverage = (1/n) Σ_i 1[some fake_j in B_i]

    For equal laws the density is 1 on average, and the coverage ``1 - (n-1)…(n-k) / ((n+m-1)…(n+m-k))``.

    Cost: n (n + m) p in time, (n + m) p numbers of memory: for n = m = 10 000 and p = 1000 some seconds on two cores
    (``python -m benchmarks.metrics``, from a clone).

    Args:
        real: (n, p) features of the data, n > k.
        fake: (m, p) features of the generated samples.
        k: the number of neighbours.

    Returns:
        Density (0 or more, above 1 where the fake crowds into dense places) and coverage (between 0 and 1).

    Raises:
        ValueError: for k ≥ n, wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import density_coverage
        >>> density_coverage(real=[[0.0], [1.0], [9.0], [10.0]], fake=[[0.5], [20.0]], k=1)
        DensityCoverage(density=1.0, coverage=0.5)

    Source: Naeem et al., arXiv 2002.09797, Eqs. 3-4 and Section 3.3.
    """
    real, fake = _inputs.pair(real, fake)
    k = _inputs.neighbour_count(k, real=real)
    held = _inputs.held(fake, real, _inputs.radii(real, k))
    return DensityCoverage(float(np.mean(held.balls) / k), float(np.mean(held.points > 0)))
