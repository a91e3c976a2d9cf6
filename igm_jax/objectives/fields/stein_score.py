"""Scores of samples by Stein's identity, with no density: a regularised inverse of the kernel's matrix on its slopes."""

from functools import partial

import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, functions
from igm_jax.base import Objective
from igm_jax.checks import ArrayLike, Rows
from igm_jax.kernels.kernel import Kernel, KernelLike, checked_kernel, measured
from igm_jax.lifts import from_velocity
from igm_jax.objectives.fields.stein_discrepancy import Score
from igm_jax.pairwise.gram import check_size, ridge_solve, truncated_solve
from igm_jax.pairwise.stein import stein_directions
from igm_jax.records import recorded

__all__ = ["spectral_score", "stein_reverse_kl", "stein_score"]


def stein_score(x: Rows, kernel: KernelLike, ridge: ArrayLike = 0.01) -> Float[Array, "n d"]:
    """The Stein gradient estimator: the score of the samples' own distribution, at the samples.

    ``G = -(K + ηn I)⁻¹ R`` with ``K_ij = k(x_i, x_j)`` and ``R_i = Σ_j ∇_{x_j} k(x_i, x_j)``, from ``E[f s + ∇f] = 0``

    The paper's ridge is ηn here, so that η need not change with n. With a polynomial kernel of degree one and no ridge to
    speak of, it is the score of the Gaussian with the samples' mean and covariance.

    Args:
        x: (n, d) samples, n ≤ 8192: a matrix of all pairs is kept and factorised, O(n²) memory and O(n³) time.
        kernel: from ``igm_jax.kernels``; with a median bandwidth to begin with.
        ridge: η > 0, in the units of the kernel.

    Returns:
        (n, d) estimates of ∇ log q.

    Raises:
        TypeError: if ``kernel`` is not a kernel.
        ValueError: for a ridge that is not positive, too many samples, wrong shapes, or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> bool(objectives.stein_score([[-1.0], [1.0]], kernels.gaussian(1.0))[0, 0] > 0)  # towards the other
        True

    Source: Li and Turner, Gradient Estimators for Implicit Models, arXiv 1705.07107.
    """
    x, kernel = _checked(x, kernel)
    ridge = jnp.asarray(checks.positive("ridge", ridge)).astype(x.dtype)
    kernel, height, x, _, unit = measured(kernel, x, x)
    return -ridge_solve(kernel, x, _slopes(kernel, x), ridge / height * len(x)) / unit


def spectral_score(x: Rows, kernel: KernelLike, components: int) -> Float[Array, "n d"]:
    """The spectral Stein gradient estimator: the score of the samples' own distribution, at the samples.

    ``G = -Σ_{j≤J} u_j λ_j⁻¹ u_jᵀ R`` with the J largest eigenvalues of K, and R as in ``stein_score``

    In the paper it is a series in Nyström's approximations of the kernel's eigenfunctions; at the samples, it is this.

    Args:
        x: (n, d) samples, n ≤ 8192: a matrix of all pairs is kept and decomposed, O(n²) memory and O(n³) time.
        kernel: from ``igm_jax.kernels``.
        components: J, from 1 to n; more of them bend more and err more.

    Returns:
        (n, d) estimates of ∇ log q.

    Raises:
        TypeError: if ``kernel`` is not a kernel or ``components`` not an integer.
        ValueError: for components outside 1 … n, too many samples, wrong shapes, or non-finite numbers.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> bool(objectives.spectral_score([[-1.0], [1.0]], kernels.gaussian(1.0), 2)[0, 0] > 0)
        True

    Source: Shi, Sun, Zhu, A Spectral Approach to Gradient Estimation, arXiv 1806.02925.
    """
    x, kernel = _checked(x, kernel)
    if checks.count("components", components) > len(x):
        raise ValueError(f"`components` must be at most the number of samples, {len(x)}, but is {components}")
    kernel, _, x, _, unit = measured(kernel, x, x)
    return -truncated_solve(kernel, x, _slopes(kernel, x), components) / unit


@recorded
def stein_reverse_kl(score: Score, kernel: KernelLike, ridge: ArrayLike = 0.01) -> Objective:
    """KL(q ‖ p) to a target whose score is known, the model's own score estimated; the data ``y`` are not used.

    ``loss = ½ mean_i ‖x_i - sg(x_i + v_i)‖²`` with ``v = s - ∇ log q̂``, the target's score s and that of ``stein_score``.

    Args:
        score: ``(n, d) -> (n, d)``, the gradient of the target's log density, e.g. ``distribution.score``.
        kernel: from ``igm_jax.kernels``.
        ridge: η > 0, in the units of the kernel.

    Returns:
        The objective. Its witness raises an error: a score that is estimated at samples alone has no potential elsewhere.

    Raises:
        TypeError: if ``score`` is not a function or ``kernel`` not a kernel.
        ValueError: for a ridge that is not positive.

    Example:
        >>> import jax
        >>> from igm_jax import distributions, kernels, objectives, velocity
        >>> objective = objectives.stein_reverse_kl(distributions.normal(1).score, kernels.gaussian(1.0))
        >>> x = jax.numpy.array([[2.0]])  # a lone sample knows no score of its own
        >>> velocity(objective, jax.random.key(0), (), x, x).tolist()
        [[-2.0]]

    Source: Li and Turner, arXiv 1705.07107.
    """
    kernel = checked_kernel(kernel)
    functions.is_function("score", score)
    checks.positive("ridge", ridge)
    estimate = partial(stein_score, kernel=kernel, ridge=ridge)

    def field(x: Array, y: Array | None) -> Array:
        del y
        return functions.field("score", score, x) - estimate(x).astype(x.dtype)

    return from_velocity(
        field, reason="the model's score is estimated at its samples alone, and is no gradient elsewhere"
    )


def _slopes(kernel: Kernel, x: Array) -> Array:
    return stein_directions(kernel, x, x, jnp.zeros_like(x), jnp.ones(len(x), x.dtype))


def _checked(x: Rows, kernel: KernelLike) -> tuple[Array, Kernel]:
    x = checks.samples("x", x)
    check_size(len(x))
    return x, checked_kernel(kernel)
