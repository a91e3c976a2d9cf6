"""Solvers of entropic transport as values: which algorithm runs, when it stops, and what it keeps.

They are hashable and compare equal, so a function is compiled once for each, and they cross ``jax.jit`` as static data.
"""

from dataclasses import dataclass
from typing import Any

import jax
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.pairwise.budget import CACHED_PAIRS, fits

# With fewer features, costs are computed as fast as they are read.
KEPT_FEATURES = 32

TOLERANCE, MAX_ITERATIONS = 1e-4, 1000

# When a batch counts as solved, and updates at most: training needs less than a reported number does.
TRAINING = (1e-2, 50)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Scalings:
    """Alternating scalings of a kept kernel, made by ``scalings``."""

    tolerance: float
    max_iterations: int


@jax.tree_util.register_static
@dataclass(frozen=True)
class Sweeps:
    """Over-relaxed updates in the log domain, made by ``sweeps``."""

    tolerance: float
    max_iterations: int
    keep_costs: bool | None


@jax.tree_util.register_static
@dataclass(frozen=True)
class FixedSweeps:
    """A fixed number of the same updates, made by ``fixed_sweeps``."""

    iterations: int
    keep_costs: bool | None


Solver = Scalings | Sweeps | FixedSweeps


def _stopping(tolerance: float, max_iterations: int) -> tuple[float, int]:
    checks.positive("tolerance", tolerance)
    return float(tolerance), checks.count("max_iterations", max_iterations)


def scalings(tolerance: float = TOLERANCE, max_iterations: int = MAX_ITERATIONS) -> Scalings:
    """Alternating scalings of a dense kernel, for problems so small that it stays in the cache.

    ``u ← 1/(K (b v))``, ``v ← 1/(Kᵀ (a u))`` with ``K_ij = exp((f_i + g_j - C_ij)/ε)``, absorbed into f and g after every ten.

    Marginals must be met (no ``rho``), and potentials to start from are not used. All n × m pairs are held in memory. Where a
    sample meets itself, in a divergence, averaged sweeps are used, with the same tolerance.

    Args:
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        max_iterations: stop after this many, converged or not; they are made in tens.

    Returns:
        The solver.

    Raises:
        ValueError: for a tolerance that is not positive, or a count below one.

    Example:
        >>> from igm_jax.objectives import scalings
        >>> scalings(1e-6)
        Scalings(tolerance=1e-06, max_iterations=1000)

    Source: Schmitzer, Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport Problems, arXiv 1610.06519.
    """
    return Scalings(*_stopping(tolerance, max_iterations))


def sweeps(
    tolerance: float = TOLERANCE, max_iterations: int = MAX_ITERATIONS, *, keep_costs: bool | None = None
) -> Sweeps:
    """Over-relaxed updates of the potentials in the log domain, sweeping over all pairs in tiles; serves every problem.

    ``f ← f + ω (κ T g - f)`` with the soft minimum T, the same for g, and an ω that is measured on the way.

    Args:
        tolerance: stop when the marginal error is below it, or below what the float type can resolve.
        max_iterations: stop after this many, converged or not.
        keep_costs: whether costs of all pairs are kept, or computed anew in every sweep, in memory linear in n + m; None lets
            the number of features and a memory budget decide.

    Returns:
        The solver.

    Raises:
        ValueError: for a tolerance that is not positive, or a count below one.

    Example:
        >>> from igm_jax.objectives import sweeps
        >>> sweeps(keep_costs=False)
        Sweeps(tolerance=0.0001, max_iterations=1000, keep_costs=False)

    Source: Lehmann et al., A note on overrelaxation in the Sinkhorn algorithm, arXiv 2012.12562.
    """
    return Sweeps(*_stopping(tolerance, max_iterations), keep_costs)


def fixed_sweeps(iterations: int, *, keep_costs: bool | None = None) -> FixedSweeps:
    """Exactly so many sweeps, whatever the error: cheap under ``jax.vmap``, which runs a loop until the last problem is solved.

    The updates are those of ``sweeps``, but a step that would overflow is cut and not found again.

    Args:
        iterations: how often both potentials are updated.
        keep_costs: as for ``sweeps``.

    Returns:
        The solver.

    Raises:
        ValueError: for a count below one.

    Example:
        >>> from igm_jax.objectives import fixed_sweeps
        >>> fixed_sweeps(25)
        FixedSweeps(iterations=25, keep_costs=None)
    """
    return FixedSweeps(checks.count("iterations", iterations), keep_costs)


def default_solver(
    n: int,
    m: int,
    *,
    rho: ArrayLike | None = None,
    start: object = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
) -> Solver:
    """The solver that ``solver=None`` stands for: scalings where they serve and their kernel stays in the cache, else sweeps.

    Args:
        n: the number of generated samples.
        m: the number of data.
        rho: strength of the penalty on marginals, or None where they must be met.
        start: potentials to start from, or None.
        tolerance: as for ``scalings`` and ``sweeps``.
        max_iterations: as for them.

    Returns:
        The solver.

    Raises:
        ValueError: for a tolerance that is not positive, or a count below one.

    Example:
        >>> from igm_jax.objectives import default_solver
        >>> default_solver(256, 256)
        Scalings(tolerance=0.0001, max_iterations=1000)
        >>> default_solver(256, 256, rho=1.0)
        Sweeps(tolerance=0.0001, max_iterations=1000, keep_costs=None)
    """
    small = n * m <= CACHED_PAIRS
    make = scalings if small and rho is None and start is None else sweeps
    return make(tolerance, max_iterations)


def check_solver(solver: object, rho: ArrayLike | None, start: object) -> Solver:
    """The solver, if it serves such problems; else an error that says which do."""
    if not isinstance(solver, Solver):
        raise TypeError(
            f"`solver` must be made by `scalings`, `sweeps` or `fixed_sweeps`, but is {solver!r}; or leave it out"
        )
    refused = "rho" if rho is not None else "start" if start is not None else None
    if isinstance(solver, Scalings) and refused:
        raise ValueError(
            f"`scalings` must meet the marginals and starts from nothing, but `{refused}` was given;"
            " `sweeps` and `fixed_sweeps` can serve, and so does `solver=None`"
        )
    return solver


def solver_options(
    solver: Solver | None,
    tolerance: float | None,
    max_iterations: int | None,
    usual: tuple[float, int] = (TOLERANCE, MAX_ITERATIONS),
) -> dict[str, Any]:
    """The solver that was asked for, or when the default one stops: checked, and never both."""
    if solver is None:
        tolerance = usual[0] if tolerance is None else tolerance
        checks.positive("tolerance", tolerance)
        most = usual[1] if max_iterations is None else max_iterations
        return {"tolerance": float(tolerance), "max_iterations": checks.count("max_iterations", most)}
    for name, value in (("tolerance", tolerance), ("max_iterations", max_iterations)):
        if value is not None:
            raise ValueError(
                f"`{name}` is for the default solver, but is {value!r} beside `solver`, which has its own; give it to the"
                " solver, as `sweeps(tolerance=..., max_iterations=...)`, or leave `solver` out"
            )
    return {"solver": check_solver(solver, None, None)}


def keeps_costs(solver: Solver, n: int, m: int, x: Array) -> bool:
    """Whether sweeps keep the costs of n × m pairs of samples like x."""
    asked = None if isinstance(solver, Scalings) else solver.keep_costs
    return x.shape[1] >= KEPT_FEATURES and fits(n, m, x.dtype) if asked is None else asked
