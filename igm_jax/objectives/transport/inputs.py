"""What every problem of entropic transport is made of: checked samples, weights and strengths, and the solver that runs."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import ArrayLike, Rows, Weights
from igm_jax.kernels.kernel import Kernel
from igm_jax.pairwise.transport.problem import Potentials, Problem
from igm_jax.pairwise.transport.solvers import Scalings, Solver, check_solver, default_solver, scalings


def _masses(name: str, weights: Weights, samples: Array, rho: ArrayLike | None) -> Array:
    """Weights that sum to one or, where marginals are only penalised, masses as they were given."""
    normalised = checks.weights(name, weights, samples)
    if rho is None or weights is None:
        return normalised
    return normalised * jnp.sum(jnp.asarray(weights).astype(samples.dtype))


def transport_problem(x: Rows, y: Rows, epsilon: ArrayLike, x_weights: Weights, y_weights: Weights, rho) -> Problem:
    """Checked samples, weights and strengths in one float type, of at least single precision."""
    x, y = checks.pair(x, y)
    checks.positive("epsilon", epsilon)
    if rho is not None:
        checks.positive("rho", rho)
    a, b = _masses("x_weights", x_weights, x, rho), _masses("y_weights", y_weights, y, rho)
    rho = None if rho is None else jnp.asarray(rho).astype(x.dtype)
    return Problem(x, y, a, b, jnp.asarray(epsilon).astype(x.dtype), rho)


def chosen_solver(problem: Problem, start: tuple[Array, Array] | None, options: dict[str, Any]) -> Solver:
    """The solver that runs, from what ``solver_options`` gives."""
    if "solver" in options:
        return check_solver(options["solver"], problem.rho, start)
    return default_solver(len(problem.x), len(problem.y), rho=problem.rho, start=start, **options)


def starting_potentials(start: Potentials | None, problem: Problem) -> tuple[Array, Array] | None:
    """Potentials to start from in the problem's float type, which no derivative reaches; an error for other shapes."""
    if start is None:
        return None
    f, g = start.f, start.g
    n, m = len(problem.x), len(problem.y)
    if f.shape != (n,) or g.shape != (m,):
        raise ValueError(
            f"`start` must hold potentials of shapes ({n},) and ({m},), those of `x` and `y`, but has {f.shape} and"
            f" {g.shape}; start from None where the samples' numbers change"
        )
    return jax.lax.stop_gradient((f.astype(problem.x.dtype), g.astype(problem.x.dtype)))


def solver_of_a_cost(cost: object, options: dict[str, Any], rho: ArrayLike | None, start: object) -> Scalings:
    """The solver that serves a cost of the user's own: scalings, and an error where another is needed."""
    if not callable(cost) or isinstance(cost, Kernel):
        raise TypeError(
            "`cost` must be a function of two points, such as `lambda x, y: jnp.sum(jnp.abs(x - y))`, but is"
            f" {cost.name if isinstance(cost, Kernel) else repr(cost)}"
        )
    solver = options.get("solver") or scalings(**options)
    for name, wrong in (
        ("rho", rho is not None),
        ("start", start is not None),
        ("solver", not isinstance(solver, Scalings)),
    ):
        if wrong:
            raise ValueError(
                f"`{name}` does not go with `cost`: such problems are solved by `scalings`, which meets the marginals and starts"
                f" from nothing; leave `{name}` out, or give samples φ(x) and φ(y) whose squared distance is the cost"
            )
    return solver
