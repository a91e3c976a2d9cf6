"""GeomLoss, tensorized, and its online backend on KeOps for transport.

Its kernel losses are half of ours. Its transport has the cost ``½‖x - y‖²`` and ``ε = blur²``: ours is
``2 · GeomLoss(blur = √(ε/2))``. It has no stopping rule, only a schedule of ε: the fastest schedule that reaches the marginal
error is taken.
"""

from benchmarks.peers.prepared import Builder, Prepared, marginal_error, package, torch_samples, torch_step
from benchmarks.problems import Problem

SCALINGS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)


def _kernel(problem: Problem, name: str, backend: str) -> Prepared:
    loss = package("geomloss").SamplesLoss(name, blur=problem.parameters["sigma"], backend=backend)
    return torch_step(loss, problem, factor=2.0)


def _blur(problem: Problem) -> float:
    return (problem.parameters["epsilon"] / 2) ** 0.5


def _reached(problem: Problem, backend: str, scaling: float) -> float:
    solver = package("geomloss").SamplesLoss(
        "sinkhorn", p=2, blur=_blur(problem), scaling=scaling, debias=False, potentials=True, backend=backend
    )
    x, y, _ = torch_samples(problem)
    with package("torch").no_grad():
        f, g = solver(x, y)
    return marginal_error(problem, 2 * f.cpu().numpy(), 2 * g.cpu().numpy())


def _sinkhorn(problem: Problem, backend: str) -> Prepared:
    errors = {}
    for scaling in SCALINGS:
        errors[scaling] = _reached(problem, backend, scaling)
        if errors[scaling] <= problem.parameters["tolerance"]:
            break
    scaling = min(errors, key=errors.__getitem__)
    loss = package("geomloss").SamplesLoss("sinkhorn", p=2, blur=_blur(problem), scaling=scaling, backend=backend)
    return torch_step(loss, problem, factor=2.0, facts=lambda: {"marginal_error": errors[scaling], "scaling": scaling})


def _with(backend: str) -> dict[str, Builder]:
    def kernel(name: str) -> Builder:
        return lambda problem: _kernel(problem, name, backend)

    return {
        "mmd": kernel("gaussian"),
        "energy": kernel("energy"),
        "sinkhorn": lambda problem: _sinkhorn(problem, backend),
    }


TENSORIZED: dict[str, Builder] = _with("tensorized")
ONLINE: dict[str, Builder] = {"sinkhorn": _with("online")["sinkhorn"]}
