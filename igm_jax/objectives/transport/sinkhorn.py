"""Sinkhorn divergence: debiased entropic optimal transport, balanced or with penalised marginals."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows, Scalar, Weights
from igm_jax.kernels.points import OfPoints
from igm_jax.lifts import stateless
from igm_jax.objectives.transport.inputs import chosen_solver, solver_of_a_cost, starting_potentials, transport_problem
from igm_jax.pairwise.transport.any_cost import cost_divergence, cost_potentials, cost_witness
from igm_jax.pairwise.transport.divergence import divergence
from igm_jax.pairwise.transport.potentials import extended, potentials, potentials_within
from igm_jax.pairwise.transport.problem import Potentials
from igm_jax.pairwise.transport.solvers import (
    TRAINING,
    Solver,
    check_solver,
    default_solver,
    fixed_sweeps,
    scalings,
    solver_options,
    sweeps,
)
from igm_jax.records import recorded

__all__ = [
    "Potentials",
    "default_solver",
    "fixed_sweeps",
    "scalings",
    "sinkhorn",
    "sinkhorn_divergence",
    "sinkhorn_potentials",
    "sinkhorn_witness",
    "sweeps",
]


def sinkhorn_potentials(
    x: Rows,
    y: Rows,
    epsilon: ArrayLike,
    *,
    x_weights: Weights = None,
    y_weights: Weights = None,
    rho: ArrayLike | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
    start: Potentials | None = None,
    cost: OfPoints | None = None,
) -> Potentials:
    """Dual potentials of entropic optimal transport with the cost ``‖x - y‖²``.

    ``f_i = -ε log Σ_j b_j exp((g_j - ‖x_i - y_j‖²)/ε)`` and the same for g, iterated in the log domain down a schedule of ε.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.
        rho: ρ > 0, in squared units of the samples: marginals are penalised by ρ KL, not met, and weights are masses, not
            normalised. None for balanced transport, the limit ρ → ∞.
        tolerance: stop when the marginal error is below it, or below what the float type can resolve; 1e-4 if None.
        max_iterations: stop after this many, converged or not; 1000 if None.
        solver: which algorithm runs and when it stops, in place of these two, such as ``sweeps()``; ``default_solver`` if None.
        start: potentials of x against y to start from, such as those before the samples moved a little. Those that are carried
            through a loop keep one type if the first come from ``sweeps()``, too.
        cost: ``(x (d,), y (d,)) -> scalar``, symmetric, in place of ‖x - y‖², whose units ε then has; it may close over traced
            numbers. Its n × m matrix is kept, and ``scalings`` solve. A root needs ``igm_jax.kernels.pairs.safe_sqrt``.

    Returns:
        ``Potentials(f, g, marginal_error, iterations, solver)``, which say what ran, how often potentials were updated and how
        far they are from solving. No gradient flows through them.

    Raises:
        ValueError: for ε or a tolerance that is not positive, wrong shapes, non-finite numbers, bad weights, a solver that does
            not serve, a tolerance beside a solver, or ρ or potentials to start from beside a cost.

    Example:
        >>> from igm_jax.objectives import sinkhorn_potentials
        >>> bool(sinkhorn_potentials([[0.0], [1.0]], [[2.0], [3.0]], 0.5).marginal_error < 1e-3)
        True

    Source: Cuturi, arXiv 1306.0895; Peyré and Cuturi, Computational Optimal Transport, Section 4.4.
    """
    options = solver_options(solver, tolerance, max_iterations)
    problem = jax.lax.stop_gradient(transport_problem(x, y, epsilon, x_weights, y_weights, rho))
    if cost is not None:
        return cost_potentials(solver_of_a_cost(cost, options, rho, start), cost, problem)
    begin = starting_potentials(start, problem)
    return potentials(chosen_solver(problem, begin, options), problem, begin)


def sinkhorn_divergence(
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    x_weights: Weights = None,
    y_weights: Weights = None,
    rho: ArrayLike | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
    start: Potentials | None = None,
    cost: OfPoints | None = None,
) -> Scalar:
    """The Sinkhorn divergence of two weighted samples.

    ``S_ε(x, y) = OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y)``, with
    ``OT_ε = min_π Σ π_ij ‖x_i - y_j‖² + ε KL(π ‖ a⊗b)``.

    Tends to W2² as ε → 0 and to the squared distance of the means as ε → ∞. OTT at the same ε gives the same number;
    GeomLoss with ``blur = √(ε/2)`` gives half of it. The gradient is that of the envelope theorem, in x, y, the weights, ε and ρ;
    second derivatives raise ``NotImplementedError``.

    With ``rho``, OT_ε adds ``ρ KL(π1 ‖ a) + ρ KL(πᵀ1 ‖ b)`` and need not meet the marginals, and ``ε/2 (Σa - Σb)²`` is added.

    Args:
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        x_weights, y_weights, rho, tolerance, max_iterations, solver, start, cost: as in ``sinkhorn_potentials``.

    Returns:
        Scalar, in squared units of the samples.

    Raises:
        ValueError: as ``sinkhorn_potentials`` does.

    Example:
        >>> from igm_jax import sinkhorn_divergence
        >>> round(float(sinkhorn_divergence([[0.0], [1.0]], [[2.0], [3.0]], epsilon=0.1)), 3)
        4.0

    Source: Genevay et al., arXiv 1706.00292; Feydy et al., arXiv 1810.08278, Eq. 3;
        Séjourné et al., arXiv 1910.12958, for ρ.
    """
    options = solver_options(solver, tolerance, max_iterations)
    problem = transport_problem(x, y, epsilon, x_weights, y_weights, rho)
    if cost is not None:
        return cost_divergence(solver_of_a_cost(cost, options, rho, start), cost, problem)
    begin = starting_potentials(start, problem)
    return divergence(chosen_solver(problem, begin, options), problem, begin)


def sinkhorn_witness(
    points: Rows,
    x: Rows,
    y: Rows,
    epsilon: ArrayLike = 0.1,
    *,
    x_weights: Weights = None,
    y_weights: Weights = None,
    rho: ArrayLike | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
    start: Potentials | None = None,
    cost: OfPoints | None = None,
) -> Float[Array, " p"]:
    """The first variation of the Sinkhorn divergence in the distribution of ``x``.

    ``w(p) = f_{x→y}(p) - f_{x→x}(p)``, the potentials extended to any point by their soft minimum.

    Args:
        points: (p, d) where to evaluate.
        x: (n, d) generated samples.
        y: (m, d) data.
        epsilon: ε > 0, in squared units of the samples.
        x_weights, y_weights, rho, tolerance, max_iterations, solver, start, cost: as in ``sinkhorn_potentials``.

    Returns:
        (p,) values of the witness.

    Raises:
        ValueError: as ``sinkhorn_potentials`` does.

    Example:
        >>> from igm_jax.objectives import sinkhorn_witness
        >>> low, high = sinkhorn_witness([[2.0], [0.0]], [[0.0]], [[2.0]])
        >>> bool(low < high)
        True

    Source: Feydy et al., arXiv 1810.08278, Eq. 28 and Section 3.2.
    """
    options = solver_options(solver, tolerance, max_iterations)
    problem = transport_problem(x, y, epsilon, x_weights, y_weights, rho)
    points, _ = checks.pair(points, problem.y, names=("points", "y"))
    x, y, a, b, epsilon, rho = problem = jax.lax.stop_gradient(problem)
    if cost is not None:
        return cost_witness(solver_of_a_cost(cost, options, rho, start), cost, points, problem)
    begin = starting_potentials(start, problem)
    runs = chosen_solver(problem, begin, options)
    g = potentials(runs, problem, begin).g
    within = potentials_within(runs, x, a, epsilon, rho)
    towards = extended(points, y, g, b, epsilon, rho)
    return _price(towards, epsilon, rho) - _price(extended(points, x, within, a, epsilon, rho), epsilon, rho)


def _price(potential: Array, epsilon: Array, rho: Array | None) -> Array:
    """What one more unit of mass costs at a potential."""
    return potential if rho is None else -(rho + epsilon) * jnp.expm1(-potential / rho)


@recorded
def sinkhorn(
    epsilon: ArrayLike = 0.1,
    *,
    rho: ArrayLike | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    solver: Solver | None = None,
    cost: OfPoints | None = None,
) -> Objective:
    """Sinkhorn divergence as an objective; nothing is learned.

    ``loss = OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y)``

    Args:
        epsilon: ε > 0, in squared units of the samples.
        rho: strength of the penalty on marginals, or None where they must be met; as in ``sinkhorn_divergence``.
        tolerance: marginal error at which a batch counts as solved; 1e-2 if None, as training needs less than a reported number.
        max_iterations: stop after this many; 50 if None.
        solver: which algorithm runs and when it stops, in place of these two; ``default_solver`` if None.
        cost: a function of two points in place of ‖x - y‖², as in ``sinkhorn_potentials``.

    Returns:
        The objective.

    Raises:
        ValueError: for ε, ρ or a tolerance that is not positive, a solver that does not serve, or a tolerance beside a solver.

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
    if rho is not None:
        checks.positive("rho", rho)
    options = solver_options(solver, tolerance, max_iterations, TRAINING)
    if solver is not None:
        check_solver(solver, rho, None)
    if cost is not None:
        solver_of_a_cost(cost, options, rho, None)
    options |= {"epsilon": epsilon, "rho": rho, "cost": cost}
    return stateless(partial(sinkhorn_divergence, **options), partial(sinkhorn_witness, **options))
