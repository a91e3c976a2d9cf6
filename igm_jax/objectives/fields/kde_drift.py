"""Drifts of divergences between kernel density estimates: the score difference, weighted by the ratio of the densities."""

from functools import partial

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, OfSamples, Rows, Weights
from igm_jax.kernels.pairs import unit_of
from igm_jax.lifts import from_velocity
from igm_jax.objectives.adversarial.log_ratio import ratio_power, ratio_weight, ratio_witness
from igm_jax.objectives.fields.score_difference import score_difference_field, score_difference_witness
from igm_jax.pairwise.reductions import log_density, weight_of_others
from igm_jax.records import recorded, told

__all__ = ["kde_drift", "kde_drift_field", "kde_drift_witness"]


def kde_drift_field(
    x: Rows,
    y: Rows,
    bandwidth: ArrayLike,
    divergence: str = "reverse_kl",
    *,
    max_power: float = 100.0,
    leave_one_out: bool = True,
    corrected: bool = False,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, "n d"]:
    """The velocity of a divergence's Wasserstein gradient flow, both densities estimated with a Gaussian kernel.

    ``v_i = c min((q̂/p̂)^a, max_power) (∇ log p̂ - ∇ log q̂)`` at x_i, with (a, c) = (0, 1) for "reverse_kl", KL(q ‖ p): the score
    difference itself; (-1, 1) for "kl", KL(p ‖ q); (1, 2) for "neyman", ``∫ (q - p)²/p``; see ``RATIO_POWERS``.

    The flow of smoothed densities would smooth the field once more; as in the paper, it is taken at the samples. The paper calls
    KL(q ‖ p) the forward one; here names are those of ``f_gan``, where reverse_kl is KL(model ‖ data).

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        bandwidth: σ > 0, in the units of the samples.
        divergence: "reverse_kl", "kl", "neyman", "pearson" or "squared_hellinger".
        max_power: the largest power of the ratio, at least 1.
        leave_one_out: whether q̂ at a sample leaves that sample out.
        corrected: whether the score difference and the logarithm of the ratio lose the bias of order 1/n that small minibatches
            give them, see ``score_difference_field``; a power of the ratio keeps one that comes from its variance.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (n, d) velocity, in inverse units of the samples.

    Raises:
        ValueError: for an unknown divergence, ``max_power`` below 1, and as ``score_difference_field`` does.

    Example:
        >>> from igm_jax.objectives import kde_drift_field
        >>> kde_drift_field([[0.0], [0.0]], [[0.0]], 1.0, "neyman").tolist()
        [[0.0], [0.0]]

    Source: Cao, Wei, Liu, Gradient Flow Drifting, arXiv 2603.10592.
    """
    checks.positive("bandwidth", bandwidth)
    ratio_power(divergence, max_power)
    options = {"corrected": corrected, "x_weights": x_weights, "y_weights": y_weights}
    difference = score_difference_field(x, y, bandwidth, leave_one_out=leave_one_out, **options)
    if leave_one_out:
        ratio = _log_ratio_of_others(x, y, bandwidth, **options)
    else:
        ratio = score_difference_witness(x, x, y, bandwidth, **options)
    return ratio_weight(divergence, ratio, max_power)[:, None] * difference


def _log_ratio_of_others(
    x: Rows, y: Rows, bandwidth: ArrayLike, corrected: bool, x_weights: Weights, y_weights: Weights
) -> OfSamples:
    """``log q̂ - log p̂`` at the samples, each left out of q̂, whose other weights are normalised again."""
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    unit = unit_of(x, y, a, b)
    x, y, width = x / unit, y / unit, jnp.asarray(bandwidth).astype(x.dtype) / unit
    rest = weight_of_others(a)
    rest = jnp.where(rest > 0, rest, 1)
    density = partial(log_density, x, bandwidth=width, corrected=corrected)
    return density(x, a, leave_out=True) - jnp.log(rest) - density(y, b)


def kde_drift_witness(
    points: Rows,
    x: Rows,
    y: Rows,
    bandwidth: ArrayLike,
    divergence: str = "reverse_kl",
    *,
    max_power: float = 100.0,
    corrected: bool = False,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, " p"]:
    """The first variation of a divergence in the model's density, both densities estimated with a Gaussian kernel.

    ``w(p) = c ((q̂/p̂)^a - 1)/a``, or ``log q̂/p̂`` for KL(q ‖ p); beyond ``(q̂/p̂)^a = max_power`` it goes on along its tangent

    The velocity of a sample is minus the gradient at it of the witness of the *other* samples, as it leaves itself out.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        bandwidth: σ > 0, in the units of the samples.
        divergence: "reverse_kl", "kl", "neyman", "pearson" or "squared_hellinger".
        max_power: the largest power of the ratio, at least 1.
        corrected: whether the logarithm of the ratio loses the bias of small minibatches, as in the field.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (p,) heights.

    Raises:
        ValueError: as ``kde_drift_field`` does.

    Example:
        >>> from igm_jax.objectives import kde_drift_witness
        >>> kde_drift_witness([[0.0]], [[0.0]], [[0.0]], 1.0, "kl").tolist()
        [-0.0]

    Source: Cao, Wei, Liu, arXiv 2603.10592.
    """
    options = {"corrected": corrected, "x_weights": x_weights, "y_weights": y_weights}
    ratio = score_difference_witness(points, x, y, bandwidth, **options)
    return ratio_witness(divergence, ratio, max_power)


@recorded
@told(later=("corrected",))
def kde_drift(
    bandwidth: ArrayLike,
    divergence: str = "reverse_kl",
    *,
    max_power: float = 100.0,
    leave_one_out: bool = True,
    corrected: bool = False,
) -> Objective:
    """The drift of a divergence between kernel density estimates as an objective.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with the field of ``kde_drift_field``; KL(q ‖ p) is ``score_difference``.

    KL(p ‖ q) moves samples most where data lack them, and leaves those alone that are far from all data; "neyman" is the
    other way round.

    Args:
        bandwidth: σ > 0, in the units of the samples.
        divergence: "reverse_kl", "kl", "neyman", "pearson" or "squared_hellinger".
        max_power: the largest power of the ratio, at least 1.
        leave_one_out: whether q̂ at a sample leaves that sample out.
        corrected: whether the score difference and the ratio lose the bias of small minibatches, see ``kde_drift_field``.

    Returns:
        The objective.

    Raises:
        ValueError: for a bandwidth that is not positive, an unknown divergence, or ``max_power`` below 1.

    Example:
        >>> import jax
        >>> from igm_jax import objectives, velocity
        >>> x, y = jax.numpy.zeros((2, 1)), jax.numpy.ones((2, 1))
        >>> velocity(objectives.kde_drift(1.0, "neyman"), jax.random.key(0), (), x, y)[0].round().tolist()  # 2 √e = 3.297
        [3.0]

    Source: Cao, Wei, Liu, Gradient Flow Drifting, arXiv 2603.10592.
    """
    checks.positive("bandwidth", bandwidth)
    ratio_power(divergence, max_power)
    options = {"bandwidth": bandwidth, "divergence": divergence, "max_power": max_power, "corrected": corrected}
    field = partial(kde_drift_field, leave_one_out=leave_one_out, **options)
    return from_velocity(field, partial(kde_drift_witness, **options))
