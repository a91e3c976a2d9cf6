"""What is measured: two samples, and the numbers that every implementation is given alike."""

import json
import os
from typing import Any, NamedTuple

import numpy as np

from igm_jax.arrays import read_npz

DIRECTIONS = 128
BANK = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Bandwidths of the bank, in units of √d / 2: each the double of the one before, so that one exponential serves all."""
TEMPERATURES = (0.02, 0.05, 0.2)


class Size(NamedTuple):
    """How large a problem is: n generated samples, m data, d features."""

    n: int
    m: int
    d: int


class Problem(NamedTuple):
    """One case at one size, in float32, as every implementation gets it."""

    case: str
    x: np.ndarray
    y: np.ndarray
    directions: np.ndarray
    parameters: dict[str, Any]

    @property
    def size(self) -> Size:
        """n, m and d."""
        return Size(len(self.x), len(self.y), self.x.shape[1])

    @property
    def bandwidths(self) -> list[float]:
        """Those of the Gaussian kernels that are summed: five for the case "bank", else one."""
        return self.parameters["sigmas"] if self.case == "bank" else [self.parameters["sigma"]]


def problem(case: str, size: Size, directions: np.ndarray, seed: int, tolerance: float) -> Problem:
    """Two Gaussian samples of unlike place and width, and the parameters that go with their size.

    ``σ = √d`` for the kernel, a bank of five around it, ``ε = 0.05 · median ‖x - y‖²``.

    Args:
        case: a name of ``benchmarks.cases.CASES``.
        size: n, m and d.
        directions: (k, d) unit vectors for the sliced distance.
        seed: of the samples.
        tolerance: marginal error at which transport counts as solved.

    Returns:
        The problem.
    """
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(size.n, size.d)).astype(np.float32)
    y = (0.8 * draws.normal(size=(size.m, size.d)) + 0.3).astype(np.float32)
    some_x, some_y = x[:512].astype(float), y[:512].astype(float)
    squares = (some_x**2).sum(1)[:, None] + (some_y**2).sum(1)[None] - 2 * some_x @ some_y.T
    sigma = float(np.sqrt(size.d))
    parameters = {
        "sigma": sigma,
        "sigmas": [sigma * factor / 2 for factor in BANK],
        "epsilon": 0.05 * float(np.median(squares)),
        "tolerance": tolerance,
        "temperatures": list(TEMPERATURES),
        "seed": seed,
    }
    return Problem(case, x, y, directions.astype(np.float32), parameters)


def save(path: str | os.PathLike[str], chosen: Problem) -> None:
    """Write a problem where a worker finds it, into a file that ends in .npz."""
    told = json.dumps({"case": chosen.case, "parameters": chosen.parameters})
    np.savez(path, x=chosen.x, y=chosen.y, directions=chosen.directions, told=np.array(told))


def load(path: str | os.PathLike[str]) -> Problem:
    """Read what ``save`` wrote."""
    kept = read_npz(path)
    told = json.loads(str(kept["told"]))
    return Problem(told["case"], kept["x"], kept["y"], kept["directions"], told["parameters"])
