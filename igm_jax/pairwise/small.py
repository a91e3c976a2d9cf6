"""The score of a few draws at a few data, made to be mapped over many conditions: value and slopes at once.

Tiles, their padding and their care for outliers cost many times what the pairs of one condition do. Here these are one table;
those of four draws and fewer are written out one by one, as one would by hand.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import loops
from igm_jax.checks import Data, OfData, OfSamples, Samples, Scalar
from igm_jax.kernels.forms import Form, Radial, measured_in
from igm_jax.kernels.kernel import Kernel, measured, of_radial
from igm_jax.kernels.pairs import matmul, unit_of
from igm_jax.kernels.radial import Distance
from igm_jax.pairwise.budget import some_at_a_time
from igm_jax.pairwise.line.gaps import gaps_between, gaps_within
from igm_jax.pairwise.reductions import without_own
from igm_jax.pairwise.sums import form_parameters, kernel_mean, kernel_sum_distinct, known_tangents, no_tangent
from igm_jax.pairwise.tables import middle, squared

# So many draws, and data, are met one by one.
FEW = 4

# So many pairs of a condition are a table. Conditions come some at a time, so that memory is that of a few tables at most.
MOST = 256 * 256

# Between one over this and this, lengths need no other unit for their squares; so many conditions are looked at.
PLAIN, SEEN = 2.0**30, 16


def small_score(kernel: Kernel, x: Samples, y: Data, a: OfSamples, b: OfData, share: Array | float) -> Scalar | None:
    """``½ share Σ_{i≠j} a_i a_j k(x_i, x_j) − Σ_ij a_i b_j k(x_i, y_j)``, or None where it is no small sum.

    Args:
        kernel: the kernel.
        x: (n, d) draws.
        y: (m, d) data.
        a: (n,) weights.
        b: (m,) weights.
        share: what the pairs of draws count.

    Returns:
        Scalar, with derivatives of the first order in everything; None for a kernel that is no function of the distance, and for
        more than ``MOST`` pairs, unless they are distances of numbers, which are sorted.
    """
    if kernel.radial is None:
        return None
    if x.shape[1] == 1 and kernel.radial.form == Distance(1):
        return gaps_between(x, y, a, b)[0] - 0.5 * share * gaps_within(x, a)[0]
    if len(x) * max(len(x), len(y)) > MOST:
        return None
    return _score(kernel.radial.form, form_parameters(kernel.radial, x), x, y, a, b, jnp.asarray(share, x.dtype))


class _Found(NamedTuple):
    """A score, and its slopes in the draws; 0 where they are not asked for."""

    value: Array
    slopes: Array


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _score(form: Form, parameters: tuple, x: Array, y: Array, a: Array, b: Array, share: Array) -> Array:
    return _engine(form, False, x, y, a, b, share, *parameters).value


@partial(_score.defjvp, symbolic_zeros=True)
def _score_jvp(form: Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, x, y, a, b, share = primals
    along_x, others = tangents[1], (tangents[0], *tangents[2:])
    value, slopes = _engine(form, True, x, y, a, b, share, *parameters)
    tangent = jnp.zeros_like(value) if no_tangent(along_x) else jnp.sum(slopes * along_x)
    if not no_tangent(others):
        # Data and weights seldom move, and then go the long way.
        way = lambda parameters, *rest: _by_sums(Radial(form, parameters), x, *rest)  # noqa: E731
        tangent = tangent + jax.jvp(way, (parameters, y, a, b, share), known_tangents(others))[1]
    return value, tangent


def _by_sums(radial: Radial, x: Array, y: Array, a: Array, b: Array, share: Array) -> Array:
    kernel, height, x, y, _ = measured(of_radial("of a score", radial), x, y)
    return height * (0.5 * share * kernel_sum_distinct(kernel, x, a) - kernel_mean(kernel, x, y, a, b))


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _engine(form: Form, slopes: bool, *args: Array) -> _Found:
    """A score and its slopes; second derivatives go through the operations that they are made of."""
    return _of_conditions(form, slopes)(*args)


@_engine.defjvp
def _engine_jvp(form: Form, slopes: bool, primals: tuple, tangents: tuple) -> tuple[_Found, _Found]:
    return jax.jvp(partial(_found, form, slopes), primals, tangents)


@cache
def _of_conditions(form: Form, slopes: bool) -> Callable[..., _Found]:
    """A score of one condition, ``(x, y, a, b, share, *parameters) -> found``; its ``vmap`` takes many in one unit of length."""
    some = some_at_a_time(partial(_found, form, slopes))

    def many(*args: Array) -> _Found:
        x, y, a, b, share, *parameters = args
        known = measured_in(_size(x, y), Radial(form, tuple(parameters)))
        radial, height, unit = known or (Radial(form, tuple(parameters)), 1.0, jnp.ones((), x.dtype))
        inverse = 1 / unit  # exact, as the unit is a power of two
        axes = (0, 0, 0, 0, 0, *(None for _ in radial.parameters))
        found = jax.vmap(some, axes)(x * inverse, y * inverse, a, b, share, *form_parameters(radial, x))
        height = jnp.asarray(height, x.dtype)
        return _Found(height * found.value, height * inverse * found.slopes)

    def single(*args: Array) -> _Found:
        lifted = [one[None] for one in args[:5]]
        return jax.tree.map(lambda leaf: leaf[0], many(*lifted, *args[5:]))

    mapped = jax.custom_batching.custom_vmap(single)

    @mapped.def_vmap
    def rule(number: int, batched: list[bool], *args: Array) -> tuple[_Found, _Found]:
        out = _Found(True, True)  # pyrefly: ignore
        if any(batched[5:]):  # kernels of their own
            return jax.vmap(single, [0 if own else None for own in batched])(*args), out
        spread = lambda one, own: one if own else jnp.broadcast_to(one, (number, *one.shape))  # noqa: E731
        return many(*map(spread, args[:5], batched[:5]), *args[5:]), out

    return mapped


def _size(x: Array, y: Array) -> Array:
    """The size of draws (c, k, d) and data; 1 where squares of lengths are plain numbers, as they are in a few conditions.

    (Draws of one condition that are larger than those of all of these by 2^30 are not seen.)
    """
    few = np.linspace(0, len(x) - 1, min(len(x), SEEN)).round().astype(int)
    largest = jnp.max(jnp.abs(jax.lax.stop_gradient(x[few] - y[few, :1])))
    plain = (largest > 1 / PLAIN) & (largest < PLAIN)
    d = x.shape[-1]
    return loops.cond(plain, lambda: jnp.ones((), x.dtype), lambda: unit_of(x.reshape(-1, d), y.reshape(-1, d)))


def _found(
    form: Form, slopes: bool, x: Array, y: Array, a: Array, b: Array, share: Array, *parameters: Array
) -> _Found:
    written = len(x) <= FEW and len(x) * len(y) <= FEW**2
    return (_written_out if written else _table)(form, slopes, x, y, a, b, share, *parameters)


def _written_out(
    form: Form, slopes: bool, x: Array, y: Array, a: Array, b: Array, share: Array, *parameters: Array
) -> _Found:
    """Pair by pair: each draw with the one that comes so many places after it, around, and with each of the data."""
    n, m = len(x), len(y)
    turns = range(1, n // 2 + 1)
    # Half a turn meets every pair twice.
    times = [0.5 if 2 * turn == n else 1.0 for turn in turns]
    others = [jnp.roll(x, -turn, axis=0) for turn in turns] + [y[j][None] for j in range(m)]
    counts = [time * share * a * jnp.roll(a, -turn) for time, turn in zip(times, turns, strict=True)]
    counts += [-a * b[j] for j in range(m)]
    squared, nothing = [jnp.sum(jnp.square(x - other), axis=1) for other in others], jnp.zeros((), x.dtype)
    if not slopes:
        values = [jnp.sum(count * form.value(one, *parameters)) for count, one in zip(counts, squared, strict=True)]
        return _Found(sum(values, nothing), jnp.zeros((), x.dtype))
    both = [form.both(one, *parameters) for one in squared]
    value = sum((jnp.sum(count * one) for count, (one, _) in zip(counts, both, strict=True)), nothing)
    forces = [2 * count * slope for count, (_, slope) in zip(counts, both, strict=True)]
    pulls = sum((force[:, None] * (x - other) for force, other in zip(forces, others, strict=True)), jnp.zeros_like(x))
    for turn, force in zip(turns, forces, strict=False):
        pulls += jnp.roll(force, turn)[:, None] * (x - jnp.roll(x, turn, axis=0))
    return _Found(value, pulls)


def _table(
    form: Form, slopes: bool, x: Array, y: Array, a: Array, b: Array, share: Array, *parameters: Array
) -> _Found:
    """All pairs at once."""
    place = middle(x)
    x, y = x - place, y - place
    one_datum = len(y) == 1
    within = squared(x, x)
    across = jnp.sum(jnp.square(x - y), axis=1)[:, None] if one_datum else squared(x, y)
    own, other = share * a[:, None] * a[None, :], a[:, None] * b[None, :]
    if not slopes:
        pairs = without_own(own * form.value(within, *parameters), 0)
        value = 0.5 * jnp.sum(pairs) - jnp.sum(other * form.value(across, *parameters))
        return _Found(value, jnp.zeros((), x.dtype))
    # Sums of products, not products with vectors: many small ones of these cost as much as those with the samples.
    value, force = (without_own(own * tile, 0) for tile in form.both(within, *parameters))
    value_across, force_across = (other * tile for tile in form.both(across, *parameters))
    pulls = x * jnp.sum(force, axis=1)[:, None] - matmul(force, x)
    if one_datum:
        pulls -= force_across * (x - y)
    else:
        pulls -= x * jnp.sum(force_across, axis=1)[:, None] - matmul(force_across, y)
    return _Found(0.5 * jnp.sum(value) - jnp.sum(value_across), 2 * pulls)
