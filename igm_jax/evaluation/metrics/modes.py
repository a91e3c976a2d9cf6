"""Which of the known modes the fake samples reach, and how evenly."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from igm_jax import checks
from igm_jax.distributions import Modes
from igm_jax.evaluation import _inputs


class ModeCoverage(NamedTuple):
    """Which modes are reached, how well and how evenly.

    Attributes:
        modes: how many modes hold at least one sample of high quality.
        high_quality: share of the samples within three standard deviations of the nearest mode.
        reverse_kl: divergence of their spread over the modes from the true weights, in nats; infinite if there are none.
    """

    modes: int
    high_quality: float
    reverse_kl: float


def mode_coverage(*, fake: Any, modes: Modes) -> ModeCoverage:
    """How many modes are covered, by how good samples, and how evenly.

    A sample is of high quality if it lies within three standard deviations of the nearest mode; only such samples count. With
    q_k their share at mode k and w_k the mode's weight, ``reverse KL = Σ_k q_k log(q_k / w_k)``, which for K equal weights is
    ``log K`` minus the entropy of q. Even real data miss a little: in two dimensions 1.1 % lie further out, and n draws have
    a reverse KL of about (K - 1)/2n.

    Cost: n · K distances.

    Args:
        fake: (n, d) generated samples.
        modes: the modes of the target, ``igm_jax.distributions.Modes``.

    Returns:
        The number of modes, the share of high quality and the reverse KL.

    Raises:
        ValueError: for wrong shapes, NaN or infinity, or modes that do not fit the samples.

    Example:
        >>> import numpy as np
        >>> from igm_jax import distributions, evaluation
        >>> modes = distributions.Modes(means=np.array([[-1.0], [1.0]]), std=0.1, weights=np.array([0.5, 0.5]))
        >>> result = evaluation.mode_coverage(fake=[[-1.0], [-0.9], [0.0], [-1.1]], modes=modes)
        >>> result.modes, result.high_quality, round(result.reverse_kl, 4)
        (1, 0.75, 0.6931)

    Source: Lin et al., PacGAN, arXiv 1712.04086, Section 4.1.
    """
    fake, means = _inputs.same_features(
        fake=_inputs.samples("fake", fake), means=_inputs.samples("modes.means", modes.means)
    )
    checks.positive("modes.std", modes.std)
    weights = _inputs.samples("modes.weights", np.reshape(modes.weights, (-1, 1)))[:, 0]
    if len(weights) != len(means) or not np.all(weights > 0):
        raise ValueError(
            f"`modes.weights` must be {len(means)} positive numbers, one for each mean, but is {modes.weights!r}"
        )
    distance, index = (found[:, 0] for found in _inputs.nearest(fake, means, 1))
    good = distance <= 3 * float(modes.std)
    counts = np.bincount(index[good], minlength=len(means))
    return ModeCoverage(int(np.sum(counts > 0)), float(np.mean(good)), frequencies_kl(counts, weights))


def frequencies_kl(counts: Int[np.ndarray, " k"], weights: Float[np.ndarray, " k"]) -> float:
    """``Σ_k q_k log(q_k / w_k)`` of the shares q of the counts from the normalised weights; infinite if nothing was counted."""
    if counts.sum() == 0:
        return float("inf")
    q, w = counts / counts.sum(), weights / weights.sum()
    some = q > 0
    return float(np.sum(q[some] * np.log(q[some] / w[some])))
