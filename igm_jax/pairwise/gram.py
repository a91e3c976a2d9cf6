"""Gram matrices that are kept whole and factorised, for few samples: regularised inverses, and projections on landmarks."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float

from igm_jax.checks import Data, OfData, OfPoints, Points, Samples, Scalar
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import Pairs, matmul
from igm_jax.pairwise.reductions import row_means
from igm_jax.pairwise.sums import kernel_means

MAX_SAMPLES = 8192
"""Samples at most: a float32 matrix of so many is 256 MiB, and a solve takes the cube of them in operations."""

# Added to the landmarks' Gram matrix, in roundings of its trace: its smallest eigenvalues are rounding, too.
RIDGE = 10.0


def check_size(n: int) -> None:
    """An error for more samples than a matrix of them all may have."""
    if n > MAX_SAMPLES:
        raise ValueError(
            f"a matrix of all pairs is needed here, for at most {MAX_SAMPLES} samples, but `x` has {n}; use a random"
            " subset of them"
        )


def ridge_solve(kernel: Kernel, x: Samples, right: Float[Array, "n k"], ridge: Array) -> Float[Array, "n k"]:
    """``(K + ηI)⁻¹ R`` with ``K_ij = k(x_i, x_j)``, by a Cholesky factor."""
    check_size(len(x))
    matrix = kernel.of(Pairs(x, x)) + ridge * jnp.eye(len(x), dtype=x.dtype)
    return cho_solve((jnp.linalg.cholesky(matrix), True), right)


def truncated_solve(kernel: Kernel, x: Samples, right: Float[Array, "n k"], components: int) -> Float[Array, "n k"]:
    """``Σ_j u_j λ_j⁻¹ u_jᵀ R`` over the largest eigenvalues λ of ``K_ij = k(x_i, x_j)``; those that are rounding are left out."""
    check_size(len(x))
    values, vectors = jnp.linalg.eigh(kernel.of(Pairs(x, x)))
    values, vectors = values[-components:], vectors[:, -components:]
    known = values > len(x) * jnp.finfo(x.dtype).eps * values[-1]
    inverse = jnp.where(known, 1 / jnp.where(known, values, 1), 0)
    return matmul(vectors, inverse[:, None] * matmul(vectors.T, right))


class Projection(NamedTuple):
    """The projection of a kernel mean embedding on the span of the landmarks' kernels.

    Attributes:
        weights: (l,) of the landmarks; of any sign, and they need not sum to one.
        square: the squared length of the projection.
        overlap: its inner product with what was projected; the same but for the ridge.
    """

    weights: Float[Array, " l"]
    square: Scalar
    overlap: Scalar


def projection(kernel: Kernel, landmarks: Float[Array, "l d"], y: Data, weights: OfData) -> Projection:
    """The nearest function to ``Σ_j b_j k(·, y_j)`` among sums of ``k(·, z_l)``.

    ``(K_zz + λ) α = Σ_j b_j k(z, y_j)`` with a λ of some roundings; the l × l matrix is kept.

    Args:
        kernel: positive definite.
        landmarks: (l, d).
        y: (m, d) samples.
        weights: (m,) of them.

    Returns:
        The projection.
    """
    seen = kernel_means(kernel, landmarks, y, weights)
    matrix = kernel.of(Pairs(landmarks, landmarks))
    info = jnp.finfo(matrix.dtype)
    ridge = RIDGE * info.eps * jnp.trace(matrix) + info.tiny
    alpha = cho_solve(cho_factor(matrix + ridge * jnp.eye(len(landmarks), dtype=matrix.dtype)), seen)
    return Projection(alpha, jnp.vdot(alpha, matmul(matrix, alpha[:, None])[:, 0]), jnp.vdot(alpha, seen))


def projected_means(
    kernel: Kernel, points: Points, landmarks: Float[Array, "l d"], weights: Float[Array, " l"]
) -> OfPoints:
    """``Σ_l α_l k(p, z_l)`` with weights of any sign, about which no centre of mass can be taken: pairs are not centred by it."""
    return row_means(lambda rows: kernel.of(Pairs(rows, landmarks)), points, weights)
