"""Kernels on pairs of samples: constructors, sums and products that share one distance, and the median bandwidth.

Conventions, since libraries differ: the Gaussian kernel is ``exp(-r²/2σ²)`` and the Laplace kernel ``exp(-r/σ)`` with the
Euclidean ``r = ‖x - y‖``.
"""

import dataclasses
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.pairwise.costs import Pairs, safe_sqrt
from igm_jax.pairwise.radial import (
    Distance,
    Form,
    Gaussian,
    InverseMultiquadric,
    Laplace,
    Radial,
    RationalQuadratic,
    Scaled,
    added,
    combined,
)


@dataclass(frozen=True)
class Kernel:
    """A kernel as a function of pairs; ``k1 + k2``, ``k1 * k2`` and ``2.0 * k`` are kernels again.

    ``k(x, y)`` is the (n, m) matrix of ``k(x_i, y_j)``.

    Args:
        name: what it is, with its parameters.
        of: from ``Pairs`` to the (n, m) matrix; sums and products call all their parts on one ``Pairs``.
        radial: the same as a function of the squared distance alone, where it is one: sums over pairs and their gradients
            then take one pass.

    Example:
        >>> from igm_jax.kernels import gaussian, linear
        >>> kernel = gaussian(1.0) + 0.5 * linear()
        >>> kernel([[0.0]], [[0.0]]).tolist()
        [[1.0]]
    """

    name: str
    of: Callable[[Pairs], Array]
    radial: Radial | None = None

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Float[Array, "n m"]:
        """The matrix of ``k(x_i, y_j)`` for x (n, d) and y (m, d)."""
        return self.of(Pairs(*checks.pair(x, y)))

    def __add__(self, other: "Kernel") -> "Kernel":
        other = _kernel(other)
        name = f"{self.name} + {other.name}"
        return Kernel(name, lambda pairs: self.of(pairs) + other.of(pairs), added(self.radial, other.radial))

    def __mul__(self, other: "Kernel | float") -> "Kernel":
        if isinstance(other, Kernel):
            radial = combined(operator.mul, self.radial, other.radial)
            name = f"({self.name}) * ({other.name})"
            return Kernel(name, lambda pairs: self.of(pairs) * other.of(pairs), radial)
        scale = checks.positive("scale", other)
        radial = self.radial and Radial(Scaled(self.radial.form), (scale, *self.radial.parameters))
        return Kernel(f"{scale} * ({self.name})", lambda pairs: _like(scale, pairs) * self.of(pairs), radial)

    __rmul__ = __mul__


def radial_kernel(name: str, form: Form, *parameters: ArrayLike) -> Kernel:
    """A kernel of the squared distance: a form and its parameters."""
    return Kernel(
        name,
        lambda pairs: form.value(pairs.squared, *(_like(parameter, pairs) for parameter in parameters)),
        Radial(form, parameters),
    )


def _kernel(value: object) -> Kernel:
    if not isinstance(value, Kernel):
        raise TypeError(
            f"expected a kernel, such as `igm_jax.kernels.gaussian(1.0)`, but got {value!r};"
            " wrap a function of pairs as `Kernel(name, of)`"
        )
    return value


def gaussian(bandwidth: ArrayLike) -> Kernel:
    """The Gaussian kernel, ``k = exp(-‖x - y‖² / 2σ²)``.

    Args:
        bandwidth: σ > 0, in the units of the samples; may be traced and differentiated.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import gaussian
        >>> round(float(gaussian(1.0)([[0.0]], [[1.0]])[0, 0]), 4)
        0.6065
    """
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"gaussian({bandwidth})", Gaussian(), bandwidth)


def laplace(bandwidth: ArrayLike) -> Kernel:
    """The Laplace kernel, ``k = exp(-‖x - y‖ / σ)``, with the Euclidean norm.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import laplace
        >>> round(float(laplace(1.0)([[0.0]], [[1.0]])[0, 0]), 4)
        0.3679
    """
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"laplace({bandwidth})", Laplace(), bandwidth)


def rational_quadratic(alphas: Sequence[float] = (0.2, 0.5, 1.0, 2.0, 5.0), bandwidth: ArrayLike = 1.0) -> Kernel:
    """A sum of rational quadratic kernels, ``k = Σ_α (1 + ‖x - y‖² / 2ασ²)^{-α}``.

    Args:
        alphas: the exponents α > 0; the default bank is that of Bińkowski et al.
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for no exponents, or exponents or a bandwidth that are not positive and finite.

    Example:
        >>> from igm_jax.kernels import rational_quadratic
        >>> round(float(rational_quadratic([1.0])([[0.0]], [[2.0]])[0, 0]), 4)
        0.3333

    Source: Bińkowski et al., Demystifying MMD GANs, arXiv 1801.01401, Section 4.
    """
    if isinstance(alphas, int | float) or len(alphas) == 0:
        raise ValueError(f"`alphas` must be a sequence of at least one positive exponent, but is {alphas!r}")
    for alpha in alphas:
        checks.positive("alphas", alpha)
    checks.positive("bandwidth", bandwidth)

    parts = [radial_kernel(f"rational_quadratic({alpha})", RationalQuadratic(), alpha, bandwidth) for alpha in alphas]
    bank = sum(parts[1:], parts[0])
    return dataclasses.replace(bank, name=f"rational_quadratic({tuple(alphas)}, {bandwidth})")


