"""The least work of each case, where it can be counted."""

from benchmarks.cases import CACHE_BYTES, CASES, Work
from benchmarks.problems import Size


def test_the_floor_of_the_kernels_counts_each_symmetric_pair_once():
    n, d = 10, 3
    work = CASES["mmd"].work(Size(n, n, d), 1)
    assert work == Work(flops=8 * n * n * d, exponentials=2 * n * n)
    assert CASES["energy"].work(Size(n, n, d), 1) == Work(flops=8 * n * n * d, roots=2 * n * n)


def test_transport_multiplies_twice_with_the_kept_kernel_in_each_further_iteration():
    n, d = 10, 3
    once, five = (CASES["sinkhorn"].work(Size(n, n, d), iterations) for iterations in (1, 5))
    assert once == CASES["mmd"].work(Size(n, n, d), 1)
    assert five == once._replace(flops=once.flops + 4 * 4 * n * n)
    large = 2 * int((CACHE_BYTES / 4) ** 0.5)  # it does not fit into the cache, and is read again
    assert CASES["sinkhorn"].work(Size(large, large, d), 3).moved == 2 * 4 * large**2
