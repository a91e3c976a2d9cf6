"""Sinkhorn divergence: debiased entropic optimal transport, solved in the log domain."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective, stateless
from igm_jax.checks import ArrayLike
from igm_jax.pairwise import squared_distances
from igm_jax.pairwise.costs import Pairs
from igm_jax.pairwise.reductions import soft_minimum, weighted_mean
from igm_jax.pairwise.scaling import Potentials, solve, solve_symmetric


def _checked(
    x: ArrayLike, y: ArrayLike, epsilon: ArrayLike, x_weights, y_weights, tolerance: float, max_iterations: int
):
    x, y = checks.pair(x, y)
    checks.positive("epsilon", epsilon)
    checks.positive("tolerance", tolerance)
    checks.count("max_iterations", max_iterations)
    dtype = checks.at_least_single(x.dtype)
    x, y = x.astype(dtype), y.astype(dtype)
    a, b = checks.weights("x_weights", x_weights, x), checks.weights("y_weights", y_weights, y)
    return x, y, jnp.asarray(epsilon).astype(dtype), a, b


def sinkhorn_potentials(
    x: ArrayLike,
    y: ArrayLike,
    epsilon: ArrayLike,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
) -> Potentials:
    """Dual potentials of entropic optimal transport with the cost ``‖x - y‖²``.

    ``f_i = -ε log Σ_j b_j exp((g_j - ‖x_i - y_j‖²)/ε)`` and the same for g, iterated in the log domain down a schedule of ε.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        max_iterations: stop after this many, converged or not: look at ``marginal_error``.

    Returns:
        ``Potentials(f, g, marginal_error, iterations)``. No gradient flows through them.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax.objectives import sinkhorn_potentials
        >>> bool(sinkhorn_potentials([[0.0], [1.0]], [[2.0], [3.0]], 0.5).marginal_error < 1e-3)
        True

    Source: Cuturi, arXiv 1306.0895; Peyré and Cuturi, Computational Optimal Transport, Section 4.4.
    """
    x, y, epsilon, a, b = jax.lax.stop_gradient(
        _checked(x, y, epsilon, x_weights, y_weights, tolerance, max_iterations)
    )
    return solve(squared_distances(x, y), a, b, epsilon, tolerance, max_iterations)


class _Problem(NamedTuple):
    """The three solved problems behind one divergence: x to y, x to itself, y to itself."""

    between: Potentials
    within_x: Potentials
    within_y: Potentials


@partial(jax.jit, static_argnames=("tolerance", "max_iterations"))
def _solved(
    x: Array, y: Array, epsilon: Array, a: Array, b: Array, *, tolerance: float, max_iterations: int
) -> _Problem:
    x, y, epsilon, a, b = jax.lax.stop_gradient((x, y, epsilon, a, b))
    options = (epsilon, tolerance, max_iterations)
    return _Problem(
        solve(Pairs(x, y).squared, a, b, *options),
        solve_symmetric(Pairs(x, x).squared, a, *options),
        solve_symmetric(Pairs(y, y).squared, b, *options),
    )


def _extended(points: Array, y: Array, g: Array, b: Array, epsilon: Array) -> Array:
    """The potential at any point, from the other side's: differentiable in the point, the rest held fixed."""
    y, g, b = jax.lax.stop_gradient((y, g, b))
    return soft_minimum(Pairs(points, y).squared, g, jnp.log(b), epsilon)


def _value(problem: _Problem, x: Array, y: Array, epsilon: Array, a: Array, b: Array) -> Array:
    """The divergence, with its envelope gradient: potentials are held fixed, each sample moves in its own potential.

    The derivative in x comes from the row-normalised plan and that in y from the column-normalised one, so neither is
    biased by the marginal error of the other side.
    """
    fixed = jax.lax.stop_gradient
    between, within_x, within_y = problem
    # Each problem is seen from its two sides, and each would claim the whole derivative in ε: they share it.
    shared = (epsilon + fixed(epsilon)) / 2
    f = _extended(x, y, between.g, b, shared) - _extended(x, x, within_x.g, a, shared)
    g = _extended(y, x, between.f, a, shared) - _extended(y, y, within_y.g, b, shared)
    # A value bounded by duality, ⟨a, f⟩ + ⟨b, g⟩ with f the last update, errs in second order of the marginal error.
    f_value = fixed(between.f - (within_x.f + within_x.g) / 2)
    g_value = fixed(between.g - (within_y.f + within_y.g) / 2)
    return weighted_mean(f_value + (f - fixed(f)), a) + weighted_mean(g_value + (g - fixed(g)), b)


