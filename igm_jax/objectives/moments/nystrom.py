"""Maximum mean discrepancy against data that a few landmarks stand for: exact repulsion, and attraction in time nL."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.base import Info, Key, Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel, measured
from igm_jax.kernels.pairs import safe_sqrt
from igm_jax.lifts import of_arrays
from igm_jax.pairwise.gram import Projection, projected_means, projection
from igm_jax.pairwise.reductions import weighted_mean
from igm_jax.pairwise.sums import kernel_mean_within, kernel_means
from igm_jax.records import recorded

__all__ = ["NystromMMD", "mmd_nystrom", "nystrom_mmd2"]


class NystromMMD(NamedTuple):
    """A squared MMD against projected data, and how far they are from the data.

    Attributes:
        value: MMD² between the samples and the projected data.
        residual: the distance r of the data from their projection: ``|√value - MMD(x, y)| ≤ r``, whatever the samples.
    """

    value: Scalar
    residual: Scalar


def nystrom_mmd2(
    key: Key,
    x: Rows,
    y: Rows,
    kernel: KernelLike,
    *,
    num_landmarks: int = 128,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> NystromMMD:
    """The squared maximum mean discrepancy with the data's embedding projected on random landmarks.

    ``MMD² ≈ Σ a_i a_j k(x_i, x_j) - 2 Σ a_i α_l k(x_i, z_l) + Σ α_l α_k k(z_l, z_k)``, with z some of the data, and α
    making ``Σ α_l k(·, z_l)`` the nearest such sum to ``Σ b_j k(·, y_j)``. The repulsion between samples is exact.

    With all data as landmarks it is ``mmd2_biased``. Instead of a standard error there is a bound, since only a distance is
    lost: the residual, which takes one pass over the pairs of data.

    Args:
        key: random key of the landmarks, drawn from the data without replacement.
        x: (n, d) generated samples.
        y: (m, d) data.
        kernel: positive definite, from ``igm_jax.kernels`` (not ``distance``).
        num_landmarks: L ≥ 1; at most m are used. An L × L matrix is kept.
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        The value and the residual.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for no landmarks, wrong shapes, non-finite numbers or bad weights.

    Example:
        >>> import jax
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import nystrom_mmd2
        >>> value, residual = nystrom_mmd2(jax.random.key(0), [[0.0]], [[1.0]], gaussian(1.0), num_landmarks=1)
        >>> round(float(value), 3), float(residual) < 1e-3  # 2 - 2 exp(-1/2)
        (0.787, True)

    Source: Chatalic et al., Nyström Kernel Mean Embeddings, arXiv 2201.13055; exact repulsion with projected attraction,
    arXiv 2607.02375.
    """
    key = checks.key("key", key)
    x, y, a, b = checks.weighted_pair(x, y, x_weights, y_weights)
    kernel, height, x, y, _ = measured(checked_kernel(kernel), x, y, a, b)
    landmarks = _landmarks(key, y, checks.count("num_landmarks", num_landmarks))
    found = projection(kernel, landmarks, y, b)
    lost = kernel_mean_within(kernel, y, b) - 2 * found.overlap + found.square
    value, error = _value(kernel, x, a, landmarks, found), safe_sqrt(jnp.maximum(lost, 0))
    return NystromMMD(height * value, height**0.5 * error)


class LandmarkState(NamedTuple):
    """The key of the landmarks, drawn anew at every update and shared by the loss and the witness."""

    key: Key


@recorded
def mmd_nystrom(kernel: KernelLike, num_landmarks: int = 128) -> Objective:
    """Squared maximum mean discrepancy against projected data as an objective; each inner step draws new landmarks.

    ``loss = ‖Σ k(·, x_i)/n - Σ α_l k(·, z_l)‖²``, ``witness(p) = 2 (mean_i k(p, x_i) - Σ α_l k(p, z_l))``

    Worth its while where data are many more than samples: a step takes n² + (n + m)L values of the kernel, and L³ for α.

    Args:
        kernel: positive definite, from ``igm_jax.kernels`` (not ``distance``).
        num_landmarks: L ≥ 1; at most m are used.

    Returns:
        The objective.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for no landmarks.

    Example:
        >>> import jax
        >>> from igm_jax import kernels, objectives
        >>> objective = objectives.mmd_nystrom(kernels.gaussian(1.0), 16)
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 64, 3))
        >>> state = objective.init(jax.random.key(1), x)
        >>> bool(objective.loss(jax.random.key(2), state, x, y) > 0)
        True

    Source: Chatalic et al., arXiv 2201.13055; arXiv 2607.02375.
    """
    kernel, num_landmarks = checked_kernel(kernel), checks.count("num_landmarks", num_landmarks)

    def init(key: Key, x: Array) -> LandmarkState:
        del x
        return LandmarkState(key)

    def update(key: Key, state: LandmarkState, x: Array, y: Array) -> tuple[LandmarkState, Info]:
        del state, x, y
        return LandmarkState(key), {}

    def projected(state: LandmarkState, kernel: Kernel, y: Array, b: Array) -> tuple[Array, Projection]:
        landmarks = _landmarks(state.key, y, num_landmarks)
        return landmarks, projection(kernel, landmarks, y, b)

    def loss(key: Key, state: LandmarkState, x: Array, y: Array) -> Array:
        del key
        x, y, a, b = checks.weighted_pair(x, y)
        known, height, x, y, _ = measured(kernel, x, y, a, b)
        return height * _value(known, x, a, *projected(state, known, y, b))

    def witness(state: LandmarkState, points: Array, x: Array, y: Array) -> Array:
        x, y, a, b = checks.weighted_pair(x, y)
        points, _ = checks.pair(points, y, names=("points", "y"))
        known, height, x, y, unit = measured(kernel, x, y, a, b)
        landmarks, found = projected(state, known, y, b)
        points = points / unit
        model, data = kernel_means(known, points, x, a), projected_means(known, points, landmarks, found.weights)
        return 2 * height * (model - data)

    return of_arrays(init, update, loss, witness)


def _landmarks(key: Key, y: Array, count: int) -> Array:
    return y[jax.random.permutation(key, len(y))[:count]]


def _value(kernel: Kernel, x: Array, a: Array, landmarks: Array, found: Projection) -> Scalar:
    attraction = weighted_mean(projected_means(kernel, x, landmarks, found.weights), a)
    return kernel_mean_within(kernel, x, a) - 2 * attraction + found.square
