"""Distributions blurred by Gaussian noise: thin curves and sharp boxes, with their densities."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.distributions.base import Distribution, points_of
from igm_jax.pairwise import squared_distances
from igm_jax.records import recorded


class Curve(NamedTuple):
    """A curve in the plane.

    Attributes:
        position: ``(u, xp) -> (first, second)`` coordinates at ``u`` in [0, 1]; ``xp`` is ``numpy`` or ``jax.numpy``.
        speed: the greatest length of d position / du.
    """

    position: Callable[[Any, Any], tuple[Any, Any]]
    speed: float


def noise_level(noise: Any) -> float:
    """``noise`` if it is a standard deviation, or an error; 0 is allowed and means none."""
    return 0.0 if noise == 0 else float(checks.positive("noise", noise))


@recorded
def noisy_curves(name: str, curves: tuple[Curve, ...], noise: float) -> Distribution:
    """Uniform draws of ``u`` along curves in the plane, each curve as often as the others, plus Gaussian noise.

    ``p(x) = mean_c ∫₀¹ N(x; c(u), noise² I) du``

    The integral is a Gauss-Legendre rule of 12 nodes on every piece of the curve of length at most 3 · noise. Near the
    curve, where the mass is, it is accurate to rounding; errors grow to about 1e-3 relative some 20 noises away.

    Args:
        name: a short name for tables.
        curves: the curves.
        noise: the standard deviation of the noise; 0 for none, and then there is no density.

    Returns:
        The distribution.

    Raises:
        ValueError: for noise that is negative or not finite.

    Example:
        >>> from igm_jax.distributions.curves import Curve, noisy_curves
        >>> line = Curve(lambda u, xp: (10 * u, 0 * u), 10.0)
        >>> round(float(noisy_curves("line", (line,), 0.1).log_density([[5.0, 0.0]])[0]), 4)
        -0.9189
    """
    noise = noise_level(noise)

    def sample(key: Key, n: int) -> Array:
        key_curve, key_place, key_noise = jax.random.split(key, 3)
        u = jax.random.uniform(key_place, (n,))
        which = jax.random.randint(key_curve, (n,), 0, len(curves))
        places = jnp.stack([jnp.stack(curve.position(u, jnp), axis=1) for curve in curves])
        return places[which, jnp.arange(n)] + noise * jax.random.normal(key_noise, (n, 2))

    if noise == 0:
        reason = "without noise all its mass lies on a curve, which has no area; give it `noise`"
        return Distribution(name, 2, sample, no_density=reason)
    nodes, log_weights = _quadrature(curves, noise)

    def log_density(points: ArrayLike) -> Array:
        points = points_of(2, points)
        squares = squared_distances(points, jnp.asarray(nodes, points.dtype))
        terms = jnp.asarray(log_weights, points.dtype)[None] - squares / (2 * noise**2)
        return jax.scipy.special.logsumexp(terms, axis=1) - math.log(2 * math.pi * noise**2)

    return Distribution(name, 2, sample, log_density)


def _quadrature(curves: tuple[Curve, ...], noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (N, 2) along the curves and the logarithms of their weights (N,), which sum to one."""
    unit_nodes, unit_weights = np.polynomial.legendre.leggauss(12)
    nodes, weights = [], []
    for curve in curves:
        pieces = math.ceil(curve.speed / (3 * noise))
        u = ((np.arange(pieces)[:, None] + (unit_nodes + 1) / 2) / pieces).ravel()
        nodes.append(np.stack(curve.position(u, np), axis=1))
        weights.append(np.tile(unit_weights / 2 / pieces / len(curves), pieces))
    return np.concatenate(nodes), np.log(np.concatenate(weights))


def log_blurred_box(offsets: Array, half: float, noise: float) -> Array:
    """The log density of ``U[-half, half] + noise · N(0, 1)``, elementwise, without underflow in the tails.

    ``log [Φ((half - x) / noise) - Φ((-half - x) / noise)] - log 2 half``

    Args:
        offsets: where to evaluate, any shape.
        half: half the box's width.
        noise: the standard deviation of the noise; 0 for a sharp box.

    Returns:
        Log densities of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.distributions.curves import log_blurred_box
        >>> [f"{value:.3f}" for value in log_blurred_box(jnp.array([0.0, 3.0]), 1.0, 0.5)]
        ['-0.740', '-11.053']
    """
    if noise == 0:
        return jnp.where(jnp.abs(offsets) <= half, -math.log(2 * half), -jnp.inf).astype(offsets.dtype)
    # By symmetry only x ≥ 0 is needed, and there both terms are on the side where log Φ is exact.
    distance = jnp.abs(offsets)
    upper = jax.scipy.special.log_ndtr((half - distance) / noise)
    lower = jax.scipy.special.log_ndtr((-half - distance) / noise)
    return upper + jnp.log(-jnp.expm1(lower - upper)) - math.log(2 * half)
