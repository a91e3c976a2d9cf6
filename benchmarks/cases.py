"""The cases: what each computes, the right answer, and the least work that any algorithm must do."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks import references
from benchmarks.problems import Problem, Size
from benchmarks.references import Answer

AGREEMENT = 1e-3
CACHE_BYTES = 32 << 20


class Work(NamedTuple):
    """Counts of operations that cannot be avoided; each has a measured rate (see ``benchmarks.rates``)."""

    flops: float = 0.0
    """Multiplications and additions in matrix products."""
    exponentials: float = 0.0
    roots: float = 0.0
    sorted: float = 0.0
    """Keys put in order."""
    moved: float = 0.0
    """Bytes read or written."""


class Case(NamedTuple):
    """One thing that is measured."""

    title: str
    formula: str
    reference: Callable[[Problem], Answer]
    work: Callable[[Size, int], Work]
    """``(size, iterations) -> Work``; only transport looks at the iterations."""
    floor: str
    """The work in words."""
    agreement: float = AGREEMENT
    """Relative error above which an implementation is not counted as computing the same."""


def _half_pairs(size: Size) -> float:
    """Pairs of x with y, and each pair within x and within y once."""
    return size.n * size.m + (size.n**2 + size.m**2) / 2


def _symmetric_flops(size: Size) -> float:
    """Distances of those pairs, weighted sums for the gradient: 8n²d where n = m."""
    n, m, d = size
    return 2 * d * _half_pairs(size) + 2 * n * m * d + 2 * n * n * d


def _kernel_work(size: Size, _: int) -> Work:
    return Work(_symmetric_flops(size), exponentials=_half_pairs(size))


def _energy_work(size: Size, _: int) -> Work:
    return Work(_symmetric_flops(size), roots=_half_pairs(size))


def _transport_work(size: Size, iterations: int) -> Work:
    # An algorithm makes every exponential again in every iteration, or keeps them and multiplies with them twice: the second
    # is less. A kernel that outgrows the caches is then read from memory.
    pairs, more = size.n * size.m, max(iterations - 1, 0)
    read = 4 * pairs * more if 4 * pairs > CACHE_BYTES else 0
    return Work(_symmetric_flops(size) + 4 * pairs * more, exponentials=_half_pairs(size), moved=read)


def _sliced_work(size: Size, _: int) -> Work:
    n, m, d = size
    return Work(2 * 128 * d * (2 * n + m), sorted=128 * (n + m))


def _drifting_work(size: Size, _: int) -> Work:
    n, m, d = size
    pairs = n * n / 2 + n * m
    return Work(2 * d * pairs + 3 * 2 * n * (n + m) * d, exponentials=3 * pairs, roots=pairs)


CASES = {
    "mmd": Case(
        "Gaussian MMD²",
        "biased MMD², k = exp(-‖x − y‖²/2σ²), σ = √d",
        references.mmd,
        _kernel_work,
        "8n²d flops and 2n² exponentials",
    ),
    "energy": Case(
        "Energy distance",
        "2E‖x − y‖ − E‖x − x′‖ − E‖y − y′‖",
        references.energy,
        _energy_work,
        "8n²d flops and 2n² square roots",
    ),
    "bank": Case(
        "Gaussian MMD², five bandwidths",
        "biased MMD² with the sum of five Gaussian kernels, σ = √d/4 … 4√d",
        references.mmd,
        _kernel_work,
        "8n²d flops and 2n² exponentials: the other bandwidths are its powers",
    ),
    "sinkhorn": Case(
        "Sinkhorn divergence",
        "OT_ε(x, y) − ½OT_ε(x, x) − ½OT_ε(y, y), cost ‖x − y‖², ε = 0.05 · median cost, all to one marginal error",
        references.sinkhorn,
        _transport_work,
        "8n²d flops, 2n² exponentials, and for each iteration after the first 4n² flops with the kept kernel, read from memory"
        " where it is larger than 32 MB",
        agreement=1e-2,
    ),
    "sliced": Case(
        "Sliced W2², 128 directions",
        "mean over the same 128 directions of W2²(θ·x, θ·y)",
        references.sliced,
        _sliced_work,
        "three projections, and 2 · 128 n keys sorted",
    ),
    "drifting": Case(
        "Drifting field",
        "the released preset at temperatures 0.02, 0.05, 0.2; its value is its root mean square",
        references.drifting,
        _drifting_work,
        "15n²d flops, 4.5n² exponentials and 1.5n² square roots",
    ),
}
