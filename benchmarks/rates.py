"""What the machine can do, measured by jax in the same run: the rates behind the floors."""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.cases import Work

RATES = {
    "flops": "matrix product, flops/s",
    "exponentials": "fused exponential and sum, 1/s",
    "roots": "fused square root and sum, 1/s",
    "sorted": "keys sorted, 1/s",
    "moved": "memory, bytes/s",
}
"""The names of the rates, one for each count of ``Work``."""


def fastest(call: Callable[[], Any], repeats: int) -> float:
    """The seconds of the fastest of several calls after a first one: what the machine can do when nothing disturbs it."""
    call()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def measured_rates(edge: int = 2048, repeats: int = 7) -> dict[str, float]:
    """Operations a second on jax's default device, for each name of ``RATES``: the fastest of several calls.

    The square arrays' edge of 2048 fills a CPU; a GPU needs 16384.
    """
    import jax
    import jax.numpy as jnp

    key_left, key_right = jax.random.split(jax.random.key(0))
    left, right = jax.random.uniform(key_left, (edge, edge)), jax.random.uniform(key_right, (edge, edge))
    column, row = left[:, :1] + 1, right[:1]

    def rate(count: float, function: Callable[..., Any], *arguments: Any) -> float:
        compiled = jax.jit(function)
        return count / fastest(lambda: jax.block_until_ready(compiled(*arguments)), repeats)

    pairs = float(edge) ** 2
    product = jax.lax.Precision.HIGHEST
    return {
        "flops": rate(2 * pairs * edge, lambda a, b: jnp.matmul(a, b, precision=product), left, right),
        # The tile of pairs is never in memory: it is made from a column and a row, and summed at once.
        "exponentials": rate(pairs, lambda a, b: jnp.sum(jnp.exp(b - a), axis=1), column, row),
        "roots": rate(pairs, lambda a, b: jnp.sum(jnp.sqrt(b + a), axis=1), column, row),
        "sorted": rate(pairs / 16, lambda a: jnp.sort(jax.lax.bitcast_convert_type(a, jnp.int32)), left[: edge // 16]),
        "moved": rate(3 * 4 * pairs * 4, lambda a, b: a + b, *(jnp.concatenate([part] * 4) for part in (left, right))),
    }


def floor_seconds(work: Work, rates: dict[str, float]) -> float:
    """The least time for some work at measured rates, one kind of work after the other: ``Σ count / rate``."""
    return sum(count / rates[name] for name, count in work._asdict().items() if count)