def sinkhorn_divergence(
    x: ArrayLike,
    y: ArrayLike,
    epsilon: ArrayLike = 0.1,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
) -> Float[Array, ""]:
    """The Sinkhorn divergence of two weighted samples.

    ``S_ε(x, y) = OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y)``, with
    ``OT_ε = min_π Σ π_ij ‖x_i - y_j‖² + ε KL(π ‖ a⊗b)``.

    Tends to W2² as ε → 0 and to the squared distance of the means as ε → ∞. OTT at the same ε gives the same number;
    GeomLoss with ``blur = √(ε/2)`` gives half of it. The gradient is that of the envelope theorem, in x, y, the weights and ε;
    second derivatives are not those of the divergence.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        max_iterations: stop after this many, converged or not; ``sinkhorn_potentials`` tells.

    Returns:
        Scalar, in squared units of the samples.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes, non-finite numbers, or bad weights.

    Example:
        >>> from igm_jax import sinkhorn_divergence
        >>> round(float(sinkhorn_divergence([[0.0], [1.0]], [[2.0], [3.0]], epsilon=0.1)), 3)
        4.0

    Source: Genevay et al., arXiv 1706.00292; Feydy et al., arXiv 1810.08278, Eq. 3.
    """
    samples = _checked(x, y, epsilon, x_weights, y_weights, tolerance, max_iterations)
    problem = _solved(*samples, tolerance=tolerance, max_iterations=max_iterations)
    return _value(problem, *samples)


def sinkhorn_witness(
    points: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    epsilon: ArrayLike = 0.1,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
) -> Float[Array, " p"]:
    """The first variation of the Sinkhorn divergence in the distribution of ``x``.

    ``w(p) = f_{x→y}(p) - f_{x→x}(p)``, the potentials extended to any point by their soft minimum.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        tolerance: as in ``sinkhorn_divergence``.
        max_iterations: as in ``sinkhorn_divergence``.

    Returns:
        (p,) heights.

    Raises:
        ValueError: as ``sinkhorn_divergence`` does.

    Example:
        >>> from igm_jax.objectives import sinkhorn_witness
        >>> low, high = sinkhorn_witness([[2.0], [0.0]], [[0.0]], [[2.0]])
        >>> bool(low < high)
        True

    Source: Feydy et al., arXiv 1810.08278, Eq. 28 and Section 3.2.
    """
    x, y, epsilon, a, b = _checked(x, y, epsilon, x_weights, y_weights, tolerance, max_iterations)
    points, _ = checks.pair(points, y, names=("points", "y"))
    problem = _solved(x, y, epsilon, a, b, tolerance=tolerance, max_iterations=max_iterations)
    return _extended(points, y, problem.between.g, b, epsilon) - _extended(points, x, problem.within_x.g, a, epsilon)


def sinkhorn(epsilon: ArrayLike = 0.1, *, tolerance: float = 1e-2, max_iterations: int = 50) -> Objective:
    """Sinkhorn divergence as an objective; nothing is learned.

    ``loss = OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y)``

    Args:
        epsilon: ε > 0, in squared units of the samples.
        tolerance: marginal error at which a batch counts as solved; training needs less than a reported number does.
        max_iterations: stop after this many.

    Returns:
        The objective.

    Raises:
        ValueError: for ε or a tolerance that is not positive.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import sinkhorn
        >>> objective = sinkhorn(epsilon=0.1)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 8, 3))
        >>> bool(objective.loss(jax.random.key(2), (), x, y) > 0)
        True

    Source: Genevay et al., Learning Generative Models with Sinkhorn Divergences, arXiv 1706.00292.
    """
    checks.positive("epsilon", epsilon)
    checks.positive("tolerance", tolerance)
    options = {
        "epsilon": epsilon,
        "tolerance": tolerance,
        "max_iterations": checks.count("max_iterations", max_iterations),
    }
    return stateless(partial(sinkhorn_divergence, **options), partial(sinkhorn_witness, **options))
