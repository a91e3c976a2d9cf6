"""What the right answer is: every case in float64, by NumPy, in tiles of rows, from its formula."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.problems import Problem

ROWS = 512
# Above this many pairs the float64 kernel of transport would take gigabytes; in float32 it is right to about 1e-6.
DOUBLE_PAIRS = 30_000_000

Terms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Squared distances -> the kernel k, and w such that ``∂k/∂x_i = -w (x_i - y_j)``."""


class Answer(NamedTuple):
    """A value and its gradient in x (or a field, where there is no value)."""

    value: float
    gradient: np.ndarray


def _squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.shape[1] <= 8:
        return sum(((x[:, None, j] - y[None, :, j]) ** 2 for j in range(x.shape[1])), np.zeros((len(x), len(y))))
    return np.maximum((x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T, 0)


def _tiles(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Row slices of x and their squared distances to y; exactly zero on the diagonal of a sample with itself."""
    for start in range(0, len(x), ROWS):
        rows = slice(start, min(start + ROWS, len(x)))
        squares = _squares(x[rows], y)
        if x is y:
            squares[np.arange(rows.stop - start), np.arange(start, rows.stop)] = 0
        yield rows, squares


def _discrepancy(problem: Problem, terms: Terms) -> Answer:
    """``mean k(x, x') + mean k(y, y') - 2 mean k(x, y)``."""
    centre = problem.y.mean(0, dtype=float)
    x, y = problem.x - centre, problem.y - centre
    value, gradient = 0.0, np.zeros_like(x)
    for left, right, factor in ((x, x, 1 / len(x) ** 2), (y, y, 1 / len(y) ** 2), (x, y, -2 / (len(x) * len(y)))):
        for rows, squares in _tiles(left, right):
            kernel, weights = terms(squares)
            value += factor * kernel.sum()
            if left is x:
                twice = 2 if right is x else 1
                gradient[rows] += twice * factor * (weights @ right - weights.sum(1)[:, None] * x[rows])
    return Answer(float(value), gradient)


def mmd(problem: Problem) -> Answer:
    """``MMD²`` with the sum of the problem's kernels ``exp(-‖x - y‖²/2σ²)``."""
    sigmas = problem.bandwidths

    def terms(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kernels = [np.exp(-squares / (2 * sigma**2)) for sigma in sigmas]
        weights = [kernel / sigma**2 for kernel, sigma in zip(kernels, sigmas, strict=True)]
        return sum(kernels[1:], kernels[0]), sum(weights[1:], weights[0])

    return _discrepancy(problem, terms)


def energy(problem: Problem) -> Answer:
    """``2 E‖x - y‖ - E‖x - x'‖ - E‖y - y'‖``."""

    def terms(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        roots = np.sqrt(squares)
        return -roots, np.divide(1, roots, out=np.zeros_like(roots), where=roots > 0)

    return _discrepancy(problem, terms)


def sliced(problem: Problem) -> Answer:
    """``mean over θ of W2²(θ·x, θ·y)`` for equal sizes."""
    x, y, directions = problem.x.astype(float), problem.y.astype(float), problem.directions.astype(float)
    if len(x) != len(y):
        raise ValueError(f"the sliced case needs n = m, but has n = {len(x)} and m = {len(y)}")
    value, gradient = 0.0, np.zeros_like(x)
    for direction in directions:
        along = x @ direction
        order = np.argsort(along)
        gap = along[order] - np.sort(y @ direction)
        value += np.mean(gap**2) / len(directions)
        gradient[order] += 2 * gap[:, None] * direction[None] / (len(x) * len(directions))
    return Answer(float(value), gradient)


def _scores(x: np.ndarray, targets: np.ndarray, scale: float) -> Iterator[tuple[slice, np.ndarray]]:
    """Distances in units of their mean, a sample's to itself 100 more."""
    for start in range(0, len(x), ROWS):
        rows = slice(start, min(start + ROWS, len(x)))
        distances = np.sqrt(_squares(x[rows], targets))
        itself = np.arange(start, rows.stop)
        distances[itself - start, itself] = 100 * scale
        yield rows, distances / scale


def drifting(problem: Problem) -> Answer:
    """The released drifting field, and its root mean square as the value."""
    x, y = problem.x.astype(float), problem.y.astype(float)
    n, targets = len(x), np.concatenate([x, y])
    pairs = n * len(targets)
    # The mean distance counts a sample's zero distance to itself.
    scale = sum((d.sum() - 100 * len(d) for _, d in _scores(x, targets, 1.0)), 0.0) / pairs
    unit = scale / np.sqrt(x.shape[1])
    field = np.zeros_like(x)
    for temperature in problem.parameters["temperatures"]:
        columns = sum((np.exp(-d / temperature).sum(0) for _, d in _scores(x, targets, scale)), np.zeros(len(targets)))
        raw = np.zeros_like(x)
        for rows, distances in _scores(x, targets, scale):
            kernel = np.exp(-distances / temperature)
            affinity = kernel / np.sqrt(np.maximum(kernel.sum(1)[:, None] * columns[None], 1e-300))
            affinity = np.maximum(affinity, 1e-3)
            on_x, on_y = affinity[:, :n], affinity[:, n:]
            x_mass, y_mass = on_x.sum(1)[:, None], on_y.sum(1)[:, None]
            raw[rows] = (on_y @ y * x_mass - on_x @ x * y_mass) / unit
        field += raw / np.sqrt(max(np.mean(raw**2), 1e-8))
    return Answer(float(np.sqrt(np.mean((field * unit) ** 2))), field * unit)


def _transport(x: np.ndarray, y: np.ndarray, epsilon: float) -> tuple[float, np.ndarray]:
    """``OT_ε`` for the cost ``‖x - y‖²`` with uniform weights, and its gradient in the first sample.

    Scalings around potentials that ε, falling on a schedule, has brought near their place.
    """
    costs = np.concatenate([squares for _, squares in _tiles(x, y)])
    kind = float if costs.size <= DOUBLE_PAIRS else np.float32
    f, g = np.zeros(len(x)), costs.min(0)
    for now in (64 * epsilon, 16 * epsilon, 4 * epsilon, epsilon):
        kernel = np.exp((f[:, None] + g[None] - costs) / now).astype(kind)
        u, v = np.ones(len(x)), np.ones(len(y))
        for _ in range(3000):
            masses = u * (kernel @ v.astype(kind)) / len(y)
            # On the way down the schedule the potentials need only come near.
            if np.abs(masses - 1).mean() < (1e-3 if now > epsilon else 1e-7):
                break
            u = u / masses
            v = len(x) / (u.astype(kind) @ kernel)
        f, g = f + now * np.log(u), g + now * np.log(v)
    plan = np.exp((f[:, None] + g[None] - costs) / epsilon)
    plan /= plan.sum(1)[:, None] * len(x)
    return float(f.mean() + g.mean()), 2 * (x / len(x) - plan @ y)


def sinkhorn(problem: Problem) -> Answer:
    """``OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y)``, solved far below every tolerance."""
    centre = problem.y.mean(0, dtype=float)
    x, y, epsilon = problem.x - centre, problem.y - centre, problem.parameters["epsilon"]
    (between, gradient), (within_x, itself), (within_y, _) = (
        _transport(left, right, epsilon) for left, right in ((x, y), (x, x), (y, y))
    )
    # x stands on both sides of its own problem, which halves and doubles its gradient.
    return Answer(between - within_x / 2 - within_y / 2, gradient - itself)
