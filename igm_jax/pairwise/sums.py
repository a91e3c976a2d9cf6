"""Kernel means over all pairs and their means, with value and every derivative of the first order from one pass.

Weights here are already normalised or counted by the caller; inputs are already checked.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from igm_jax.kernels.forms import Form, Radial
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import DIRECT_FEATURES, Pairs, centred, direct_form, dot_form, norms
from igm_jax.pairwise import backend, tiles
from igm_jax.pairwise.budget import by_rows
from igm_jax.pairwise.reductions import block_sum, weighted_mean


def kernel_height(kernel: Kernel, x: Float[Array, "n d"], y: Float[Array, "m d"], most: int = 32) -> Float[Array, ""]:
    """About the mean of a kernel, from a few pairs of x and y.

    A squared MMD does not change when a constant is taken off its kernel, as its weights cancel. Its rounding error does: the
    kernel's sums can be many times the squared MMD.
    """
    return jax.lax.stop_gradient(jnp.mean(kernel.of(Pairs(x[:most], y[:most]))))


def kernel_means(
    kernel: Kernel, points: Float[Array, "p d"], y: Float[Array, "m d"], weights: Float[Array, " m"]
) -> Float[Array, " p"]:
    """``Σ_j w_j k(p_i, y_j)`` at each of the points: the kernel mean embedding of the weighted ``y``."""
    if kernel.radial is None:
        return _plain_means(lambda rows: kernel.of(Pairs(rows, y)), points, y, weights)
    points, y = centred(points, y, weights)
    return _means(kernel.radial.form, _parameters(kernel.radial, y), points, y, weights)


def kernel_mean(
    kernel: Kernel,
    x: Float[Array, "n d"],
    y: Float[Array, "m d"],
    x_weights: Float[Array, " n"],
    y_weights: Float[Array, " m"],
    height: Array | float = 0.0,
) -> Float[Array, ""]:
    """``Σ_ij a_i b_j (k(x_i, y_j) - height)``."""
    height = jnp.asarray(height, y.dtype)
    if kernel.radial is None:
        return weighted_mean(kernel_means(kernel, x, y, y_weights) - height * jnp.sum(y_weights), x_weights)
    x, y = centred(x, y, y_weights)
    parameters = _parameters(kernel.radial, y)
    return _mean(kernel.radial.form, parameters, x, y, x_weights, y_weights, jax.lax.stop_gradient(height))


def kernel_mean_within(
    kernel: Kernel, x: Float[Array, "n d"], weights: Float[Array, " n"], height: Array | float = 0.0
) -> Float[Array, ""]:
    """``Σ_ij w_i w_j (k(x_i, x_j) - height)``, on half of the pairs where the kernel is radial."""
    if kernel.radial is None:
        return kernel_mean(kernel, x, x, weights, weights, height)
    x, _ = centred(x, x, weights)
    height = jax.lax.stop_gradient(jnp.asarray(height, x.dtype))
    return _mean_within(kernel.radial.form, _parameters(kernel.radial, x), x, weights, height)


def kernel_sums_within(kernel: Kernel, x: Float[Array, "n d"], weights: Float[Array, " n"]) -> Float[Array, " n"]:
    """``Σ_j w_j k(x_i, x_j)`` at each sample, on half of the pairs where the kernel is radial."""
    if kernel.radial is None:
        return kernel_means(kernel, x, x, weights)
    x, _ = centred(x, x, weights)
    parameters = _parameters(kernel.radial, x)
    return backend.within(kernel.radial.form, parameters, tiles.side(x, weights), slopes=False).sums


def kernel_mean_distinct(
    kernel: Kernel, x: Float[Array, "n d"], weights: Float[Array, " n"], height: Array | float = 0.0
) -> Float[Array, ""]:
    """``Σ_{i≠j} w_i w_j (k(x_i, x_j) - height) / Σ_{i≠j} w_i w_j``: the mean over pairs of different samples."""
    total = kernel_mean_within(kernel, x, weights, height)
    total = total - jnp.sum(jnp.square(weights) * (kernel_values(kernel, x, x) - height))
    return total / (1 - jnp.sum(jnp.square(weights)))


def kernel_values(kernel: Kernel, x: Float[Array, "n d"], y: Float[Array, "n d"]) -> Float[Array, " n"]:
    """``k(x_i, y_i)``: each sample against its partner alone."""
    if kernel.radial is None:
        return jax.vmap(lambda one, other: kernel.of(Pairs(one[None], other[None]))[0, 0])(x, y)
    return kernel.radial.form.value(jnp.sum(jnp.square(x - y), axis=1), *_parameters(kernel.radial, x))


class KernelMoments(NamedTuple):
    """Means of ``k(x_i, y_j) - height`` over j and over i, and of its square over all pairs."""

    rows: Float[Array, " n"]
    columns: Float[Array, " m"]
    square: Float[Array, ""]


def kernel_moments(
    kernel: Kernel, x: Float[Array, "n d"], y: Float[Array, "m d"], height: Float[Array, ""]
) -> KernelMoments:
    """What a variance over all pairs needs of them, in one pass."""
    n, m = len(x), len(y)

    def visit(carry: tuple[Array, Array], block: Array, index: Array) -> tuple[tuple[Array, Array], Array]:
        columns, square = carry
        tile = jnp.where((index < n)[:, None], kernel.of(Pairs(block, y)) - height, 0)
        return (columns + block_sum(tile, axis=0), square + block_sum(block_sum(jnp.square(tile)))), block_sum(tile)

    start = jnp.zeros((m,), x.dtype), jnp.zeros((), x.dtype)
    (columns, square), rows = by_rows(visit, start, x, n, m)
    return KernelMoments(rows / m, columns / n, square / (n * m))


def _parameters(radial: Radial, like: Array) -> tuple[Array, ...]:
    """The form's parameters in the samples' type, so that strict promotion holds and derivatives flow to them."""
    return tuple(jnp.asarray(value).astype(like.dtype) for value in radial.parameters)


def _plain_means(tile: Callable[[Array], Array], points: Array, y: Array, weights: Array) -> Array:
    """Row means of any matrix, some rows at a time, from operations that can be differentiated in everything."""

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        return carry, block_sum(tile(rows) * weights[None, :], axis=1)

    return by_rows(visit, (), points, len(points), len(y))[1]


def _radial_means(form: Form, parameters: tuple, points: Array, y: Array, weights: Array) -> Array:
    """The same numbers as ``_means``, from operations that can be differentiated in everything."""
    of_y = norms(y)

    def tile(rows: Array) -> Array:
        direct = points.shape[1] <= DIRECT_FEATURES
        return form.value(direct_form(rows, y) if direct else dot_form(rows, y, norms(rows), of_y), *parameters)

    return _plain_means(tile, points, y, weights)


def _is_zero(tangent: object) -> bool:
    leaves = jax.tree.leaves(tangent, is_leaf=lambda leaf: isinstance(leaf, SymbolicZero))
    return all(isinstance(leaf, SymbolicZero) for leaf in leaves)


def _known(tangents: tuple) -> tuple:
    """Tangents with zeros written out."""
    return jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, jnp.dtype(str(leaf.dtype))) if isinstance(leaf, SymbolicZero) else leaf,
        tangents,
        is_leaf=lambda leaf: isinstance(leaf, SymbolicZero),
    )


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _means_rule(form: Form, parameters: tuple, points: Array, y: Array, weights: Array) -> Array:
    return backend.between(form, parameters, *_sides(points, None, y, weights), slopes=False)[0].sums


@partial(_means_rule.defjvp, symbolic_zeros=True)
def _means_jvp(form: Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, points, y, weights = primals
    along_points, *others = tangents[1], tangents[0], tangents[2], tangents[3]
    moving = not _is_zero(along_points)
    moments, _ = backend.between(form, parameters, *_sides(points, None, y, weights), slopes=moving)
    tangent = 2 * jnp.sum(moments.pulls * along_points, axis=1) if moving else jnp.zeros_like(moments.sums)
    if not _is_zero(others):
        plain = partial(_radial_means, form)
        moved = jax.jvp(lambda p, y, w: plain(p, points, y, w), (parameters, y, weights), _known(tuple(others)))
        tangent = tangent + moved[1]
    return moments.sums, tangent


def _sides(x: Array, a: Array | None, y: Array, b: Array) -> tuple[tiles.Side, tiles.Side]:
    return tiles.side(x, jnp.ones(len(x), x.dtype) if a is None else a), tiles.side(y, b)


def _excess(weights: Array) -> Array:
    """``Σ w - 1`` to full relative precision: it multiplies the kernel's height, so a rounded sum would not do."""
    share = np.asarray(1 / len(weights), weights.dtype)
    known = np.asarray(len(weights) * np.float64(share) - 1, weights.dtype)
    return block_sum(weights - share) + known


