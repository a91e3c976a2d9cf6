"""Plain jax: the formula of the textbook over dense matrices of pairs, ``value_and_grad``, ``jit``. What a user writes first."""

from typing import Any

from benchmarks import by_hand
from benchmarks.peers.prepared import Builder, Prepared, jax_pair, jax_step, package
from benchmarks.problems import Problem


def _mmd(problem: Problem) -> Prepared:
    return jax_step(by_hand.mmd(problem.bandwidths), problem)


def _energy(problem: Problem) -> Prepared:
    return jax_step(by_hand.energy(), problem)


def _sinkhorn(problem: Problem) -> Prepared:
    jax = package("jax")
    epsilon, tolerance = problem.parameters["epsilon"], problem.parameters["tolerance"]

    def facts() -> dict[str, float]:
        solve = jax.jit(lambda x, y: by_hand.potentials(by_hand.squares(x, y), epsilon, tolerance))
        _, _, error, iterations = solve(problem.x, problem.y)
        return {"marginal_error": float(error), "iterations": int(iterations)}

    return jax_step(by_hand.sinkhorn(epsilon, tolerance), problem, facts)


def _sliced(problem: Problem) -> Prepared:
    return jax_step(by_hand.sliced(package("jax").device_put(problem.directions)), problem)


def _drifting(problem: Problem) -> Prepared:
    jnp, field = package("jax.numpy"), by_hand.drifting_field(problem.parameters["temperatures"])

    def both(x: Any, y: Any) -> Any:
        total = field(x, y)
        return jnp.sqrt(jnp.mean(total**2)), total

    return jax_pair(both, problem)


STEPS: dict[str, Builder] = dict(
    mmd=_mmd, energy=_energy, bank=_mmd, sinkhorn=_sinkhorn, sliced=_sliced, drifting=_drifting
)
