"""Matérn, Cauchy and logarithmic kernels, each after its form: smooth, or with heavy tails."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax.checks import ArrayLike
from igm_jax.kernels.forms import Lengths, NoRatio, Tile, barrier, root
from igm_jax.kernels.kernel import Kernel, bandwidth_kernel
from igm_jax.records import recorded

# So many bandwidths are far: there exponentials are zero, and squares are counted in parts.
FAR = 2.0**32


# What stands before exp(-u), from the constant on; and the factor of σ^-2 times that of the next smaller smoothness in the slope.
POLYNOMIALS = {1: (1.0,), 3: (1.0, 1.0), 5: (1.0, 1.0, 1 / 3), 7: (1.0, 1.0, 2 / 5, 1 / 15)}
SLOPES = {3: -3 / 2, 5: -5 / 6, 7: -7 / 10}


def polynomial(coefficients: tuple[float, ...], u: Tile) -> Tile:
    """``Σ_k c_k u^k``."""
    total = jnp.full_like(u, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = coefficient + u * total
    return total


@dataclass(frozen=True)
class Matern(NoRatio, Lengths):
    """Of smoothness ν = 3/2 ``(1 + u) exp(-u)``, of 5/2 ``(1 + u + u²/3) exp(-u)``, with ``u = √(2νs) / σ``; and 7/2."""

    twice: int
    """2ν: 3, 5 or 7."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return self.both(squared, bandwidth)[0]

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        # No number tells what decays this far from zero, and infinity times zero would be none.
        u = jnp.minimum(root(squared)[0] * (np.sqrt(self.twice).item() / bandwidth), FAR)
        (decay,) = barrier([jnp.exp(-u)])
        if self.twice == 3:
            return (1 + u) * decay, decay * (-1.5 / jnp.square(bandwidth))
        if self.twice == 7:
            slope = polynomial(POLYNOMIALS[5], u) * decay * (SLOPES[7] / jnp.square(bandwidth))
            return polynomial(POLYNOMIALS[7], u) * decay, slope
        return (1 + u * (1 + u / 3)) * decay, (1 + u) * decay * (-5 / 6 / jnp.square(bandwidth))


@recorded
def matern_32(bandwidth: ArrayLike) -> Kernel:
    """The Matérn kernel of smoothness 3/2, ``k = (1 + u) exp(-u)``, ``u = √3 ‖x - y‖ / σ``.

    Smoothness 1/2 is ``laplace``, and infinite smoothness ``gaussian``, with the same σ.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import matern_32
        >>> round(float(matern_32(3.0**0.5)([[0.0]], [[1.0]])[0, 0]), 4)  # 2/e
        0.7358

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), Equation 4.17.
    """
    return bandwidth_kernel("matern_32", Matern(3), bandwidth)


@recorded
def matern_52(bandwidth: ArrayLike) -> Kernel:
    """The Matérn kernel of smoothness 5/2, ``k = (1 + u + u²/3) exp(-u)``, ``u = √5 ‖x - y‖ / σ``.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import matern_52
        >>> round(float(matern_52(5.0**0.5)([[0.0]], [[1.0]])[0, 0]), 4)  # 7/3e
        0.8584

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), Equation 4.17.
    """
    return bandwidth_kernel("matern_52", Matern(5), bandwidth)


@dataclass(frozen=True)
class Cauchy(Lengths):
    """``1 / (1 + s / σ²)``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return 1 / (1 + squared / jnp.square(bandwidth))

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        value = self.value(squared, bandwidth)
        return value, value * value * (-1 / jnp.square(bandwidth))

    def ratio(self, bandwidth: Array) -> tuple[Array, float]:
        return -jnp.square(bandwidth), -1.0


@recorded
def cauchy(bandwidth: ArrayLike) -> Kernel:
    """The Cauchy kernel, ``k = 1 / (1 + ‖x - y‖² / σ²)``: heavy tails, which pull from afar.

    It is ``rational_quadratic([1.0], σ/√2)``, without a power.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import cauchy
        >>> float(cauchy(2.0)([[0.0]], [[2.0]])[0, 0])
        0.5
    """
    return bandwidth_kernel("cauchy", Cauchy(), bandwidth)


@dataclass(frozen=True)
class Logarithm(NoRatio, Lengths):
    """``-log(1 + s / σ²)``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        ratio, part = squared / jnp.square(bandwidth), squared / jnp.square(bandwidth * FAR)
        far = part > FAR  # where the ratio may overflow, though its logarithm is small
        return -jnp.log1p(jnp.where(far, part, ratio)) - jnp.where(far, 2 * np.log(FAR).item(), 0)

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        return self.value(squared, bandwidth), -1 / (jnp.square(bandwidth) + squared)


@recorded
def logarithm(bandwidth: ArrayLike) -> Kernel:
    """The logarithmic kernel, ``k = -log(1 + ‖x - y‖² / σ²)``: conditionally positive definite.

    Near 0 it is ``-‖x - y‖² / σ²``; far away its slope dies out as one over the distance, slower than that of any bounded kernel.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import logarithm
        >>> round(float(logarithm(2.0)([[0.0]], [[2.0]])[0, 0]), 4)  # -log 2
        -0.6931

    Source: Boughorbel, Tarel, Boujemaa, Conditionally Positive Definite Kernels for SVM Based Image Recognition, ICME 2005.
    """
    return bandwidth_kernel("logarithm", Logarithm(), bandwidth)
