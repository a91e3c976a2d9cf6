"""Kernels between the Laplace and the Gaussian one, with heavy tails, without a scale, and in a bank: less usual choices."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.pairwise.costs import Pairs
from igm_jax.pairwise.kernels import Kernel, distance, gaussian, radial_kernel
from igm_jax.pairwise.radial import Tile, barrier, root


@dataclass(frozen=True)
class Matern32:
    """``(1 + u) exp(-u)``, ``u = √(3s) / σ``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return self.both(squared, bandwidth)[0]

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        u = root(squared)[0] * (np.sqrt(3).item() / bandwidth)
        (decay,) = barrier([jnp.exp(-u)])
        return (1 + u) * decay, decay * (-1.5 / jnp.square(bandwidth))

    def ratio(self, bandwidth: Array) -> None:
        return None


@dataclass(frozen=True)
class Matern52:
    """``(1 + u + u²/3) exp(-u)``, ``u = √(5s) / σ``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return self.both(squared, bandwidth)[0]

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        u = root(squared)[0] * (np.sqrt(5).item() / bandwidth)
        (decay,) = barrier([jnp.exp(-u)])
        return (1 + u * (1 + u / 3)) * decay, (1 + u) * decay * (-5 / 6 / jnp.square(bandwidth))

    def ratio(self, bandwidth: Array) -> None:
        return None


@dataclass(frozen=True)
class Cauchy:
    """``1 / (1 + s / σ²)``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return 1 / (1 + squared / jnp.square(bandwidth))

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        value = self.value(squared, bandwidth)
        return value, value * value * (-1 / jnp.square(bandwidth))

    def ratio(self, bandwidth: Array) -> tuple[Array, float]:
        return -jnp.square(bandwidth), -1.0


@dataclass(frozen=True)
class Logarithm:
    """``-log(1 + s / σ²)``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return -jnp.log1p(squared / jnp.square(bandwidth))

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        return self.value(squared, bandwidth), -1 / (jnp.square(bandwidth) + squared)

    def ratio(self, bandwidth: Array) -> None:
        return None


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
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"matern_32({bandwidth})", Matern32(), bandwidth)


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
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"matern_52({bandwidth})", Matern52(), bandwidth)


def manhattan_laplace(bandwidth: ArrayLike) -> Kernel:
    """The Laplace kernel of the Manhattan distance, ``k = exp(-Σ_j |x_j - y_j| / σ)``: a product over the features.

    In one dimension it is ``laplace``. It is not a function of the Euclidean distance, so its sums take the longer way.

    Args:
        bandwidth: σ > 0, in the units of the samples.

    Returns:
        The kernel.

    Raises:
        ValueError: for a bandwidth that is not positive and finite.

    Example:
        >>> from igm_jax.kernels import manhattan_laplace
        >>> round(float(manhattan_laplace(2.0)([[0.0, 0.0]], [[1.0, 1.0]])[0, 0]), 4)  # 1/e
        0.3679
    """
    checks.positive("bandwidth", bandwidth)

    def of(pairs: Pairs) -> Array:
        return jnp.exp(-pairs.manhattan / jnp.asarray(bandwidth).astype(checks.at_least_single(pairs.x.dtype)))

    return Kernel(f"manhattan_laplace({bandwidth})", of)


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
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"cauchy({bandwidth})", Cauchy(), bandwidth)


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
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"logarithm({bandwidth})", Logarithm(), bandwidth)


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
    bank = sum(parts[1:], parts[0])
    return dataclasses.replace(bank, name=f"gaussian_mixture({tuple(bandwidths)}, scale={scale})")
