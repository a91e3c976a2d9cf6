"""KeOps through torch: symbolic pairs reduced in compiled code, linear in memory, with its own gradients."""

from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, package, torch_step
from benchmarks.problems import Problem


def _squares(x: Any, y: Any) -> Any:
    lazy = package("pykeops.torch").LazyTensor
    return ((lazy(x[:, None, :]) - lazy(y[None, :, :])) ** 2).sum(-1)


def _mean(values: Any, x: Any, y: Any) -> Any:
    return values.sum(1).sum() / (len(x) * len(y))


def _mmd(problem: Problem) -> Prepared:
    sigmas = problem.bandwidths

    def mean(x: Any, y: Any) -> Any:
        squares = _squares(x, y)
        first, *others = ((-squares / (2 * sigma**2)).exp() for sigma in sigmas)
        return _mean(sum(others, first), x, y)

    return torch_step(lambda x, y: mean(x, x) + mean(y, y) - 2 * mean(x, y), problem)


def _energy(problem: Problem) -> Prepared:
    def mean(x: Any, y: Any) -> Any:
        return _mean(_squares(x, y).sqrt(), x, y)

    return torch_step(lambda x, y: 2 * mean(x, y) - mean(x, x) - mean(y, y), problem)


STEPS: dict[str, Builder] = {"mmd": _mmd, "energy": _energy, "bank": _mmd}
