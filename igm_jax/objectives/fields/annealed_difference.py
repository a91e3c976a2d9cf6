"""Annealed score difference: the field is taken at samples with noise, and the noise falls as training goes on."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from igm_jax import checks, functions
from igm_jax.base import Info, Key, Objective, regression
from igm_jax.checks import Scalar
from igm_jax.lifts import no_witness, of_arrays
from igm_jax.objectives.fields.denoiser_difference import Denoiser, denoiser_difference_field, kernel_denoiser
from igm_jax.records import recorded

__all__ = ["annealed_difference"]


class Annealing(NamedTuple):
    """How many updates were made: what the noise depends on."""

    step: Int[Array, ""]


@recorded
def annealed_difference(
    start: float, end: float, steps: int, *, data: Denoiser = kernel_denoiser, model: Denoiser = kernel_denoiser
) -> Objective:
    """The score difference at noisy samples, for noise that falls from one level to another.

    ``v_i = D_p(x_i + σε_i; σ) - D_q(x_i + σε_i; σ)`` with ``ε_i ~ N(0, I)`` and ``σ = start (end/start)^min(t/steps, 1)``

    In the mean over ε, and with kernel denoisers, it is ``-n σ² ∂KL(q̂_σ ‖ p̂_σ)/∂x_i``: the gradient of the divergence of the
    two smoothed samples, a sample's own kernel included. The factor σ² puts it in the units of the samples, so that one
    learning rate serves all levels; ``score_difference`` is without.

    Args:
        start: the first σ > 0, in the units of the samples: as wide as the gap between data and samples.
        end: the last: as fine as what should be seen of the data.
        steps: updates from one to the other, of the objective.
        data: ``(points, samples, sigma) -> (p, d)``, the denoiser of the data.
        model: the same of the model.

    Returns:
        The objective; ``update`` reports ``sigma``. Its witness raises an error: it would have to be averaged over the noise.

    Raises:
        TypeError: for denoisers that are not functions, or steps that are not an integer.
        ValueError: for levels that are not positive, or no steps.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import annealed_difference
        >>> objective = annealed_difference(2.0, 0.5, 2)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> state = objective.init(jax.random.key(1), x)
        >>> for _ in range(3):
        ...     state, info = objective.update(jax.random.key(2), state, x, y)
        >>> float(info["sigma"])
        0.5

    Source: Weber, The Score-Difference Flow for Implicit Generative Modeling, arXiv 2304.12906.
    """
    checks.positive("start", start), checks.positive("end", end), checks.count("steps", steps)
    functions.is_function("data", data), functions.is_function("model", model)

    def level(state: Annealing, x: Array) -> Scalar:
        dtype = checks.at_least_single(x.dtype)
        share = jnp.minimum(state.step.astype(dtype) / steps, 1)
        return jnp.asarray(start, dtype) * jnp.asarray(end / start, dtype) ** share

    def init(key: Key, x: Array) -> Annealing:
        del key, x
        return Annealing(jnp.zeros((), jnp.int32))

    def update(key: Key, state: Annealing, x: Array, y: Array) -> tuple[Annealing, Info]:
        del key, y
        return Annealing(state.step + 1), {"sigma": level(state, x)}

    def loss(key: Key, state: Annealing, x: Array, y: Array) -> Array:
        x, y = checks.pair(x, y)
        sigma, fixed = level(state, x).astype(x.dtype), jax.lax.stop_gradient(x)
        noisy = fixed + sigma * jax.random.normal(key, x.shape, x.dtype)
        v = denoiser_difference_field(noisy, fixed, y, sigma, data=data, model=model)
        return regression(x, jnp.square(sigma) * v)

    return of_arrays(init, update, loss, no_witness("the witness of noisy samples is a mean over the noise"))
