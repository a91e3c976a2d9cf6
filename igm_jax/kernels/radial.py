"""The usual radial kernels: Gaussian and banks of it, Laplace, rational quadratic, inverse multiquadric, distance.

Each form stands before its constructor; the Gaussian ones, which sums of kernels know, are in ``forms``.
"""

import dataclasses
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.kernels.forms import Gaussian, Lengths, NoRatio, Tile, barrier, root
from igm_jax.kernels.kernel import Kernel, bandwidth_kernel, bank, radial_kernel
from igm_jax.records import recorded


@recorded
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
    return bandwidth_kernel("gaussian", Gaussian(), bandwidth)


@recorded
def gaussian_mixture(bandwidths: Sequence[float] = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0), *, scale: float = 1.0) -> Kernel:
    """A sum of Gaussian kernels of several widths, ``k = Σ_σ exp(-‖x - y‖² / 2(scale σ)²)``.

    The default bank is that of generative moment matching networks, for pixels in [0, 1]. (Code differs in whether these
    numbers are σ or σ²; here they are σ.) Widths a power of √2 apart share their exponentials.

    Args:
        bandwidths: σ > 0, at least one.
        scale: what they are multiples of, such as ``median_bandwidth(y)``.

    Returns:
        The kernel.

    Raises:
        ValueError: for no bandwidths, or numbers that are not positive and finite.

    Example:
        >>> from igm_jax.kernels import gaussian_mixture
        >>> float(gaussian_mixture()([[0.0]], [[0.0]])[0, 0])
        6.0

    Source: Li, Swersky, Zemel, Generative Moment Matching Networks, arXiv 1502.02761, Section 5.
    """
    if isinstance(bandwidths, int | float) or len(bandwidths) == 0:
        raise ValueError(f"`bandwidths` must be a sequence of at least one positive number, but is {bandwidths!r}")
    checks.positive("scale", scale)
    for bandwidth in bandwidths:
        checks.positive("bandwidths", bandwidth)
    parts = [gaussian(scale * bandwidth) for bandwidth in bandwidths]
    return bank(parts, f"gaussian_mixture({tuple(bandwidths)}, scale={scale})")


@dataclass(frozen=True)
class Laplace(NoRatio, Lengths):
    """``exp(-√s / σ)``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return jnp.exp(root(squared)[0] * (-1 / bandwidth))

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        distance, inverse = root(squared)
        (value,) = barrier([jnp.exp(distance * (-1 / bandwidth))])
        return value, value * inverse * (-0.5 / bandwidth)


@recorded
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
    return bandwidth_kernel("laplace", Laplace(), bandwidth)


@dataclass(frozen=True)
class RationalQuadratic:
    """``(1 + s / 2ασ²)^{-α}``."""

    def value(self, squared: Tile, alpha: Array, bandwidth: Array) -> Tile:
        return jnp.exp(jnp.log1p(squared * (0.5 / (alpha * jnp.square(bandwidth)))) * -alpha)

    def both(self, squared: Tile, alpha: Array, bandwidth: Array) -> tuple[Tile, Tile]:
        value, scaled = self.value(squared, alpha, bandwidth), 2 * alpha * jnp.square(bandwidth)
        return value, value * (-alpha / (scaled + squared))

    def ratio(self, alpha: Array, bandwidth: Array) -> tuple[Array, Array]:
        return -2 * jnp.square(bandwidth), -1 / alpha

    def in_unit(self, unit: Array, alpha: Array, bandwidth: Array) -> tuple[tuple[Array, Array], float]:
        return (alpha, bandwidth / unit), 1.0


@recorded
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
    return bank(parts, f"rational_quadratic({tuple(alphas)}, {bandwidth})")


@dataclass(frozen=True)
class InverseMultiquadric(Lengths):
    """``(1 + s / σ²)^{-1/2}``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return jax.lax.rsqrt(1 + squared / jnp.square(bandwidth))

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        value = self.value(squared, bandwidth)
        return value, value * value * value * (-0.5 / jnp.square(bandwidth))

    def ratio(self, bandwidth: Array) -> tuple[Array, float]:
        return -2 * jnp.square(bandwidth), -2.0


@recorded
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
    return bandwidth_kernel("inverse_multiquadric", InverseMultiquadric(), bandwidth)


# Powers s^(a/b) with a and b up to these, b a power of two, are products of roots.
MOST_FACTORS, MOST_PARTS = 4, 32


@dataclass(frozen=True)
class Distance:
    """``-s^{β/2}``; the exponent is part of the form, since 1 and 2 have formulas of their own."""

    beta: float

    def value(self, squared: Tile) -> Tile:
        if self.beta == 1:
            return -root(squared)[0]
        return -squared if self.beta == 2 else -self._power(squared, self.beta / 2)

    def both(self, squared: Tile) -> tuple[Tile, Tile]:
        if self.beta == 1:
            distance, inverse = root(squared)
            return -distance, -0.5 * inverse
        if self.beta == 2:
            return -squared, jnp.full_like(squared, -1)
        value = self.value(squared)
        zero = squared <= 0
        return value, (self.beta / 2) * jnp.where(zero, 0, value / jnp.where(zero, 1, squared))

    def ratio(self) -> tuple[float, float]:
        return 0.0, 2 / self.beta

    def in_unit(self, unit: Array) -> tuple[tuple[()], Array]:
        return (), unit if self.beta == 1 else unit**self.beta

    @staticmethod
    def _power(squared: Tile, exponent: float) -> Tile:
        zero = squared <= 0  # which NaN is not: it stays
        safe = jnp.where(zero, 1, squared)
        times, halvings = exponent.as_integer_ratio()
        if times > MOST_FACTORS or halvings > MOST_PARTS:
            return jnp.where(zero, 0, safe**exponent)
        # Roots of roots: each takes a tenth of the time of a power.
        root = safe
        for _ in range(halvings.bit_length() - 1):
            root = jnp.sqrt(root)
        return jnp.where(zero, 0, reduce(operator.mul, [root] * times))


@recorded
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


@recorded
def riesz(exponent: float = 1.0) -> Kernel:
    """The Riesz kernel, ``k = -‖x - y‖^r``: another name of ``distance(r)``, by which the literature on MMD flows knows it.

    Args:
        exponent: 0 < r ≤ 2; at 2 only means are told apart.

    Returns:
        The kernel.

    Raises:
        ValueError: for an exponent outside (0, 2].

    Example:
        >>> from igm_jax.kernels import riesz
        >>> riesz()([[0.0]], [[3.0]]).tolist()
        [[-3.0]]

    Source: Hertrich et al., Generative Sliced MMD Flows with Riesz Kernels, arXiv 2305.11463, Equation 2.
    """
    return dataclasses.replace(distance(exponent), name=f"riesz({float(exponent)})")
