"""Score difference: the gap between the scores of the data and of the model, both smoothed by one kernel."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.forms import Gaussian, Radial
from igm_jax.kernels.kernel import Kernel, measured
from igm_jax.kernels.logs import density_of
from igm_jax.kernels.pairs import unit_of
from igm_jax.lifts import from_velocity
from igm_jax.pairwise.log_sums import log_sums
from igm_jax.pairwise.reductions import log_density, soft_barycentres
from igm_jax.records import recorded, told

__all__ = ["score_difference", "score_difference_field", "score_difference_witness"]


Smoothing = ArrayLike | Kernel
"""The width of a Gaussian, or a positive kernel of the distance."""


def smoothing(bandwidth: Smoothing) -> Smoothing:
    """The same, checked; a Gaussian kernel is its width."""
    if not isinstance(bandwidth, Kernel):
        checks.positive("bandwidth", bandwidth)
        return bandwidth
    form, parameters = density_of(bandwidth)
    return parameters[0] if isinstance(form, Gaussian) else bandwidth


class _Checked(NamedTuple):
    """Samples in a unit of length, with the width of a Gaussian or another kernel in it."""

    points: Array
    x: Array
    y: Array
    smoothing: Array | Radial
    a: Array
    b: Array
    unit: Array | float


def _checked(points: Rows, x: Rows, y: Rows, bandwidth: Smoothing, x_weights: Weights, y_weights: Weights) -> _Checked:
    bandwidth = smoothing(bandwidth)
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    points, _ = checks.pair(points, y, names=("points", "y"))
    if isinstance(bandwidth, Kernel):
        kernel, _, x, y, unit = measured(bandwidth, x, y, a, b)
        return _Checked(points.astype(x.dtype) / unit, x, y, density_of(kernel), a, b, unit)
    unit = unit_of(x, y, a, b)
    width = jnp.asarray(bandwidth).astype(x.dtype) / unit
    return _Checked(points.astype(x.dtype) / unit, x / unit, y / unit, width, a, b, unit)


def score_difference_field(
    x: Rows,
    y: Rows,
    bandwidth: Smoothing,
    *,
    leave_one_out: bool = True,
    corrected: bool = False,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, "n d"]:
    """The difference of the scores of two kernel density estimates, at the generated samples.

    ``v_i = ∇ log p̂_σ(x_i) - ∇ log q̂_σ(x_i) = (D_p(x_i) - D_q(x_i)) / σ²``, where
    ``D_p(x) = Σ_j b_j k(x, y_j) y_j / Σ_j b_j k(x, y_j)`` is the denoiser of the data, k the Gaussian kernel of bandwidth σ.
    Of another kernel it is ``∇ log Σ_j b_j k(x_i, y_j) - ∇ log Σ_j a_j k(x_i, x_j)``.

    Moving along it descends KL(q_σ ‖ p_σ). A sample's own kernel would hold it where it is, so q̂ leaves it out; a lone
    sample then has no q̂ and is only attracted.

    The mean field of minibatches is not that of all data: ``D = Σ_j α_j y_j`` misses it by ``-Σ_j α_j² (y_j - D)``, of order
    1/n. ``corrected`` gives that back, by the shares ``α_j (1 - Σ α² + α_j)``, and leaves an error of order 1/n². A weight of two
    then is one sample that counts double, and not two samples.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        bandwidth: σ > 0, in the units of the samples; or a positive kernel of the distance, such as ``laplace(1.0)``. All is
            taken in logarithms, so that far samples have scores; of a kernel of one's own, a sample has none where it is zero.
        leave_one_out: whether q̂ at a sample leaves that sample out.
        corrected: whether both denoisers lose the bias that a small minibatch gives them.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (n, d) velocity, in inverse units of the samples.

    Raises:
        ValueError: for a bandwidth that is not positive, a kernel that is not positive or no function of the distance, wrong
            shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import score_difference_field
        >>> score_difference_field([[0.0]], [[2.0]], bandwidth=1.0).tolist()
        [[2.0]]

    Source: Weber, The Score-Difference Flow for Implicit Generative Modeling, arXiv 2304.12906; the correction,
    arXiv 2604.27239; other kernels, arXiv 2605.10727.
    """
    _, x, y, kernel, a, b, unit = _checked(x, x, y, bandwidth, x_weights, y_weights)
    if isinstance(kernel, Radial):
        of_data = log_sums(kernel, x, y, b, corrected=corrected)
        of_model = log_sums(kernel, x, x, a, leave_out=leave_one_out, corrected=corrected)
        return (of_data.scores - of_model.scores) / unit
    towards_data = soft_barycentres(x, y, b, kernel, corrected=corrected)
    towards_model = soft_barycentres(x, x, a, kernel, leave_out=leave_one_out, corrected=corrected)
    return (towards_data - towards_model) / jnp.square(kernel) / unit


def score_difference_witness(
    points: Rows,
    x: Rows,
    y: Rows,
    bandwidth: Smoothing,
    *,
    corrected: bool = False,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, " p"]:
    """The log-ratio of two kernel density estimates: minus its gradient is the score difference.

    ``w(p) = log q̂_σ(p) - log p̂_σ(p)``

    The velocity of a sample is minus the gradient at it of the witness of the *other* samples, as it leaves itself out. The
    corrected field is a gradient, too: that of ``log p̂ + ½ (Σ α² - 1/m)``, which is the logarithm without its bias of order 1/n.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        bandwidth: σ > 0, in the units of the samples, or a positive kernel of the distance.
        corrected: whether both logarithms lose the bias that a small minibatch gives them.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (p,) log-ratios.

    Raises:
        ValueError: as ``score_difference_field`` does.

    Example:
        >>> from igm_jax.objectives import score_difference_witness
        >>> score_difference_witness([[0.0]], [[0.0]], [[2.0]], bandwidth=1.0).tolist()
        [2.0]

    Source: Weber, arXiv 2304.12906.
    """
    points, x, y, kernel, a, b, _ = _checked(points, x, y, bandwidth, x_weights, y_weights)
    if isinstance(kernel, Radial):
        sums = partial(log_sums, kernel, points, corrected=corrected)
        return sums(x, a).logs - sums(y, b).logs
    density = partial(log_density, points, bandwidth=kernel, corrected=corrected)
    return density(x, a) - density(y, b)


@recorded
@told(later=("corrected",))
def score_difference(bandwidth: Smoothing, *, leave_one_out: bool = True, corrected: bool = False) -> Objective:
    """Score difference as an objective: the generator regresses on its samples moved along the field.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with ``v = ∇ log p̂_σ - ∇ log q̂_σ``.

    Args:
        bandwidth: σ > 0, in the units of the samples, or a positive kernel of the distance.
        leave_one_out: whether q̂ at a sample leaves that sample out.
        corrected: whether the field loses the bias of small minibatches, see ``score_difference_field``.

    Returns:
        The objective.

    Raises:
        ValueError: for a bandwidth that is not positive, or a kernel that is no density.

    Example:
        >>> import jax
        >>> from igm_jax import objectives, velocity
        >>> x = jax.numpy.zeros((1, 1))
        >>> velocity(objectives.score_difference(1.0), jax.random.key(0), (), x, x + 1).tolist()
        [[1.0]]

    Source: Weber, The Score-Difference Flow for Implicit Generative Modeling, arXiv 2304.12906.
    """
    smoothing(bandwidth)
    field = partial(score_difference_field, bandwidth=bandwidth, leave_one_out=leave_one_out, corrected=corrected)
    return from_velocity(field, partial(score_difference_witness, bandwidth=bandwidth, corrected=corrected))
