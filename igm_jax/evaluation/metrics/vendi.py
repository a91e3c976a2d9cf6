"""How many different samples there are, in effect."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from igm_jax import checks
from igm_jax.evaluation import _inputs
from igm_jax.kernels import gaussian

MOST_POINTS = 4000
BLOCK = 2**20


def vendi_score(*, fake: Any, bandwidth: float | None = None) -> float:
    """The effective number of different samples: the exponential of the entropy of the eigenvalues of K/n.

    ``VS = exp(-Σ_i λ_i log λ_i)`` with the eigenvalues λ of ``K/n``, ``K_ij = exp(-‖x_i - x_j‖²/2σ²)``, or without a bandwidth
    the cosine ``K_ij = x_i·x_j / ‖x_i‖‖x_j‖`` of the features.

    It is 1 where all samples are equal and n where they are orthogonal. Copies do not raise it. It knows no data: noise raises
    it, and so it has no right value but that of real data, at the same n.

    Cost: with a bandwidth n³ in time and n² numbers of memory, so at most 4000 samples. Without, the features' Gram matrix
    has the same eigenvalues: n p² + p³ in time and p² of memory (n and p change places where n < p), and n has no limit.

    Args:
        fake: (n, p) samples or features.
        bandwidth: σ of the Gaussian kernel, in the units of the samples; None for the cosine.

    Returns:
        A number from 1 to n; for the cosine at most p.

    Raises:
        ValueError: for too many samples for the Gaussian kernel, a bandwidth that is not positive, a sample of zeros (which
            has no cosine), wrong shapes, NaN or infinity.

    Example:
        >>> from igm_jax.evaluation import vendi_score
        >>> round(vendi_score(fake=[[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]), 6)
        2.0

    Source: Friedman and Dieng, The Vendi Score, arXiv 2210.02410, Definition 3.1.
    """
    fake = _inputs.samples("fake", fake)
    values = _cosine(fake) if bandwidth is None else _gaussian(fake, float(checks.positive("bandwidth", bandwidth)))
    shares = values[values > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _gaussian(x: Float[np.ndarray, "n p"], bandwidth: float) -> Float[np.ndarray, " n"]:
    if len(x) > MOST_POINTS:
        raise ValueError(
            f"the Gaussian kernel takes at most {MOST_POINTS} samples, as its time grows as n³, but got {len(x)};"
            " pass a random subset, or leave `bandwidth` out for the cosine, which has no limit"
        )
    with jax.enable_x64(True):
        return np.linalg.eigvalsh(np.asarray(gaussian(bandwidth)(jnp.asarray(x), jnp.asarray(x))) / len(x))


def _cosine(x: Float[np.ndarray, "n p"]) -> Float[np.ndarray, " k"]:
    largest = np.abs(x).max(axis=1)
    if not largest.all():
        where = int(np.argmin(largest))
        raise ValueError(
            f"`fake` must hold no sample of zeros, which has no cosine, but row {where} is one; leave it out"
        )
    n, p = x.shape
    if n < p:
        return np.linalg.svd(_directions(x, largest), compute_uv=False) ** 2 / n
    gram, rows = np.zeros((p, p)), max(1, BLOCK // p)
    for start in range(0, n, rows):
        some = _directions(x[start : start + rows], largest[start : start + rows])
        gram += some.T @ some
    return np.linalg.eigvalsh(gram / n)


def _directions(x: Float[np.ndarray, "n p"], largest: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n p"]:
    x = x / largest[:, None]
    return x / np.linalg.norm(x, axis=1, keepdims=True)
