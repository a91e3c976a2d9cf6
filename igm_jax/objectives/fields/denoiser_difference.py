"""The score difference in its denoiser form: what noise is taken off by a denoiser of the data, less by one of the model."""

from collections.abc import Callable
from functools import partial

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.pairs import unit_of
from igm_jax.lifts import from_velocity
from igm_jax.pairwise.reductions import soft_barycentres
from igm_jax.records import recorded

__all__ = ["denoiser_difference", "denoiser_difference_field", "kernel_denoiser"]

Denoiser = Callable[[Array, Array, Array], Array]
"""``(points, samples, sigma) -> (p, d)``: the mean of what was there before noise of standard deviation sigma, given the points.

``samples`` are the minibatch of the distribution at hand; a denoiser that was trained before does not look at them.
"""


def kernel_denoiser(
    points: Rows, samples: Rows, sigma: ArrayLike, *, leave_one_out: bool = False, weights: Weights = None
) -> Float[Array, "p d"]:
    """The exact denoiser of a weighted sample: the mean of the samples, given a noisy one of them.

    ``D(p) = Σ_j w_j k(p, s_j) s_j / Σ_j w_j k(p, s_j)`` with the Gaussian kernel k of bandwidth σ

    Args:
        points: (p, d) noisy samples.
        samples: (n, d) clean ones.
        sigma: σ > 0, the noise's standard deviation, in the units of the samples.
        leave_one_out: whether the points are the samples and each leaves itself out; a lone one then stays where it is.
        weights: (n,) non-negative weights, normalised here; uniform if None.

    Returns:
        (p, d) clean samples, in the mean.

    Raises:
        ValueError: for noise that is not positive, wrong shapes, non-finite numbers, bad weights, or points that cannot be
            the samples where one is left out.

    Example:
        >>> from igm_jax.objectives import kernel_denoiser
        >>> kernel_denoiser([[0.0]], [[-1.0], [1.0]], 1.0).tolist()
        [[0.0]]

    Source: Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models, arXiv 2206.00364, Appendix B.
    """
    checks.positive("sigma", sigma)
    points, samples = checks.pair(points, samples, names=("points", "samples"))
    if leave_one_out and len(points) != len(samples):
        raise ValueError(
            f"with `leave_one_out` the points are the samples, but there are {len(points)} points and {len(samples)} samples"
        )
    w = checks.weights("weights", weights, samples)
    unit = unit_of(points, samples, b=w)
    width = jnp.asarray(sigma).astype(points.dtype) / unit
    return points + unit * soft_barycentres(points / unit, samples / unit, w, width, leave_out=leave_one_out)


def denoiser_difference_field(
    points: Rows,
    x: Rows,
    y: Rows,
    sigma: ArrayLike,
    *,
    data: Denoiser = kernel_denoiser,
    model: Denoiser = kernel_denoiser,
) -> Float[Array, "p d"]:
    """The difference of the scores of data and model, both with noise, from their denoisers.

    ``v(p) = (D_p(p; σ) - D_q(p; σ)) / σ²``, since ``∇ log p_σ = (D_p - id) / σ²`` (Tweedie)

    With two kernel denoisers it is the field of ``score_difference_field``.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples, handed to the model's denoiser.
        y: (m, d) data, handed to that of the data.
        sigma: σ > 0, the noise's standard deviation, in the units of the samples.
        data: ``(points, samples, sigma) -> (p, d)``, the denoiser of the data.
        model: the same of the model.

    Returns:
        (p, d) velocity, in inverse units of the samples.

    Raises:
        TypeError: for denoisers that are not functions.
        ValueError: for noise that is not positive, wrong shapes, non-finite numbers, or denoisers of another shape.

    Example:
        >>> from igm_jax.objectives import denoiser_difference_field
        >>> denoiser_difference_field([[0.0]], [[0.5]], [[2.0]], 1.0).tolist()
        [[1.5]]

    Source: Weber, The Score-Difference Flow for Implicit Generative Modeling, arXiv 2304.12906.
    """
    checks.positive("sigma", sigma)
    x, y = checks.pair(x, y)
    points, _ = checks.pair(points, y, names=("points", "y"))
    sigma = jnp.asarray(sigma).astype(points.dtype)
    functions.is_function("data", data), functions.is_function("model", model)
    of_data = functions.field("data", lambda points: data(points, y, sigma), points)
    of_model = functions.field("model", lambda points: model(points, x, sigma), points)
    unit = unit_of(x, y)
    return (of_data - of_model) / unit / jnp.square(sigma / unit) / unit


_OF_OTHERS = partial(kernel_denoiser, leave_one_out=True)


@recorded
def denoiser_difference(sigma: ArrayLike, data: Denoiser = kernel_denoiser, model: Denoiser = _OF_OTHERS) -> Objective:
    """The score difference between two denoisers as an objective: given ones, e.g. a diffusion model's for the data.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with ``v = (D_p - D_q) / σ²`` at the samples

    With the defaults, kernel denoisers of which the model's leaves a sample out, it is ``score_difference(sigma)``. To learn
    both along the way is ``learned_score_difference``.

    Args:
        sigma: σ > 0, the noise's standard deviation, in the units of the samples.
        data: ``(points, samples, sigma) -> (p, d)``, the denoiser of the data; ``samples`` are the minibatch of data.
        model: the same of the model; ``samples`` are the generated ones.

    Returns:
        The objective. Its witness raises an error: a denoiser need not be a gradient.

    Raises:
        TypeError: for denoisers that are not functions.
        ValueError: for noise that is not positive.

    Example:
        >>> import jax
        >>> from igm_jax import objectives, velocity
        >>> to_zero = lambda points, samples, sigma: 0 * points  # of data that are all zero
        >>> x = jax.numpy.array([[1.0]])
        >>> velocity(objectives.denoiser_difference(1.0, data=to_zero), jax.random.key(0), (), x, x).tolist()
        [[-1.0]]

    Source: Weber, arXiv 2304.12906; with two diffusion models, Yin et al., Distribution Matching Distillation, arXiv 2311.18828.
    """
    checks.positive("sigma", sigma)
    functions.is_function("data", data), functions.is_function("model", model)

    def field(x: Array, y: Array) -> Array:
        return denoiser_difference_field(x, x, y, sigma, data=data, model=model)

    return from_velocity(field, reason="a denoiser's displacement need not be a gradient")
