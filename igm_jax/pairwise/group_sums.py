"""Sums of kernels within random groups of samples: every permutation of a test in one pass over the pairs.

A permutation test splits the same samples into two groups thousands of times, and asks each time for the sums of a kernel
within and between them. With a column of zeros and ones for each split these are quadratic forms, so a tile of the kernel's
matrix meets all splits in one matrix product.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.checks import Samples
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import Pairs, matmul
from igm_jax.pairwise.budget import by_rows


class GroupSums(NamedTuple):
    """Sums over pairs of different samples, i ≠ j, of ``k(z_i, z_j) - offset``; for each bandwidth and each group.

    Attributes:
        within: ``Σ a_i a_j (k_ij - offset)``, a = 1 in the group and 0 outside.
        reach: ``Σ a_i (k_ij - offset)``.
        total: ``Σ (k_ij - offset)``.
        size: ``Σ |k_ij - offset|``, to which the rounding errors are proportional.
        squares: ``Σ k_ij²``.
        offset: about the mean of the kernel: without it, the differences of the sums would lose digits.
    """

    within: Float[Array, "k b"]
    reach: Float[Array, "k b"]
    total: Float[Array, " k"]
    size: Float[Array, " k"]
    squares: Float[Array, " k"]
    offset: Float[Array, " k"]


@partial(jax.jit, static_argnums=0)
def group_sums(
    kernel_of: Callable[[Array], Kernel], bandwidths: Float[Array, " k"], z: Samples, groups: Float[Array, "n b"]
) -> GroupSums:
    """The sums of a family of kernels within groups of samples, with memory for the groups and one tile of pairs.

    Args:
        kernel_of: from a bandwidth to a kernel; compiled once for each.
        bandwidths: of the kernels.
        z: the samples.
        groups: a column of zeros and ones for each group.

    Returns:
        The sums.
    """
    n, kernels = len(z), len(bandwidths)
    columns = jnp.concatenate([groups, jnp.ones_like(groups[:, :1])], axis=1)
    offset = jnp.mean(_values(kernel_of, bandwidths, Pairs(z[::-1][:32], z[:32])), axis=(1, 2))

    def visit(carry: GroupSums, block: tuple[Array, Array], index: Array) -> tuple[GroupSums, tuple]:
        rows, mine = block
        other = (index[:, None] != jnp.arange(n)[None, :]) & (index < n)[:, None]
        values = jnp.where(other[None], _values(kernel_of, bandwidths, Pairs(rows, z)), 0)
        tile = jnp.where(other[None], values - offset[:, None, None], 0)
        sums = matmul(tile.reshape(-1, n), columns).reshape(kernels, len(rows), -1)
        found = GroupSums(
            jnp.sum(mine[None] * sums[..., :-1], axis=1),
            matmul(sums[..., -1], mine),
            jnp.sum(sums[..., -1], axis=1),
            jnp.sum(jnp.abs(tile), axis=(1, 2)),
            jnp.sum(jnp.square(values), axis=(1, 2)),
            jnp.zeros_like(offset),
        )
        return jax.tree.map(jnp.add, carry, found), ()

    none = jnp.zeros((kernels,), z.dtype)
    nothing = jnp.zeros((kernels, groups.shape[1]), z.dtype)
    start = GroupSums(nothing, nothing, none, none, none, offset)
    return by_rows(visit, start, (z, groups), n, kernels * n)[0]


def _values(kernel_of: Callable[[Array], Kernel], bandwidths: Array, pairs: Pairs) -> Float[Array, "k n m"]:
    """A family of kernels on the same pairs, whose distances are computed once."""
    return jax.vmap(lambda bandwidth: kernel_of(bandwidth).of(pairs))(bandwidths)
