"""Plans that OTT solves for, low-rank and Gromov-Wasserstein, and what they cost here, with the plan held in derivatives.

OTT is imported where it is used: it takes as long as all the rest. Its code promotes ranks and types, which strict settings
forbid, so they are relaxed around it, and no derivative goes through it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.checks import Data, OfData, OfSamples, Samples, Scalar
from igm_jax.kernels.pairs import Pairs, matmul


class Factors(NamedTuple):
    """A plan of low rank, ``π = Q diag(1/g) Rᵀ``."""

    q: Float[Array, "n r"]
    r: Float[Array, "m r"]
    g: Float[Array, " r"]


@contextmanager
def _relaxed() -> Iterator[None]:
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        yield


@partial(jax.jit, static_argnames=("rank", "epsilon", "tolerance", "max_iterations"))
def _factors(
    x: Array, y: Array, a: Array, b: Array, *, rank: int, epsilon: float, tolerance: float, max_iterations: int
):
    from ott.geometry import pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn_lr

    with _relaxed():
        problem = linear_problem.LinearProblem(pointcloud.PointCloud(x, y), a=a, b=b)
        solver = sinkhorn_lr.LRSinkhorn(rank, epsilon=epsilon, threshold=tolerance, max_iterations=max_iterations)
        found = solver(problem)
    return Factors(found.q, found.r, found.g)


def low_rank_cost(
    x: Samples, y: Data, a: OfSamples, b: OfData, *, rank: int, epsilon: float, tolerance: float, max_iterations: int
) -> Scalar:
    """``Σ π_ij ‖x_i - y_j‖²`` under the best plan of some rank, in memory linear in n + m.

    Args:
        x: samples, centred.
        y: samples, centred.
        a: weights that sum to one.
        b: likewise.
        rank: r ≥ 1.
        epsilon: ε ≥ 0, strength of the factors' entropy while they are sought.
        tolerance: when factors count as found.
        max_iterations: iterations at most.

    Returns:
        The cost, differentiable once in x and y with the plan held.
    """
    options = {"rank": rank, "epsilon": epsilon, "tolerance": tolerance, "max_iterations": max_iterations}
    q, r, g = _factors(*jax.lax.stop_gradient((x, y, a, b)), **options)
    squares = jnp.sum(a * jnp.sum(jnp.square(x), axis=1)) + jnp.sum(b * jnp.sum(jnp.square(y), axis=1))
    return squares - 2 * jnp.sum(matmul(q.T, x) * matmul(r.T, y) / g[:, None])


@partial(jax.jit, static_argnames=("epsilon", "tolerance", "max_iterations"))
def _gromov_plan(
    x: Array, y: Array, a: Array, b: Array, *, epsilon: float, tolerance: float, max_iterations: int
) -> Array:
    from ott.geometry import pointcloud
    from ott.problems.quadratic import quadratic_problem
    from ott.solvers.linear import sinkhorn
    from ott.solvers.quadratic import gromov_wasserstein

    with _relaxed():
        problem = quadratic_problem.QuadraticProblem(pointcloud.PointCloud(x), pointcloud.PointCloud(y), a=a, b=b)
        inner = sinkhorn.Sinkhorn(threshold=tolerance / 10, max_iterations=2000)
        options = {"epsilon": epsilon, "threshold": tolerance, "max_iterations": max_iterations}
        return gromov_wasserstein.GromovWasserstein(inner, **options)(problem).matrix


def gromov_cost(
    x: Samples,
    y: Float[Array, "m e"],
    a: OfSamples,
    b: OfData,
    *,
    epsilon: float,
    tolerance: float,
    max_iterations: int,
) -> Scalar:
    """``Σ (‖x_i - x_k‖² - ‖y_j - y_l‖²)² π_ij π_kl`` under a plan that entropic Gromov-Wasserstein finds.

    Args:
        x: samples.
        y: samples, of another space.
        a: weights that sum to one.
        b: likewise.
        epsilon: ε > 0.
        tolerance: when a plan counts as found.
        max_iterations: outer iterations at most.

    Returns:
        The cost, differentiable once in x and y with the plan held; in memory n² + m² + n m.
    """
    options = {"epsilon": epsilon, "tolerance": tolerance, "max_iterations": max_iterations}
    plan = _gromov_plan(*jax.lax.stop_gradient((x, y, a, b)), **options)
    plan = jax.lax.stop_gradient(plan) / jnp.sum(plan)
    rows, columns = jnp.sum(plan, axis=1), jnp.sum(plan, axis=0)
    of_x, of_y = Pairs(x, x).squared, Pairs(y, y).squared
    own_x = jnp.sum(rows * matmul(jnp.square(of_x), rows[:, None])[:, 0])
    own_y = jnp.sum(columns * matmul(jnp.square(of_y), columns[:, None])[:, 0])
    return own_x + own_y - 2 * jnp.sum(matmul(matmul(of_x, plan), of_y) * plan)
