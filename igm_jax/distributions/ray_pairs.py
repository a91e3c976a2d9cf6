"""Pairs of distributions whose Wasserstein-1 distance is known, with the best critic, in any dimension.

Mass slides down the rays of a function of slope one, so that no plan can be cheaper: the function pays for the way.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike, Scalar
from igm_jax.distributions.base import Distribution, default_float, points_of, uniform_cube
from igm_jax.pairwise import Pairs

# Points that a Monte Carlo mean draws at once.
BLOCK = 2**15


class Transported(NamedTuple):
    """Where the optimal map takes points, and the way there.

    Attributes:
        y: (n, d) where each point goes.
        slope: (n, d) the gradient of the potential, a unit vector, the same at both ends: ``x = y + ‖x − y‖ · slope``.
    """

    y: Float[Array, "n d"]
    slope: Float[Array, "n d"]


@dataclasses.dataclass(frozen=True, eq=False)
class RayPair:
    """Two distributions on a cube, the potential between them, and their distance; made by ``ray_pair``.

    Attributes:
        centers: (N, d) the funnels' lowest points.
        offsets: (N,) the potential there, for funnels that are not covered by others.
        bound: half the cube's side.
        power: how far mass slides: from t to ``t**power`` of its ray, which starts at a centre.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import ray_pair
        >>> pair = ray_pair([[0.0, 0.0]], [0.0])
        >>> pair.target(jax.random.key(0), 5).shape, pair.potential([[3.0, 4.0]]).tolist()
        ((5, 2), [5.0])
    """

    centers: Float[Array, "N d"]
    offsets: Float[Array, " N"]
    bound: float
    power: float

    @property
    def source(self) -> Distribution:
        """Q, uniform on the cube: samples from which mass slides, where the best critic is lower on average."""
        return uniform_cube(self.centers.shape[1], -self.bound, self.bound)

    @property
    def target(self) -> Distribution:
        """P, what becomes of Q when its mass slides towards the centres."""
        return Distribution(
            "ray pair", self.centers.shape[1], lambda key, n: self.transported(self.source(key, n)).y,
            no_density="its mass crowds at the centres, and how much depends on where all rays end",
        )  # fmt: skip

    def potential(self, points: ArrayLike) -> Float[Array, " m"]:
        """The potential, of slope one; the best critic, high on P, is its negative.

        ``u(x) = min_n ‖x − a_n‖ + b_n``

        Args:
            points: (m, d) places to evaluate.

        Returns:
            (m,) values, in the unit of distance.

        Raises:
            ValueError: for points of another dimension, NaN or infinity.
        """
        return jnp.min(self._funnels(points_of(self.centers.shape[1], points)), axis=1)

    def transported(self, points: ArrayLike) -> Transported:
        """The optimal map from Q to P.

        ``y = a + t^power (x_up − a)``, with a the point's centre, x_up its ray's end, ``t = ‖x − a‖ / ‖x_up − a‖``

        A ray ends where it leaves the cube or where another funnel is lower.

        Args:
            points: (n, d) points of the cube.

        Returns:
            Where they go, and the potential's gradient on the way.

        Raises:
            ValueError: for points of another dimension, NaN or infinity.
        """
        x = points_of(self.centers.shape[1], points)
        funnels = self._funnels(x)
        nearest = jnp.argmin(funnels, axis=1)
        offset = x - self.centers[nearest]
        length = jnp.linalg.norm(offset, axis=1)
        slope = offset / jnp.where(length > 0, length, 1)[:, None]
        ahead = jnp.minimum(self._to_walls(x, slope), self._to_funnels(x, slope, jnp.min(funnels, axis=1), nearest))
        share = length / jnp.where(length > 0, length + ahead, 1)
        return Transported(self.centers[nearest] + share[:, None] ** (self.power - 1) * offset, slope)

    def distance(self, key: Key, n: int = 2**20) -> tuple[Scalar, Scalar]:
        """The Wasserstein-1 distance of P and Q, by Monte Carlo.

        ``W1 = E‖x − y‖ = (power − 1)/(d + power) · E‖x − a‖``, a the centre of x

        The second mean has less variance: on every ray from a centre, ``t^d`` is uniform, so that ``E t = d/(d + 1)`` and
        ``E t^power = d/(d + power)``, wherever the ray ends.

        Args:
            key: random key.
            n: how many draws, rounded up to whole blocks of 2^15.

        Returns:
            The distance, and its standard error.

        Raises:
            TypeError, ValueError: unless ``n`` is a positive integer.
        """
        blocks = -(-checks.count("n", n) // BLOCK)

        def block(key: Key) -> tuple[Array, Array]:
            funnels = self._funnels(self.source(key, BLOCK))
            lengths = jnp.min(funnels, axis=1) - self.offsets[jnp.argmin(funnels, axis=1)]
            return jnp.mean(lengths), jnp.var(lengths)

        means, variances = jax.lax.map(block, jax.random.split(key, blocks))
        factor = (self.power - 1) / (self.centers.shape[1] + self.power)
        spread = jnp.sqrt(jnp.mean(variances) + jnp.var(means))
        return factor * jnp.mean(means), factor * spread / np.sqrt(blocks * BLOCK)

    def _funnels(self, x: Array) -> Float[Array, "n N"]:
        return Pairs(x, self.centers).distance + self.offsets[None, :]

    def _to_walls(self, x: Array, slope: Array) -> Float[Array, " n"]:
        """How far it is along the slope to the cube's wall."""
        moves = slope != 0
        ahead = (jnp.sign(slope) * self.bound - x) / jnp.where(moves, slope, 1)
        return jnp.maximum(jnp.min(jnp.where(moves, ahead, jnp.inf), axis=1), 0)

    def _to_funnels(self, x: Array, slope: Array, potential: Array, nearest: Array) -> Float[Array, " n"]:
        """How far it is to where another funnel is as low: ``‖x + r v − a_m‖ + b_m = u(x) + r``, solved for r."""
        pairs = Pairs(x, self.centers)
        level = potential[:, None] - self.offsets[None, :]  # what ‖x − a_m‖ would be if funnel m were as low at x
        along = jnp.sum(x * slope, axis=1)[:, None] - Pairs(slope, self.centers).inner
        closing = level - along
        # No funnel is lower than the lowest, but a rounded one may be: the ray ends there, at x.
        excess = jnp.maximum(pairs.squared - jnp.square(level), 0)
        meets = (closing > 0) & ~jax.nn.one_hot(nearest, len(self.offsets), dtype=bool)
        ahead = 0.5 * excess / jnp.where(meets, closing, 1)
        # The square has a second root, where the funnel would have to be higher than its walls are long.
        return jnp.min(jnp.where(meets & (ahead > -level), ahead, jnp.inf), axis=1)


