"""Sums over pairs of a kernel and its derivatives: what Stein's identity needs of a kernel.

    ``E_p[f(x) · s(x) + div f(x)] = 0`` for the score ``s = ∇ log p`` and any smooth f that vanishes far away

Each sum is one pass, some rows at a time, of operations that can be differentiated in everything. Weights are already
normalised or counted by the caller; inputs are already checked.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.checks import OfPoints, OfSamples, Points, Samples
from igm_jax.kernels.forms import Combined, Form, Radial, Scaled, measured_in
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import Pairs, centred, matmul, unit_of
from igm_jax.kernels.radial import Distance, Laplace
from igm_jax.pairwise.budget import by_rows
from igm_jax.pairwise.reductions import without_own


def smooth(form: Form) -> bool:
    """Whether a radial kernel has a second derivative where two samples meet, which a function of ``√s`` has not."""
    if isinstance(form, Scaled):
        return smooth(form.form)
    if isinstance(form, Combined):
        return smooth(form.left) and smooth(form.right)
    return not isinstance(form, Laplace | Distance)


def _parameters(radial: Radial, like: Array) -> tuple[Array, ...]:
    return tuple(jnp.asarray(value).astype(like.dtype) for value in radial.parameters)


def stein_means(
    radial: Radial,
    points: Points,
    point_scores: Points,
    x: Samples,
    scores: Samples,
    weights: OfSamples,
    *,
    distinct: bool = False,
) -> OfPoints:
    """``Σ_j w_j u(p_i, x_j)`` with Stein's kernel ``u = s·s' k + s·∇'k + s'·∇k + tr ∇∇'k``, both derivatives of ``k(p, x)``.

    For ``k = φ(r²)`` it is ``s·s' φ - 2φ' (s - s')·(p - x) - 2d φ' - 4r² φ''``; φ' meets a matrix of 2d + 2 columns.

    Args:
        radial: a smooth radial kernel.
        points: where to evaluate.
        point_scores: the target's score there.
        x: the samples.
        scores: the target's score at them.
        weights: theirs.
        distinct: whether the points are x, and none counts its own: j ≠ i.

    Returns:
        The means.
    """
    found = measured_in(unit_of(points, x, b=weights, plain=1.0), radial)
    radial, height, unit = (radial, 1.0, 1.0) if found is None else found
    points, x = centred(points / unit, x / unit, weights)
    given = (points, point_scores * unit, x, scores * unit, weights)
    return height * _stein_means(radial.form, distinct, _parameters(radial, x), *given) / unit / unit


@partial(jax.jit, static_argnums=(0, 1))
def _stein_means(
    form: Form,
    distinct: bool,
    parameters: tuple,
    points: Array,
    point_scores: Array,
    x: Array,
    scores: Array,
    weights: Array,
) -> Array:
    d, w = x.shape[1], weights[:, None]
    along = jnp.sum(scores * x, axis=1, keepdims=True)
    columns = w * jnp.concatenate([jnp.ones_like(along), along, x, scores], axis=1)

    def visit(carry: tuple, block: tuple[Array, Array], index: Array) -> tuple[tuple, Array]:
        rows, own = block
        squared = Pairs(rows, x).squared
        # The derivative of (φ, φ') is (φ', φ'').
        (value, slope), (_, bend) = jax.jvp(lambda s: form.both(s, *parameters), (squared,), (jnp.ones_like(squared),))
        if distinct:
            value, slope, bend = (without_own(tile, index[0]) for tile in (value, slope, bend))
        mass, crossed, places, others = jnp.split(matmul(slope, columns), [1, 2, 2 + d], axis=1)
        # (s - s')·(p - x), summed over x, from the sums of its four products.
        apart = (
            mass[:, 0] * jnp.sum(own * rows, axis=1)
            + crossed[:, 0]
            - jnp.sum(own * places, axis=1)
            - jnp.sum(rows * others, axis=1)
        )
        bent = matmul(squared * bend, w)[:, 0]
        together = jnp.sum(own * matmul(value, w * scores), axis=1)
        return carry, together - 2 * apart - 2 * d * mass[:, 0] - 4 * bent

    return by_rows(visit, (), (points, point_scores), len(points), len(x))[1]


def stein_directions(kernel: Kernel, points: Points, x: Samples, scores: Samples, weights: OfSamples) -> Points:
    """``Σ_j w_j [k(x_j, p_i) s_j + ∇_{x_j} k(x_j, p_i)]``, for any kernel.

    Args:
        kernel: the kernel; one that is not radial costs a pass for each feature.
        points: where to evaluate.
        x: the samples.
        scores: the target's score at them; zeros leave the kernel's slopes alone.
        weights: theirs.

    Returns:
        The directions.
    """
    if kernel.radial is None:
        return _plain_directions(kernel, points, x, scores, weights)
    points, x = centred(points, x, weights)
    return _radial_directions(kernel.radial.form, _parameters(kernel.radial, x), points, x, scores, weights)


@partial(jax.jit, static_argnums=0)
def _radial_directions(form: Form, parameters: tuple, points: Array, x: Array, scores: Array, weights: Array) -> Array:
    w = weights[:, None]
    places = w * jnp.concatenate([x, jnp.ones_like(w)], axis=1)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index
        value, slope = form.both(Pairs(rows, x).squared, *parameters)
        pulls = matmul(slope, places)
        return carry, matmul(value, w * scores) + 2 * (pulls[:, :-1] - rows * pulls[:, -1:])

    return by_rows(visit, (), points, len(points), len(x))[1]


def _plain_directions(kernel: Kernel, points: Array, x: Array, scores: Array, weights: Array) -> Array:
    """The slopes of any kernel, a feature at a time: derivatives of a tile as all of x is shifted along that feature."""
    w = weights[:, None]
    origin, axes = jnp.zeros((x.shape[1],), x.dtype), jnp.eye(x.shape[1], dtype=x.dtype)

    def visit(carry: tuple, rows: Array, index: Array) -> tuple[tuple, Array]:
        del index

        def tile(shift: Array) -> Array:
            return kernel.of(Pairs(rows, x + shift[None]))

        slopes = jax.lax.map(lambda axis: matmul(jax.jvp(tile, (origin,), (axis,))[1], w)[:, 0], axes)
        return carry, matmul(tile(origin), w * scores) + slopes.T

    return by_rows(visit, (), points, len(points), len(x))[1]
