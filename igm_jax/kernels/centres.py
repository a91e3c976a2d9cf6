"""Where to measure samples from: near most of them, as one far sample takes a mean along, and with it the digits of all others.

Only a few samples are looked at, and a place that is near enough to these is left as it is.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax.checks import Data, OfData, Scalar

# So many samples are looked at, evenly spaced.
SEEN = 12

# A place so many times as far from their middle as most of them is far from all of them.
FAR = 8.0

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
    # By index, so that of samples spread over devices only these are fetched.
    index = jnp.asarray(np.linspace(0, len(y) - 1, min(len(y), SEEN)).astype(np.int32))
    few = y[index]
    counted = jnp.ones(len(few), bool) if weights is None else jax.lax.stop_gradient(weights)[index] > 0
    middle, reach = _middle(few, counted)
    # The only one that counts among many may be the far one.
    known = jnp.sum(counted) > min(len(few) - 1, 1)
    far = known & (jnp.max(jnp.abs(place - middle)) > FAR * reach)
    return jnp.where(far, middle, place)


def _middle(few: Float[Array, "k d"], counted: Array) -> tuple[Place, Scalar]:
    """The sample that has three quarters of the others nearest around it, and how far these reach.

    Two clusters of about the same size are no middle and some far samples: as many of either are among three quarters.
    """
    gaps = jnp.max(jnp.abs(few[:, None, :] - few[None, :, :]), axis=2)
    closer = jnp.sum(counted[None, None, :] & (gaps[:, None, :] <= gaps[:, :, None]), axis=2)
    count = jnp.sum(counted)
    least = jnp.minimum(3 * count // 4, jnp.where(count > 2, count - 2, count - 1))  # of two, either may be the far one
    enough = counted[None, :] & (closer > least)
    reach = jnp.where(counted, jnp.min(jnp.where(enough, gaps, jnp.inf), axis=1), jnp.inf)
    best = jnp.argmin(reach)
    return few[best][None], reach[best]
