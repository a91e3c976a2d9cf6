"""Where to measure samples from: near most of them, as one far sample takes a mean along, and with it the digits of all others.

Only a few samples are looked at, by comparing them pair by pair, and a place that is near enough to these is left as it is.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import loops
from igm_jax.checks import Data, OfData

# So many samples are looked at, evenly spaced: three threes.
SEEN = 9

# A place so many times as far from their middle as most of them are costs two bits, and is moved.
FAR = 4.0

Place = Float[Array, "1 d"]


def unless_far(place: Place, y: Data, weights: OfData | None = None) -> Place:
    """The place, or where it is far from most samples one in the middle of these.

    Args:
        place: (1, d) where to measure from, if nothing speaks against it.
        y: (m, d) samples.
        weights: (m,) weights of y; samples without weight do not count.

    Returns:
        The place, without derivative.
    """
    place, y = jax.lax.stop_gradient((place, y))
    index = np.linspace(0, len(y) - 1, SEEN).round().astype(int).tolist()
    few = loops.rows_at(y, index)
    known = None if weights is None else loops.rows_at(jax.lax.stop_gradient(weights), index)
    # Three of them tell whether to look closer: two of these are near each other, if only one is far.
    ends = few[:: SEEN // 2]
    apart = jnp.min(jnp.max(jnp.abs(ends - jnp.roll(ends, 1, axis=0)), axis=1))
    near = jnp.max(jnp.abs(place - ends[1:2])) <= FAR * apart
    if known is not None:
        near &= jnp.all(known[:: SEEN // 2] > 0)
    return loops.either(near, lambda place, few, known: place, _looked_at, place, few, known)


def _looked_at(place: Place, few: Float[Array, "k d"], weights: Float[Array, " k"] | None) -> Place:
    """The place, or where it is far from most of a few samples one in the middle of these."""
    enough = True
    if weights is not None:
        few, enough = _counted(few, weights)
    threes = few.reshape(3, SEEN // 3, -1)
    middle = _median(_median(threes))[None]
    # Of three reaches the one in between: a far sample stretches one of them.
    reach = _median(jnp.max(jnp.abs(threes - middle[None]), axis=(1, 2)))
    far = enough & (jnp.max(jnp.abs(place - middle)) > FAR * reach)
    return jnp.where(far, middle, place)


def _counted(few: Float[Array, "k d"], weights: Float[Array, " k"]) -> tuple[Array, Array]:
    """The rows, those without weight as one of the heaviest; and whether enough of them count.

    The only one that counts among many may be the far one.
    """
    heaviest = (weights == jnp.max(weights))[:, None]
    other = jnp.max(jnp.where(heaviest, few, -jnp.inf), axis=0, keepdims=True)
    return jnp.where((weights > 0)[:, None], few, other), jnp.sum(weights > 0) > 1


def _median(three: Array) -> Array:
    """The one in between, number by number; sorting costs a compiler more than all that is done with it."""
    a, b, c = three
    return jnp.maximum(jnp.minimum(a, b), jnp.minimum(jnp.maximum(a, b), c))
