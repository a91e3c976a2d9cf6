"""Gaussian fits of weighted samples: their mean and a factor of their covariance, mixtures of fits, and the Bures distance."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.checks import OfPoints, OfSamples, Points, Samples, Scalar
from igm_jax.kernels.pairs import matmul, safe_sqrt


class Fit(NamedTuple):
    """A law's mean, and a factor R of its covariance ``RᵀR``."""

    mean: Float[Array, " d"]
    factor: Float[Array, "d d"]


def fit(x: Samples, weights: OfSamples) -> Fit:
    """The mean and the covariance of samples with weights that sum to one."""
    mean, rows = _deviations(x, weights)
    return Fit(mean, _factor(rows))


def mixture(past: Fit, x: Samples, weights: OfSamples, share: Scalar) -> Fit:
    """The fit of the mixture ``(1 - s) past + s x``, differentiable in the samples; the past is at rest.

    Its covariance is ``(1 - s) A + s B + s (1 - s) g gᵀ`` with g the gap of the means: the rows of its factor stand below each
    other, so that nothing cancels.

    Args:
        past: what the samples are mixed with.
        x: (n, d) samples.
        weights: (n,) of them, of sum one.
        share: s, what all samples count in the mixture.

    Returns:
        The fit.
    """
    mean, stacked = _mixed(past, x, weights, share)
    return Fit(mean, _factor(stacked))


def settled(mean: Float[Array, " d"], rows: Float[Array, "k d"]) -> Fit:
    """The fit of a covariance ``rowsᵀ rows`` which nothing is differentiated in: the triangle of the rows alone."""
    return jax.lax.stop_gradient(Fit(mean, _square(jnp.linalg.qr(rows, mode="r"))))


def settled_mixture(past: Fit, x: Samples, weights: OfSamples, share: Scalar) -> Fit:
    """``mixture`` as a constant, to be remembered."""
    return settled(*_mixed(past, x, weights, share))


def settled_fit(x: Samples, weights: OfSamples) -> Fit:
    """``fit`` as a constant, to be remembered."""
    return settled(*_deviations(x, weights))


def _mixed(past: Fit, x: Array, weights: Array, share: Array) -> tuple[Array, Array]:
    mean, rows = _deviations(x, weights)
    gap, rest = mean - past.mean, 1 - share
    parts = (jnp.sqrt(rest) * past.factor, jnp.sqrt(share) * rows, jnp.sqrt(share * rest) * gap[None, :])
    return past.mean + share * gap, jnp.concatenate(parts)


def _deviations(x: Array, weights: Array) -> tuple[Array, Array]:
    mean = jnp.sum(weights[:, None] * x, axis=0)
    return mean, safe_sqrt(weights)[:, None] * (x - mean[None, :])


def _factor(rows: Array) -> Array:
    # Any orthonormal basis of the columns gives the same distance, so it counts as a constant in derivatives.
    basis = jnp.linalg.qr(jax.lax.stop_gradient(rows))[0]
    return _square(matmul(basis.T, rows))


def _square(factor: Array) -> Array:
    return jnp.pad(factor, ((0, factor.shape[1] - len(factor)), (0, 0)))


def _polar(r: Float[Array, "d d"], s: Float[Array, "d d"]) -> tuple[Array, Array, Array]:
    """``U, Σ, Vᵀ`` with ``R Sᵀ = U Σ Vᵀ``, as constants: U Vᵀ turns S the closest to R."""
    left, values, right = jnp.linalg.svd(jax.lax.stop_gradient(matmul(r, s.T)))
    return left, values, right


def squared_distance(of_x: Fit, of_y: Fit) -> Scalar:
    """``‖a - b‖² + min_U ‖R - U S‖²`` over orthogonal U: the squared 2-Wasserstein distance of the Gaussians.

    The same as ``‖a - b‖² + tr(A + B - 2 (A^½ B A^½)^½)``, without a square root of a matrix. By the envelope theorem U is a
    constant in the gradient.

    Args:
        of_x: mean a, and factor R of the covariance ``A = RᵀR``.
        of_y: mean b, and factor S of the covariance ``B = SᵀS``.

    Returns:
        Scalar, in squared units of the samples.
    """
    left, _, right = _polar(of_x.factor, of_y.factor)
    turned = matmul(matmul(left, right), of_y.factor)
    return jnp.sum(jnp.square(of_x.mean - of_y.mean)) + jnp.sum(jnp.square(of_x.factor - turned))


def heights(points: Points, of_x: Fit, of_y: Fit) -> OfPoints:
    """The first variation of ``squared_distance`` in the law of x: ``w(p) = 2 (a - b)·p + (p - a)ᵀ (I - M) (p - a)``.

    M is the linear part of the optimal map between the Gaussians, ``A^{-½} (A^½ B A^½)^½ A^{-½}``.

    Args:
        points: (p, d) where to evaluate.
        of_x: the fit of the samples.
        of_y: the fit of the data.

    Returns:
        (p,) heights, fixed up to a constant.
    """
    _, values, right = _polar(of_x.factor, of_y.factor)
    # M = Sᵀ V Σ⁻¹ Vᵀ S, over the singular values that are more than rounding.
    known = values > len(values) * jnp.finfo(values.dtype).eps * values[0]
    scale = jnp.where(known, 1 / jnp.sqrt(jnp.where(known, values, 1)), 0)
    root = matmul(of_y.factor.T, right.T * scale[None, :])
    gap = points - of_x.mean[None, :]
    spread = jnp.sum(jnp.square(gap), axis=1) - jnp.sum(jnp.square(matmul(gap, root)), axis=1)
    shift = jnp.sum(points * (of_x.mean - of_y.mean)[None, :], axis=1)
    return 2 * shift + spread