def ray_pair(centers: ArrayLike, offsets: ArrayLike, *, bound: float = 2.5, power: float = 8.0) -> RayPair:
    """A pair of distributions with a known Wasserstein-1 distance, from the funnels of its potential.

    ``u(x) = min_n ‖x − a_n‖ + b_n``; Q is uniform on ``[−bound, bound]^d``, and P is Q slid down the rays of u

    u has slope one, and ``u(x) − u(y) = ‖x − y‖`` for all mass that moves from x to y, so that by duality the move is optimal
    and −u is the best critic of P against Q. All of it works under ``jit`` and ``vmap``, over pairs too.

    Args:
        centers: (N, d) centres a of the funnels, inside the cube.
        offsets: (N,) their offsets b.
        bound: half the cube's side.
        power: how far mass slides, above 1: from t to ``t**power`` of its ray.

    Returns:
        The pair.

    Raises:
        ValueError: for wrong shapes, NaN or infinity, centres outside the cube, or a power that is not above 1.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import ray_pair
        >>> pair = ray_pair([[0.0]], [0.0], bound=1.0, power=3.0)
        >>> value, error = pair.distance(jax.random.key(0))  # exactly (3 − 1)/(1 + 3) · ½
        >>> abs(float(value) - 0.25) < 4 * float(error)
        True

    Source: Korotin, Kolesov, Burnaev 2022, Kantorovich Strikes Back!, arXiv 2206.07767.
    """
    centers = checks.samples("centers", centers).astype(default_float())
    offsets = jnp.asarray(offsets, default_float())
    if offsets.shape != (len(centers),):
        raise ValueError(
            f"`offsets` must have shape ({len(centers)},), one for each centre, but has shape {offsets.shape}"
        )
    checks.finite("offsets", offsets)
    bound, power = float(checks.positive("bound", bound)), float(checks.positive("power", power))
    if power <= 1:
        raise ValueError(f"`power` must be above 1, or no mass moves, but is {power}")
    if checks.is_concrete(centers) and (farthest := float(jnp.max(jnp.abs(centers)))) > bound:
        raise ValueError(
            f"`centers` must lie in the cube of half side {bound}, but one is at {farthest}; widen `bound` or scale them"
        )
    return RayPair(centers, offsets, bound, power)


def random_ray_pair(key: Key, dim: int, count: int) -> RayPair:
    """A pair drawn as in the published benchmark.

    ``a_n ~ U[−2.5, 2.5]^dim``,  ``b_n ~ 0.1 N(0, 1)``,  ``n = 1 … count``

    Args:
        key: random key.
        dim: the number of features.
        count: the number of funnels.

    Returns:
        The pair.

    Raises:
        TypeError, ValueError: for sizes that are not positive integers.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import random_ray_pair
        >>> random_ray_pair(jax.random.key(0), 8, 4).centers.shape
        (4, 8)

    Source: Korotin, Kolesov, Burnaev 2022, arXiv 2206.07767.
    """
    dim, count = checks.count("dim", dim), checks.count("count", count)
    key_centers, key_offsets = jax.random.split(key)
    centers = jax.random.uniform(key_centers, (count, dim), minval=-2.5, maxval=2.5)
    return ray_pair(centers, 0.1 * jax.random.normal(key_offsets, (count,)))
