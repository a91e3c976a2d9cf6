"""Kernel means over all pairs and their means, with value and every derivative of the first order from one pass.

Weights here are already normalised or counted by the caller; inputs are already checked.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array

from igm_jax.checks import Data, OfData, OfPoints, OfSamples, Points, Samples, Scalar
from igm_jax.kernels.forms import Form, Radial
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import Pairs, centred
from igm_jax.pairwise.backend import first, means_of, summer_of
from igm_jax.pairwise.budget import by_rows
from igm_jax.pairwise.reductions import block_sum, row_means, weight_of_others, weighted_mean, without_own
from igm_jax.pairwise.summer import Summer, Sums


def kernel_offset(
    kernel: Kernel, x: Samples, y: Data, x_weights: OfSamples | None = None, y_weights: OfData | None = None
) -> Scalar:
    """About the mean of a kernel, from a few pairs of x and y; samples with next to no weight do not count.

    A squared MMD does not change when a constant is taken off its kernel, as its weights cancel. Its rounding error does: the
    kernel's sums can be many times the squared MMD.
    """
    values = kernel.of(Pairs(first(x, 32), first(y, 32)))
    if x_weights is None or y_weights is None:
        return jax.lax.stop_gradient(jnp.mean(values))
    rows, columns = (_counted(first(weights, 32)) for weights in (x_weights, y_weights))
    seen = rows[:, None] & columns[None, :]
    share = jnp.sum(seen).astype(values.dtype) / seen.size
    return jax.lax.stop_gradient(jnp.mean(jnp.where(seen, values, 0)) / jnp.where(share > 0, share, 1))


def _counted(weights: Array) -> Array:
    """Which weights are not negligible beside the largest of them."""
    return weights > jnp.max(weights) / 1024


def kernel_means(kernel: Kernel, points: Points, y: Data, weights: OfData) -> OfPoints:
    """``Σ_j w_j k(p_i, y_j)`` at each of the points: the kernel mean embedding of the weighted ``y``."""
    radial = kernel.radial
    if radial is None:
        return means_of(lambda rows, columns: kernel.of(Pairs(rows, columns)), points, y, weights)
    points, y = centred(points, y, weights)
    return _means(radial.form, summer_of(points, y), form_parameters(radial, y), points, y, weights)


def kernel_mean(
    kernel: Kernel, x: Samples, y: Data, x_weights: OfSamples, y_weights: OfData, offset: Array | float = 0.0
) -> Scalar:
    """``Σ_ij a_i b_j (k(x_i, y_j) - offset)``."""
    offset = jnp.asarray(offset, y.dtype)
    if kernel.radial is None:
        return weighted_mean(kernel_means(kernel, x, y, y_weights) - offset * jnp.sum(y_weights), x_weights)
    x, y = centred(x, y, y_weights)
    parameters = form_parameters(kernel.radial, y)
    offset, how = jax.lax.stop_gradient(offset), summer_of(x, y)
    return _mean(kernel.radial.form, how, parameters, x, y, x_weights, y_weights, offset)


def kernel_mean_within(kernel: Kernel, x: Samples, weights: OfSamples, offset: Array | float = 0.0) -> Scalar:
    """``Σ_ij w_i w_j (k(x_i, x_j) - offset)``, on half of the pairs where the kernel is radial."""
    if kernel.radial is None:
        return kernel_mean(kernel, x, x, weights, weights, offset)
    return _mean_of_pairs(kernel.radial, x, weights, offset, distinct=False)


def _mean_of_pairs(radial: Radial, x: Samples, weights: OfSamples, offset: Array | float, *, distinct: bool) -> Scalar:
    x, _ = centred(x, x, weights)
    offset = jax.lax.stop_gradient(jnp.asarray(offset, x.dtype))
    return _mean_within(radial.form, summer_of(x, x), distinct, form_parameters(radial, x), x, weights, offset)


def kernel_sums_within(kernel: Kernel, x: Samples, weights: OfSamples) -> OfSamples:
    """``Σ_j w_j k(x_i, x_j)`` at each sample, on half of the pairs where the kernel is radial."""
    if kernel.radial is None:
        return kernel_means(kernel, x, x, weights)
    x, _ = centred(x, x, weights)
    return summer_of(x, x).within(kernel.radial.form, form_parameters(kernel.radial, x), x, weights).values


def kernel_mean_distinct(kernel: Kernel, x: Samples, weights: OfSamples, offset: Array | float = 0.0) -> Scalar:
    """``Σ_{i≠j} w_i w_j (k(x_i, x_j) - offset) / Σ_{i≠j} w_i w_j``: the mean over pairs of different samples."""
    return kernel_sum_distinct(kernel, x, weights, offset) / weight_of_pairs(weights)


def kernel_sum_distinct(kernel: Kernel, x: Samples, weights: OfSamples, offset: Array | float = 0.0) -> Scalar:
    """``Σ_{i≠j} w_i w_j (k(x_i, x_j) - offset)``: what the pairs of different samples add."""
    if kernel.radial is None:
        means = row_means(lambda rows: kernel.of(Pairs(rows, x)), x, weights, distinct=True)
        return weighted_mean(means - offset * weight_of_others(weights), weights)
    return _mean_of_pairs(kernel.radial, x, weights, offset, distinct=True)


def weight_of_pairs(weights: OfSamples) -> Scalar:
    """``Σ_{i≠j} w_i w_j``, 1 - 1/n of n equal weights."""
    return block_sum(weights * weight_of_others(weights))


def kernel_values(kernel: Kernel, x: Samples, y: Samples) -> OfSamples:
    """``k(x_i, y_i)``: each sample against its partner alone."""
    if kernel.radial is None:
        return jax.vmap(lambda one, other: kernel.of(Pairs(one[None], other[None]))[0, 0])(x, y)
    return kernel.radial.form.value(jnp.sum(jnp.square(x - y), axis=1), *form_parameters(kernel.radial, x))


class KernelMoments(NamedTuple):
    """Means of ``k(x_i, y_j) - offset`` over j and over i, and of its square over all pairs."""

    rows: OfSamples
    columns: OfData
    square: Scalar


def kernel_moments(kernel: Kernel, x: Samples, y: Data, offset: Scalar, *, distinct: bool = False) -> KernelMoments:
    """What a variance over all pairs needs of them, in one pass; with ``distinct`` y is x, and own pairs count as zero."""
    n, m = len(x), len(y)

    def visit(carry: tuple[Array, Array], block: Array, index: Array) -> tuple[tuple[Array, Array], Array]:
        columns, square = carry
        tile = jnp.where((index < n)[:, None], kernel.of(Pairs(block, y)) - offset, 0)
        tile = without_own(tile, index[0]) if distinct else tile
        return (columns + block_sum(tile, axis=0), square + block_sum(block_sum(jnp.square(tile)))), block_sum(tile)

    start = jnp.zeros((m,), x.dtype), jnp.zeros((), x.dtype)
    (columns, square), rows = by_rows(visit, start, x, n, m)
    return KernelMoments(rows / m, columns / n, square / (n * m))


def no_tangent(tangent: object) -> bool:
    """Whether no derivative is asked for along any of the leaves of a tangent of a rule with symbolic zeros."""
    leaves = jax.tree.leaves(tangent, is_leaf=lambda leaf: isinstance(leaf, SymbolicZero))
    return all(isinstance(leaf, SymbolicZero) for leaf in leaves)


def known_tangents(tangents: tuple) -> tuple:
    """Tangents with zeros written out."""
    return jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, jnp.dtype(str(leaf.dtype))) if isinstance(leaf, SymbolicZero) else leaf,
        tangents,
        is_leaf=lambda leaf: isinstance(leaf, SymbolicZero),
    )


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _means_rule(form: Form, summer: Summer, parameters: tuple, points: Array, y: Array, weights: Array) -> Array:
    return _at_points(form, summer, parameters, points, y, weights).values


@partial(_means_rule.defjvp, symbolic_zeros=True)
def _means_jvp(form: Form, summer: Summer, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, points, y, weights = primals
    along_points, *others = tangents[1], tangents[0], tangents[2], tangents[3]
    moving = not no_tangent(along_points)
    sums = _at_points(form, summer, *primals, slopes=moving)
    tangent = 2 * jnp.sum(sums.pulls * along_points, axis=1) if moving else jnp.zeros_like(sums.values)
    if not no_tangent(others):
        plain = partial(summer.means, form)
        moved = jax.jvp(lambda p, y, w: plain(p, points, y, w), (parameters, y, weights), known_tangents(tuple(others)))
        tangent = tangent + moved[1]
    return sums.values, tangent


def _at_points(
    form: Form, summer: Summer, parameters: tuple, points: Array, y: Array, weights: Array, **ask: bool
) -> Sums:
    return summer.between(form, parameters, points, y, jnp.ones(len(points), points.dtype), weights, **ask)[0]


def _excess(summer: Summer, weights: Array) -> Array:
    """``Σ w - 1`` to full relative precision: it multiplies the kernel's offset, so a rounded sum would not do."""
    share = np.asarray(1 / len(weights), weights.dtype)
    known = np.asarray(len(weights) * np.float64(share) - 1, weights.dtype)
    return summer.total(weights - share) + known


