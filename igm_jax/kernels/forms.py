"""Functions of the squared distance: what a radial kernel is to the tiled sums, and its slope in closed form.

A form is hashable and holds no numbers, so that sums over pairs are compiled once for a kernel of any bandwidth. The numbers
are its parameters, handed over at each call, and may be traced and differentiated.
"""

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax.kernels.pairs import PLAIN, power_of_two

Tile = Float[Array, "..."]

# The exponents between which samples have their size in the unit of a kernel, and then its lengths theirs, in single precision:
# squares of the one and of the other are normal numbers, and so is the slope at zero times the farthest place. A length that is
# shorter yet, beside samples 10^27 times as far, is made longer, as no number could tell.
SIZES, LENGTHS = (-45, 55), (-36, 63)


@runtime_checkable
class Form(Protocol):
    """``φ(s)`` of squared distances s: alone, with its slope ``φ'(s)``, and whether the slope gives the value.

    ``ratio(*parameters)`` are (α, β) with ``φ(s) = (α + β s) φ'(s)``, or None. Where they exist, a sum of φ follows from sums
    of φ', so that one tile serves both.
    """

    # Properties, since each form has parameters of its own.
    @property
    def value(self) -> Callable[..., Tile]: ...

    @property
    def both(self) -> Callable[..., tuple[Tile, Tile]]: ...

    @property
    def ratio(self) -> Callable[..., tuple[Any, Any] | None]: ...


_in_a_kernel = ContextVar("_in_a_kernel", default=False)


@contextmanager
def inside_a_kernel() -> Iterator[None]:
    """While the body of a GPU kernel is traced: its compiler has no barriers, and computes what it is told."""
    token = _in_a_kernel.set(True)
    try:
        yield
    finally:
        _in_a_kernel.reset(token)


def barrier(tiles: list[Tile]) -> list[Tile]:
    """The tiles, computed once: XLA would compute them again for each of their uses."""
    return tiles if _in_a_kernel.get() else jax.lax.optimization_barrier(tiles)


class NoRatio:
    """What forms share whose slope does not give their value."""

    def ratio(self, *parameters: Array) -> None:
        """None, whatever the parameters are."""
        del parameters


class Lengths:
    """What forms share all of whose parameters are lengths, and whose values have no unit."""

    def in_unit(self, unit: Array, *parameters: Array) -> tuple[tuple[Array, ...], float]:
        """The parameters in other units of length, and by what the values are to be multiplied."""
        return tuple(parameter / unit for parameter in parameters), 1.0


class Radial(NamedTuple):
    """A form with its parameters: ``k(x, y) = form.value(‖x - y‖², *parameters)``."""

    form: Form
    parameters: tuple[Any, ...]


def root(squared: Tile) -> tuple[Tile, Tile]:
    """``√s`` and ``1/√s``, both 0 at ``s = 0``: coincident samples exert no force."""
    zero = squared <= 0  # which NaN is not: it stays
    inverse = jnp.where(zero, 0, jax.lax.rsqrt(jnp.where(zero, 1, squared)))
    return squared * inverse, inverse


@dataclass(frozen=True)
class Gaussian(Lengths):
    """``exp(-s / 2σ²)``."""

    def value(self, squared: Tile, bandwidth: Array) -> Tile:
        return jnp.exp(squared * (-0.5 / jnp.square(bandwidth)))

    def both(self, squared: Tile, bandwidth: Array) -> tuple[Tile, Tile]:
        value = self.value(squared, bandwidth)
        return value, value * (-0.5 / jnp.square(bandwidth))

    def ratio(self, bandwidth: Array) -> tuple[Array, float]:
        return -2 * jnp.square(bandwidth), 0.0


@dataclass(frozen=True)
class GaussianBank(NoRatio, Lengths):
    """``Σ exp(-s / 2σ²)`` over groups of bandwidths: in a group one exponential is taken, and its powers give the others.

    Args:
        groups: for each group the powers of its widest member, ascending from 1, each a power of two; the parameters are
            the widest bandwidth of each group.
    """

    groups: tuple[tuple[int, ...], ...]

    def value(self, squared: Tile, *widest: Array) -> Tile:
        return self.both(squared, *widest)[0]

    def both(self, squared: Tile, *widest: Array) -> tuple[Tile, Tile]:
        rates = [-0.5 / jnp.square(bandwidth) for bandwidth in widest]
        # Without a barrier XLA turns powers back into exponentials, and takes them once for the value and once for the slope.
        bases = barrier([jnp.exp(squared * rate) for rate in rates])
        value, slope = jnp.zeros_like(squared), jnp.zeros_like(squared)
        for powers, rate, base in zip(self.groups, rates, bases, strict=True):
            last, member = 1, base
            for power in powers:
                while last < power:
                    last, member = 2 * last, member * member
                value, slope = value + member, slope + member * (rate * power)
        return value, slope


def gaussian_bank(bandwidths: tuple[float, ...]) -> Radial:
    """Gaussians of several widths, grouped by those whose squares are a power of two apart, at most 16: higher powers of an
    exponential would lose digits."""
    groups: list[tuple[float, list[int]]] = []
    for bandwidth in sorted(bandwidths, reverse=True):
        for widest, powers in groups:
            power = (widest / bandwidth) ** 2
            if any(abs(power / known - 1) < 1e-12 for known in (1, 2, 4, 8, 16)):
                powers.append(round(power))
                break
        else:
            groups.append((bandwidth, [1]))
    return Radial(GaussianBank(tuple(tuple(powers) for _, powers in groups)), tuple(widest for widest, _ in groups))


