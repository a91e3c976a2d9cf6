"""The cost of entropic transport from one sample to another, alone, with derivatives by the envelope theorem.

Solved potentials, and the plan, count as constants. First derivatives are exact for a solved problem; second ones would lack
how the solution moves, and are not meant to be taken.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.pairwise.costs import Pairs
from igm_jax.pairwise.reductions import block_sum, weighted_mean
from igm_jax.pairwise.rows import by_rows
from igm_jax.pairwise.transport_divergence import Problem, Settings
from igm_jax.pairwise.transport_potentials import extended, potentials


@partial(jax.jit, static_argnums=0)
def transport_cost(settings: Settings, problem: Problem) -> Float[Array, ""]:
    """``OT_ε = min_π Σ π_ij ‖x_i - y_j‖² + ε KL(π ‖ a⊗b)``, where marginals are met.

    Args:
        settings: how to solve.
        problem: what to solve; its ρ must be None.

    Returns:
        The dual value, which errs in second order of the marginal error; differentiable once in x, y and ε.
    """
    x, y, a, b, epsilon, _ = problem
    g = potentials(settings, jax.lax.stop_gradient(problem), None).g
    return weighted_mean(extended(x, y, g, b, epsilon, None), a) + weighted_mean(g, b)


@partial(jax.jit, static_argnums=0)
def plan_cost(settings: Settings, problem: Problem) -> Float[Array, ""]:
    """``Σ π_ij ‖x_i - y_j‖²`` under the plan π of entropic transport, without its entropy.

    Args:
        settings: how to solve.
        problem: what to solve; its ρ must be None.

    Returns:
        The cost; differentiable once in x and y, with the plan held, which is also the derivative of ``transport_cost``.
    """
    x, y, a, b, epsilon, _ = problem
    bias = potentials(settings, jax.lax.stop_gradient(problem), None).g / epsilon + jnp.log(b)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        costs = Pairs(rows, y).squared
        plan = jax.lax.stop_gradient(jax.nn.softmax(bias[None, :] - costs / epsilon, axis=1))
        return carry, block_sum(plan * costs)

    return weighted_mean(by_rows(visit, (), x, len(x), len(y))[1], a)
