"""The kernel mean of a sample, carried by a few landmarks: its projection on the span of their kernels."""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float

from igm_jax.pairwise.costs import Pairs, matmul
from igm_jax.pairwise.kernel_means import kernel_means
from igm_jax.pairwise.kernels import Kernel

# Added to the landmarks' kernel matrix, in roundings of its trace: its smallest eigenvalues are rounding, too.
RIDGE = 10.0


class Projection(NamedTuple):
    """What carries an embedding.

    Attributes:
        weights: (l,) of the landmarks; of any sign, and they need not sum to one.
        square: the squared length of the projection.
        overlap: its inner product with what was projected; the same but for the ridge.
    """

    weights: Float[Array, " l"]
    square: Float[Array, ""]
    overlap: Float[Array, ""]


def projection(
    kernel: Kernel, landmarks: Float[Array, "l d"], y: Float[Array, "m d"], weights: Float[Array, " m"]
) -> Projection:
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
    kernel: Kernel, points: Float[Array, "p d"], landmarks: Float[Array, "l d"], weights: Float[Array, " l"]
) -> Float[Array, " p"]:
    """``Σ_l α_l k(p, z_l)`` with weights of any sign, about which no centre of mass can be taken: pairs are not centred by it."""
    return kernel_means(dataclasses.replace(kernel, radial=None), points, landmarks, weights)
