"""Torch by hand, as an expert writes it: tiles of rows, gradients in closed form, no autograd, each symmetric pair once."""

from collections.abc import Callable
from typing import Any

from benchmarks.peers.prepared import Builder, Prepared, package, torch_finished, torch_read, torch_samples
from benchmarks.problems import Problem

# About the size of a core's share of the last cache: larger tiles spill, smaller ones cost more calls.
TILE_BYTES = 4 << 20

Weigh = Callable[[Any], tuple[Any, Any]]
"""(Squared) distances of a tile, which it may overwrite -> (sum of k, w) with ``∂k/∂x_i = -w (x_i - y_j)``."""


def _tile(x: Any, y: Any, x_norms: Any, y_norms: Any, roots: bool) -> Any:
    """A tile of squared distances by one product, or of distances: those by differences for few features, where that pays."""
    torch = package("torch")
    if roots and x.shape[1] <= 8:
        return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    tile = torch.addmm(y_norms[None], x, y.T, alpha=-2)
    tile = tile.add_(x_norms[:, None]).clamp_min_(0)
    return tile.sqrt_() if roots else tile


def _starts(rows: int, columns: int) -> tuple[range, int]:
    height = max(64, min(1024, TILE_BYTES // (4 * columns)))
    return range(0, rows, height), height


def _between(x: Any, y: Any, weigh: Weigh, roots: bool) -> tuple[Any, Any]:
    """``Σ k(x_i, y_j)`` and for each i ``Σ_j w_ij (y_j - x_i)``."""
    torch = package("torch")
    x_norms, y_norms = x.square().sum(1), y.square().sum(1)
    augmented = torch.cat([y, torch.ones_like(y[:, :1])], 1)
    total, moved = x.new_zeros(()), torch.empty_like(x)
    starts, height = _starts(len(x), len(y))
    for start in starts:
        rows = slice(start, start + height)
        value, weights = weigh(_tile(x[rows], y, x_norms[rows], y_norms, roots))
        total += value
        sums = weights @ augmented
        moved[rows] = sums[:, :-1] - x[rows] * sums[:, -1:]
    return total, moved


def _within(x: Any, weigh: Weigh, roots: bool, gradient: bool) -> tuple[Any, Any]:
    """The same of x with itself, each pair beyond the diagonal blocks once; the gradient only where it is asked for."""
    torch = package("torch")
    norms, augmented = x.square().sum(1), torch.cat([x, torch.ones_like(x[:, :1])], 1)
    total, sums = x.new_zeros(()), torch.zeros_like(augmented)
    starts, height = _starts(len(x), len(x))
    for start in starts:
        stop = min(start + height, len(x))
        rows = slice(start, stop)
        tile = _tile(x[rows], x[rows], norms[rows], norms[rows], roots)
        tile.diagonal().zero_()
        value, weights = weigh(tile)
        total += value
        if gradient:
            sums[rows] += weights @ augmented[rows]
        if stop == len(x):
            break
        value, weights = weigh(_tile(x[rows], x[stop:], norms[rows], norms[stop:], roots))
        total += 2 * value
        if gradient:
            sums[rows] += weights @ augmented[stop:]
            sums[stop:] += weights.T @ augmented[rows]
    return total, sums[:, :-1] - x * sums[:, -1:]


def _discrepancy(problem: Problem, weigh: Weigh, roots: bool = False) -> Prepared:
    torch = package("torch")
    x, y, _ = torch_samples(problem)

    @torch.no_grad()
    def step() -> Any:
        n, m = len(x), len(y)
        centre = y.mean(0, keepdim=True)
        own, data = x - centre, y - centre
        within_x, pushed = _within(own, weigh, roots, True)
        within_y, _ = _within(data, weigh, roots, False)
        between, pulled = _between(own, data, weigh, roots)
        value = within_x / n**2 + within_y / m**2 - 2 * between / (n * m)
        return torch_finished((value, pushed * (2 / n**2) - pulled * (2 / (n * m))))

    return Prepared(step, torch_read())


def _mmd(problem: Problem) -> Prepared:
    sigma = problem.parameters["sigma"]

    def weigh(squares: Any) -> tuple[Any, Any]:
        kernel = squares.mul_(-0.5 / sigma**2).exp_()
        return kernel.sum(), kernel.mul_(1 / sigma**2)

    return _discrepancy(problem, weigh)


def _bank(problem: Problem) -> Prepared:
    widest = max(problem.parameters["sigmas"])
    count = len(problem.parameters["sigmas"])

    def weigh(squares: Any) -> tuple[Any, Any]:
        # Each bandwidth is half of the one before, so its kernel is the fourth power: one exponential serves them all.
        kernel = squares.mul_(-0.5 / widest**2).exp_()
        values, weights = kernel.clone(), kernel * (1 / widest**2)
        for number in range(1, count):
            kernel = kernel.square_().square_()
            values += kernel
            weights.add_(kernel, alpha=4.0**number / widest**2)
        return values.sum(), weights

    return _discrepancy(problem, weigh)


def _energy(problem: Problem) -> Prepared:
    def weigh(distances: Any) -> tuple[Any, Any]:
        value = -distances.sum()
        return value, distances.reciprocal_().nan_to_num_(posinf=0)  # coincident points do not pull

    return _discrepancy(problem, weigh, roots=True)


def _sliced(problem: Problem) -> Prepared:
    torch = package("torch")
    x, y, directions = torch_samples(problem)

    @torch.no_grad()
    def step() -> Any:
        along, order = torch.sort(directions @ x.T, dim=1)
        gap = along - torch.sort(directions @ y.T, dim=1).values
        value = gap.square().mean()
        moved = torch.empty_like(gap).scatter_(1, order, gap)
        return torch_finished((value, moved.T @ directions * (2 / gap.numel())))

    return Prepared(step, torch_read())


STEPS: dict[str, Builder] = {"mmd": _mmd, "energy": _energy, "bank": _bank, "sliced": _sliced}
