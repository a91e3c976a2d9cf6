"""An estimate with its standard error: of objectives as arrays, so that ``jax.jit`` may hold it, of metrics as numbers."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.kernels.pairs import safe_sqrt

__all__ = ["Estimate"]


class Estimate(NamedTuple):
    """An estimate and its standard error, both scalar arrays (of an objective) or both Python floats (of a metric).

    Attributes:
        value: the estimate.
        standard_error: its standard deviation over draws of what was drawn: of the samples, or of the features.
    """

    value: Any
    standard_error: Any


def mean_of(terms: Float[Array, " k"]) -> Estimate:
    """The mean of independent terms, and its standard error ``√(Σ (t - mean)² / (k (k - 1)))``.

    Args:
        terms: (k,) of them, k ≥ 2.

    Returns:
        The estimate.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.objectives.moments.estimate import mean_of
        >>> [float(number) for number in mean_of(jnp.array([1.0, 3.0]))]
        [2.0, 1.0]
    """
    return Estimate(jnp.mean(terms), safe_sqrt(jnp.var(terms, ddof=1) / len(terms)))
