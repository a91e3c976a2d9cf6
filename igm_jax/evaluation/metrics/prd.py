"""Precision and recall as a curve: how much of each distribution the other one can explain."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.cluster.vq import kmeans2

from igm_jax import checks
from igm_jax.evaluation import _inputs

ROUNDS = 30


class PrecisionRecallCurve(NamedTuple):
    """A trade-off between precision and recall, from a slope of almost nothing to almost infinity.

    Attributes:
        precision: (angles,) how much of the fake the real can explain, ascending.
        recall: (angles,) how much of the real the fake can explain, descending.
    """

    precision: Float[np.ndarray, " a"]
    recall: Float[np.ndarray, " a"]

    def f(self, beta: float) -> float:
        """The largest ``(1 + β²) p r / (β² p + r)`` on the curve: β > 1 weighs recall, β < 1 precision.

        Args:
            beta: the weight of recall, positive.

        Returns:
            A number from 0 to 1.

        Raises:
            ValueError: for a weight that is not positive.
        """
        beta = checks.positive("beta", beta)
        below = beta**2 * self.precision + self.recall
        above = (1 + beta**2) * self.precision * self.recall
        return float(np.max(np.divide(above, below, out=np.zeros_like(above), where=below > 0)))


class PRD(NamedTuple):
    """The two ends of the curve.

    Attributes:
        f_8: the largest F-score that weighs recall 8 times: low where modes are missing.
        f_1_8: the largest F-score that weighs precision 8 times: low where samples are bad.
    """

    f_8: float
    f_1_8: float


def prd_curve(*, real: Any, fake: Any, angles: int = 1001) -> PrecisionRecallCurve:
    """The precision-recall curve of two distributions on the same finite set.

    ``precision(λ) = Σ_ω min(λ P(ω), Q(ω))`` and ``recall(λ) = precision(λ) / λ`` for slopes ``λ = tan(π i / 2(angles + 1))``,
    with P the real shares and Q the fake ones.

    Cost: angles · K.

    Args:
        real: (K,) counts or weights of the real distribution, normalised here.
        fake: (K,) the same of the fake one.
        angles: points on the curve; an odd number includes λ = 1.

    Returns:
        The curve.

    Raises:
        ValueError: for different lengths, negative numbers or a sum of zero.

    Example:
        >>> from igm_jax.evaluation import prd_curve
        >>> curve = prd_curve(real=[1, 1], fake=[1, 0])
        >>> float(curve.precision.max()), float(curve.recall.max())
        (1.0, 0.5)

    Source: Sajjadi et al., Assessing Generative Models via Precision and Recall, arXiv 1806.00035, Theorem 1 and Algorithm 1.
    """
    angles = checks.count("angles", angles)
    p, q = _shares("real", real), _shares("fake", fake)
    if len(p) != len(q):
        raise ValueError(f"`real` and `fake` must have as many weights, but have {len(p)} and {len(q)}")
    slopes = np.tan(np.pi / 2 * np.arange(1, angles + 1) / (angles + 1))
    precision = np.sum([np.minimum(slopes * some_p, some_q) for some_p, some_q in zip(p, q, strict=True)], axis=0)
    return PrecisionRecallCurve(np.minimum(precision, 1.0), np.minimum(precision / slopes, 1.0))


def prd(*, real: Any, fake: Any, clusters: int = 20, repeats: int = 10, angles: int = 1001, seed: int = 0) -> PRD:
    """Precision and recall for distributions: F-scores of the curve between histograms over joint clusters.

    Real and fake samples, as many of each, are clustered together by k-means (k-means++ starts, at most 30 rounds of Lloyd's
    algorithm); each clustering gives two histograms, their curve (see ``prd_curve``) and ``F_β = max (1 + β²) p r / (β² p + r)``.
    The scores are means over the clusterings; the paper averages the curves.

    It sees shares of clusters alone: noise or copies within a cluster escape it. Equal laws give less than 1, by about
    √(clusters / n): compare at one n, beside the floor.

    Cost: repeats · 30 · (n + m) · clusters · p in time, (n + m) · p numbers of memory.

    Args:
        real: (n, p) features of the data.
        fake: (m, p) features of the generated samples.
        clusters: how many.
        repeats: clusterings.
        angles: points on each curve.
        seed: of the samples that are left out, where n and m differ, and of the clusterings.

    Returns:
        F_8 (recall) and F_1/8 (precision), each from 0 to 1.

    Raises:
        ValueError: for more clusters than samples of either, wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import prd
        >>> real = np.random.default_rng(0).normal(size=(200, 2))
        >>> round(prd(real=real, fake=real).f_8, 6), prd(real=real, fake=real + 100.0)
        (1.0, PRD(f_8=0.0, f_1_8=0.0))

    Source: Sajjadi et al., arXiv 1806.00035, Sections 3.3 and 4.
    """
    real, fake = _inputs.pair(real, fake)
    n, clusters = min(len(real), len(fake)), checks.count("clusters", clusters, least=2)
    if clusters > n:
        raise ValueError(
            f"`clusters` must be at most the number of samples, but is {clusters} and the smaller set has {n};"
            " lower `clusters` or give more samples"
        )
    scores = []
    for rng in np.random.default_rng(seed).spawn(checks.count("repeats", repeats)):
        joint = np.concatenate([x if len(x) == n else _inputs.subsample(x, n, rng) for x in (real, fake)])
        labels = _clustered(joint, clusters, rng)
        counts = [np.bincount(half, minlength=clusters) for half in (labels[:n], labels[n:])]
        curve = prd_curve(real=counts[0], fake=counts[1], angles=angles)
        scores.append((curve.f(8.0), curve.f(1 / 8)))
    return PRD(*map(float, np.mean(scores, axis=0)))


def _shares(name: str, value: Any) -> Float[np.ndarray, " k"]:
    weights = _inputs.samples(name, np.reshape(value, (-1, 1)))[:, 0]
    if np.any(weights < 0) or weights.sum() <= 0:
        raise ValueError(f"`{name}` must be non-negative with a positive sum, but is {value!r}")
    return weights / weights.sum()


def _clustered(x: Float[np.ndarray, "n p"], clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Which cluster each sample is in."""
    x = x - x.mean(0)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="One of the clusters is empty"
        )  # as it must be with few distinct samples
        return kmeans2(x, _starts(x, clusters, rng), iter=ROUNDS, minit="matrix")[1]


def _starts(x: Float[np.ndarray, "n p"], clusters: int, rng: np.random.Generator) -> Float[np.ndarray, "k p"]:
    """k-means++: each next centre is drawn with a probability in proportion to the squared distance from those before."""
    squares = np.einsum("np,np->n", x, x)
    chosen, gap = [int(rng.integers(len(x)))], np.full(len(x), np.inf)
    while len(chosen) < clusters:
        centre = x[chosen[-1]]
        gap = np.minimum(gap, np.maximum(squares - 2 * (x @ centre) + centre @ centre, 0))
        gap[chosen[-1]] = 0
        chosen.append(int(rng.choice(len(x), p=gap / gap.sum() if gap.sum() > 0 else None)))
    return x[chosen]
