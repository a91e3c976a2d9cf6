"""Sharp drifting: mean shifts towards the data and off the model, normalised so that the field is a gradient."""

from functools import partial

from jaxtyping import Array, Float

from igm_jax.base import Objective
from igm_jax.checks import Rows, Weights
from igm_jax.kernels.kernel import KernelLike
from igm_jax.kernels.sharp import sharp
from igm_jax.lifts import from_velocity
from igm_jax.objectives.fields.score_difference import score_difference_field, score_difference_witness, smoothing
from igm_jax.records import recorded

__all__ = ["sharp_drifting", "sharp_drifting_field", "sharp_drifting_witness"]


def sharp_drifting_field(
    x: Rows,
    y: Rows,
    kernel: KernelLike,
    *,
    leave_one_out: bool = True,
    corrected: bool = False,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, "n d"]:
    """Mean shifts of a kernel, divided by sums of its sharp kernel, at the generated samples.

    ``v_i = Σ_j b_j k(x_i, y_j) (y_j - x_i) / Σ_j b_j k#(x_i, y_j) - Σ_j a_j k(x_i, x_j) (x_j - x_i) / Σ_j a_j k#(x_i, x_j)``

    With ``k#(r) = ∫_r^∞ s k(s) ds`` this is ``∇ log p̂# - ∇ log q̂#``, densities estimated with k#. A mean shift divided by the
    sums of k itself is a gradient for the Gaussian alone, whose sharp kernel it is; then this is ``score_difference_field``.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        kernel: the kernel of the forces: Gaussian, Laplace, Matérn, or what else ``sharp`` takes.
        leave_one_out: whether q̂ at a sample leaves that sample out.
        corrected: whether the field loses the bias of small minibatches, see ``score_difference_field``.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (n, d) velocity, in inverse units of the samples.

    Raises:
        TypeError: for what is no kernel.
        ValueError: for a kernel without a sharp one, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.kernels import laplace
        >>> from igm_jax.objectives import sharp_drifting_field
        >>> sharp_drifting_field([[0.0]], [[2.0]], laplace(2.0)).tolist()  # r / τ (r + τ)
        [[0.25]]

    Source: arXiv 2604.06333.
    """
    options = {"leave_one_out": leave_one_out, "corrected": corrected}
    return score_difference_field(x, y, sharp(kernel), **options, x_weights=x_weights, y_weights=y_weights)


def sharp_drifting_witness(
    points: Rows,
    x: Rows,
    y: Rows,
    kernel: KernelLike,
    *,
    corrected: bool = False,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, " p"]:
    """The log-ratio of two density estimates with the sharp kernel: minus its gradient is the field of sharp drifting.

    ``w(p) = log q̂#(p) - log p̂#(p)``

    The velocity of a sample is minus the gradient at it of the witness of the *other* samples, as it leaves itself out.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        kernel: the kernel of the forces.
        corrected: whether both logarithms lose the bias of small minibatches.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (p,) log-ratios.

    Raises:
        TypeError: for what is no kernel.
        ValueError: as ``sharp_drifting_field`` does.

    Example:
        >>> from igm_jax.kernels import laplace
        >>> from igm_jax.objectives import sharp_drifting_witness
        >>> round(float(sharp_drifting_witness([[0.0]], [[0.0]], [[2.0]], laplace(2.0))[0]), 4)  # 1 - log 2
        0.3069

    Source: arXiv 2604.06333.
    """
    options = {"corrected": corrected, "x_weights": x_weights, "y_weights": y_weights}
    return score_difference_witness(points, x, y, sharp(kernel), **options)


@recorded
def sharp_drifting(kernel: KernelLike, *, leave_one_out: bool = True, corrected: bool = False) -> Objective:
    """Sharp drifting as an objective: the generator regresses on its samples moved along the field.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with the field of ``sharp_drifting_field``.

    Args:
        kernel: the kernel of the forces: Gaussian, Laplace, Matérn, or what else ``sharp`` takes.
        leave_one_out: whether q̂ at a sample leaves that sample out.
        corrected: whether the field loses the bias of small minibatches.

    Returns:
        The objective.

    Raises:
        TypeError: for what is no kernel.
        ValueError: for a kernel without a sharp one, with the reason.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives, velocity
        >>> x = jax.numpy.zeros((1, 1))
        >>> velocity(objectives.sharp_drifting(kernels.laplace(2.0)), jax.random.key(0), (), x, x + 2).tolist()
        [[0.25]]

    Source: arXiv 2604.06333.
    """
    smoothing(sharp(kernel))
    field = partial(sharp_drifting_field, kernel=kernel, leave_one_out=leave_one_out, corrected=corrected)
    return from_velocity(field, partial(sharp_drifting_witness, kernel=kernel, corrected=corrected))
