"""Alternatives that two-sample tests are compared on: a uniform law with bumps, and one odd mode among four."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike
from igm_jax.distributions.base import Distribution, points_of
from igm_jax.distributions.mixtures import gaussian_mixture
from igm_jax.records import recorded


@recorded
def perturbed_uniform(dim: int, amplitude: float, perturbations: int = 2, seed: int = 0) -> Distribution:
    """The uniform law on [0, 1]^d with a smooth bump up and down, along every axis, in each of p^d cells.

    ``p(x) = 1 + a e^d Σ_j θ_j Π_r G(p x_r - j_r)``, j ∈ {1..p}^d, θ_j = ±1, and G a bump of maximum 1/e on (-1, -½), the same
    downwards on (-½, 0)

    Moved by half a cell along an axis, a point finds the opposite bump. So draws are exact and take no rejection: a uniform
    point x stays with probability ``p(x)/2``, and else moves by half a cell.

    Args:
        dim: the number of features d.
        amplitude: a, from 0 (uniform) to 1, where the density touches zero.
        perturbations: p, cells along an axis; p^d of them, at most a million.
        seed: of the signs θ.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: for an amplitude outside [0, 1], or too many cells.

    Example:
        >>> from igm_jax.distributions import perturbed_uniform
        >>> target = perturbed_uniform(1, 0.5, perturbations=1)
        >>> abs(float(target.log_density([[0.5]])[0])), round(abs(float(target.score([[0.5]])[0, 0])), 4)
        (0.0, 0.0)

    Source: Schrab et al., MMD Aggregated Two-Sample Test, arXiv 2110.15073, Section 5.4; in these units, Biggs, Schrab,
    Gretton, arXiv 2306.08777.
    """
    dim, cells = checks.count("dim", dim), checks.count("perturbations", perturbations)
    if not 0 <= amplitude <= 1:
        raise ValueError(f"`amplitude` must lie between 0 and 1, but is {amplitude}; above 1 the density were negative")
    if cells**dim > 10**6:
        raise ValueError(f"`perturbations`^`dim` must be at most a million, but is {cells}^{dim}; take fewer")
    signs = np.random.default_rng(checks.count("seed", seed, least=0)).choice([-1.0, 1.0], size=(cells,) * dim)

    def bumps(points: Array) -> Array:
        place = cells * points
        cell = jnp.clip(jnp.floor(place), 0, cells - 1)
        sign = jnp.asarray(signs, points.dtype)[tuple(cell.astype(int).T)]
        return amplitude * sign * jnp.prod(_bump_up_and_down(place - cell), axis=1)

    def log_density(points: ArrayLike) -> Array:
        points = points_of(dim, points)
        inside = jnp.all((points >= 0) & (points <= 1), axis=1)
        return jnp.where(inside, jnp.log1p(bumps(jnp.clip(points, 0, 1))), -jnp.inf)

    def sample(key: Key, n: int) -> Array:
        key_place, key_move = jax.random.split(key)
        points = jax.random.uniform(key_place, (n, dim))
        first = cells * points[:, 0]
        moved = (first + jnp.where(first % 1 < 0.5, 0.5, -0.5)) / cells
        stays = 2 * jax.random.uniform(key_move, (n,)) <= 1 + bumps(points)
        return points.at[:, 0].set(jnp.where(stays, points[:, 0], moved))

    return Distribution("perturbed uniform", dim, sample, log_density)


def _bump_up_and_down(t: Array) -> Array:
    """``e · G(t - 1)`` for t in [0, 1]: from 0 up to 1 at ¼, back at ½, down to -1 at ¾."""
    across = jnp.where(t < 0.5, 4 * t - 1, 4 * t - 3)
    left = 1 - jnp.square(across)
    inside = left > 0
    bump = jnp.where(inside, jnp.exp(1 - 1 / jnp.where(inside, left, 1)), 0)
    return jnp.where(t < 0.5, bump, -bump)


@recorded
def odd_mode(std: float = 1.0, offset: float = 20.0) -> Distribution:
    """Four Gaussians far apart, at (±20, ±20), of which one has another width than the others.

    ``p = ¼ Σ N(x; (±c, ±c), I)``, but ``N(x; (-c, -c), std² I)``

    Whoever looks at all distances at once sees four points.

    Args:
        std: the standard deviation of the odd one; 1 for none.
        offset: c.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: for a standard deviation or an offset that is not positive.

    Example:
        >>> from igm_jax.distributions import odd_mode
        >>> odd_mode(2.0).score([[-22.0, -20.0]]).tolist()
        [[0.5, 0.0]]

    Source: Biggs, Schrab, Gretton, MMD-FUSE, arXiv 2306.08777, Section 6.
    """
    offset = float(checks.positive("offset", offset))
    means = offset * np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    return gaussian_mixture(means, [1.0, 1.0, 1.0, float(checks.positive("std", std))], name="odd mode")