def inverse_multiquadric(bandwidth: ArrayLike = 1.0) -> Kernel:
    """The inverse multiquadric kernel, ``k = (1 + ‖x - y‖² / σ²)^{-1/2}``.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import inverse_multiquadric
        >>> float(inverse_multiquadric(1.0)([[0.0]], [[0.0]])[0, 0])
        1.0
    """
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"inverse_multiquadric({bandwidth})", InverseMultiquadric(), bandwidth)


def distance(beta: float = 1.0) -> Kernel:
    """The negative distance, ``k = -‖x - y‖^β``: conditionally positive definite, and its MMD² is the energy distance.

    Args:
        beta: the exponent, 0 < β ≤ 2; at 2 only means are told apart.

    Returns:
        The kernel.

    Raises:
        ValueError: for an exponent outside (0, 2].

    Example:
        >>> from igm_jax.kernels import distance
        >>> distance()([[0.0]], [[3.0]]).tolist()
        [[-3.0]]

    Source: Sejdinovic et al., Equivalence of distance-based and RKHS-based statistics, arXiv 1207.6076.
    """
    checks.positive("beta", beta)
    if beta > 2:
        raise ValueError(f"`beta` must lie in (0, 2], where -‖x - y‖^β is a kernel up to constants, but is {beta}")
    return radial_kernel(f"distance({float(beta)})", Distance(float(beta)))


def polynomial(degree: int = 3, offset: float = 1.0) -> Kernel:
    """The polynomial kernel, ``k = (x·y / d + c)^p`` in d dimensions; cubic by default, as in the kernel inception distance.

    Args:
        degree: p ≥ 1.
        offset: c ≥ 0.

    Returns:
        The kernel.

    Raises:
        ValueError: for a degree below one or a negative offset.

    Example:
        >>> from igm_jax.kernels import polynomial
        >>> polynomial()([[1.0, 1.0]], [[1.0, 1.0]]).tolist()
        [[8.0]]

    Source: Bińkowski et al., Demystifying MMD GANs, arXiv 1801.01401, Section 5.
    """
    degree = checks.count("degree", degree)
    if offset != 0:
        checks.positive("offset", offset)
    return Kernel(f"polynomial({degree}, {offset})", lambda pairs: (pairs.inner / pairs.x.shape[1] + offset) ** degree)


def linear() -> Kernel:
    """The linear kernel, ``k = x·y``: its MMD² is the squared distance of the means.

    Returns:
        The kernel.

    Example:
        >>> from igm_jax.kernels import linear
        >>> linear()([[1.0, 2.0]], [[3.0, 4.0]]).tolist()
        [[11.0]]
    """
    return Kernel("linear()", lambda pairs: pairs.inner)


def _like(value: ArrayLike, pairs: Pairs) -> Array:
    """A parameter in the samples' type, so that strict promotion holds and derivatives flow to it."""
    return jnp.asarray(value).astype(checks.at_least_single(pairs.x.dtype))


def median_bandwidth(y: ArrayLike, *, most: int = 1024) -> Float[Array, ""]:
    """The median of the distances between different samples, a usual first choice of bandwidth.

    ``σ = median_{i<j} ‖y_i - y_j‖``

    Args:
        y: (m, d) reference samples: the data, never the model, so that the yardstick stays put.
        most: at most this many samples are used, evenly spaced in the order given.

    Returns:
        Scalar, in the units of the samples.

    Raises:
        ValueError: for fewer than two samples, or more than half of the pairs coincident (the median would be zero).

    Example:
        >>> from igm_jax.kernels import median_bandwidth
        >>> float(median_bandwidth([[0.0], [1.0], [3.0]]))
        2.0

    Source: Gretton et al., A Kernel Two-Sample Test, JMLR 13 (2012), Section 8.
    """
    y = checks.samples("y", y, least=2)
    y = y[np.linspace(0, len(y) - 1, min(len(y), checks.count("most", most, least=2))).astype(int)]
    bandwidth = safe_sqrt(jnp.median(Pairs(y, y).squared[np.triu_indices(len(y), k=1)]))
    if checks.is_concrete(bandwidth) and float(bandwidth) == 0:
        raise ValueError(
            "the median distance of `y` is zero, so it cannot serve as a bandwidth: at least half of the pairs coincide;"
            " remove duplicates or choose a bandwidth by hand"
        )
    return bandwidth
