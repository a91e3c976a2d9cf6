"""The squared maximum mean discrepancy of two samples whose pairs are few: three tables, and slopes in closed form.

Where people train, a minibatch has some hundred samples. All its pairs stay in the cache, so they are met at once, by as few
operations as one would write by hand; slopes come from the tables that the value is made of. Tiles (``tiles``) take over where
tables no longer fit, and where samples have weights.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.checks import Data, Samples, Scalar, at_least_single
from igm_jax.kernels.forms import Form, Radial, measured_in
from igm_jax.kernels.kernel import Kernel, measured, of_radial
from igm_jax.kernels.pairs import matmul
from igm_jax.pairwise.backend import on_tables
from igm_jax.pairwise.reductions import without_own
from igm_jax.pairwise.sums import (
    form_parameters,
    kernel_mean,
    kernel_mean_distinct,
    kernel_mean_within,
    known_tangents,
    no_tangent,
)
from igm_jax.pairwise.tables import middle, squared

# So many rows and columns tell about what a kernel is on average.
CORNER = 32

# Above so many pairs one table is made after the other: the memory of a program that needs more than 32 MB is fresh at each call,
# and some seeds may run side by side.
AT_ONCE = 2**16


def mmd2_of_few(kernel: Kernel, x: Samples, y: Data, *, distinct: bool = False) -> Scalar | None:
    """``MMD²`` of two samples without weights, or None where they are too many for tables, or the kernel is not radial.

    ``mean k(x_i, x_j) + mean k(y_i, y_j) - 2 mean k(x_i, y_j)``, with ``distinct`` over i ≠ j within each sample

    Args:
        kernel: the kernel.
        x: (n, d) generated samples.
        y: (m, d) data.
        distinct: whether no sample meets itself.

    Returns:
        Scalar, with all derivatives; None where tiles have to do it.
    """
    if kernel.radial is None or not on_tables(x, y):
        return None
    x, y = (some.astype(at_least_single(some.dtype)) for some in (x, y))
    return _mmd2(kernel.radial.form, distinct, form_parameters(kernel.radial, x), x, y)


class Wanted(NamedTuple):
    """Which slopes are asked for."""

    x: bool = False
    y: bool = False


class _Found(NamedTuple):
    """A value, and its slopes; None where they are not asked for."""

    value: Array
    x: Array | None
    y: Array | None


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _rule(form: Form, distinct: bool, parameters: tuple, x: Array, y: Array) -> Array:
    return _engine(form, distinct, Wanted(), x, y, *parameters).value


@partial(_rule.defjvp, symbolic_zeros=True)
def _jvp(form: Form, distinct: bool, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, x, y = primals
    along_parameters, *along = tangents
    wanted = Wanted(*(not no_tangent(one) for one in along))
    found = _engine(form, distinct, wanted, x, y, *parameters)
    slopes = (found.x, found.y)
    terms = [jnp.sum(slope * one) for slope, one in zip(slopes, along, strict=True) if slope is not None]
    if not no_tangent(along_parameters):  # seldom: the long way
        way = lambda parameters: _by_sums(Radial(form, parameters), distinct, x, y)  # noqa: E731
        terms.append(jax.jvp(way, (parameters,), known_tangents((along_parameters,)))[1])
    return found.value, sum(terms, jnp.zeros_like(found.value))


_mmd2 = jax.jit(_rule, static_argnums=(0, 1))


def _by_sums(radial: Radial, distinct: bool, x: Array, y: Array) -> Array:
    a, b = (jnp.full(len(some), 1 / len(some), some.dtype) for some in (x, y))
    kernel, height, x, y, _ = measured(of_radial("of few", radial), x, y)
    within = kernel_mean_distinct if distinct else kernel_mean_within
    return height * (within(kernel, x, a) + within(kernel, y, b) - 2 * kernel_mean(kernel, x, y, a, b))


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _engine(form: Form, distinct: bool, wanted: Wanted, x: Array, y: Array, *parameters: Array) -> _Found:
    """Value and slopes; second derivatives go through the operations that they are made of."""
    return _found(form, distinct, wanted, x, y, *parameters)


@_engine.defjvp
def _engine_jvp(form: Form, distinct: bool, wanted: Wanted, primals: tuple, tangents: tuple) -> tuple[_Found, _Found]:
    return jax.jvp(partial(_found, form, distinct, wanted), primals, tangents)


def _found(form: Form, distinct: bool, wanted: Wanted, x: Array, y: Array, *parameters: Array) -> _Found:
    place = middle(y)
    x, y = x - place, y - place
    known = measured_in(_largest(x, y), Radial(form, parameters))
    radial, height, unit = known or (Radial(form, parameters), 1.0, jnp.ones((), x.dtype))
    inverse = 1 / unit  # exact, as the unit is a power of two
    found = _in_unit(Tables(radial.form, form_parameters(radial, x), distinct), wanted, x * inverse, y * inverse)
    height = jnp.asarray(height, x.dtype)
    slope = lambda one: None if one is None else height * inverse * one  # noqa: E731
    return _Found(height * found.value, slope(found.x), slope(found.y))


def _largest(x: Array, y: Array) -> Array:
    """The largest number; row by row first, which compilers do at once with other work of rows."""
    rows = [jnp.max(jnp.max(jnp.abs(one), axis=1)) for one in (x, y)]
    return jax.lax.stop_gradient(jnp.maximum(*rows))


class Block(NamedTuple):
    """What a table of pairs was reduced to.

    Attributes:
        total: the sum of φ - c.
        pulls_x: ``Σ_j φ' (x_i - y_j)`` at each row, where asked for.
        pulls_y: ``Σ_i φ' (y_j - x_i)`` at each column, where asked for.
    """

    total: Array
    pulls_x: Array | None
    pulls_y: Array | None


class Tables(NamedTuple):
    """How tables of one form are reduced."""

    form: Form
    parameters: tuple
    distinct: bool

    @property
    def share(self) -> Array | None:
        """1/α where the form is α times its slope, so that one table serves for both; else None."""
        ratio = self.form.ratio(*self.parameters)
        return None if ratio is None or not isinstance(ratio[1], float) or ratio[1] != 0 else 1 / ratio[0]

    def offset(self, table: Array) -> Array:
        """About the mean of φ, from a few pairs: taken off before sums, it takes none of their digits along."""
        few = self.form.value(table[:CORNER, :CORNER], *self.parameters)
        return jax.lax.stop_gradient(jnp.mean(few))

    def _both(self, table: Array) -> tuple[Array, Array]:
        """φ and its slope; of a form that its slope gives, such as a power, only the slope is computed."""
        values, slopes = self.form.both(table, *self.parameters)
        ratio = self.form.ratio(*self.parameters)
        return (values, slopes) if ratio is None else ((ratio[0] + ratio[1] * table) * slopes, slopes)

    def reduced(self, table: Array, offset: Array, x: Array, y: Array, wanted: Wanted, *, own: bool = False) -> Block:
        """The sums over a table of squared distances; own pairs of one sample are left out where pairs are distinct."""
        left_out = self.distinct and own
        masked = (lambda one: without_own(one, 0)) if left_out else (lambda one: one)
        if wanted == Wanted():
            values = self.form.value(table, *self.parameters)
            return Block(jnp.sum(jnp.sum(masked(values - offset), axis=1)), None, None)
        if self.share is None:
            values, slopes = self._both(table)
            slopes = masked(slopes)
            return Block(jnp.sum(jnp.sum(masked(values - offset), axis=1)), *_pulls(slopes, x, y, wanted))
        values = self.form.value(table, *self.parameters)
        total = jnp.sum(jnp.sum(masked(values - offset), axis=1))
        return Block(
            total, *(None if one is None else self.share * one for one in _pulls(masked(values), x, y, wanted))
        )


def _pulls(slopes: Array, x: Array, y: Array, wanted: Wanted) -> tuple[Array | None, Array | None]:
    """``x_i Σ_j s_ij - Σ_j s_ij y_j`` at the rows, and the same at the columns."""
    at_x = at_y = None
    if wanted.x:
        at_x = _unless_rounding(x * jnp.sum(slopes, axis=1)[:, None], matmul(slopes, y))
    if wanted.y:
        at_y = _unless_rounding(y * jnp.sum(slopes, axis=0)[:, None], matmul(x.T, slopes).T)
    return at_x, at_y


def _unless_rounding(own: Array, others: Array) -> Array:
    """The difference, or zero where it is what rounding leaves: a far sample's pull on itself may be more than that of others."""
    difference = own - others
    return jnp.where(jnp.abs(difference) > 4 * jnp.finfo(own.dtype).eps * jnp.abs(others), difference, 0)