def _total(sums: Array, a: Array, b: Array, height: Array) -> Array:
    """``Σ a (sums - height Σ b)``, the large parts taken off each other first."""
    return weighted_mean(sums - height, a) - height * _excess(b) * jnp.sum(a)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _mean_rule(form: Form, parameters: tuple, x: Array, y: Array, a: Array, b: Array, height: Array) -> Array:
    moments, _ = backend.between(form, parameters, *_sides(x, a, y, b), slopes=False)
    return _total(moments.sums, a, b, height)


@partial(_mean_rule.defjvp, symbolic_zeros=True)
def _mean_jvp(form: Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, x, y, a, b, height = primals
    along_parameters, along_x, along_y, along_a, along_b, _ = tangents
    moving_x, moving_y, moving_b = (not _is_zero(tangent) for tangent in (along_x, along_y, along_b))
    at_x, at_y = backend.between(
        form, parameters, *_sides(x, a, y, b), slopes=moving_x or moving_y, columns=moving_y or moving_b
    )
    base_a, base_b = height * jnp.sum(b), height * jnp.sum(a)
    tangent = jnp.zeros((), x.dtype)
    if moving_x:
        tangent += 2 * jnp.sum(a[:, None] * at_x.pulls * along_x)
    if moving_y and at_y is not None:
        tangent += 2 * jnp.sum(b[:, None] * at_y.pulls * along_y)
    if not _is_zero(along_a):
        tangent += jnp.sum((at_x.sums - base_a) * along_a)
    if moving_b and at_y is not None:
        tangent += jnp.sum((at_y.sums - base_b) * along_b)
    if not _is_zero(along_parameters):
        plain = lambda parameters: weighted_mean(_radial_means(form, parameters, x, y, b), a)  # noqa: E731
        tangent += jax.jvp(plain, (parameters,), _known((along_parameters,)))[1]
    return _total(at_x.sums, a, b, height), tangent


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _mean_within_rule(form: Form, parameters: tuple, x: Array, a: Array, height: Array) -> Array:
    moments = backend.within(form, parameters, tiles.side(x, a), slopes=False, each=False)
    return _total(moments.sums, a, a, height)


@partial(_mean_within_rule.defjvp, symbolic_zeros=True)
def _mean_within_jvp(form: Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, x, a, height = primals
    along_parameters, along_x, along_a, _ = tangents
    moving_x, moving_a = not _is_zero(along_x), not _is_zero(along_a)
    moments = backend.within(form, parameters, tiles.side(x, a), slopes=moving_x, each=moving_x or moving_a)
    base = height * jnp.sum(a)
    tangent = jnp.zeros((), x.dtype)
    if moving_x:
        tangent += 4 * jnp.sum(a[:, None] * moments.pulls * along_x)
    if moving_a:
        tangent += 2 * jnp.sum((moments.sums - base) * along_a)
    if not _is_zero(along_parameters):
        plain = lambda parameters: weighted_mean(_radial_means(form, parameters, x, x, a), a)  # noqa: E731
        tangent += jax.jvp(plain, (parameters,), _known((along_parameters,)))[1]
    return _total(moments.sums, a, a, height), tangent


# Compiled once for a form, whatever its parameters.
_means, _mean, _mean_within = (jax.jit(rule, static_argnums=0) for rule in (_means_rule, _mean_rule, _mean_within_rule))
