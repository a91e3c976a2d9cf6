"""Work on all pairs, some rows at a time: the loop that every sum over pairs without a shortcut goes through."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from igm_jax.pairwise.budget import rows_of_a_tile


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

    carry, out = jax.lax.scan(step, start, (blocks, index.reshape(-1, rows)))
    return carry, jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:n], out)
