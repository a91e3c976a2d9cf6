"""Targets whose shape is hard to follow: a bent ridge, a funnel; with density, score and exact draws."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.distributions.base import Distribution, points_of
from igm_jax.records import recorded


def _log_normal(z: Array) -> Array:
    """``log N(z; 0, I)``."""
    return -0.5 * jnp.sum(jnp.square(z), axis=1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


@recorded
def banana(curvature: float = 0.5, std: float = 2.0) -> Distribution:
    """A Gaussian in the plane, bent along a parabola: its two coordinates are uncorrelated and far from independent.

    ``x_1 ~ N(0, std²)``, ``x_2 ~ N(b (x_1² - std²), 1)``; both means are 0, and ``Var x_2 = 1 + 2 b² std⁴``

    Args:
        curvature: b, of either sign; 0 is a Gaussian.
        std: the standard deviation along the ridge.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: for a standard deviation that is not positive, or a curvature that is not finite.

    Example:
        >>> from igm_jax.distributions import banana
        >>> banana(1.0, 1.0).score([[1.0, 2.0]]).tolist()
        [[3.0, -2.0]]

    Source: Haario, Saksman, Tamminen, Adaptive proposal distribution, Comput. Statist. 14 (1999).
    """
    std = float(checks.positive("std", std))
    bend = float(curvature)
    if not math.isfinite(bend):
        raise ValueError(f"`curvature` must be finite, but is {curvature}")

    def shift(first: Array) -> Array:
        return bend * (jnp.square(first) - std**2)

    def sample(key: Key, n: int) -> Array:
        first, second = jax.random.normal(key, (n, 2)).T
        return jnp.stack([std * first, second + shift(std * first)], axis=1)

    def log_density(points: ArrayLike) -> Array:
        first, second = points_of(2, points).T
        unbent = jnp.stack([first / std, second - shift(first)], axis=1)
        return _log_normal(unbent) - math.log(std)

    return Distribution("banana", 2, sample, log_density)


@recorded
def funnel(dim: int = 2, std: float = 3.0) -> Distribution:
    """Neal's funnel: the first coordinate sets how wide the others are, over many orders of magnitude.

    ``x_1 ~ N(0, std²)``, ``x_j ~ N(0, exp(x_1))`` for the others, given the first

    Args:
        dim: the number of features d ≥ 2.
        std: the standard deviation of the first.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: for fewer than two features, or a standard deviation that is not positive.

    Example:
        >>> from igm_jax.distributions import funnel
        >>> funnel(3, 1.0).score([[0.0, 2.0, 1.0]]).tolist()
        [[1.5, -2.0, -1.0]]

    Source: Neal, Slice Sampling, Ann. Statist. 31 (2003), Section 8.
    """
    dim = checks.count("dim", dim, least=2)
    std = float(checks.positive("std", std))

    def sample(key: Key, n: int) -> Array:
        z = jax.random.normal(key, (n, dim))
        first = std * z[:, :1]
        return jnp.concatenate([first, jnp.exp(first / 2) * z[:, 1:]], axis=1)

    def log_density(points: ArrayLike) -> Array:
        points = points_of(dim, points)
        first = points[:, :1]
        z = jnp.concatenate([first / std, jnp.exp(-first / 2) * points[:, 1:]], axis=1)
        return _log_normal(z) - math.log(std) - (dim - 1) / 2 * first[:, 0]

    return Distribution("funnel", dim, sample, log_density)