def _total(summer: Summer, values: Array, a: Array, b: Array, offset: Array) -> Array:
    """``Σ a (values - offset Σ b)``, the large parts taken off each other first."""
    return summer.total(a * (values - offset)) - offset * _excess(summer, b) * jnp.sum(a)


def _along(
    form: Form, summer: Summer, parameters: tuple, x: Array, y: Array, a: Array, b: Array, along: tuple
) -> Array:
    """``Σ_ij a_i b_j ∂φ_ij/∂θ`` along a tangent θ̇ of the form's parameters."""
    plain = lambda parameters: summer.total(a * summer.means(form, parameters, x, y, b))  # noqa: E731
    return jax.jvp(plain, (parameters,), known_tangents((along,)))[1]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _mean_rule(
    form: Form, summer: Summer, parameters: tuple, x: Array, y: Array, a: Array, b: Array, offset: Array
) -> Array:
    return _total(summer, summer.between(form, parameters, x, y, a, b)[0].values, a, b, offset)


@partial(_mean_rule.defjvp, symbolic_zeros=True)
def _mean_jvp(form: Form, summer: Summer, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, x, y, a, b, offset = primals
    along_parameters, along_x, along_y, along_a, along_b, _ = tangents
    moving_x, moving_y, moving_b = (not no_tangent(tangent) for tangent in (along_x, along_y, along_b))
    slopes, columns = moving_x or moving_y, moving_y or moving_b
    at_x, at_y = summer.between(form, parameters, x, y, a, b, slopes=slopes, columns=columns)
    base_a, base_b = offset * jnp.sum(b), offset * jnp.sum(a)
    tangent = jnp.zeros((), x.dtype)
    if moving_x:
        tangent += 2 * jnp.sum(a[:, None] * at_x.pulls * along_x)
    if moving_y and at_y is not None:
        tangent += 2 * jnp.sum(b[:, None] * at_y.pulls * along_y)
    if not no_tangent(along_a):
        tangent += jnp.sum((at_x.values - base_a) * along_a)
    if moving_b and at_y is not None:
        tangent += jnp.sum((at_y.values - base_b) * along_b)
    if not no_tangent(along_parameters):
        tangent += _along(form, summer, parameters, x, y, a, b, along_parameters)
    return _total(summer, at_x.values, a, b, offset), tangent


def _total_within(summer: Summer, distinct: bool, values: Array, a: Array, offset: Array) -> Array:
    """``Σ a (values - offset Σ a)``, where pairs are distinct with the sum over the others."""
    if not distinct:
        return _total(summer, values, a, a, offset)
    light = jnp.where(a > 0.5, 0, a)
    return summer.total(a * (values - offset * weight_of_others(a))) - offset * _excess(summer, a) * jnp.sum(light)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _mean_within_rule(
    form: Form, summer: Summer, distinct: bool, parameters: tuple, x: Array, a: Array, offset: Array
) -> Array:
    values = summer.within(form, parameters, x, a, each=False, distinct=distinct).values
    return _total_within(summer, distinct, values, a, offset)


@partial(_mean_within_rule.defjvp, symbolic_zeros=True)
def _mean_within_jvp(
    form: Form, summer: Summer, distinct: bool, primals: tuple, tangents: tuple
) -> tuple[Array, Array]:
    parameters, x, a, offset = primals
    along_parameters, along_x, along_a, _ = tangents
    moving_x, moving_a = not no_tangent(along_x), not no_tangent(along_a)
    sums = summer.within(form, parameters, x, a, slopes=moving_x, each=moving_x or moving_a, distinct=distinct)
    base = offset * (weight_of_others(a) if distinct else jnp.sum(a))
    tangent = jnp.zeros((), x.dtype)
    if moving_x:
        tangent += 4 * jnp.sum(a[:, None] * sums.pulls * along_x)
    if moving_a:
        tangent += 2 * jnp.sum((sums.values - base) * along_a)
    if not no_tangent(along_parameters):
        moved = _along(form, summer, parameters, x, x, a, a, along_parameters)
        tangent += moved - _along_own(form, parameters, a, along_parameters) if distinct else moved
    return _total_within(summer, distinct, sums.values, a, offset), tangent


def _along_own(form: Form, parameters: tuple, a: Array, along: tuple) -> Array:
    """``Σ a_i² ∂φ(0)/∂θ``: what pairs of a sample with itself add to ``_along``."""
    zero = jnp.zeros((), a.dtype)
    slope = jax.jvp(lambda parameters: form.value(zero, *parameters), (parameters,), known_tangents((along,)))[1]
    return block_sum(jnp.square(a)) * slope


def form_parameters(radial: Radial, like: Array) -> tuple[Array, ...]:
    """The form's parameters in the samples' type, so that strict promotion holds and derivatives flow to them."""
    return tuple(jnp.asarray(value).astype(like.dtype) for value in radial.parameters)


# Compiled once for a form and a summer, whatever the form's parameters.
_means, _mean = (jax.jit(rule, static_argnums=(0, 1)) for rule in (_means_rule, _mean_rule))
_mean_within = jax.jit(_mean_within_rule, static_argnums=(0, 1, 2))
