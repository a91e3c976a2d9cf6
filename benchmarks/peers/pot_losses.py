"""POT on torch, with autograd. Its sliced distance is the root of ours; its transport has our convention."""

from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, package, torch_finished, torch_read, torch_samples, torch_step
from benchmarks.problems import Problem


def _sliced(problem: Problem) -> Prepared:
    ot, torch = package("ot"), package("torch")
    x, y, directions = torch_samples(problem)
    x.requires_grad_(True)
    projections = directions.T.contiguous()

    def step() -> Any:
        root = ot.sliced_wasserstein_distance(x, y, projections=projections)
        (gradient,) = torch.autograd.grad(root, x)
        return torch_finished((root.detach(), gradient))

    return Prepared(step, torch_read(root=True))


def _sinkhorn(problem: Problem) -> Prepared:
    ot = package("ot")
    options: dict[str, Any] = {"reg": problem.parameters["epsilon"], "reg_type": "KL", "method": "sinkhorn_log"}
    options |= {"grad": "envelope", "max_iter": 5000}
    tolerance, error = _strict_enough(problem, options)
    options["tol"] = tolerance

    def loss(x: Any, y: Any) -> Any:
        def transport(left: Any, right: Any) -> Any:
            return ot.solve(ot.dist(left, right), **options).value

        return transport(x, y) - transport(x, x) / 2 - transport(y, y) / 2

    return torch_step(loss, problem, facts=lambda: {"marginal_error": error, "tol": tolerance})


def _strict_enough(problem: Problem, options: dict[str, Any]) -> tuple[float, float]:
    """Its tolerance is on the Euclidean norm of the marginal: the largest whose sum of absolute errors is small enough."""
    ot = package("ot")
    x, y, _ = torch_samples(problem)
    tolerance, error = problem.parameters["tolerance"], float("inf")
    for tolerance in (problem.parameters["tolerance"] / 4**power for power in range(1, 8)):
        plan = ot.solve(ot.dist(x, y), **options, tol=tolerance).plan
        masses = (plan.sum(1), plan.sum(0))
        error = max((mass - 1 / len(mass)).abs().sum().item() for mass in masses)
        if error <= problem.parameters["tolerance"]:
            break
    return tolerance, error


STEPS: dict[str, Builder] = {"sliced": _sliced, "sinkhorn": _sinkhorn}