@dataclass(frozen=True)
class Combined(NoRatio):
    """A sum or product of two forms; the first ``split`` parameters are the left one's."""

    operation: Callable[[Tile, Tile], Tile]
    left: Form
    right: Form
    split: int

    def value(self, squared: Tile, *parameters: Array) -> Tile:
        left, right = parameters[: self.split], parameters[self.split :]
        return self.operation(self.left.value(squared, *left), self.right.value(squared, *right))

    def both(self, squared: Tile, *parameters: Array) -> tuple[Tile, Tile]:
        left = self.left.both(squared, *parameters[: self.split])
        right = self.right.both(squared, *parameters[self.split :])
        return jax.jvp(self.operation, (left[0], right[0]), (left[1], right[1]))

    def in_unit(self, unit: Array, *parameters: Array) -> tuple[tuple[Array, ...], Array | float] | None:
        left = in_unit(self.left, unit, parameters[: self.split])
        right = in_unit(self.right, unit, parameters[self.split :])
        if left is None or right is None:
            return None
        heights = left[1], right[1]
        if self.operation is operator.mul:
            return left[0] + right[0], heights[0] * heights[1]
        # A sum of a value with a unit and one without has none that could be taken out of it.
        alike = all(isinstance(height, float) and height == 1 for height in heights)
        return (left[0] + right[0], 1.0) if alike else None


@dataclass(frozen=True)
class Scaled:
    """``c φ(s)``; c is the first parameter."""

    form: Form

    def value(self, squared: Tile, scale: Array, *parameters: Array) -> Tile:
        return scale * self.form.value(squared, *parameters)

    def both(self, squared: Tile, scale: Array, *parameters: Array) -> tuple[Tile, Tile]:
        value, slope = self.form.both(squared, *parameters)
        return scale * value, scale * slope

    def ratio(self, scale: Array, *parameters: Array) -> tuple[Array | float, Array | float] | None:
        return self.form.ratio(*parameters)

    def in_unit(self, unit: Array, scale: Array, *parameters: Array) -> tuple[tuple[Array, ...], Array | float] | None:
        found = in_unit(self.form, unit, parameters)
        return found and ((scale, *found[0]), found[1])


def in_unit(form: Form, unit: Array, parameters: tuple) -> tuple[tuple[Array, ...], Array | float] | None:
    """A form's parameters with lengths in another unit, and the height: ``φ(s; p) = height · φ(s / unit²; parameters)``.

    None for forms that do not say which of their parameters are lengths.
    """
    known = getattr(form, "in_unit", None)
    return None if known is None else known(unit, *parameters)


def measured_in(size: Array, radial: Radial) -> tuple[Radial, Array | float, Array] | None:
    """A radial kernel in a unit that suits it and samples of some size, its height, and the unit; None where none is known."""
    parameters = tuple(jnp.asarray(value).astype(size.dtype) for value in radial.parameters)
    found = in_unit(radial.form, size, parameters)
    if found is None:
        return None
    # What another unit changes is a length.
    lengths = [known is not value for value, known in zip(parameters, found[0], strict=True)]
    unit = unit_between(size, *(value for value, length in zip(parameters, lengths, strict=True) if length))
    moved, height = in_unit(radial.form, unit, parameters) or found
    low, high = (2.0 ** (power * _times(size)) for power in LENGTHS)
    kept = [jnp.clip(value, low, high) if length else value for value, length in zip(moved, lengths, strict=True)]
    return Radial(radial.form, tuple(kept)), height, unit


def _times(like: Array) -> int:
    """How many times more exponents the type of numbers has than single precision."""
    return int(jnp.finfo(like.dtype).maxexp) // 128


@jax.jit
def unit_between(size: Array, *lengths: Array) -> Array:
    """The unit for samples of some size and for a kernel's lengths, which need not be of that size.

    It is one where both are plain, the samples' size where there are no lengths, and else between the two.
    """
    unit = jnp.where((size < 1 / PLAIN) | (size > PLAIN), size, 1)
    if lengths:
        known = jax.lax.stop_gradient(jnp.stack(lengths))
        unit = jnp.clip(unit, jnp.max(known) / PLAIN, jnp.min(known) * PLAIN)
        least, most = (2.0 ** (power * _times(size)) for power in SIZES)
        unit = jnp.clip(unit, size / most, size / least)
    return power_of_two(unit)


def combined(operation: Callable[[Tile, Tile], Tile], left: Radial | None, right: Radial | None) -> Radial | None:
    """The sum or product of two radial kernels; None where one of them is not radial."""
    if left is None or right is None:
        return None
    form = Combined(operation, left.form, right.form, len(left.parameters))
    return Radial(form, left.parameters + right.parameters)


def added(left: Radial | None, right: Radial | None) -> Radial | None:
    """The sum of two radial kernels; Gaussians of known widths share their exponentials."""
    widths = [_widths(part) for part in (left, right)]
    if all(widths):
        return gaussian_bank((*widths[0], *widths[1]))
    return combined(operator.add, left, right)


def _widths(part: Radial | None) -> tuple[float, ...]:
    """All bandwidths of a Gaussian or a bank; none where they are traced, or it is something else."""
    known = part is not None and all(isinstance(bandwidth, int | float) for bandwidth in part.parameters)
    if part is None or not known or not isinstance(part.form, Gaussian | GaussianBank):
        return ()
    groups = part.form.groups if isinstance(part.form, GaussianBank) else ((1,),)
    return tuple(
        float(widest) / power**0.5 for widest, powers in zip(part.parameters, groups, strict=True) for power in powers
    )
