"""Targets in the plane that are hard for a reason: modes to drop, thin curves, sharp edges; with density and score."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.distributions.base import Distribution, points_of
from igm_jax.distributions.curves import Curve, log_blurred_box, noise_level, noisy_curves
from igm_jax.distributions.mixtures import gaussian_mixture
from igm_jax.records import recorded


def _circle(modes: int, radius: float) -> np.ndarray:
    # The angles are 2πk/K for k < K. `linspace(0, 2π, K)`, common in older code, puts two of the K modes on one spot.
    angles = 2 * math.pi * np.arange(modes) / modes
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@recorded
def ring(modes: int = 8, radius: float = 1.0, std: float = 0.01) -> Distribution:
    """Gaussians at equal distances on a circle, with equal weights.

    ``μ_k = radius · (cos 2πk/K, sin 2πk/K)``

    Args:
        modes: how many, K; all distinct.
        radius: the circle's radius.
        std: the standard deviation of each.

    Returns:
        The distribution, with modes, density and score.

    Source: Lin et al., PacGAN, arXiv 1712.04086, section 4.1 (the defaults).

    Example:
        >>> from igm_jax.distributions import ring
        >>> ring(4).modes.means.round(3).tolist()
        [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-0.0, -1.0]]
    """
    modes = checks.count("modes", modes)
    return gaussian_mixture(_circle(modes, float(checks.positive("radius", radius))), std, name="ring")


@recorded
def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> Distribution:
    """Gaussians on a square grid around the origin, with equal weights: by default the 25 at {-4, -2, 0, 2, 4}².

    Args:
        side: how many along each axis.
        spacing: the distance between neighbours.
        std: the standard deviation of each.

    Returns:
        The distribution, with modes, density and score.

    Source: Lin et al., PacGAN, arXiv 1712.04086, section 4.1 (the defaults).

    Example:
        >>> from igm_jax.distributions import grid
        >>> len(grid().modes.means), sorted(set(grid().modes.means[:, 0].tolist()))
        (25, [-4.0, -2.0, 0.0, 2.0, 4.0])
    """
    side = checks.count("side", side)
    axis = float(checks.positive("spacing", spacing)) * (np.arange(side) - (side - 1) / 2)
    means = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return gaussian_mixture(means, std, name="grid")


@recorded
def unequal_mixture(
    weights: tuple[float, ...] = (0.4, 0.3, 0.15, 0.1, 0.05), radius: float = 2.0, std: float = 0.1
) -> Distribution:
    """Gaussians on a circle with unequal weights: who finds all modes may still get their shares wrong.

    Args:
        weights: the weights in order around the circle, normalised to sum one; their number is the number of modes.
        radius: the circle's radius.
        std: the standard deviation of each.

    Returns:
        The distribution, with modes, density and score.

    Example:
        >>> from igm_jax.distributions import unequal_mixture
        >>> unequal_mixture(weights=(3.0, 1.0)).modes.weights.tolist()
        [0.75, 0.25]
    """
    means = _circle(len(weights), float(checks.positive("radius", radius)))
    return gaussian_mixture(means, std, weights=weights, name="unequal mixture")


@recorded
def moons(noise: float = 0.05) -> Distribution:
    """Two half circles of radius 1 that reach into each other, blurred by Gaussian noise.

    ``(cos t, sin t)`` or ``(1 - cos t, ½ - sin t)``, each half of the time, ``t ~ U[0, π]``, plus ``noise · N(0, I)``

    Args:
        noise: the standard deviation of the noise; 0 for none, and then there is no density.

    Returns:
        The distribution; its density is an integral along the curves, see ``noisy_curves``.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import moons
        >>> moons()(jax.random.key(0), 5).shape
        (5, 2)
    """

    def outer(u: Any, xp: Any) -> tuple[Any, Any]:
        return xp.cos(math.pi * u), xp.sin(math.pi * u)

    def inner(u: Any, xp: Any) -> tuple[Any, Any]:
        return 1 - xp.cos(math.pi * u), 0.5 - xp.sin(math.pi * u)

    return noisy_curves("moons", (Curve(outer, math.pi), Curve(inner, math.pi)), noise)


@recorded
def swiss_roll(noise: float = 0.03) -> Distribution:
    """A spiral of two turns, scaled into [-1, 1]², blurred by Gaussian noise.

    ``(t cos t, t sin t) / 4.5π`` with ``t = (½ + 4u) π``, ``u ~ U[0, 1]``, plus ``noise · N(0, I)``

    The drifting notebook divides by the greatest coordinate of the sample at hand; 4.5π is its limit for many points,
    and does not change from batch to batch.

    Args:
        noise: the standard deviation of the noise; 0 for none, and then there is no density.

    Returns:
        The distribution; its density is an integral along the curve, see ``noisy_curves``.

    Source: the toy data of Generative Modeling via Drifting, arXiv 2602.04770.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import swiss_roll
        >>> float(abs(swiss_roll(0.0)(jax.random.key(0), 1000)).max()) <= 1.0
        True
    """
    end = 4.5 * math.pi

    def roll(u: Any, xp: Any) -> tuple[Any, Any]:
        t = (0.5 + 4 * u) * math.pi
        return t * xp.cos(t) / end, t * xp.sin(t) / end

    # |d(t cos t, t sin t)/dt| = √(1 + t²), greatest at the outer end.
    return noisy_curves("swiss roll", (Curve(roll, 4 * math.pi * math.hypot(1, end) / end),), noise)


@recorded
def checkerboard(noise: float = 0.05) -> Distribution:
    """Eight squares of a 4 × 4 checkerboard on [-1, 1]², blurred by Gaussian noise.

    ``((i, j) + (u, v) - 2) / 2`` with ``i = 2a + b``, ``j = 2c + b``, ``a, b, c`` fair coins, plus ``noise · N(0, I)``

    The density is exact: over each square the product of two differences of normal distribution functions.

    Args:
        noise: the standard deviation of the noise; 0 for sharp edges.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: for noise that is negative or not finite.

    Source: the toy data of Generative Modeling via Drifting, arXiv 2602.04770.

    Example:
        >>> from igm_jax.distributions import checkerboard
        >>> [f"{value:.4f}" for value in checkerboard(0.0).log_density([[-0.75, -0.75], [-0.25, -0.75]])]
        ['-0.6931', '-inf']
    """
    noise = noise_level(noise)
    corners = np.array([(2 * a + b, 2 * c + b) for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    centres = (corners + 0.5 - 2) / 2

    def sample(key: Key, n: int) -> Array:
        key_square, key_place, key_noise = jax.random.split(key, 3)
        place = jax.random.uniform(key_place, (n, 2), minval=-0.25, maxval=0.25)
        square = jax.random.randint(key_square, (n,), 0, len(centres))
        return jnp.asarray(centres, place.dtype)[square] + place + noise * jax.random.normal(key_noise, (n, 2))

    def log_density(points: ArrayLike) -> Array:
        points = points_of(2, points)

        def square(centre: Array) -> Array:
            return jnp.sum(log_blurred_box(points - centre[None], 0.25, noise), axis=1) - math.log(len(centres))

        terms = jax.vmap(square)(jnp.asarray(centres, points.dtype))
        return jax.scipy.special.logsumexp(terms, axis=0)

    return Distribution("checkerboard", 2, sample, log_density)
