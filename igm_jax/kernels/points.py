"""Matrices of a plain function of two points: each pair once, and never more than some pairs with all their features."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks

# So many numbers of a function's pairs, features included, may be written down at once: 64 MiB in single precision.
NUMBERS = 2**24

OfPoints = Callable[[Array, Array], Array]
"""``(x (d,), y (d,)) -> scalar``: a function of two points, such as a kernel or a cost."""


def name_of(function: Callable[..., Any]) -> str:
    """A function's name, for an error's text."""
    return getattr(function, "__qualname__", type(function).__name__)


def matrix_of(function: OfPoints, x: Float[Array, "n d"], y: Float[Array, "m d"], name: str) -> Float[Array, "n m"]:
    """``function(x_i, y_j)`` for all pairs.

    Args:
        function: ``(x (d,), y (d,)) -> scalar``.
        x: (n, d) samples.
        y: (m, d) samples.
        name: the function's role, for the error's text.

    Returns:
        (n, m) matrix, in at least single precision; derivatives flow through the function, also to what it closes over.

    Raises:
        ValueError: if the function does not give one number for two points.
    """
    dtype = checks.at_least_single(x.dtype)
    x, y = x.astype(dtype), y.astype(dtype)
    given = jax.eval_shape(function, x[0], y[0])
    if getattr(given, "shape", None) != ():
        raise ValueError(
            f"`{name}` must give one number for two points of shape {x[0].shape}, but {name_of(function)} gave"
            f" {getattr(given, 'shape', given)}; sum over the features, e.g. `lambda x, y: jnp.sum(jnp.abs(x - y))`"
        )

    def row(point: Array) -> Array:
        return jax.vmap(lambda other: jnp.asarray(function(point, other)).astype(dtype))(y)

    if len(x) * y.size <= NUMBERS:
        return jax.vmap(row)(x)
    # A derivative computes some rows again instead of keeping what the function wrote down for all of them.
    return jax.lax.map(jax.checkpoint(row), x, batch_size=max(1, NUMBERS // y.size))
