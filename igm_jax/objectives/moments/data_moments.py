"""The moments of a whole data set, taken once, for what compares samples with fixed data."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import Rows, Weights
from igm_jax.kernels.pairs import centred
from igm_jax.objectives.transport.gaussian_fits import Fit

__all__ = ["Moments", "moments_of"]


class Moments(NamedTuple):
    """A mean and a covariance.

    Attributes:
        mean: (d,).
        covariance: (d, d), with one over the number of samples.
    """

    mean: Any
    covariance: Any


CHUNK = 4096
"""Rows of data at a time, which are taken to double precision."""


def moments_of(data: Rows, *, weights: Weights = None) -> Moments:
    """The mean and the covariance of a whole data set, for ``frechet_loss`` to hold fixed.

    ``μ = Σ_j b_j y_j``, ``Σ = Σ_j b_j (y_j - μ)(y_j - μ)ᵀ``, with 1/N and not 1/(N - 1)

    Sums are of double precision, on the host and some rows at a time: memory is that of the data and d² numbers.

    Args:
        data: (N, d) data, or their features.
        weights: (N,) non-negative weights, normalised here; uniform if None.

    Returns:
        The moments, NumPy arrays of double precision.

    Raises:
        TypeError: for data that are being traced: moments are of data that are known.
        ValueError: for wrong shapes, non-finite numbers or bad weights.

    Example:
        >>> from igm_jax.objectives import moments_of
        >>> mean, covariance = moments_of([[0.0], [2.0]])
        >>> mean.tolist(), covariance.tolist()
        ([1.0], [[1.0]])
    """
    known, shares = _known(data, weights)
    starts = range(0, len(known), CHUNK)
    mean = np.zeros(known.shape[1])
    for i in starts:
        mean += shares[i : i + CHUNK] @ known[i : i + CHUNK].astype(np.float64)
    covariance = np.zeros((known.shape[1], known.shape[1]))
    for i in starts:
        gaps = known[i : i + CHUNK].astype(np.float64) - mean
        covariance += gaps.T @ (shares[i : i + CHUNK, None] * gaps)
    return Moments(mean, covariance)


def _known(data: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    """Data and weights of sum one on the host, in the type in which they came; or the error that says what is wrong."""
    if not checks.is_concrete(data) or not checks.is_concrete(weights):
        raise TypeError("`data` must be known, but are being traced; call `moments_of` outside of what is compiled")
    known = np.asarray(checks.numbers("data", data)[0])
    if known.ndim != 2 or not known.size or not np.isfinite(known).all():
        checks.samples("data", data)
    if weights is None:
        return known, np.full(len(known), 1 / len(known))
    checks.weights("weights", weights, jnp.zeros((len(known), 1)))
    shares = np.asarray(weights, np.float64)
    return known, shares / shares.sum()


class FixedMoments(NamedTuple):
    """Fixed moments in double precision: a mean, and a factor S of the covariance ``SᵀS``."""

    mean: np.ndarray
    factor: np.ndarray

    def seen(self, x: Array) -> tuple[Array, Fit]:
        """The mean as a row, and the fit about the place that ``centred`` finds for that row, in the type of x."""
        if x.shape[1] != len(self.mean):
            raise ValueError(
                f"`x` must have the features of `data_moments`, {len(self.mean)}, but has shape {x.shape}; take moments of"
                " data in the space of the samples (within `on_features`, of the data's features)"
            )
        mean = jnp.asarray(self.mean, x.dtype)[None]
        return mean, Fit(centred(mean, mean)[1][0], jnp.asarray(self.factor, x.dtype))


def fixed_moments(moments: Any) -> FixedMoments:
    """Moments that somebody handed in, as factors; or the error that says what is wrong with them."""
    if not isinstance(moments, tuple) or len(moments) != 2:
        raise TypeError(
            "`data_moments` must be `Moments(mean, covariance)`, e.g. `moments_of(data)`, but is"
            f" {type(moments).__name__}"
        )
    mean, covariance = (np.asarray(checks.numbers("data_moments", part)[0], np.float64) for part in moments)
    if mean.ndim != 1 or not mean.size or covariance.shape != (mean.size, mean.size):
        raise ValueError(
            f"`data_moments` must be a mean (d,) and a covariance (d, d), but have shapes {mean.shape} and"
            f" {covariance.shape}"
        )
    checks.finite("data_moments.mean", mean)
    checks.finite("data_moments.covariance", covariance)
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    # Published moments may be rounded to single precision.
    slack = 1e-5 * max(np.abs(covariance).max(), 0)
    if np.abs(covariance - covariance.T).max() > slack or values[0] < -mean.size * slack:
        raise ValueError(
            "`data_moments.covariance` must be symmetric with no negative eigenvalue, but its smallest is"
            f" {values[0]:.3g} and it differs from its transpose by {np.abs(covariance - covariance.T).max():.3g};"
            " take `moments_of(data)`"
        )
    return FixedMoments(mean, np.sqrt(np.maximum(values, 0))[:, None] * vectors.T)
