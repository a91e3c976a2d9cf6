"""The continuous ranked probability score of each number by itself, by sorting."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.lifts import stateless
from igm_jax.objectives.scores.draws import (
    Fairness,
    Transform,
    check_several,
    each_condition,
    fairness_of,
    shares,
    weighed,
)
from igm_jax.pairwise.line.gaps import gaps_between, gaps_within, length
from igm_jax.pairwise.reductions import difference_means
from igm_jax.records import recorded

__all__ = ["crps", "crps_scoring"]


def crps(
    draws: ArrayLike,
    y: Rows,
    *,
    weights: Weights = None,
    alpha: float = 1.0,
    temperature: float = 1.0,
    observed: ArrayLike | None = None,
    of: Transform | None = None,
) -> Float[Array, " c"]:
    """The continuous ranked probability score of some draws at data, summed over features; smaller is better.

    ``CRPS_c = Σ_l w_l (mean_i |x_cil − y_cl| − ½ mean_{i≠j} |x_cil − x_cjl|)``

    The energy score of every feature by itself: k² for up to 64 draws, k log k for more, in any number of features. It does not
    see how features hang together: a model that gets every margin right and draws them independently is as good. Add the same
    ``of=`` sums, differences or spectra of them, or take ``energy_score``.

    Args:
        draws: (c, k, d) draws of the model under each of c conditions.
        y: (c, d) data, one for each condition; or (c, m, d), m of each, over which it is a mean.
        weights: (d,) what each feature counts, such as areas (with ``of``, each of those that it makes); they are not normalised.
            None for 1/d.
        alpha: 1 for the fair score, which takes two draws; 0 for the V-statistic; between them almost fair.
        temperature: what the mean over pairs of draws is multiplied with, in (0, 1]; below 1 the score is not proper.
        observed: booleans of the shape of ``y``; a feature that is False adds nothing.
        of: ``(n, d) -> (n, e)``, through which draws and data are seen first.

    Returns:
        (c,) scores, in the units of the samples.

    Raises:
        TypeError, ValueError: for too few draws, numbers out of their range, wrong shapes or non-finite numbers.

    Example:
        >>> from igm_jax.objectives import crps
        >>> crps([[[1.0], [3.0]]], [[6.0]]).tolist()  # mean of 5 and 3, less half of 2
        [3.0]
        >>> crps([[[1.0], [3.0]]], [[6.0]], alpha=0).tolist()  # pairs count half: each draw meets itself, too
        [3.5]

    Source: Gneiting and Raftery, Strictly Proper Scoring Rules, JASA 102 (2007), Section 4.2; almost fair, Lang et al.,
    AIFS-CRPS, arXiv 2412.15832.
    """
    fairness = fairness_of(alpha, temperature)
    several = check_several(draws, y, observed, fairness.least).seen(of)
    k, d = several.draws.shape[1:]
    a, w = jnp.full((k,), 1 / k, several.draws.dtype), _area(weights, d).astype(several.draws.dtype)

    def score(x: Array, data: Array, known: Array | None) -> Array:
        return _score(fairness, x, data, a, shares(None, len(data), x.dtype), w, known)

    return each_condition(score, several)


def _area(weights: Weights, features: int) -> Array:
    """(d,) what each feature counts, or an error."""
    if weights is None:
        return jnp.full((features,), 1 / features)
    array = jnp.asarray(checks.numbers("weights", weights)[1])
    if array.shape != (features,):
        raise ValueError(f"`weights` must have shape ({features},), one a feature, but has {array.shape}")
    checks.finite("weights", array)
    if checks.is_concrete(array) and (np.asarray(array) < 0).any():
        raise ValueError(f"`weights` must not be negative, but the least is {np.asarray(array).min()}")
    return array


def _score(
    fairness: Fairness, x: Array, y: Array, a: Array, b: Array, w: Array, known: Array | None
) -> Float[Array, ""]:
    """Of one condition: draws (k, d) with weights a, data (m, d) with weights b."""
    pairs = fairness.pair_share(a) * gaps_within(x, a)
    if known is None:
        return jnp.sum(w * (gaps_between(x, y, a, b) - 0.5 * pairs))
    # Of each feature the data in which it is known; one that is known of none adds nothing.
    share = jnp.where(known, b[:, None], 0)
    total = jnp.sum(share, axis=0)
    share = share / jnp.where(total > 0, total, 1)[None]
    there = jnp.where(total > 0, w, 0)
    return jnp.sum(there * (gaps_between(x, jnp.where(known, y, 0), a, share) - 0.5 * pairs))


@recorded
def crps_scoring(weights: Weights = None, alpha: float = 1.0, temperature: float = 1.0) -> Objective:
    """The continuous ranked probability score summed over features, as an objective: one condition, or by ``per_condition`` many.

    ``loss = Σ_l w_l (mean_ij |x_il − y_jl| − ½ mean_{i≠j} |x_il − x_jl|)``

    It fits each feature by itself: how features hang together is left to chance, unless ``on_features`` shows it sums or
    differences of them, beside, e.g. ``weighted([(1.0, crps_scoring()), (1.0, on_features(crps_scoring(), pooled(shape, 2)))])``.

    Args:
        weights: (d,) what each feature counts; None for 1/d.
        alpha: 1 for the fair score, 0 for the V-statistic, between them almost fair.
        temperature: what the mean over pairs of draws is multiplied with, in (0, 1].

    Returns:
        The objective. A feature that is not observed of a datum is compared with the others'.

    Raises:
        TypeError, ValueError: for numbers out of their range; while running, for one draw unless ``alpha`` is 0.

    Example:
        >>> import jax
        >>> from igm_jax import objectives
        >>> x, y = jax.numpy.array([[1.0], [3.0]]), jax.numpy.array([[6.0]])
        >>> objectives.crps_scoring().loss(jax.random.key(0), (), x, y).item()
        3.0

    Source: Lang et al., AIFS-CRPS, arXiv 2412.15832; Gneiting and Raftery, JASA 102 (2007), Section 4.2.
    """
    fairness = fairness_of(alpha, temperature)

    def divergence(
        x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None, y_observed: Array | None = None
    ) -> Array:
        x, y, a, b = weighed(x, y, x_weights, y_weights, y_observed, fairness.least)
        return _score(fairness, x, y, a, b, _area(weights, x.shape[1]).astype(x.dtype), y_observed)

    def witness(points: Array, x: Array, y: Array, *, x_weights: Weights = None, y_weights: Weights = None) -> Array:
        x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
        points, _ = checks.pair(points, y, names=("points", "y"))
        w = _area(weights, x.shape[1]).astype(x.dtype)
        at = partial(difference_means, length)
        line = lambda p, x, y: at(p, y, b) - fairness.temperature * at(p, x, a)  # noqa: E731
        return jnp.sum(w[:, None] * jax.vmap(line, in_axes=1)(points, x, y), axis=0)

    return stateless(divergence, witness)
