"""Sinkhorn's barycentric map: where the entropic plan sends each point on average, also points that it was not solved for."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.objectives.transport.inputs import transport_problem
from igm_jax.objectives.transport.sinkhorn import sinkhorn_potentials
from igm_jax.pairwise.transport.potentials import plan_means

__all__ = ["entropic_map"]


def entropic_map(
    points: Rows,
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    x_weights: Weights = None,
    y_weights: Weights = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
) -> Float[Array, "p d"]:
    """The entropic map from the law of ``x`` to that of ``y``, at any points: means of data under the plan of transport.

    ``T(p) = Σ_j q_j(p) y_j``,  ``q_j(p) ∝ b_j exp((g_j - ‖p - y_j‖²)/ε)``, g the potential of y; it is ``p - ½ ∇f(p)``.

    It tends to the map of optimal transport as ε → 0 and the samples grow in number; at any ε it is a mean of data, and so never
    leaves their hull: of images it gives averages. At the samples themselves it is the barycentric projection of the plan.

    Args:
        points: (p, d) where to evaluate, seen or not.
        x: (n, d) samples of the source.
        y: (m, d) samples of the target, in any other number.
        epsilon: ε > 0, in squared units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: stop when the marginal error is below it; 1e-4 if None.
        max_iterations: stop after this many; 1000 if None.

    Returns:
        (p, d) images of the points; no derivative flows through them.

    Raises:
        ValueError: for an ε or tolerance that is not positive, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import entropic_map
        >>> entropic_map([[0.1]], [[0.0], [1.0]], [[5.0], [7.0]], 0.01).round(2).tolist()
        [[5.0]]

    Source: Pooladian and Niles-Weed, Entropic estimation of optimal transport maps, arXiv 2109.12004, Eq. 8.
    """
    problem = jax.lax.stop_gradient(transport_problem(x, y, epsilon, x_weights, y_weights, None))
    places, _ = checks.pair(jax.lax.stop_gradient(jnp.asarray(points)), problem.y, names=("points", "y"))
    weights = {"x_weights": x_weights, "y_weights": y_weights}
    solved = sinkhorn_potentials(
        problem.x, problem.y, epsilon, tolerance=tolerance, max_iterations=max_iterations, **weights
    )
    return plan_means(places, problem.y, solved.g, problem.b, problem.epsilon)
