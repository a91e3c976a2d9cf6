"""Sums over all pairs: kernel means, soft minima, soft barycentres, nearest neighbours.

Every divergence of the project is a few of these. Weights here are already normalised or counted by the caller; inputs are
already checked.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float, Int

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.pairwise import backend, tiled
from igm_jax.pairwise.costs import DIRECT_FEATURES, Pairs, centred, direct_form, dot_form, matmul, norms, safe_sqrt
from igm_jax.pairwise.kernels import Kernel
from igm_jax.pairwise.radial import Form, Radial
from igm_jax.pairwise.rows import by_rows

# Exponentials of single precision stay finite up to this.
LARGEST_EXPONENT = 60.0


def block_sum(terms: Float[Array, "..."], axis: int = -1, block: int = 32) -> Float[Array, "..."]:
    """Sum along an axis, first within blocks and then over blocks: the rounding error grows with √n at most, not n.

    A squared MMD is a small difference of large means, so one running float32 sum is not good enough.
    """
    terms = jnp.moveaxis(terms, axis, -1)
    pad = -terms.shape[-1] % block
    terms = jnp.pad(terms, [(0, 0)] * (terms.ndim - 1) + [(0, pad)])
    return jnp.sum(jnp.sum(terms.reshape(*terms.shape[:-1], -1, block), axis=-1), axis=-1)


def weighted_mean(values: Float[Array, " n"], weights: Float[Array, " n"]) -> Float[Array, ""]:
    """``Σ_i w_i v_i`` for weights that sum to one, accurately."""
    return block_sum(weights * values)


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
    points, y = centred(points, y)
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
    x, y = centred(x, y)
    parameters = _parameters(kernel.radial, y)
    return _mean(kernel.radial.form, parameters, x, y, x_weights, y_weights, jax.lax.stop_gradient(height))


def kernel_mean_within(
    kernel: Kernel, x: Float[Array, "n d"], weights: Float[Array, " n"], height: Array | float = 0.0
) -> Float[Array, ""]:
    """``Σ_ij w_i w_j (k(x_i, x_j) - height)``, on half of the pairs where the kernel is radial."""
    if kernel.radial is None:
        return kernel_mean(kernel, x, x, weights, weights, height)
    x, _ = centred(x, x)
    height = jax.lax.stop_gradient(jnp.asarray(height, x.dtype))
    return _mean_within(kernel.radial.form, _parameters(kernel.radial, x), x, weights, height)


def kernel_mean_distinct(
    kernel: Kernel, x: Float[Array, "n d"], weights: Float[Array, " n"], height: Array | float = 0.0
) -> Float[Array, ""]:
    """``Σ_{i≠j} w_i w_j (k(x_i, x_j) - height) / Σ_{i≠j} w_i w_j``: the mean over pairs of different samples."""
    total = kernel_mean_within(kernel, x, weights, height)
    if kernel.radial is None:
        own = jax.vmap(lambda row: kernel.of(Pairs(row[None], row[None]))[0, 0])(x)
    else:  # every sample is as far from itself
        form, parameters = kernel.radial.form, _parameters(kernel.radial, x)
        own = form.value(jnp.zeros_like(weights), *parameters)
    total = total - jnp.sum(jnp.square(weights) * (own - height))
    return total / (1 - jnp.sum(jnp.square(weights)))


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


def _sides(x: Array, a: Array | None, y: Array, b: Array) -> tuple[tiled.Side, tiled.Side]:
    return tiled.side(x, jnp.ones(len(x), x.dtype) if a is None else a), tiled.side(y, b)


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
    moments = backend.within(form, parameters, tiled.side(x, a), slopes=False, each=False)
    return _total(moments.sums, a, a, height)


@partial(_mean_within_rule.defjvp, symbolic_zeros=True)
def _mean_within_jvp(form: Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, x, a, height = primals
    along_parameters, along_x, along_a, _ = tangents
    moving_x, moving_a = not _is_zero(along_x), not _is_zero(along_a)
    moments = backend.within(form, parameters, tiled.side(x, a), slopes=moving_x, each=moving_x or moving_a)
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


def soft_minimum(
    costs: Float[Array, "n m"], potential: Float[Array, " m"], log_weights: Float[Array, " m"], epsilon: Array | float
) -> Float[Array, " n"]:
    """``-ε log Σ_j w_j exp((g_j - C_ij)/ε)``: tends to ``min_j C_ij - g_j`` as ε → 0. A weight of zero is a log-weight of -∞."""
    return -epsilon * jax.nn.logsumexp((potential[None, :] - costs) / epsilon + log_weights[None, :], axis=1)


@partial(jax.jit, static_argnames="leave_out")
def soft_barycentres(
    x: Float[Array, "n d"],
    y: Float[Array, "m d"],
    weights: Float[Array, " m"],
    bandwidth: Float[Array, ""],
    *,
    leave_out: bool = False,
) -> Float[Array, "n d"]:
    """``Σ_j w_j k(x_i, y_j) (y_j - x_i) / Σ_j w_j k(x_i, y_j)`` with the Gaussian kernel k, where it is defined, else 0.

    Args:
        x: where to evaluate.
        y: what is averaged.
        weights: non-negative.
        bandwidth: σ of the kernel.
        leave_out: whether y is x itself and no sample sees itself.

    Returns:
        The displacements to the barycentres.
    """
    x, y = centred(x, y)
    factor = jnp.concatenate([y * weights[:, None], weights[:, None]], axis=1)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        scores, seen = _gaussian_scores(rows, y, bandwidth), jnp.broadcast_to(weights > 0, (len(rows), len(y)))
        if leave_out:
            seen &= index[:, None] != jnp.arange(len(y))[None, :]
        kernel, _ = _scaled(scores, seen)
        if leave_out:
            kernel = jnp.where(index[:, None] == jnp.arange(len(y))[None, :], 0, kernel)
        sums = matmul(kernel, factor)
        alone = ~jnp.any(seen, axis=1, keepdims=True)
        mass = jnp.where(alone, 1, sums[:, -1:])
        return carry, jnp.where(alone, 0, sums[:, :-1] / mass - rows)

    return by_rows(visit, (), x, len(x), len(y))[1]


@jax.jit
def log_density(
    points: Float[Array, "p d"], y: Float[Array, "m d"], weights: Float[Array, " m"], bandwidth: Float[Array, ""]
) -> Float[Array, " p"]:
    """``log Σ_j w_j exp(-‖p - y_j‖²/2σ²)``: a Gaussian kernel density estimate, up to its constant."""
    points, y = centred(points, y)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        kernel, highest = _scaled(
            _gaussian_scores(rows, y, bandwidth), jnp.broadcast_to(weights > 0, (len(rows), len(y)))
        )
        return carry, highest + jnp.log(matmul(kernel, weights[:, None])[:, 0])

    return by_rows(visit, (), points, len(points), len(y))[1]


def _gaussian_scores(rows: Array, y: Array, bandwidth: Array) -> Array:
    """``-‖x - y‖²/2σ²``."""
    return Pairs(rows, y).squared * (-0.5 / jnp.square(bandwidth))


def _scaled(scores: Array, seen: Array) -> tuple[Array, Array]:
    """``exp(scores - highest)`` and the highest score of each row among those seen, so that no sum of them underflows.

    What is not seen has weight zero, and yet a derivative in that weight: only the highest is taken among the seen. An
    unseen score far above it would overflow, and is held.
    """
    highest = jax.lax.stop_gradient(jnp.max(jnp.where(seen, scores, -jnp.inf), axis=1, keepdims=True))
    highest = jnp.where(jnp.isneginf(highest), 0, highest)
    return jnp.exp(jnp.minimum(scores - highest, LARGEST_EXPONENT)), highest[:, 0]


@partial(jax.jit, static_argnums=2)
def _nearest(points: Array, y: Array, k: int) -> tuple[Array, Array]:
    def visit(carry: tuple, some: Array, index: Array) -> tuple[tuple, tuple[Array, Array]]:
        del index
        values, indices = jax.lax.top_k(-Pairs(some, y).squared, k)
        return carry, (safe_sqrt(-values), indices)

    return by_rows(visit, (), points, len(points), len(y))[1]


def nearest(points: ArrayLike, y: ArrayLike, k: int = 1) -> tuple[Float[Array, "p k"], Int[Array, "p k"]]:
    """The k nearest of ``y`` to each point, by Euclidean distance.

    Args:
        points: (p, d) where to ask.
        y: (m, d) the candidates.
        k: how many, at most m.

    Returns:
        Distances (p, k), ascending, and the indices (p, k) into ``y``; equal distances keep the order of ``y``.

    Raises:
        ValueError: for wrong shapes, non-finite numbers, or k > m.

    Example:
        >>> from igm_jax.pairwise import nearest
        >>> distance, index = nearest([[0.0]], [[3.0], [-1.0]], k=2)
        >>> distance.tolist(), index.tolist()
        ([[1.0, 3.0]], [[1, 0]])
    """
    points, y = checks.pair(points, y, names=("points", "y"))
    k = checks.count("k", k)
    if k > len(y):
        raise ValueError(
            f"`k` must be at most the number of candidates, {len(y)}, but is {k}; ask for fewer neighbours"
        )
    # One shift for all row blocks: the squared norms then stay small, and equal rows stay equal.
    points, y = centred(points, y)

    return _nearest(points, y, k)
