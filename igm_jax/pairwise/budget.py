"""How large tiles are, in one place: large enough to keep the cores busy, small enough for the caches and for memory."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Elements of a tile. On a CPU a tile that outgrows the caches is written to memory and read again; a GPU wants more work at once.
CPU_TILE, GPU_TILE = 1 << 22, 1 << 25

# More rows than this gain nothing; fewer leave the matrix products without work.
MOST_ROWS, FEWEST_ROWS = 256, 64

# Half of the pairs in a circle of blocks: with fewer blocks than this, what is visited twice is not worth the circle.
LEAST_BLOCKS = 8

# Samples of more numbers than this are worth being handled one sum after the other.
LARGE = 1 << 20


def rows_of_a_tile(n: int, m: int) -> int:
    """How many of n rows meet all m columns at once."""
    if jax.default_backend() == "cpu":
        rows = min(MOST_ROWS, max(FEWEST_ROWS, CPU_TILE // m))
    else:
        rows = max(FEWEST_ROWS, GPU_TILE // m)
    # Blocks of equal size leave little to pad.
    return -(-n // -(-n // rows))


def rows_of_a_half(n: int) -> int:
    """The same for the windows of a sample against itself, each half as long; n where the circle does not pay."""
    rows = min(rows_of_a_tile(n, max(n // 2, 1)), n // LEAST_BLOCKS)
    return rows if rows >= FEWEST_ROWS else n


def after(done: Float[Array, ""], *samples: Array) -> tuple[Array, ...]:
    """The samples, unchanged; large ones not before ``done`` is known.

    XLA would begin several sums at once and hold the copies that each needs; an optimization barrier does not stop it, but a
    number that has to be added does. Zero times a number is not removed, as it could be infinite.
    """
    nothing = 0 * jax.lax.stop_gradient(done)
    return tuple(x + nothing.astype(x.dtype) if x.size > LARGE else jnp.asarray(x) for x in samples)
