"""Gaussians and mixtures of Gaussians in d dimensions, with log density and score."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.checks import ArrayLike, Weights
from igm_jax.distributions.base import Distribution, Modes, default_float, points_of
from igm_jax.pairwise import matmul
from igm_jax.records import recorded

# Parameters stay NumPy float64 and are cast where they are used, so one target serves float32 and float64 alike.


@recorded
def gaussian(mean: ArrayLike, covariance: ArrayLike) -> Distribution:
    """A Gaussian in d dimensions.

    ``log p(x) = -½ (x - μ)ᵀ Σ⁻¹ (x - μ) - ½ log det 2πΣ``, so the score is ``-Σ⁻¹ (x - μ)``.

    Args:
        mean: (d,) the mean μ.
        covariance: (d, d) the covariance Σ, symmetric and positive definite.

    Returns:
        The distribution, with density and score.

    Raises:
        ValueError: for shapes that do not fit, or a covariance that is not symmetric and positive definite.

    Example:
        >>> from igm_jax.distributions import gaussian
        >>> gaussian([0.0, 1.0], [[4.0, 0.0], [0.0, 1.0]]).score([[4.0, 2.0]]).tolist()
        [[-1.0, -1.0]]
    """
    mean = _numbers("mean", mean)
    if mean.ndim != 1:
        raise ValueError(f"`mean` must have shape (d,), but has shape {mean.shape}; pass one vector")
    return gaussian_mixture(mean[None], covariances=covariance, name="gaussian")


@recorded
def gaussian_mixture(
    means: ArrayLike,
    std: ArrayLike | None = None,
    *,
    covariances: ArrayLike | None = None,
    weights: Weights = None,
    name: str = "gaussian mixture",
) -> Distribution:
    """A mixture of K Gaussians in d dimensions.

    ``p(x) = Σ_k w_k N(x; μ_k, Σ_k)``, with ``Σ_k = std_k² I`` where standard deviations are given.

    Args:
        means: (K, d) the means μ_k.
        std: one standard deviation for all, or (K,); give this or ``covariances``.
        covariances: (d, d) one for all, or (K, d, d), symmetric and positive definite.
        weights: (K,) non-negative, normalised to sum one; equal if None.
        name: a short name for tables.

    Returns:
        The distribution, with density and score; ``modes`` is set where one ``std`` serves all components.

    Raises:
        ValueError: for shapes that do not fit, std that are not positive, covariances that are not positive definite,
            or both or neither of ``std`` and ``covariances``.

    Example:
        >>> import jax
        >>> from igm_jax.distributions import gaussian_mixture
        >>> target = gaussian_mixture([[-2.0], [2.0]], 0.5, weights=[0.25, 0.75])
        >>> target(jax.random.key(0), 6).shape, round(float(target.log_density([[2.0]])[0]), 4)
        ((6, 1), -0.5135)
    """
    means = _numbers("means", means)
    if means.ndim != 2 or 0 in means.shape:
        raise ValueError(f"`means` must have shape (K, d), one mean a row, but has shape {means.shape}")
    if (std is None) == (covariances is None):
        given = "neither came" if std is None else "both came"
        raise ValueError(f"give either `std`, for round components, or `covariances`, but {given}")
    weights = _shares(weights, len(means))
    if covariances is None:
        return _round_mixture(name, means, _stds(std, len(means)), weights)
    return _full_mixture(name, means, _factors(covariances, *means.shape), weights)


def _round_mixture(name: str, means: np.ndarray, stds: np.ndarray, weights: np.ndarray) -> Distribution:
    """Components with covariance ``std_k² I``: no factorisation, and memory linear in d."""
    equal = bool((stds == stds[0]).all())
    modes = Modes(_array(means), float(stds[0]), _array(weights)) if equal else None

    def spread(which: Array, z: Array) -> Array:
        return jnp.asarray(stds, z.dtype)[which][:, None] * z

    def whiten(std: Array, offsets: Array) -> Array:
        return offsets / std

    return _mixture(name, means, weights, means.shape[1] * np.log(stds), spread, whiten, stds, modes)


def _full_mixture(name: str, means: np.ndarray, factors: np.ndarray, weights: np.ndarray) -> Distribution:
    """Components with covariance ``L_k L_kᵀ``; ``factors`` are the L_k."""
    transposed = np.swapaxes(factors, 1, 2)
    log_scales = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)

    def spread(which: Array, z: Array) -> Array:
        chosen = jnp.asarray(transposed, z.dtype)
        if (transposed == transposed[:1]).all():
            return matmul(z, chosen[0])
        return jnp.einsum("nj,nji->ni", z, chosen[which], precision=jax.lax.Precision.HIGHEST)

    def whiten(inverse: Array, offsets: Array) -> Array:
        return matmul(offsets, inverse)

    return _mixture(name, means, weights, log_scales, spread, whiten, np.linalg.inv(transposed), None)


def _mixture(
    name: str,
    means: np.ndarray,
    weights: np.ndarray,
    log_scales: np.ndarray,
    spread: Callable[[Array, Array], Array],
    whiten: Callable[[Array, Array], Array],
    shapes: np.ndarray,
    modes: Modes | None,
) -> Distribution:
    """A mixture from two halves: ``spread`` shapes normal draws, ``whiten(shape_k, offsets)`` takes the shape off again."""
    dim = means.shape[1]
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    log_peaks = log_weights - log_scales - 0.5 * dim * math.log(2 * math.pi)

    def sample(key: Key, n: int) -> Array:
        key_component, key_noise = jax.random.split(key)
        which = jax.random.categorical(key_component, _array(log_weights), shape=(n,))
        z = jax.random.normal(key_noise, (n, dim))
        return jnp.asarray(means, z.dtype)[which] + spread(which, z)

    def log_density(points: ArrayLike) -> Array:
        points = points_of(dim, points)

        # Offsets are taken directly, not through the expanded square, which loses digits where components are narrow.
        def component(mean: Array, shape: Array, log_peak: Array) -> Array:
            return log_peak - 0.5 * jnp.sum(jnp.square(whiten(shape, points - mean[None])), axis=1)

        terms = jax.vmap(component)(*(jnp.asarray(part, points.dtype) for part in (means, shapes, log_peaks)))
        return jax.scipy.special.logsumexp(terms, axis=0)

    return Distribution(name, dim, sample, log_density, modes)


def _array(value: np.ndarray) -> Array:
    return jnp.asarray(value, default_float())


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` must be known real numbers, but is {type(value).__name__}: {error}") from error
    checks.finite(name, array)
    return array


def _shares(weights: Weights, components: int) -> np.ndarray:
    if weights is None:
        return np.full(components, 1 / components)
    shares = _numbers("weights", weights)
    checks.weights("weights", shares, jnp.zeros(components))
    return shares / shares.sum()


def _stds(std: Any, components: int) -> np.ndarray:
    stds = _numbers("std", std)
    if stds.shape not in ((), (components,)):
        raise ValueError(
            f"`std` must be one number or have shape ({components},), one a component, but has shape {stds.shape};"
            " pass full matrices as `covariances`"
        )
    if (stds <= 0).any():
        raise ValueError(f"`std` must be positive, but its least value is {stds.min()}; for points use `dataset`")
    return np.broadcast_to(stds, (components,))


def _factors(covariances: Any, components: int, dim: int) -> np.ndarray:
    """Lower Cholesky factors (K, d, d)."""
    matrices = _numbers("covariances", covariances)
    if matrices.shape not in ((dim, dim), (components, dim, dim)):
        raise ValueError(
            f"`covariances` must have shape ({dim}, {dim}) or ({components}, {dim}, {dim}) to fit the means,"
            f" but has shape {matrices.shape}"
        )
    matrices = np.broadcast_to(matrices, (components, dim, dim))
    if not np.allclose(matrices, np.swapaxes(matrices, 1, 2), rtol=1e-5, atol=0):
        raise ValueError("`covariances` must be symmetric, but a matrix differs from its transpose; use (S + S.T) / 2")
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError as error:
        least = float(np.linalg.eigvalsh(matrices).min())
        raise ValueError(
            f"`covariances` must be positive definite, but the least eigenvalue is {least:.3g};"
            " add a small multiple of the identity, or drop the dependent features"
        ) from error
