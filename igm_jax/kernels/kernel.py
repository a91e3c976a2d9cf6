"""What a kernel is: a function of pairs, or of two points; sums and products that share one distance; the median bandwidth.

Conventions, since libraries differ: the Gaussian kernel is ``exp(-r²/2σ²)`` and the Laplace kernel ``exp(-r/σ)`` with the
Euclidean ``r = ‖x - y‖``.
"""

import dataclasses
import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.checks import ArrayLike, Data, OfData, OfSamples, Samples
from igm_jax.kernels.centres import unless_far
from igm_jax.kernels.forms import Form, Radial, Scaled, added, combined, measured_in
from igm_jax.kernels.pairs import Pairs, safe_sqrt, unit_of
from igm_jax.kernels.points import OfPoints, matrix_of, name_of
from igm_jax.records import Recorded, recorded


@dataclass(frozen=True, eq=False, repr=False)
class Kernel(Recorded):
    """A kernel as a function of pairs; ``k1 + k2``, ``k1 * k2`` and ``2.0 * k`` are kernels again.

    ``k(x, y)`` is the (n, m) matrix of ``k(x_i, y_j)``.

    Args:
        name: what it is, with its parameters.
        of: from ``Pairs`` to the (n, m) matrix; sums and products call all their parts on one ``Pairs``.
        radial: the same as a function of the squared distance alone, where it is one: sums over pairs and their gradients
            then take one pass.
        linear: whether it is a multiple of x·y, so that squared MMDs do not change when both samples are moved.

    Example:
        >>> from igm_jax.kernels import gaussian, linear
        >>> kernel = gaussian(1.0) + 0.5 * linear()
        >>> kernel([[0.0]], [[0.0]]).tolist()
        [[1.0]]
    """

    name: str
    of: Callable[[Pairs], Array]
    radial: Radial | None = None
    linear: bool = False

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Float[Array, "n m"]:
        """The matrix of ``k(x_i, y_j)`` for x (n, d) and y (m, d)."""
        return self.of(Pairs(*checks.pair(x, y)))

    def __add__(self, other: "KernelLike") -> "Kernel":
        return kernel_sum(self, checked_kernel(other))

    def __mul__(self, other: "Kernel | float") -> "Kernel":
        return kernel_product(self, other) if isinstance(other, Kernel) else scaled_kernel(self, other)

    __rmul__ = __mul__


KernelLike = Kernel | OfPoints
"""What may be given for a kernel: one of ``igm_jax.kernels``, or a function of two points, of which ``of_points`` makes one."""


@recorded
def kernel_sum(left: Kernel, right: Kernel) -> Kernel:
    """``k1 + k2``."""
    radial = added(left.radial, right.radial)
    return Kernel(f"{left.name} + {right.name}", lambda pairs: left.of(pairs) + right.of(pairs), radial)


@recorded
def kernel_product(left: Kernel, right: Kernel) -> Kernel:
    """``k1 k2``."""
    radial = combined(operator.mul, left.radial, right.radial)
    return Kernel(f"({left.name}) * ({right.name})", lambda pairs: left.of(pairs) * right.of(pairs), radial)


@recorded
def scaled_kernel(kernel: Kernel, scale: float) -> Kernel:
    """``c k`` with c > 0."""
    checks.positive("scale", scale)
    radial = kernel.radial and Radial(Scaled(kernel.radial.form), (scale, *kernel.radial.parameters))
    of = lambda pairs: _like(scale, pairs) * kernel.of(pairs)  # noqa: E731
    return Kernel(f"{scale} * ({kernel.name})", of, radial, kernel.linear)


@recorded
def radial_kernel(name: str, form: Form, *parameters: ArrayLike) -> Kernel:
    """A kernel of the squared distance: a form and its parameters."""
    return of_radial(name, Radial(form, parameters))


def of_radial(name: str, radial: Radial) -> Kernel:
    """The kernel of a radial function, which nobody has to record."""
    form, parameters = radial
    return Kernel(
        name,
        lambda pairs: form.value(pairs.squared, *(_like(parameter, pairs) for parameter in parameters)),
        radial,
    )


@recorded
def bandwidth_kernel(name: str, form: Form, bandwidth: ArrayLike) -> Kernel:
    """A kernel of the squared distance whose only parameter is its bandwidth, checked."""
    if np.ndim(bandwidth) == 1:
        raise ValueError(
            f"`bandwidth` must be one number, but has shape {np.shape(bandwidth)}; for one a feature, scale the samples:"
            f" `mmd2_biased(x / bandwidths, y / bandwidths, {name}(1.0))`, or as an objective"
            f" `on_features(mmd({name}(1.0)), lambda points: points / bandwidths)`"
        )
    checks.positive("bandwidth", bandwidth)
    return radial_kernel(f"{name}({bandwidth})", form, bandwidth)


@recorded
def bank(parts: Sequence[Kernel], name: str | None = None) -> Kernel:
    """The sum of several kernels, which share one distance, under a name of its own if it has one."""
    total = functools.reduce(operator.add, parts)
    return total if name is None else dataclasses.replace(total, name=name)


