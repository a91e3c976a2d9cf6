"""OTT: its Sinkhorn divergence at the same ε is ours, its sliced distance too. Dense, and in batches of pairs."""

from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, jax_step, package
from benchmarks.problems import Problem

BATCH = 1024


def _restored() -> None:
    """Give jax back the function that ott-jax 0.6 asks for and jax 0.9 took away: ``batch_size`` crashes without."""
    batching = package("jax.interpreters.batching")
    if not hasattr(batching, "is_vmappable"):
        batching.is_vmappable = lambda value: False  # it told leaves of ragged arrays apart, which nobody has here


def _divergence(problem: Problem, batch: int | None) -> Prepared:
    _restored()
    clouds, divergences = package("ott.geometry.pointcloud"), package("ott.tools.sinkhorn_divergence")
    linear, jax = package("ott.solvers.linear"), package("jax")
    epsilon = problem.parameters["epsilon"]
    options = {"threshold": problem.parameters["tolerance"], "max_iterations": 5000}

    def loss(x: Any, y: Any) -> Any:
        value, _ = divergences.sinkhorn_divergence(
            clouds.PointCloud, x, y, epsilon=epsilon, batch_size=batch, solve_kwargs=options
        )
        return value

    def facts() -> dict[str, float]:
        solve = jax.jit(
            lambda x, y: linear.solve(clouds.PointCloud(x, y, epsilon=epsilon, batch_size=batch), **options)
        )
        solved = solve(problem.x, problem.y)
        error = solved.errors[solved.errors >= 0][-1]
        return {"marginal_error": float(error), "iterations": int(solved.n_iters)}

    return jax_step(loss, problem, facts)


def _sliced(problem: Problem) -> Prepared:
    jax, sliced = package("jax"), package("ott.tools.sliced")
    directions = jax.device_put(problem.directions)

    def loss(x: Any, y: Any) -> Any:
        return sliced.sliced_wasserstein(x, y, proj_fn=lambda points, **_: points @ directions.T)[0]

    return jax_step(loss, problem)


DENSE: dict[str, Builder] = {"sinkhorn": lambda problem: _divergence(problem, None), "sliced": _sliced}
BATCHED: dict[str, Builder] = {"sinkhorn": lambda problem: _divergence(problem, BATCH)}
