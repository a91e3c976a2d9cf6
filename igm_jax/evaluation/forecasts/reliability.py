"""Whether what is said to happen in so many of ten cases does."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from igm_jax import checks
from igm_jax.evaluation.forecasts.inputs import forecasts


class Reliability(NamedTuple):
    """How often an event came, by how often draws said that it would.

    Attributes:
        forecast: (b,) mean probability that draws gave, in each bin of it that has any.
        observed: (b,) share of the data in which it came.
        counts: (b,) how many conditions.
        brier: the mean square of probability minus what came.
    """

    forecast: Float[np.ndarray, " b"]
    observed: Float[np.ndarray, " b"]
    counts: Int[np.ndarray, " b"]
    brier: float


def event_reliability(*, real: Any, draws: Any, threshold: float, feature: int = 0, bins: int = 10) -> Reliability:
    """The reliability of a threshold's probability: among the conditions where draws exceed it with probability p, how often
    data do.

    ``p_c = #{i: x_ci > t}/k``

    Cost: c · k.

    Args:
        real: (c, d) data.
        draws: (c, k, d) draws under the same conditions.
        threshold: t, in the units of the feature.
        feature: which one.
        bins: of the probability, equally wide.

    Returns:
        Frequencies in each bin, and the Brier score.

    Raises:
        ValueError: for a feature that is not there, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.evaluation import event_reliability
        >>> found = event_reliability(real=[[1.0], [0.0]], draws=[[[1.0], [0.0]], [[1.0], [0.0]]], threshold=0.5, bins=2)
        >>> found.forecast.tolist(), found.observed.tolist(), found.brier
        ([0.5], [0.5], 0.25)

    Source: Murphy, A new vector partition of the probability score, J. Applied Meteorology 12 (1973).
    """
    of = forecasts(real, draws, least=1)
    if isinstance(threshold, bool | str) or not np.isfinite(threshold):
        raise ValueError(f"`threshold` must be a finite number, but is {threshold!r}")
    if not 0 <= checks.count("feature", feature, least=0) < of.real.shape[1]:
        raise ValueError(f"`feature` must be one of 0 to {of.real.shape[1] - 1}, but is {feature}")
    said = (of.draws[:, :, feature] > threshold).mean(axis=1)
    came = (of.real[:, feature] > threshold).astype(float)
    place = np.minimum((said * checks.count("bins", bins)).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    there = counts > 0
    forecast, observed = (np.bincount(place, values, bins)[there] / counts[there] for values in (said, came))
    return Reliability(forecast, observed, counts[there], float(np.mean(np.square(said - came))))
