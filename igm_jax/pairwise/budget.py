"""How much memory pairs may take, in one place: what is kept whole, how large tiles are, what is done one after the other."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array

from igm_jax import loops
from igm_jax.checks import Scalar

# Keeping a matrix spares its computation; fresh pages cost as much as a few dozen reads. Above this, all machines suffer.
BYTES = 256 * 2**20

# A tile of pairs, with its copy under the exponential, stays in the cache of a processor core.
TILE_PAIRS = 2**20

# Kernels of so many pairs stay in the cache from one update to the next.
CACHED_PAIRS = 2**19

# Tiles that are reduced by one wide product may be larger: the product pays for the trip to memory. A GPU wants more at once.
WIDE_PAIRS, GPU_PAIRS = 2**22, 2**25

# More rows than this gain nothing; fewer leave the matrix products without work.
MOST_ROWS, FEWEST_ROWS = 256, 64

# Half of the pairs in a circle of blocks: with fewer blocks than this, what is visited twice is not worth the circle.
LEAST_BLOCKS = 8

# Up to so many pairs are met at once, by the number of features from which on it holds: few where differences are taken, as
# tiles meet half of the pairs of a sample with itself; more where products with the samples are most of the work.
TABLE_PAIRS = ((256, 2**22), (9, 2**18), (1, 2**16))

# Groups of samples come some at a time, so that so many of their numbers stay in the cache; the smallest are passed over once.
GROUPED, FEW = 2**17, 4

# Samples of more numbers than this are worth being handled one sum after the other.
LARGE = 2**20


def fits(n: int, m: int, dtype: DTypeLike, matrices: int = 2) -> bool:
    """Whether some n × m matrices may be kept.

    ``matrices · n · m · itemsize ≤ BYTES``

    Args:
        n: rows.
        m: columns.
        dtype: type of the entries.
        matrices: how many are alive at once.

    Returns:
        True if they fit the budget.

    Example:
        >>> from igm_jax.pairwise.budget import fits
        >>> fits(4096, 4096, "float32"), fits(16384, 16384, "float32")
        (True, False)
    """
    return matrices * n * m * jnp.dtype(dtype).itemsize <= BYTES


def most_of_tables(d: int) -> int:
    """Up to how many pairs of samples of d features are met at once, as tables that stay in the cache."""
    return next(pairs for least, pairs in TABLE_PAIRS if d >= least)


def in_tables(x: Array, y: Array) -> bool:
    """Whether all pairs of two samples, and of each with itself, are met at once: few of them, and all on one device."""
    return max(len(x), len(y)) ** 2 <= most_of_tables(x.shape[1]) and loops.ring.value is None


def tiling(
    n: int, m: int, most: int = MOST_ROWS, least: int = FEWEST_ROWS, *, odd: bool = False, pairs: int = TILE_PAIRS
) -> tuple[int, int]:
    """How to cut n rows of m pairs into tiles that stay in cache: fewer than ``least`` rows would starve matrix products.

    Args:
        n: rows.
        m: pairs in a row.
        most: rows of a tile at most.
        least: rows of a tile at least, if there are so many.
        odd: whether the number of tiles must be odd.
        pairs: how many pairs make a tile.

    Returns:
        The number of tiles, and the rows of each; their product is n or a little more.

    Example:
        >>> from igm_jax.pairwise.budget import tiling
        >>> tiling(1000, 4096), tiling(1000, 65536)
        ((4, 250), (16, 63))
    """
    rows = min(most, max(least, pairs // m))
    tiles = math.ceil(n / rows)
    tiles += odd and tiles % 2 == 0
    return tiles, math.ceil(n / tiles)


def rows_of_a_tile(n: int, m: int) -> int:
    """How many of n rows meet all m columns at once."""
    if jax.default_backend() == "cpu":
        return tiling(n, m, pairs=WIDE_PAIRS)[1]
    return tiling(n, m, most=n, pairs=GPU_PAIRS)[1]


def rows_of_a_half(n: int) -> int:
    """The same for the windows of a sample against itself, each half as long; n where the circle does not pay."""
    rows = min(rows_of_a_tile(n, max(n // 2, 1)), n // LEAST_BLOCKS)
    return rows if rows >= FEWEST_ROWS else n


def after(done: Scalar, *samples: Array) -> tuple[Array, ...]:
    """The samples, unchanged; large ones not before ``done`` is known.

    XLA would begin several sums at once and hold the copies that each needs; an optimization barrier does not stop it, but a
    number that has to be added does. Zero times a number is not removed, as it could be infinite.
    """
    nothing = 0 * jax.lax.stop_gradient(done)
    return tuple(x + nothing.astype(x.dtype) if x.size > LARGE else jnp.asarray(x) for x in samples)


def padded(tree: Any, multiple: int) -> Any:
    """The arrays with a multiple of so many rows: what is added is zero, samples at the origin without weight."""
    return jax.tree.map(lambda leaf: jnp.pad(leaf, [(0, -len(leaf) % multiple)] + [(0, 0)] * (leaf.ndim - 1)), tree)


def by_rows(visit: Callable, start: Any, samples: Any, n: int, columns: int) -> tuple[Any, Any]:
    """``lax.scan`` over blocks of rows: ``visit(carry, block, index) -> (carry, out)``, the outs in one piece again.

    A derivative computes a block again instead of keeping it, so that its memory is linear, too.

    Args:
        visit: what to do; ``index`` are the rows' numbers. Padding has the number n and is a copy of the first row.
        start: the first carry.
        samples: arrays (n, ...) that are cut into blocks.
        n: how many rows.
        columns: how many columns each meets.

    Returns:
        The last carry, and the outs (n, ...).
    """
    rows = rows_of_a_tile(n, columns)
    index = jnp.concatenate([jnp.arange(n), jnp.full(-n % rows, n)])
    blocks = jax.tree.map(lambda leaf: leaf[index % n].reshape(-1, rows, *leaf.shape[1:]), samples)

    @partial(jax.checkpoint, prevent_cse=False)
    def step(carry: Any, given: tuple) -> tuple[Any, Any]:
        return visit(carry, *given)

    carry, out = loops.scan(step, start, (blocks, index.reshape(-1, rows)))
    return carry, jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:n], out)


def some_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one group of samples, whose ``vmap`` takes as many groups at a time as stay in the cache.

    Args:
        function: of arrays, the first of which are the group's samples (k, d); without derivatives of its own.

    Returns:
        The function.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.pairwise.budget import some_at_a_time
        >>> jax.vmap(some_at_a_time(lambda x: jnp.sum(x)))(jnp.ones((3, 2, 2))).tolist()
        [4.0, 4.0, 4.0]
    """
    mapped = jax.custom_batching.custom_vmap(function)

    @mapped.def_vmap
    def rule(groups: int, batched: Any, *arrays: Array) -> tuple[Any, Any]:
        spread = lambda one, own: one if own else jnp.broadcast_to(one, (groups, *one.shape))  # noqa: E731
        each = tuple(spread(*pair) for pair in zip(arrays, batched, strict=True))
        numbers = each[0].shape[1] * max(each[0].shape[1:])
        if groups * numbers <= 2 * GROUPED or len(each[0][0]) <= FEW:
            out = jax.vmap(function)(*each)
        else:
            out = jax.lax.map(lambda some: function(*some), each, batch_size=max(1, GROUPED // numbers))
        return out, jax.tree.map(lambda _: True, out)

    return mapped
