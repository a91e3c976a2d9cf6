"""All pairs of two small samples as one table: where to measure from, and squared distances at the least cost.

Tiles know who equals whom by fingerprints, and find a place to measure from among nine samples; beside the few pairs of a small
sample that costs more than the pairs. Here a place takes three samples, and what is nearer than rounding counts as equal.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.checks import Data, OfSamples, Samples
from igm_jax.kernels.pairs import DIRECT_FEATURES, direct_form, matmul

# The square of a distance of equal rows, from norms and a product, is so many units of rounding of ‖x‖² + ‖y‖² at most: twice
# the largest of 2·10⁵ rows of normal, uniform and picture-like numbers, of 9 to 12288 features.
ROUNDING = 16


def middle(x: Samples, weights: OfSamples | None = None) -> Array:
    """(1, d) a place among the samples, which one that is far away does not move: feature by feature the middle of three.

    Args:
        x: (n, d) samples.
        weights: (n,) weights: the three are the heaviest, as what does not count may be anywhere. If None, the first, the one
            halfway and the last.

    Returns:
        The place, without derivative.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.tables import middle
        >>> middle(jnp.array([[0.0], [1e9], [2.0]])).tolist()
        [[2.0]]
    """
    x = jax.lax.stop_gradient(x)
    if weights is None:
        three = [x[index][None] for index in (0, len(x) // 2, len(x) - 1)]
    else:
        _, heaviest = jax.lax.top_k(jax.lax.stop_gradient(weights), min(3, len(x)))
        three = [x[heaviest[min(k, len(x) - 1)]][None] for k in range(3)]
    first, second, third = three
    return jnp.clip(third, jnp.minimum(first, second), jnp.maximum(first, second))


def squared(x: Samples, y: Data) -> Array:
    """(n, m) squared distances of samples that are measured from a place among them; what rounding leaves of equal rows is zero.

    Args:
        x: (n, d) samples.
        y: (m, d) data.

    Returns:
        The table.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.pairwise.tables import squared
        >>> squared(jnp.array([[0.0, 0.0]]), jnp.array([[3.0, 4.0]])).tolist()
        [[25.0]]
    """
    if x.shape[1] <= DIRECT_FEATURES:
        return direct_form(x, y)
    lengths = jnp.sum(x * x, axis=1)[:, None] + jnp.sum(y * y, axis=1)[None, :]
    table = lengths - 2 * matmul(x, y.T)
    return jnp.where(table <= ROUNDING * jnp.finfo(x.dtype).eps * lengths, 0, table)
