"""igm_jax, through its public functions."""

from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, jax_pair, jax_step, package
from benchmarks.problems import Problem


def _mmd(problem: Problem) -> Prepared:
    igm, kernels = package("igm_jax"), package("igm_jax.kernels")
    first, *others = (kernels.gaussian(sigma) for sigma in problem.bandwidths)
    kernel = sum(others, first)
    return jax_step(lambda x, y: igm.mmd2_biased(x, y, kernel), problem)


def _energy(problem: Problem) -> Prepared:
    return jax_step(package("igm_jax").energy_distance, problem)


def _sinkhorn(problem: Problem) -> Prepared:
    igm, objectives = package("igm_jax"), package("igm_jax.objectives")
    epsilon, tolerance = problem.parameters["epsilon"], problem.parameters["tolerance"]

    def facts() -> dict[str, float]:
        solved = objectives.sinkhorn_potentials(problem.x, problem.y, epsilon, tolerance=tolerance)
        return {"marginal_error": float(solved.marginal_error), "iterations": int(solved.iterations)}

    return jax_step(lambda x, y: igm.sinkhorn_divergence(x, y, epsilon, tolerance=tolerance), problem, facts)


def _sliced(problem: Problem) -> Prepared:
    jax, igm = package("jax"), package("igm_jax")
    # The others are given directions as well: who draws them in the step does what the others do not.
    given = jax.device_put(problem.directions)
    key, number = jax.random.key(problem.parameters["seed"]), len(problem.directions)
    options: dict[str, Any] = {"num_projections": number, "directions": lambda key, dim, count, dtype: given}
    return jax_step(lambda x, y: igm.sliced_wasserstein(key, x, y, **options), problem)


def _drifting(problem: Problem) -> Prepared:
    jnp, objectives = package("jax.numpy"), package("igm_jax.objectives")
    temperatures = tuple(problem.parameters["temperatures"])

    def field(x: Any, y: Any) -> Any:
        moved = objectives.drifting_field(x, y, temperatures, preset="released").field
        return jnp.sqrt(jnp.mean(jnp.square(moved))), moved

    return jax_pair(field, problem)


STEPS: dict[str, Builder] = dict(
    mmd=_mmd, energy=_energy, bank=_mmd, sinkhorn=_sinkhorn, sliced=_sliced, drifting=_drifting
)
