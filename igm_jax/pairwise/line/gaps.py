"""Mean distances of numbers on many lines side by side, weighted: of draws with data, and of draws with each other."""

from functools import partial

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from igm_jax import loops
from igm_jax.checks import Data, OfData, OfSamples, Samples
from igm_jax.pairwise.budget import some_at_a_time
from igm_jax.pairwise.line.sort import sort_with_order

# So few numbers are compared pair by pair as one would write it down; up to so many, all pairs cost less than to sort them.
FEW, PAIRS = 4, 64


def length(gap: Array) -> Array:
    """``|x|`` of any numbers, with slope 0 where they are 0.

    Args:
        gap: numbers.

    Returns:
        Their absolute values, of the same shape.
    """
    return gap * jax.lax.stop_gradient(jnp.sign(gap))


def gaps_between(x: Samples, y: Data, a: OfSamples, b: Float[Array, "m d"] | OfData) -> Float[Array, " d"]:
    """``Σ_ij a_i b_jl |x_il − y_jl|`` on each line l.

    Args:
        x: (n, d), n numbers on each of d lines.
        y: (m, d) what they are compared with.
        a: (n,) weights.
        b: (m,) weights, or (m, d), others on each line.

    Returns:
        (d,) sums, from n·m·d differences in the memory of n·d.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.line.gaps import gaps_between
        >>> gaps_between(jnp.array([[1.0], [3.0]]), jnp.array([[6.0]]), jnp.array([0.5, 0.5]), jnp.ones(1)).tolist()
        [4.0]
    """
    b = jnp.broadcast_to(b[:, None] if b.ndim == 1 else b, y.shape)
    if len(y) == 1:
        return b[0] * jnp.sum(a[:, None] * length(x - y), axis=0)

    def add(total: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
        datum, share = one
        return total + share * jnp.sum(a[:, None] * length(x - datum[None]), axis=0), None

    return loops.scan(add, jnp.zeros_like(x[0]), (y, b))[0]


def gaps_within(x: Samples, a: OfSamples) -> Float[Array, " d"]:
    """``Σ_ij a_i a_j |x_il − x_jl|`` on each line l, by sorting where there are many.

    It is ``Σ_i x_i s_i`` with slopes ``s_i = 2 a_i Σ_j a_j sign(x_i − x_j)``. Numbers that coincide do not push each other.

    Args:
        x: (n, d), n numbers on each of d lines.
        a: (n,) weights.

    Returns:
        (d,) sums, in the memory of n·d.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.line.gaps import gaps_within
        >>> gaps_within(jnp.array([[1.0], [3.0], [6.0]]), jnp.ones(3)).tolist()
        [20.0]
    """
    if len(x) <= FEW:
        pairs = [a[i] * a[j] * length(x[i] - x[j]) for i in range(len(x)) for j in range(i)]
        return 2 * sum(pairs, jnp.zeros_like(x[0]))
    return _within(x, a)


@jax.custom_jvp
def _within(x: Array, a: Array) -> Array:
    return _value_and_slopes(x, a)[0]


@partial(_within.defjvp, symbolic_zeros=True)
def _within_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    (x, a), (along_x, along_a) = primals, tangents
    value, slopes = _value_and_slopes(x, a)
    tangent = jnp.zeros_like(value)
    if not isinstance(along_x, SymbolicZero):
        tangent += jnp.sum(slopes * along_x, axis=0)
    if not isinstance(along_a, SymbolicZero):
        tangent += jax.jvp(lambda a: gaps_between(x, x, a, a), (a,), (along_a,))[1]
    return value, tangent


@jax.custom_jvp
def _value_and_slopes(x: Array, a: Array) -> tuple[Array, Array]:
    return _of_groups(x, a)


@_value_and_slopes.defjvp
def _value_and_slopes_jvp(primals: tuple, tangents: tuple) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    return jax.jvp(_made, primals, tangents)


def _made(x: Array, a: Array) -> tuple[Array, Array]:
    slopes = 2 * a[:, None] * (_signs if len(x) <= PAIRS else _signs_by_order)(x, a)
    # Measured from one of them: far from zero the products would have no digits left for the differences.
    return jnp.sum(slopes * (x - x[:1]), axis=0), slopes


_of_groups = some_at_a_time(_made)


def _signs(x: Array, a: Array) -> Array:
    """``Σ_j a_j sign(x_i − x_j)``."""

    def add(total: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
        other, weight = one
        return total + weight * jnp.sign(x - other[None]), None

    return loops.scan(add, jnp.zeros_like(x), (x, a))[0]


def _signs_by_order(x: Array, a: Array) -> Array:
    """The same: the weight of what is smaller less that of what is larger."""
    values, order = sort_with_order(x, axis=0)
    upto = jnp.concatenate([jnp.zeros_like(x[:1]), jnp.cumsum(a[order], axis=0)])
    # Equal numbers share the weights before the first of them and behind the last.
    new = jnp.concatenate([jnp.ones_like(values[:1], bool), values[1:] != values[:-1]])
    place = jnp.arange(len(x))[:, None]
    first = jax.lax.cummax(jnp.where(new, place, 0), axis=0)
    last = jax.lax.cummin(jnp.where(jnp.roll(new, -1, axis=0), place + 1, len(x)), axis=0, reverse=True)
    below, upper = (jnp.take_along_axis(upto, index, axis=0) for index in (first, last))
    signs = below + upper - upto[-1:]
    return jnp.put_along_axis(jnp.zeros_like(x), order, signs, axis=0, inplace=False)
