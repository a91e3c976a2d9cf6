"""Regularised inverses of a kernel's matrix: the one place where a matrix of all pairs is kept whole, for few samples."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.pairwise.costs import Pairs, matmul
from igm_jax.pairwise.kernels import Kernel

MOST_SAMPLES = 8192
"""Samples at most: a float32 matrix of so many is 256 MiB, and a solve takes the cube of them in operations."""


def check_size(n: int) -> None:
    """An error for more samples than a matrix of them all may have."""
    if n > MOST_SAMPLES:
        raise ValueError(
            f"a matrix of all pairs is needed here, for at most {MOST_SAMPLES} samples, but `x` has {n}; use a random"
            " subset of them"
        )


def ridge_solve(
    kernel: Kernel, x: Float[Array, "n d"], right: Float[Array, "n k"], ridge: Array
) -> Float[Array, "n k"]:
    """``(K + ηI)⁻¹ R`` with ``K_ij = k(x_i, x_j)``, by a Cholesky factor."""
    check_size(len(x))
    matrix = kernel.of(Pairs(x, x)) + ridge * jnp.eye(len(x), dtype=x.dtype)
    return jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(matrix), True), right)


def truncated_solve(
    kernel: Kernel, x: Float[Array, "n d"], right: Float[Array, "n k"], components: int
) -> Float[Array, "n k"]:
    """``Σ_j u_j λ_j⁻¹ u_jᵀ R`` over the largest eigenvalues λ of ``K_ij = k(x_i, x_j)``; those that are rounding are left out."""
    check_size(len(x))
    values, vectors = jnp.linalg.eigh(kernel.of(Pairs(x, x)))
    values, vectors = values[-components:], vectors[:, -components:]
    known = values > len(x) * jnp.finfo(x.dtype).eps * values[-1]
    inverse = jnp.where(known, 1 / jnp.where(known, values, 1), 0)
    return matmul(vectors, inverse[:, None] * matmul(vectors.T, right))
