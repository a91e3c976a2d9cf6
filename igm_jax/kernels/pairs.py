"""Distances between all pairs of samples: centred, in full precision, exactly zero where two samples are equal.

Three traps are met here and nowhere else.

* Far from the origin ``‖x‖² + ‖y‖² - 2 x·y`` loses every digit, so both sets are first centred by the mean of ``y``.
* Accelerators round matrix products to bfloat16 or TF32 by default, so the cross term asks for full precision.
* The square root has no derivative at zero, so ``safe_sqrt`` defines it as zero: coincident samples exert no force.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt

from igm_jax import checks, loops
from igm_jax.checks import Data, OfData, OfSamples, Rows, Samples, Scalar
from igm_jax.kernels.centres import unless_far

# Up to this many features, differences are squared and summed directly: as fast as a matrix product, and exact for close pairs.
DIRECT_FEATURES = 8

# So many numbers are hashed at once.
HASHED = 2**18

# Between one over this and this, all that is made of squares, up to their own squares, is in the range of single precision.
PLAIN = 2.0**20

# Of two equal rows, the squared norm and the matrix product differ by rounding alone: at most this many units of ‖x‖² + ‖y‖².
ROUNDING_UNITS = 64


def matmul(a: Array, b: Array) -> Array:
    """``a @ b`` in the full precision of its inputs, whatever the default for matrix products is.

    Args:
        a: (..., n, k) factor.
        b: (..., k, m) factor.

    Returns:
        (..., n, m) product.
    """
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def safe_sqrt(squared: Float[Array, "..."]) -> Float[Array, "..."]:
    """``√s`` with derivative 0 at ``s = 0``, where the true one is infinite and would turn gradients into NaN.

    Args:
        squared: non-negative numbers.

    Returns:
        Their roots, of the same shape.
    """
    zero = squared <= 0  # which NaN is not: it stays
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, squared)))


def centred(x: Samples, y: Data, weights: OfData | None = None) -> tuple[Samples, Data]:
    """Both sets minus the mean of ``y``, weighted where a far sample may have no weight; in at least single precision.

    A mean that few far samples have taken away from the others is none to centre by: then it is one of the others. Distances
    do not change, so no derivative flows through either.
    """
    dtype = checks.at_least_single(x.dtype)
    x, y = x.astype(dtype), y.astype(dtype)
    if weights is None:
        mean = jnp.mean(y, axis=0, keepdims=True)
    else:  # a product of elements, which no default precision of matrix products rounds
        share = (weights / jnp.sum(weights)).astype(dtype)
        mean = jnp.sum(share[:, None] * y, axis=0, keepdims=True)
    mean = unless_far(mean, y, weights)
    # Written down once: a compiler that sums it again for another use, in another order, subtracts another mean there. And
    # one bit less than it has, so that every use sees one rounded mean. A compiler that fuses its last product into the
    # difference subtracts an exact mean from x and a rounded one from y, which far from the origin is not the same.
    info = jnp.finfo(dtype)
    mean = jax.lax.optimization_barrier(jax.lax.reduce_precision(mean, info.nexp, info.nmant - 1))
    return x - mean, y - mean


def _fingerprints(x: Samples) -> UInt[Array, " n"]:
    """A hash of each row's bits: equal rows have equal fingerprints, and others almost never.

    Many rows are hashed some at a time: the compiler would write down the hash of every number before it sums them.
    """
    x = jax.lax.stop_gradient(x)
    if x.size <= HASHED:
        return _fingerprint(x)
    rows = max(HASHED // x.shape[1], 1)
    blocks = jnp.concatenate([x, jnp.zeros_like(x[: -len(x) % rows])]).reshape(-1, rows, x.shape[1])
    return jax.lax.map(_fingerprint, blocks).reshape(-1)[: len(x)]


def _fingerprint(x: Samples) -> UInt[Array, " n"]:
    x = jnp.where(x == 0, jnp.zeros_like(x), x)  # -0 equals 0
    bits = jax.lax.bitcast_convert_type(x, jnp.uint64 if x.dtype == jnp.float64 else jnp.uint32)
    bits = (bits ^ (bits >> 16)).astype(jnp.uint32) * jnp.uint32(0x85EBCA6B)
    bits = (
        (bits ^ (bits >> 13)) * (2 * jnp.arange(1, x.shape[1] + 1, dtype=jnp.uint32) + 1)[None] * jnp.uint32(0x9E3779B1)
    )
    bits = bits ^ (bits >> 15)
    return jnp.sum(bits, axis=1, dtype=jnp.uint32)


@partial(jax.jit, static_argnames="plain")
def unit_of(
    x: Samples, y: Data, a: OfSamples | None = None, b: OfData | None = None, *, plain: float = PLAIN
) -> Float[Array, ""]:
    """The power of two below the largest difference of a coordinate from that of a datum, over x and y; 1 for plain numbers.

    Squares of single-precision numbers overflow beyond 10^19 and vanish below 10^-19, silently. So lengths are measured in a
    power of two near the largest of them, by which every number can be divided without changing a bit.

    Args:
        x: (n, d) samples.
        y: (m, d) data.
        a: (n,) weights; samples without weight do not count.
        b: (m,) likewise.
        plain: where the unit is one: between 1/plain and plain.

    Returns:
        Scalar without derivative. It is 1 also where all samples are equal, or one of them is no number.
    """
    x, y = jax.lax.stop_gradient((x, y))
    # A datum that counts; ranges would take the ends of each column, which is slow where samples are rows.
    place = loops.rows_at(y, [0 if b is None else jnp.argmax(b > 0)])
    largest = jnp.maximum(_reach(x, a, place), _reach(y, b, place))
    known = jnp.isfinite(largest) & (largest > 0) & ((largest < 1 / plain) | (largest > plain))
    return jnp.where(known, power_of_two(largest), 1)


def power_of_two(length: Scalar) -> Scalar:
    """The power of two below a positive number, such that its inverse is a normal number, too."""
    info = jnp.finfo(length.dtype)
    # The bits of the exponent alone are a power of two.
    integer = jnp.dtype(f"int{info.bits}")
    exponent = jax.lax.bitcast_convert_type(length, integer) & jnp.asarray(-1 << info.nmant, integer)
    largest = 2.0 ** (int(info.maxexp) - 3)
    return jnp.clip(jax.lax.bitcast_convert_type(exponent, length.dtype), 1 / largest, largest)


def _reach(x: Samples, weights: Array | None, place: Float[Array, "1 d"]) -> Scalar:
    """The largest difference of a coordinate from that of a place, among samples with weight."""
    rows = jnp.max(jnp.abs(x - place), axis=1)
    return jnp.max(rows if weights is None else jnp.where(weights > 0, rows, 0))


Product = Callable[[Array, Array], Array]
"""A product of matrices, about as precise as ``matmul``."""


class Norms(NamedTuple):
    """What the dot form needs to know of each sample.

    Attributes:
        squares: (n,) ``‖x_i‖²``.
        prints: (n,) a hash of each row.
    """

    squares: OfSamples
    prints: UInt[Array, " n"]


def norms(x: Samples) -> Norms:
    """The squared norms and the fingerprints of centred samples."""
    return Norms(jnp.sum(x * x, axis=1), _fingerprints(x))


def dot_form(x: Samples, y: Data, of_x: Norms, of_y: Norms, product: Product = matmul) -> Float[Array, "n m"]:
    """``‖x‖² + ‖y‖² - 2 x·y``, clamped at zero, and exactly zero for equal rows."""
    lengths = of_x.squares[:, None] + of_y.squares[None, :]
    squared = lengths - 2 * product(x, y.T)
    rounding = ROUNDING_UNITS * jnp.finfo(x.dtype).eps * lengths
    equal = (of_x.prints[:, None] == of_y.prints[None, :]) & (squared <= rounding)
    return jnp.where(equal | (squared <= 0), 0, squared)


def direct_form(x: Samples, y: Data) -> Float[Array, "n m"]:
    """``Σ_k (x_k - y_k)²``, one feature at a time so that no (n, m, d) array is made."""
    return sum(
        (jnp.square(x[:, k, None] - y[None, :, k]) for k in range(1, x.shape[1])),
        jnp.square(x[:, 0, None] - y[None, :, 0]),
    )


def manhattan_form(x: Samples, y: Data) -> Float[Array, "n m"]:
    """``Σ_k |x_k - y_k|``, one feature at a time: in a loop where there are many, so that the program stays short."""

    def add(total: Array, feature: tuple[Array, Array]) -> tuple[Array, None]:
        of_x, of_y = feature
        return total + jnp.abs(of_x[:, None] - of_y[None, :]), None

    start = jnp.zeros((len(x), len(y)), x.dtype)
    if x.shape[1] > DIRECT_FEATURES:
        return loops.scan(add, start, (x.T, y.T))[0]
    for feature in zip(x.T, y.T, strict=True):
        start, _ = add(start, feature)
    return start


class Pairs:
    """All pairs of two sets of samples, and what kernels and costs need of them, each computed once when first asked for.

    Args:
        x: (n, d) samples, one for each row of the matrices below.
        y: (m, d) samples, one for each column.
        weights: (m,) weights of y, where some may be zero: the farther it reaches, the fewer digits are left to the rest.
    """

    def __init__(self, x: Samples, y: Data, weights: OfData | None = None):
        self.x, self.y, self.weights = x, y, weights

    @cached_property
    def squared(self) -> Float[Array, "n m"]:
        """``‖x_i - y_j‖²``."""
        x, y = centred(self.x, self.y, self.weights)
        return direct_form(x, y) if x.shape[1] <= DIRECT_FEATURES else dot_form(x, y, norms(x), norms(y))

    @cached_property
    def distance(self) -> Float[Array, "n m"]:
        """``‖x_i - y_j‖``, with derivative zero where two samples coincide."""
        return safe_sqrt(self.squared)

    @cached_property
    def manhattan(self) -> Float[Array, "n m"]:
        """``Σ_k |x_ik - y_jk|``."""
        return manhattan_form(*centred(self.x, self.y, self.weights))

    @cached_property
    def inner(self) -> Float[Array, "n m"]:
        """``x_i · y_j``, about the origin (not centred)."""
        return matmul(self.x, self.y.T)


def squared_distances(x: Rows, y: Rows) -> Float[Array, "n m"]:
    """Squared Euclidean distances of all pairs.

    ``D_ij = ‖x_i - y_j‖²``

    Args:
        x: (n, d) samples.
        y: (m, d) samples.

    Returns:
        (n, m) matrix, never negative, and exactly zero where two rows are equal.

    Raises:
        ValueError: for wrong shapes, different numbers of features, NaN or infinity.

    Example:
        >>> from igm_jax.pairwise import squared_distances
        >>> squared_distances([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]]).tolist()
        [[25.0, 0.0]]
    """
    return Pairs(*checks.pair(x, y)).squared


def distances(x: Rows, y: Rows) -> Float[Array, "n m"]:
    """Euclidean distances of all pairs.

    ``D_ij = ‖x_i - y_j‖``, with derivative zero where two samples coincide.

    Args:
        x: (n, d) samples.
        y: (m, d) samples.

    Returns:
        (n, m) matrix.

    Raises:
        ValueError: for wrong shapes, different numbers of features, NaN or infinity.

    Example:
        >>> from igm_jax.pairwise import distances
        >>> distances([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]]).tolist()
        [[5.0, 0.0]]
    """
    return Pairs(*checks.pair(x, y)).distance
