"""Distributions: what every target and every base distribution is, and the bases that a generator starts from."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.batches import Batch, Samples, checked, simplified
from igm_jax.checks import ArrayLike, Weights
from igm_jax.records import Recorded, recorded, told


class Modes(NamedTuple):
    """The modes of a distribution, for measures of coverage.

    Attributes:
        means: (K, d) centres.
        std: the standard deviation around each centre, in every direction.
        weights: (K,) probabilities, sum one.
    """

    means: Array
    std: float
    weights: Array


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Distribution(Recorded):
    """A distribution on R^d: how to draw from it and, where it is known, its log density.

    It is called like any target, ``distribution(key, n) -> (n, d)``, inside ``jit``, ``scan`` and ``vmap`` too.

    Attributes:
        name: a short name for tables.
        dim: the number of features d.
        sample: ``(key, n) -> (n, d)`` independent draws; a ``Batch`` where something belongs to them.
        log_density: ``(m, d) -> (m,)`` natural log of the density with respect to volume, or None.
        modes: the modes, where it has well separated ones, or None.
        no_density: why ``log_density`` is None, the end of the sentence "... has no density here: ...".

    Example:
        >>> import jax
        >>> from igm_jax.distributions import normal
        >>> target = normal(3)
        >>> target(jax.random.key(0), 5).shape
        (5, 3)
        >>> target.score(jax.numpy.ones((1, 3))).tolist()
        [[-1.0, -1.0, -1.0]]
    """

    name: str
    dim: int
    sample: Callable[[Key, int], Any] = dataclasses.field(repr=False)
    log_density: Callable[[Array], Array] | None = dataclasses.field(default=None, repr=False)
    modes: Modes | None = dataclasses.field(default=None, repr=False)
    no_density: str = dataclasses.field(default="no formula for it is known", repr=False)

    def __call__(self, key: Key, n: int) -> Any:
        """``n`` independent draws, (n, dim), in the default float type; a ``Batch`` where something belongs to them."""
        return self.sample(checks.key("key", key), checks.count("n", n))

    def score(self, points: ArrayLike) -> Array:
        """The gradient of the log density: where density grows, and how fast.

        ``s(x) = ∇ log p(x)``

        Args:
            points: (m, dim) places to evaluate.

        Returns:
            (m, dim) gradients, in the units of 1 / points.

        Raises:
            TypeError: for a distribution without a density; the text says why it has none.
        """
        log_density = self.log_density
        if log_density is None:
            raise TypeError(
                f"a score needs a density, but {self.name!r} has no density here: {self.no_density};"
                " use a target whose `log_density` is not None"
            )
        return jax.grad(lambda p: jnp.sum(log_density(p)))(points_of(self.dim, points))


def points_of(dim: int, points: ArrayLike) -> Array:
    """``points`` as a float array (m, dim), or an error."""
    array = checks.samples("points", points)
    if array.shape[1] != dim:
        raise ValueError(
            f"`points` must have {dim} features, as the distribution has, but has shape {array.shape};"
            " evaluate it in its own space"
        )
    return array


def default_float() -> Any:
    """The type of every draw: float32, or float64 under ``jax.enable_x64``."""
    return jnp.result_type(float)


@recorded
def normal(dim: int) -> Distribution:
    """The standard normal distribution N(0, I).

    ``log p(x) = -½ ‖x‖² - (d/2) log 2π``

    Args:
        dim: the number of features d.

    Returns:
        The distribution, with density and score.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import normal
        >>> normal(2)(jax.random.key(0), 4).shape
        (4, 2)
    """
    dim = checks.count("dim", dim)

    def log_density(points: ArrayLike) -> Array:
        points = points_of(dim, points)
        return -0.5 * jnp.sum(jnp.square(points), axis=1) - 0.5 * dim * math.log(2 * math.pi)

    return Distribution("normal", dim, lambda key, n: jax.random.normal(key, (n, dim)), log_density)


@recorded
def uniform_cube(dim: int, low: float = 0.0, high: float = 1.0) -> Distribution:
    """The uniform distribution on the cube [low, high]^d: over images, every target's naive rival.

    ``log p(x) = -d log(high - low)`` inside, -∞ outside (the score is 0 wherever it exists).

    Args:
        dim: the number of features d.
        low: the least value of a feature.
        high: the greatest value of a feature.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: unless low < high, both finite.

    Example:
        >>> from igm_jax.distributions import uniform_cube
        >>> [f"{value:.4f}" for value in uniform_cube(2, -1.0, 1.0).log_density([[0.0, 0.0], [3.0, 0.0]])]
        ['-1.3863', '-inf']
    """
    dim = checks.count("dim", dim)
    low, high = float(low), float(high)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"`low` must be below `high` and both finite, but they are {low} and {high}; swap or widen them"
        )

    def log_density(points: ArrayLike) -> Array:
        points = points_of(dim, points)
        inside = jnp.all((points >= low) & (points <= high), axis=1)
        return jnp.where(inside, -dim * math.log(high - low), -jnp.inf).astype(points.dtype)

    def sample(key: Key, n: int) -> Array:
        return jax.random.uniform(key, (n, dim), minval=low, maxval=high)

    return Distribution("uniform cube", dim, sample, log_density)


@recorded
def sphere(dim: int, radius: float = 1.0) -> Distribution:
    """The uniform distribution on the sphere ``‖x‖ = radius`` in R^d (for d = 1, two points).

    ``x = radius · z / ‖z‖`` with ``z ~ N(0, I)``

    Args:
        dim: the number of features d of the space around the sphere.
        radius: the sphere's radius.

    Returns:
        The distribution; it has no density, as a sphere has no volume.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.distributions import sphere
        >>> jnp.linalg.norm(sphere(3)(jax.random.key(0), 4), axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    dim = checks.count("dim", dim)
    radius = float(checks.positive("radius", radius))

    def sample(key: Key, n: int) -> Array:
        z = jax.random.normal(key, (n, dim))
        # In one dimension a float32 normal is exactly 0 once in ten million draws: that one goes to the first pole.
        z = jnp.where(jnp.all(z == 0, axis=1, keepdims=True), jnp.eye(1, dim, dtype=z.dtype), z)
        return radius * z / jnp.linalg.norm(z, axis=1, keepdims=True)

    return Distribution("sphere", dim, sample, no_density="all its mass lies on a surface, which has no volume")


@recorded
@told(later=("condition", "weights", "observed"))
def dataset(
    x: ArrayLike, name: str = "dataset", *, condition: Any = None, weights: Weights = None, observed: Any = None
) -> Distribution:
    """The empirical distribution of a data set: draws of its rows with replacement.

    ``p = (1/N) Σ_i δ(x_i)``

    The rows stay on the device and a draw is one gather, so a whole training run can be one ``lax.scan``. What belongs to the
    rows is drawn along with them: then a draw is a ``Batch``.

    Args:
        x: (N, d) data, finite where they are observed.
        name: a short name for tables.
        condition: what each row was drawn under, a tree of arrays with a leading axis of N, e.g. labels; None for nothing.
        weights: (N,) non-negative numbers, what each row counts; None for all alike. Rows are drawn alike all the same, but
            those of weight 0 never.
        observed: (N, d) booleans, False where a number is missing; None for all observed.

    Returns:
        The distribution; it has no density, as its mass sits on points.

    Raises:
        TypeError: for masks that are no booleans.
        ValueError: for data of another shape, no rows, NaN or infinity, numbers that lose the digits by which they differ, or
            bytes, which are images that nobody has scaled yet; for conditions, weights or masks of another shape.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import dataset
        >>> dataset([[1.0], [1.0]])(jax.random.key(0), 3).tolist()
        [[1.0], [1.0], [1.0]]
    """
    if getattr(x, "dtype", None) == jnp.uint8:
        raise ValueError(
            "`x` must be numbers to train on, but holds bytes (uint8) from 0 to 255; scale them to what the generator gives,"
            " e.g. `x / 127.5 - 1` for [-1, 1], or say that they are meant as they are: `x.astype('float32')`"
        )
    known = None if observed is None else np.asarray(observed)
    if known is not None and known.shape != np.shape(x):
        raise ValueError(
            f"`observed` must have the shape of `x`, {np.shape(x)}, but has {known.shape}; say it of every number"
        )
    for leaf in jax.tree.leaves(condition):
        if np.asarray(leaf).dtype.kind == "f":
            checks.finite("condition", np.asarray(leaf))
    if known is not None:  # what is missing may be anything, NaN too
        x = np.where(known, np.asarray(x), 0)
    rows = checks.samples("x", x)
    parts: list[Any] = [None if part is None else np.asarray(part) for part in (weights, observed)]
    condition = np.asarray(condition) if isinstance(condition, list) else condition
    whole = checked("x", Batch(rows, jax.tree.map(np.asarray, condition), *parts))
    if whole.weights is not None:  # a row that counts nothing is none: a batch of such rows would have no mean
        counted = np.asarray(whole.weights) > 0
        whole = jax.tree.map(lambda leaf: leaf[counted], whole)
    whole, number = jax.tree.map(jnp.asarray, whole), len(whole.values)

    def sample(key: Key, n: int) -> Samples:
        drawn = jax.random.randint(key, (n,), 0, number)
        return simplified(jax.tree.map(lambda leaf: leaf[drawn], whole))

    reason = "it is a finite set of points, which has no volume"
    return Distribution(name, rows.shape[1], sample, no_density=reason)
