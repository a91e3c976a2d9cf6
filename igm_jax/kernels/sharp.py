"""The sharp kernel of a radial one: normalised by its sums, a mean shift is a gradient."""

import functools
import operator

import numpy as np

from igm_jax import checks
from igm_jax.kernels.forms import Combined, Gaussian, GaussianBank, Radial, Scaled, combined
from igm_jax.kernels.kernel import Kernel, KernelLike, of_radial
from igm_jax.kernels.radial import Distance, InverseMultiquadric, Laplace, RationalQuadratic
from igm_jax.kernels.smooth import Cauchy, Logarithm, Matern
from igm_jax.records import recorded

KNOWN = (
    "take `gaussian`, `gaussian_mixture`, `laplace`, `matern_32`, `matern_52`, `rational_quadratic` with exponents above 1,"
    " or sums of these"
)
DIVERGES = "its tail is so heavy that ∫ r k(r) dr diverges"


@recorded
def sharp(kernel: KernelLike) -> Kernel:
    """The sharp kernel of a radial kernel, ``k#(r) = ∫_r^∞ s k(s) ds``, so that ``∇_x k#(x, y) = k(x, y) (y - x)``.

    The Gaussian is its own, times σ². That of Laplace is Matérn 3/2, of that 5/2, of that 7/2: a step smoother each.

    Args:
        kernel: Gaussian, Laplace, Matérn, rational quadratic with exponents above 1, or multiples and sums of them.

    Returns:
        The kernel k#, in squared units of length.

    Raises:
        TypeError: for what is no kernel.
        ValueError: where the integral diverges, or no closed form is known here.

    Example:
        >>> from igm_jax.kernels import laplace, sharp
        >>> round(float(sharp(laplace(2.0))([[0.0]], [[1.0]])[0, 0]), 4)  # τ (r + τ) exp(-r/τ)
        3.6392

    Source: arXiv 2604.06333.
    """
    if not isinstance(kernel, Kernel):
        raise TypeError(f"`kernel` must be a radial kernel of `igm_jax.kernels`, but is {kernel!r}; {KNOWN}")
    if kernel.radial is None:
        raise ValueError(f"{kernel.name} is no function of the distance and so has no sharp kernel; {KNOWN}")
    return of_radial(f"sharp({kernel.name})", _sharp(kernel.radial, kernel.name))


def _sharp(radial: Radial, name: str) -> Radial:
    form, parameters = radial
    if isinstance(form, Scaled):
        inner = _sharp(Radial(form.form, parameters[1:]), name)
        return Radial(Scaled(inner.form), (parameters[0], *inner.parameters))
    if isinstance(form, Combined) and form.operation is operator.add:
        parts = Radial(form.left, parameters[: form.split]), Radial(form.right, parameters[form.split :])
        return _total([_sharp(part, name) for part in parts])
    if isinstance(form, Gaussian):
        return Radial(Scaled(form), (parameters[0] ** 2, parameters[0]))
    if isinstance(form, GaussianBank):
        widths = [width / power**0.5 for powers, width in zip(form.groups, parameters, strict=True) for power in powers]
        return _total([Radial(Scaled(Gaussian()), (width**2, width)) for width in widths])
    if isinstance(form, Laplace):
        return Radial(Scaled(Matern(3)), (parameters[0] ** 2, np.sqrt(3).item() * parameters[0]))
    if isinstance(form, Matern) and form.twice < 7:
        wider = np.sqrt((form.twice + 2) / form.twice).item()
        return Radial(Scaled(Matern(form.twice + 2)), (parameters[0] ** 2, wider * parameters[0]))
    if isinstance(form, RationalQuadratic):
        return _of_rational(form, parameters, name)
    heavy = isinstance(form, Cauchy | InverseMultiquadric | Distance | Logarithm)
    raise ValueError(f"{name} has no sharp kernel: {DIVERGES if heavy else 'no closed form is known here'}; {KNOWN}")


def _of_rational(form: RationalQuadratic, parameters: tuple, name: str) -> Radial:
    """``ασ²/(α - 1) (1 + s/2ασ²)^{1 - α}``: one again, of the exponent α - 1 and the width σ √(α/(α - 1))."""
    alpha, bandwidth = parameters
    if not checks.is_concrete(alpha) or alpha <= 1:
        raise ValueError(f"{name} has no sharp kernel: with an exponent of at most 1 {DIVERGES}; {KNOWN}")
    stretched = alpha / (alpha - 1)
    return Radial(Scaled(form), (stretched * bandwidth**2, alpha - 1, stretched**0.5 * bandwidth))


def _total(parts: list[Radial]) -> Radial:
    def add(left: Radial, right: Radial) -> Radial:
        total = combined(operator.add, left, right)
        assert total is not None  # both are radial
        return total

    return functools.reduce(add, parts)
