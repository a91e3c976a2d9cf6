"""What an implementation hands to the harness, and what implementations share."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.problems import Problem


def _no_facts() -> dict[str, float]:
    return {}


class Prepared(NamedTuple):
    """One implementation of one problem, its inputs already on the device."""

    step: Callable[[], Any]
    """Value and gradient once, finished: this is what is timed."""
    read: Callable[[Any], tuple[float, np.ndarray]]
    """What a step gave, as a value and a gradient in our convention: this is not timed."""
    facts: Callable[[], dict[str, float]] = _no_facts
    """What else there is to say, such as ``marginal_error`` and ``iterations``: not timed."""


Builder = Callable[[Problem], Prepared]


def package(name: str) -> Any:
    """A package that need not be installed, imported when it is used."""
    return importlib.import_module(name)


def jax_step(
    loss: Callable[[Any, Any], Any], problem: Problem, facts: Callable[[], dict[str, float]] = _no_facts
) -> Prepared:
    """A jax loss ``(x, y) -> scalar``, compiled with its gradient in x; ``facts`` as in ``Prepared``."""
    return jax_pair(package("jax").value_and_grad(loss), problem, facts)


def jax_pair(
    function: Callable[[Any, Any], Any], problem: Problem, facts: Callable[[], dict[str, float]] = _no_facts
) -> Prepared:
    """A jax function of (x, y) that gives a value and a gradient, or a field, compiled."""
    jax = package("jax")
    x, y = jax.device_put(problem.x), jax.device_put(problem.y)
    both = jax.jit(function)

    def read(result: Any) -> tuple[float, np.ndarray]:
        value, gradient = result
        return float(value), np.asarray(gradient)

    return Prepared(lambda: jax.block_until_ready(both(x, y)), read, facts)


def torch_device() -> Any:
    """The GPU if torch has one, else the CPU."""
    torch = package("torch")
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def torch_samples(problem: Problem) -> tuple[Any, Any, Any]:
    """x, y and the directions on torch's device."""
    torch = package("torch")
    x, y, directions = (
        torch.from_numpy(part).to(torch_device()) for part in (problem.x, problem.y, problem.directions)
    )
    return x, y, directions


def torch_finished(result: Any) -> Any:
    """The result, once the GPU has it."""
    torch = package("torch")
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result


def torch_read(value_factor: float = 1.0, root: bool = False) -> Callable[[Any], tuple[float, np.ndarray]]:
    """How to read a value and a gradient of torch: a factor times theirs is ours, or theirs is ours' root, ``∂(s²) = 2s ∂s``."""

    def read(result: Any) -> tuple[float, np.ndarray]:
        value, gradient = float(result[0].detach()), result[1].detach().cpu().numpy()
        if root:
            return value**2, 2 * value * gradient
        return value_factor * value, value_factor * gradient

    return read


def torch_step(
    loss: Callable[[Any, Any], Any],
    problem: Problem,
    factor: float = 1.0,
    facts: Callable[[], dict[str, float]] = _no_facts,
) -> Prepared:
    """A torch loss ``(x, y) -> scalar``, with the gradient in x by autograd; ``factor`` times theirs is ours."""
    torch = package("torch")
    x, y, _ = torch_samples(problem)
    x.requires_grad_(True)

    def step() -> Any:
        value = loss(x, y)
        (gradient,) = torch.autograd.grad(value, x)
        return torch_finished((value.detach(), gradient))

    return Prepared(step, torch_read(factor), facts)


def marginal_error(problem: Problem, f: Any, g: Any) -> float:
    """``max(Σ_i |Σ_j π_ij - 1/n|, Σ_j |Σ_i π_ij - 1/m|)`` of two potentials, in float64 and in the convention of OTT and ours.

    It is between 0 and 2.
    """
    x, y, epsilon = problem.x.astype(float), problem.y.astype(float), problem.parameters["epsilon"]
    f, g = np.asarray(f, float).ravel(), np.asarray(g, float).ravel()
    rows, columns = np.zeros(len(x)), np.zeros(len(y))
    squares_y = (y**2).sum(1)
    for start in range(0, len(x), 512):
        part = slice(start, start + 512)
        costs = (x[part] ** 2).sum(1)[:, None] + squares_y[None] - 2 * x[part] @ y.T
        plan = np.exp((f[part, None] + g[None] - costs) / epsilon) / (len(x) * len(y))
        rows[part] = plan.sum(1)
        columns += plan.sum(0)
    return float(max(np.abs(rows - 1 / len(x)).sum(), np.abs(columns - 1 / len(y)).sum()))
