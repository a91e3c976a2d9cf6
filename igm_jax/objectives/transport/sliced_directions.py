"""Directions to slice along: independent, orthogonal, or spread evenly; each alone is uniform, so no mean over them is biased."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.kernels.pairs import matmul

__all__ = ["orthogonal_directions", "quasi_random_directions", "random_directions"]

Directions = Callable[[Key, int, int, Any], Array]
"""``(key, dim, num_projections, dtype) -> (k, d)`` unit vectors."""

# So many bits of a coordinate and one half more are a float32 number below one.
BITS = 23

# Dimensions for which SciPy has a Sobol sequence.
MOST_FEATURES = 21201


def _counts(dim: int, num_projections: int) -> tuple[int, int]:
    return checks.count("num_projections", num_projections), checks.count("dim", dim)


def _normalised(vectors: Float[Array, "k d"]) -> Float[Array, "k d"]:
    return vectors / jnp.linalg.norm(vectors, axis=1, keepdims=True)


def drawn(directions: Any, key: Key, dim: int, num_projections: int, dtype: Any) -> Float[Array, "k d"]:
    """What ``directions`` gives, or an error if it is no function or its result has another shape."""
    if not callable(directions):
        raise TypeError(
            f"`directions` must be a function such as `orthogonal_directions`, but is {type(directions).__name__};"
            " wrap fixed ones as `lambda key, dim, num_projections, dtype: fixed`"
        )
    found = directions(key, dim, num_projections, dtype)
    if found.shape != (num_projections, dim):
        raise ValueError(
            f"`directions` must give {num_projections} unit vectors, shape ({num_projections}, {dim}), but gave shape"
            f" {found.shape}"
        )
    return found


def random_directions(key: Key, dim: int, num_projections: int, dtype=float) -> Float[Array, "k d"]:
    """Independent directions, uniform on the unit sphere.

    Args:
        key: random key.
        dim: d ≥ 1.
        num_projections: k ≥ 1.
        dtype: float type.

    Returns:
        (k, d) unit vectors.

    Raises:
        ValueError: for counts below one.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import random_directions
        >>> random_directions(jax.random.key(0), 3, 5).shape
        (5, 3)
    """
    return _normalised(jax.random.normal(checks.key("key", key), _counts(dim, num_projections), dtype))


def orthogonal_directions(key: Key, dim: int, num_projections: int, dtype=float) -> Float[Array, "k d"]:
    """Directions in independent blocks of d that are orthogonal to each other, each block a random orthogonal matrix.

    ``θ_i · θ_j = 0`` within a block, and every direction is uniform on the sphere.

    A mean of squares ``(θ·z)²`` over a whole block is ``‖z‖²/d`` exactly; the sliced distance of two translates has no variance
    then.

    Args:
        key: random key.
        dim: d ≥ 1.
        num_projections: k ≥ 1; the last block is cut where d does not divide it.
        dtype: float type.

    Returns:
        (k, d) unit vectors.

    Raises:
        ValueError: for counts below one.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import orthogonal_directions
        >>> a, b = orthogonal_directions(jax.random.key(0), 2, 2)
        >>> bool(abs(a @ b) < 1e-6)
        True

    Source: Rowland et al., Orthogonal Estimation of Wasserstein Distances, arXiv 1903.03784.
    """
    key = checks.key("key", key)
    k, d = _counts(dim, num_projections)
    width = min(k, d)
    q, r = jnp.linalg.qr(jax.random.normal(key, (-(-k // width), d, width), dtype))
    # The factorisation fixes the signs in its own way; those of the diagonal make the matrix uniform.
    q = q * jnp.sign(jnp.diagonal(r, axis1=1, axis2=2))[:, None, :]
    return jnp.swapaxes(q, 1, 2).reshape(-1, d)[:k]


def quasi_random_directions(key: Key, dim: int, num_projections: int, dtype=float) -> Float[Array, "k d"]:
    """Directions spread evenly over the sphere, turned or shifted at random so that each is uniform.

    In the plane equidistant angles, ``θ_j = π (j/k + u)``, over half a circle, as a line has no sense; in three
    dimensions a spherical Fibonacci lattice, randomly turned; else Sobol points with a random digital shift, mapped through the
    normal quantile and normalised.

    Args:
        key: random key of the turn or shift.
        dim: 1 ≤ d ≤ 21201.
        num_projections: 1 ≤ k ≤ 2²³.
        dtype: float type.

    Returns:
        (k, d) unit vectors.

    Raises:
        ValueError: for counts below one, or more features than Sobol sequences are known for.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import quasi_random_directions
        >>> a, b = quasi_random_directions(jax.random.key(0), 2, 2)
        >>> bool(abs(a @ b) < 1e-6)
        True

    Source: Nguyen, Bariletto and Ho, Quasi-Monte Carlo for 3D Sliced Wasserstein, arXiv 2309.11713.
    """
    key = checks.key("key", key)
    k, d = _counts(dim, num_projections)
    if d == 2:
        angles = (jnp.arange(k, dtype=dtype) / k + jax.random.uniform(key, (), dtype)) * np.pi
        return jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    if d == 3:
        return matmul(jnp.asarray(_fibonacci(k), dtype), orthogonal_directions(key, 3, 3, dtype))
    shift = jax.random.bits(key, (d,), jnp.uint32) >> (32 - BITS)
    shifted = jnp.asarray(_sobol(k, d)) ^ shift[None, :]
    return _normalised(jax.scipy.special.ndtri((shifted.astype(dtype) + 0.5) / 2**BITS))


def _fibonacci(k: int) -> Float[np.ndarray, "k 3"]:
    """Points on the unit sphere at equidistant heights, each a golden angle further on."""
    number = np.arange(k)
    height, angle = 1 - (2 * number + 1) / k, np.pi * (3 - np.sqrt(5)) * number
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)


def _sobol(k: int, d: int) -> np.ndarray:
    """(k, d) coordinates of the first Sobol points as integers of ``BITS`` bits."""
    if d > MOST_FEATURES:
        raise ValueError(
            f"`dim` must be at most {MOST_FEATURES}, as far as Sobol sequences are known, but is {d}; use"
            " `orthogonal_directions`"
        )
    from scipy.stats import qmc  # here, because it takes long to import

    points = qmc.Sobol(d, scramble=False).random_base2((k - 1).bit_length())[:k]
    return (points * 2**BITS).astype(np.uint32)
