"""The kernel distance of features (with Inception features: the kernel inception distance)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.kernels import polynomial
from igm_jax.objectives.moments.estimate import Estimate
from igm_jax.objectives.moments.mmd import mmd2_unbiased

LARGEST_SUBSET = 1000


def kid(*, real: Any, fake: Any, subset_size: int | None = None, repeats: int = 10, seed: int = 0) -> Estimate:
    """The squared maximum mean discrepancy under a cubic kernel, unbiased, averaged over random subsets.

    ``KID = mean over subsets of MMD²_u`` with ``k(x, y) = (x·y/d + 1)³``. Negative about half of the time for equal laws.

    Each repeat shuffles both sets and cuts them into disjoint subsets, which are independent; so the standard error is
    ``√(s²/B)``, with s² the variance between the B subsets of a repeat (averaged over the repeats). This differs from the
    paper's code, whose subsets overlap, so that their spread over the square root of their number is too small.

    Cost: repeats · subset_size · n · p in time, subset_size² numbers of memory.

    Args:
        real: (n, p) features of the data.
        fake: (m, p) features of the generated samples.
        subset_size: samples of each side in a subset; a quarter of the smaller set if None, at most 1000.
        repeats: how often to shuffle and cut anew.
        seed: of the shuffles.

    Returns:
        The value and its standard error.

    Raises:
        ValueError: for too few samples to cut two subsets of two, features so far from one that rounding is all that is left,
            wrong shapes, NaN or infinity.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import kid
        >>> rng = np.random.default_rng(0)
        >>> near, far = rng.normal(size=(2, 200, 4)) + np.array([0.0, 2.0])[:, None, None]
        >>> kid(real=rng.normal(size=(200, 4)), fake=far).value > 10 * kid(real=rng.normal(size=(200, 4)), fake=near).value
        True

    Source: Bińkowski et al., Demystifying MMD GANs, arXiv 1801.01401, Section 4.
    """
    real, fake = _inputs.pair(real, fake, least=4)
    size = _subset_size(subset_size, min(len(real), len(fake)))
    blocks = min(len(real), len(fake)) // size
    rng = np.random.default_rng(checks.count("seed", seed, least=0))
    values = []
    for _ in range(checks.count("repeats", repeats)):
        parts = [_inputs.subsample(x, blocks * size, rng).reshape(blocks, size, -1) for x in (real, fake)]
        with jax.enable_x64(True):
            values.append(np.asarray(_blockwise(jnp.asarray(parts[0]), jnp.asarray(parts[1]))))
    spread = np.mean([np.var(value, ddof=1) for value in values])
    found = Estimate(float(np.mean(values)), float(np.sqrt(spread / blocks)))
    _digits(real, fake, found)
    return found


def _digits(real: Float[np.ndarray, "n p"], fake: Float[np.ndarray, "m p"], found: Estimate) -> None:
    """Refuse an estimate that is made of rounding: the kernel has a scale of its own, about one, and differs from one to see."""
    largest = max(float(np.max(np.mean(np.square(x), axis=1))) for x in (real, fake))
    # Of all its sixth powers, cubic roots overflow last.
    rounding = np.cbrt(64 * np.finfo(float).eps) * (largest + 1)
    if np.ptp(real) + np.ptp(fake) > 0 and not rounding <= np.cbrt(max(abs(found.value), found.standard_error)):
        raise ValueError(
            f"`real` and `fake` must hold features of about one, as the kernel (x·y/d + 1)³ has no other scale, but the largest"
            f" root mean square of a sample is {np.sqrt(largest):.3g} and the result is rounding; move all of them to about"
            " zero, and divide them by their standard deviation"
        )


def _subset_size(subset_size: int | None, smaller: int) -> int:
    if subset_size is None:
        return min(LARGEST_SUBSET, max(2, smaller // 4))
    size = checks.count("subset_size", subset_size, least=2)
    if 2 * size > smaller:
        raise ValueError(
            f"two disjoint subsets of {size} do not fit into the smaller set of {smaller} samples, and one subset has no"
            " standard error; lower `subset_size` or give more samples"
        )
    return size


@jax.jit
def _blockwise(real: jax.Array, fake: jax.Array) -> jax.Array:
    kernel = polynomial(3, 1.0)
    return jax.lax.map(lambda block: mmd2_unbiased(block[0], block[1], kernel), (fake, real))