def _after(done: Array, samples: Array, pairs: int) -> Array:
    """The samples, unchanged; not before a number is known where tables are large: fresh memory would cost more than the work.

    (Zero times a number is not removed by a compiler, as it could be infinite.)
    """
    return samples if pairs <= AT_ONCE else samples + 0 * jax.lax.stop_gradient(done)


def _in_unit(tables: Tables, wanted: Wanted, x: Array, y: Array) -> _Found:
    n, m = len(x), len(y)
    across = squared(x, y)
    offset = tables.offset(across)
    between = tables.reduced(across, offset, x, y, wanted)
    x = _after(between.total, x, n * m)
    of_x = tables.reduced(squared(x, x), offset, x, x, Wanted(wanted.x), own=True)
    y = _after(of_x.total, y, n * m)
    of_y = tables.reduced(squared(y, y), offset, y, y, Wanted(wanted.y), own=True)
    pairs = [number * (number - 1 if tables.distinct else number) for number in (n, m)]
    value = of_x.total / pairs[0] + of_y.total / pairs[1] - 2 / (n * m) * between.total
    slopes = [
        None if own is None or other is None else 4 / own_pairs * own - 4 / (n * m) * other
        for own, other, own_pairs in zip(
            (of_x.pulls_x, of_y.pulls_x), (between.pulls_x, between.pulls_y), pairs, strict=True
        )
    ]
    return _Found(value, *slopes)