@recorded
def of_points(function: OfPoints) -> Kernel:
    """A kernel of one's own, from a plain function of two points: what a function given for a kernel becomes.

    ``K_ij = k(x_i, y_j)``

    Sums over pairs, their weights and derivatives are exact, and memory stays linear in the samples. It costs all n² pairs of
    a sample with itself, not half of them, and two to three times the function's operations a pair for a gradient. A function
    of the distance alone is faster as ``of_squared_distance``, and has ``ksd``, ``scaled_mmd`` and rings of devices, too.

    Args:
        function: ``(x (d,), y (d,)) -> scalar``, symmetric, traceable by JAX; it may close over traced numbers. Samples meet
            themselves: a root needs ``igm_jax.kernels.pairs.safe_sqrt``, as that of zero has no derivative.

    Returns:
        The kernel.

    Raises:
        TypeError: if ``function`` cannot be called.
        ValueError: while running, if it does not give one number for two points.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax import mmd2_biased
        >>> from igm_jax.kernels import linear, of_points
        >>> x, y = [[0.0], [2.0]], [[4.0]]
        >>> float(mmd2_biased(x, y, of_points(jnp.dot))), float(mmd2_biased(x, y, jnp.dot)), float(mmd2_biased(x, y, linear()))
        (9.0, 9.0, 9.0)
    """
    function = _checked_function(function)
    return Kernel(f"of_points({name_of(function)})", lambda pairs: matrix_of(function, pairs.x, pairs.y, "kernel"))


def checked_kernel(kernel: Any) -> Kernel:
    """The kernel, made of a function of two points where it is one, or an error that says where kernels come from."""
    if isinstance(kernel, Kernel):
        return kernel
    if getattr(kernel, "records", False):
        raise TypeError(f"`kernel` must be a kernel, but is what makes one: call it, such as `{name_of(kernel)}(1.0)`")
    return of_points(_checked_function(kernel))


def _checked_function(function: Any) -> OfPoints:
    if not callable(function) or isinstance(function, type):
        raise TypeError(
            "`kernel` must come from `igm_jax.kernels`, such as `gaussian(1.0)`, or be a function of two points, such as"
            f" `lambda x, y: jnp.exp(-jnp.sum(jnp.abs(x - y)))`, but is {function!r}"
        )
    return function


def _like(value: ArrayLike, pairs: Pairs) -> Array:
    """A parameter in the samples' type, so that strict promotion holds and derivatives flow to it."""
    return jnp.asarray(value).astype(checks.at_least_single(pairs.x.dtype))


class Measured(NamedTuple):
    """A kernel and samples in a unit of length: ``k(x, y) = height · kernel(x / unit, y / unit)``."""

    kernel: Kernel
    height: Array | float
    x: Samples
    y: Data
    unit: Array | float


def measured(
    kernel: Kernel, x: Samples, y: Data, a: OfSamples | None = None, b: OfData | None = None, *, compared: bool = False
) -> Measured:
    """A kernel and samples in a unit that suits them, where the kernel's lengths are known.

    Args:
        kernel: the kernel.
        x: (n, d) samples.
        y: (m, d) data.
        a: (n,) weights; samples without weight do not count.
        b: (m,) likewise.
        compared: whether only the difference of the means of ``k(·, x)`` and ``k(·, y)`` is asked for, as by a squared MMD:
            for a linear kernel both samples may then be moved near the origin.

    Returns:
        What to compute with; as it is given for a kernel whose lengths are not known.
    """
    if compared and kernel.linear:
        x, y = (some.astype(checks.at_least_single(some.dtype)) for some in (x, y))
        place = unless_far(jnp.zeros_like(y[:1]), y, b)
        return Measured(kernel, 1.0, x - place, y - place, 1.0)
    if kernel.radial is None:
        return Measured(kernel, 1.0, x, y, 1.0)
    found = measured_in(unit_of(x, y, a, b, plain=1.0), kernel.radial)
    if found is None:
        return Measured(kernel, 1.0, x, y, 1.0)
    radial, height, unit = found
    inverse = (
        1 / unit
    )  # exact; and a compiler fuses products wherever they are used, but keeps the results of divisions
    return Measured(of_radial(kernel.name, radial), height, x * inverse, y * inverse, unit)


def median_bandwidth(y: ArrayLike, *, max_samples: int = 1024) -> Float[Array, ""]:
    """The median of the distances between different samples, a usual first choice of bandwidth.

    ``σ = median_{i<j} ‖y_i - y_j‖``

    Args:
        y: (m, d) reference samples: the data, never the model, so that the yardstick stays put.
        max_samples: at most this many are used, evenly spaced in the order given.

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
    y = y[np.linspace(0, len(y) - 1, min(len(y), checks.count("max_samples", max_samples, least=2))).astype(int)]
    unit = unit_of(y, y)
    bandwidth = unit * safe_sqrt(jnp.median(Pairs(y / unit, y / unit).squared[np.triu_indices(len(y), k=1)]))
    if checks.is_concrete(bandwidth) and float(bandwidth) == 0:
        raise ValueError(
            "the median distance of `y` is zero, so it cannot serve as a bandwidth: at least half of the pairs coincide;"
            " remove duplicates or choose a bandwidth by hand"
        )
    return bandwidth
