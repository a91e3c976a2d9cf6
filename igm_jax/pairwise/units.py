"""A unit in which samples are neither so large nor so small that their squares leave the range of the float type.

Squares of single-precision numbers overflow beyond 10^19 and vanish below 10^-19, silently. So lengths are measured in a power of
two near the largest of them, by which every number can be divided without changing a bit. For plain numbers the unit is one.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.checks import Data, OfData, OfSamples, Samples, Scalar
from igm_jax.kernels.forms import measured_in
from igm_jax.kernels.kernel import Kernel, of_radial
from igm_jax.pairwise.backend import first

# Between one over this and this, all that is made of squares, up to their own squares, is in the range of single precision.
PLAIN = 2.0**20

# The largest exponent of a unit: its inverse must be a normal number, too.
LARGEST = 125


@partial(jax.jit, static_argnames="plain")
def unit_of(
    x: Samples, y: Data, a: OfSamples | None = None, b: OfData | None = None, *, plain: float = PLAIN
) -> Scalar:
    """The power of two below the largest difference of a coordinate from that of one datum; 1 for plain numbers.

    Args:
        x: (n, d) samples.
        y: (m, d) data.
        a: (n,) weights; samples without weight do not count.
        b: (m,) likewise.
        plain: where the unit is one: between 1/plain and plain.

    Returns:
        Scalar without derivative. It is 1 also where all samples are equal, or one of them is no number.
    """
    origin = first(y, 1) if b is None else y[jnp.argmax(b > 0)][None]
    largest = jnp.maximum(_largest(x, origin, a), _largest(y, origin, b))
    largest = jax.lax.stop_gradient(largest)
    info = jnp.finfo(largest.dtype)
    # The bits of the exponent alone are a power of two.
    integer = jnp.dtype(f"int{info.bits}")
    exponent = jax.lax.bitcast_convert_type(largest, integer) & jnp.asarray(-1 << info.nmant, integer)
    unit = jnp.clip(jax.lax.bitcast_convert_type(exponent, largest.dtype), 2.0**-LARGEST, 2.0**LARGEST)
    known = jnp.isfinite(largest) & (largest > 0) & ((largest < 1 / plain) | (largest > plain))
    return jnp.where(known, unit, 1)


def _largest(x: Samples, origin: Samples, weights: Array | None) -> Array:
    size = jnp.abs(x - origin)
    return jnp.max(size if weights is None else jnp.where((weights > 0)[:, None], size, 0))


class Measured(NamedTuple):
    """A kernel and samples in a unit of length: ``k(x, y) = height · kernel(x / unit, y / unit)``."""

    kernel: Kernel
    height: Array | float
    x: Samples
    y: Data
    unit: Array | float


def measured(
    kernel: Kernel, x: Samples, y: Data, a: OfSamples | None = None, b: OfData | None = None
) -> Measured:
    """A kernel and samples in a unit that suits them, where the kernel's lengths are known.

    Args:
        kernel: the kernel.
        x: (n, d) samples.
        y: (m, d) data.
        a: (n,) weights; samples without weight do not count.
        b: (m,) likewise.

    Returns:
        What to compute with; as it is given for a kernel whose lengths are not known.
    """
    if kernel.radial is None:
        return Measured(kernel, 1.0, x, y, 1.0)
    unit = unit_of(x, y, a, b)
    found = measured_in(unit, kernel.radial)
    if found is None:
        return Measured(kernel, 1.0, x, y, 1.0)
    radial, height = found
    return Measured(of_radial(kernel.name, radial), height, x / unit, y / unit, unit)
