"""Sinkhorn drift: samples go to the barycentres of their plan to the data, minus those of their plan to themselves."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.lifts import from_velocity
from igm_jax.objectives.fields.score_difference import score_difference_field, score_difference_witness
from igm_jax.objectives.transport.sinkhorn import sinkhorn_witness
from igm_jax.records import recorded

__all__ = ["sinkhorn_drift", "sinkhorn_drift_field", "sinkhorn_drift_witness"]


def _bandwidth(epsilon: ArrayLike) -> Array:
    """The Gibbs kernel ``exp(-‖x - y‖²/ε)`` is the Gaussian kernel of bandwidth ``√(ε/2)``."""
    checks.positive("epsilon", epsilon)
    return jnp.sqrt(jnp.asarray(epsilon) / 2)


def sinkhorn_drift_field(
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    two_sided: bool = True,
    x_weights: Weights = None,
    y_weights: Weights = None,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
) -> Float[Array, "n d"]:
    """The Sinkhorn drift at the generated samples.

    ``v_i = Σ_j P_ij y_j - Σ_k Q_ik x_k``, with rows of P and Q that sum to one: those of the entropic plans from x to y and
    from x to x, under the cost ``‖x - y‖²``.

    Two-sided plans meet both marginals; then v is half of the velocity of the Sinkhorn divergence. One-sided ones are the
    kernel ``exp(-‖x - y‖²/ε)`` with rows normalised once: v is then ε/2 times the score difference at bandwidth √(ε/2), the
    drift with a Gaussian kernel and separate normalisation. A sample is among its own neighbours in both. The paper also
    takes the cost ``‖x - y‖``.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        two_sided: whether plans meet both marginals, or are one normalised kernel.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        max_iterations: stop after this many updates of the potentials, converged or not.

    Returns:
        (n, d) displacements, in the units of the samples.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import sinkhorn_drift_field
        >>> sinkhorn_drift_field([[0.0]], [[2.0]]).tolist()
        [[2.0]]

    Source: He et al., Sinkhorn-Drifting Generative Models, arXiv 2603.12366.
    """
    weights = {"x_weights": x_weights, "y_weights": y_weights}
    if not two_sided:
        sigma = _bandwidth(epsilon)
        field = score_difference_field(x, y, sigma, leave_one_out=False, **weights)
        return jnp.square(sigma).astype(field.dtype) * field
    x, y = checks.pair(x, y)
    options = {"tolerance": tolerance, "max_iterations": max_iterations, **weights}
    return -0.5 * jax.grad(lambda points: jnp.sum(sinkhorn_witness(points, x, y, epsilon, **options)))(x)


def sinkhorn_drift_witness(
    points: Rows,
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    two_sided: bool = True,
    x_weights: Weights = None,
    y_weights: Weights = None,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
) -> Float[Array, " p"]:
    """The function of which the Sinkhorn drift is minus the gradient.

    ``w(p) = ½ (f_{x→y}(p) - f_{x→x}(p))`` with the potentials f of the plans, or with soft minima of the cost if one-sided.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        two_sided: as in ``sinkhorn_drift_field``; so are the others.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: when a problem counts as solved.
        max_iterations: stop after this many.

    Returns:
        (p,) values of the witness.

    Raises:
        ValueError: as ``sinkhorn_drift_field`` does.

    Example:
        >>> from igm_jax.objectives import sinkhorn_drift_witness
        >>> low, high = sinkhorn_drift_witness([[2.0], [0.0]], [[0.0]], [[2.0]])
        >>> bool(low < high)
        True

    Source: He et al., arXiv 2603.12366; Feydy et al., arXiv 1810.08278, Section 3.2.
    """
    weights = {"x_weights": x_weights, "y_weights": y_weights}
    if not two_sided:
        sigma = _bandwidth(epsilon)
        values = score_difference_witness(points, x, y, sigma, **weights)
        return jnp.square(sigma).astype(values.dtype) * values
    options = {"tolerance": tolerance, "max_iterations": max_iterations, **weights}
    return 0.5 * sinkhorn_witness(points, x, y, epsilon, **options)


@recorded
def sinkhorn_drift(
    epsilon: ArrayLike = 0.1, *, two_sided: bool = True, tolerance: float = 1e-2, max_iterations: int = 50
) -> Objective:
    """Sinkhorn drift as an objective: the generator regresses on its samples moved along the field.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²``

    Args:
        epsilon: ε > 0, in squared units of the samples.
        two_sided: whether plans meet both marginals, or are one normalised kernel.
        tolerance: marginal error at which a batch counts as solved.
        max_iterations: stop after this many.

    Returns:
        The objective.

    Raises:
        ValueError: for ε or a tolerance that is not positive.

    Example:
        >>> import jax
        >>> from igm_jax import objectives, velocity
        >>> x = jax.numpy.zeros((1, 1))
        >>> velocity(objectives.sinkhorn_drift(), jax.random.key(0), (), x, x + 1).tolist()
        [[1.0]]

    Source: He et al., Sinkhorn-Drifting Generative Models, arXiv 2603.12366.
    """
    _bandwidth(epsilon)
    checks.positive("tolerance", tolerance)
    options = {"epsilon": epsilon, "two_sided": two_sided, "tolerance": tolerance}
    options |= {"max_iterations": checks.count("max_iterations", max_iterations)}
    return from_velocity(partial(sinkhorn_drift_field, **options), partial(sinkhorn_drift_witness, **options))
