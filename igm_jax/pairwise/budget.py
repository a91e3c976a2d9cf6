"""How much memory a matrix of all pairs may take before it is computed in pieces, again and again, instead of kept."""

import math

import jax.numpy as jnp
from jax.typing import DTypeLike

# Keeping a matrix spares its computation; fresh pages cost as much as a few dozen reads. Above this, all machines suffer.
BYTES = 256 * 2**20

# A tile of pairs, with its copy under the exponential, stays in the cache of a processor core.
TILE_PAIRS = 2**20


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


def tiling(n: int, m: int, most: int = 256, least: int = 64, *, odd: bool = False) -> tuple[int, int]:
    """How to cut n rows of m pairs into tiles that stay in cache: fewer than ``least`` rows would starve matrix products.

    Args:
        n: rows.
        m: pairs in a row.
        most: rows of a tile at most.
        least: rows of a tile at least, if there are so many.
        odd: whether the number of tiles must be odd.

    Returns:
        The number of tiles, and the rows of each; their product is n or a little more.

    Example:
        >>> from igm_jax.pairwise.budget import tiling
        >>> tiling(1000, 4096), tiling(1000, 65536)
        ((4, 250), (16, 63))
    """
    rows = min(most, max(least, TILE_PAIRS // m))
    tiles = math.ceil(n / rows)
    tiles += odd and tiles % 2 == 0
    return tiles, math.ceil(n / tiles)
