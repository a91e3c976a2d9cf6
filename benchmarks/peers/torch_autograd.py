"""Torch as it is usually written: the textbook's formula and autograd."""

from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, package, torch_samples, torch_step
from benchmarks.problems import Problem


def _mmd(problem: Problem) -> Prepared:
    sigmas = problem.bandwidths

    def mean(x: Any, y: Any) -> Any:
        squares = (x.square().sum(1)[:, None] + y.square().sum(1)[None] - 2 * x @ y.T).clamp_min(0)
        return sum((-squares / (2 * sigma**2)).exp().mean() for sigma in sigmas)

    return torch_step(lambda x, y: mean(x, x) + mean(y, y) - 2 * mean(x, y), problem)


def _energy(problem: Problem) -> Prepared:
    cdist = package("torch").cdist

    def loss(x: Any, y: Any) -> Any:
        return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()

    return torch_step(loss, problem)


def _sliced(problem: Problem) -> Prepared:
    torch = package("torch")
    _, _, directions = torch_samples(problem)

    def loss(x: Any, y: Any) -> Any:
        along_x, along_y = torch.sort(directions @ x.T, dim=1).values, torch.sort(directions @ y.T, dim=1).values
        return (along_x - along_y).square().mean()

    return torch_step(loss, problem)


STEPS: dict[str, Builder] = {"mmd": _mmd, "energy": _energy, "bank": _mmd, "sliced": _sliced}
