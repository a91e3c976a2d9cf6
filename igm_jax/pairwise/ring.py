"""Sums over all pairs of two samples that are spread over devices: rows stay where they are, columns travel around a ring.

Each device holds a block of x and a block of y. In a step it reduces the tile of its rows against the columns that it hosts,
then hands these on to its neighbour, with what they have gathered so far; after a full turn all are home, and every pair has
met once. So values and all gradients take one trip, no device ever sees all of y, and memory is linear in (n + m)/devices.
Of a sample against itself half of a turn is enough: a guest that has met half of the hosts has nothing new to tell the others.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.kernels.forms import Form, Sensitivity
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.pairs import Pairs, centred
from igm_jax.pairwise import tiles
from igm_jax.pairwise.reductions import block_sum, weighted_mean
from igm_jax.pairwise.tiles import Moments, Side

MAKE_MESH = 'make one with `jax.make_mesh((jax.device_count(),), ("data",), axis_types=(jax.sharding.AxisType.Auto,))`'


# So many samples of each device tell the height of a kernel.
MOST = 32


class Ring(NamedTuple):
    """The devices along one axis of a mesh, each the neighbour of the next.

    Attributes:
        mesh: the mesh.
        axis: the name of the axis; along the others everything is repeated.
    """

    mesh: Mesh
    axis: str

    @property
    def size(self) -> int:
        return self.mesh.shape[self.axis]

    def handed_on(self, tree: Any, places: int = 1) -> Any:
        """What every device holds, now held by the one that is so many places further."""
        places_of_all = [(place, (place + places) % self.size) for place in range(self.size)]
        return jax.tree.map(lambda leaf: jax.lax.ppermute(leaf, self.axis, places_of_all), tree)

    def total(self, value: Array) -> Array:
        """The sum of what every device holds."""
        return jax.lax.psum(value, self.axis)

    def on_each(self, body: Callable[..., tuple], samples: int) -> Callable[..., tuple[Array, Moments, Moments | None]]:
        """A function of parameters, height and so many sharded arrays, run on each device; gives a number and moments."""
        here, everywhere = PartitionSpec(self.axis), PartitionSpec()
        # Sums begin at zeros that are the same on every device, and become different: nothing that the check would like.
        return jax.shard_map(
            body,
            mesh=self.mesh,
            in_specs=(everywhere, everywhere, *[here] * samples),
            out_specs=(everywhere, here, here),
            check_vma=False,
        )


def ring_of(mesh: Mesh, axis: str) -> Ring:
    """The ring along an axis of a mesh, or an error."""
    if not isinstance(mesh, Mesh):
        raise TypeError(f"`mesh` must be a `jax.sharding.Mesh` of devices, but is {mesh!r}; {MAKE_MESH}")
    checks.choice("axis", axis, mesh.axis_names)
    kinds = dict(zip(mesh.axis_names, mesh.axis_types, strict=True))
    if any(kind != AxisType.Auto for kind in kinds.values()):
        raise ValueError(f"`mesh` must have axes of type Auto, but has {kinds}; {MAKE_MESH}")
    return Ring(mesh, axis)


def _added(some: Any, more: Any) -> Any:
    return jax.tree.map(jnp.add, some, more)


def _nothing(at: Side, slopes: bool) -> Moments:
    none = jnp.zeros_like(at.weights)
    return Moments(none, jnp.zeros_like(at.points), none) if slopes else Moments(none)


def _turn(
    form: Form, parameters: tuple, ring: Ring, home: Side, guest: Side, visits: int, *, slopes: bool, columns: bool
) -> tuple[Moments, Side, Moments | None]:
    """On one device: so many guests in turn, each handed on after its visit.

    Returns:
        The moments at home, the guest that comes next, and what it has gathered elsewhere, if asked for.
    """

    def visit(carry: tuple, step: None) -> tuple[tuple, None]:
        at_home, guest, at_guest = carry
        more_here, more_there = tiles.between(form, parameters, home, guest, slopes=slopes, columns=columns)
        # The columns can leave while their tile is being reduced; what they gathered goes after them.
        return (_added(at_home, more_here), *ring.handed_on((guest, _added(at_guest, more_there)))), None

    start = (_nothing(home, slopes), guest, _nothing(guest, slopes) if columns else None)
    return jax.lax.scan(visit, start, None, length=visits)[0]


def _total(ring: Ring, sums: Array, a: Array, b: Array, height: Array) -> Array:
    """``Σ a (sums - height Σ b)`` over all devices, the large parts taken off each other first (as on one device)."""
    count = len(b) * ring.size
    share = np.asarray(1 / count, b.dtype)
    excess = ring.total(block_sum(b - share)) + np.asarray(count * np.float64(share) - 1, b.dtype)
    return ring.total(weighted_mean(sums - height, a)) - height * excess * ring.total(block_sum(a))


def _between(form: Form, ring: Ring, *, slopes: bool = False, columns: bool = False) -> Callable[..., tuple]:
    """``Σ_ij a_i b_j (φ_ij - height)``, and the moments at x and y, of parameters, height, x, y, a and b."""

    def body(parameters: tuple, height: Array, x: Array, y: Array, a: Array, b: Array) -> tuple:
        home, guest = tiles.side(x, a), tiles.side(y, b)
        at_x, _, at_y = _turn(form, parameters, ring, home, guest, ring.size, slopes=slopes, columns=columns)
        return _total(ring, at_x.sums, a, b, height), at_x, at_y

    return ring.on_each(body, 4)


def _within(form: Form, ring: Ring, *, slopes: bool = False, each: bool = False) -> Callable[..., tuple]:
    """The same of x with itself, of parameters, height, x and a; if not ``each``, only the total is right, and cheaper."""
    half = (ring.size - 1) // 2

    def body(parameters: tuple, height: Array, x: Array, a: Array) -> tuple:
        home = tiles.side(x, a)
        moments = tiles.within(form, parameters, home, slopes=slopes, each=each)
        if ring.size > 1:
            turn = partial(_turn, form, parameters, ring, home, slopes=slopes, columns=each)
            met, guest, gathered = turn(ring.handed_on(home), half)
            back = ring.handed_on(gathered, -half - 1) if each else met
            moments = _added(moments, _added(met, back))
            if ring.size % 2 == 0:  # the one opposite, which has this one as its guest at the same time
                opposite, _ = tiles.between(form, parameters, home, guest, slopes=slopes)
                moments = _added(moments, opposite)
        return _total(ring, moments.sums, a, a, height), moments, None

    return ring.on_each(body, 2)


def _is_zero(tangent: object) -> bool:
    return isinstance(tangent, SymbolicZero)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _mean_rule(
    form: Form, ring: Ring, parameters: tuple, height: Array, x: Array, y: Array, a: Array, b: Array
) -> Array:
    return _between(form, ring)(parameters, height, x, y, a, b)[0]


@partial(_mean_rule.defjvp, symbolic_zeros=True)
def _mean_jvp(form: Form, ring: Ring, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, height, x, y, a, b = primals
    along_parameters, _, along_x, along_y, along_a, along_b = tangents
    slopes, columns = not (_is_zero(along_x) and _is_zero(along_y)), not (_is_zero(along_y) and _is_zero(along_b))
    value, at_x, at_y = _between(form, ring, slopes=slopes, columns=columns)(*primals)
    tangent = jnp.zeros((), x.dtype)
    if not _is_zero(along_x):
        tangent += 2 * jnp.sum(a[:, None] * at_x.pulls * along_x)
    if not _is_zero(along_y):
        tangent += 2 * jnp.sum(b[:, None] * at_y.pulls * along_y)
    if not _is_zero(along_a):
        tangent += jnp.sum((at_x.sums - height * jnp.sum(b)) * along_a)
    if not _is_zero(along_b):
        tangent += jnp.sum((at_y.sums - height * jnp.sum(a)) * along_b)
    for index, along in enumerate(along_parameters):
        if not _is_zero(along):
            tangent += along * _mean(Sensitivity(form, index), ring, parameters, jnp.zeros_like(height), x, y, a, b)
    return value, tangent


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _mean_within_rule(form: Form, ring: Ring, parameters: tuple, height: Array, x: Array, a: Array) -> Array:
    return _within(form, ring)(parameters, height, x, a)[0]


@partial(_mean_within_rule.defjvp, symbolic_zeros=True)
def _mean_within_jvp(form: Form, ring: Ring, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, height, x, a = primals
    along_parameters, _, along_x, along_a = tangents
    slopes = not _is_zero(along_x)
    value, moments, _ = _within(form, ring, slopes=slopes, each=slopes or not _is_zero(along_a))(*primals)
    tangent = jnp.zeros((), x.dtype)
    if slopes:
        tangent += 4 * jnp.sum(a[:, None] * moments.pulls * along_x)
    if not _is_zero(along_a):
        tangent += 2 * jnp.sum((moments.sums - height * jnp.sum(a)) * along_a)
    for index, along in enumerate(along_parameters):
        if not _is_zero(along):
            tangent += along * _mean_within(Sensitivity(form, index), ring, parameters, jnp.zeros_like(height), x, a)
    return value, tangent


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _means_rule(form: Form, ring: Ring, parameters: tuple, points: Array, y: Array, b: Array) -> Array:
    return _between(form, ring)(parameters, jnp.zeros((), y.dtype), points, y, jnp.ones_like(points[:, 0]), b)[1].sums


@partial(_means_rule.defjvp, symbolic_zeros=True)
def _means_jvp(form: Form, ring: Ring, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    parameters, points, y, b = primals
    if not all(_is_zero(tangent) for tangent in jax.tree.leaves((tangents[0], tangents[2:]), is_leaf=_is_zero)):
        raise NotImplementedError(
            "kernel means around a ring have derivatives in the points alone; for others differentiate `mmd2_ring`,"
            " or take `mmd_witness` on one device"
        )
    zero, ones = jnp.zeros((), y.dtype), jnp.ones_like(points[:, 0])
    moments = _between(form, ring, slopes=True)(parameters, zero, points, y, ones, b)[1]
    along = jnp.zeros_like(points) if _is_zero(tangents[1]) else tangents[1]
    return moments.sums, 2 * jnp.sum(moments.pulls * along, axis=1)


def _padded(values: Array, ring: Ring) -> Array:
    """Centred samples, or weights, so many that all devices get equally many: the added ones have no weight."""
    extra = -len(values) % ring.size
    return jnp.pad(values, [(0, extra)] + [(0, 0)] * (values.ndim - 1)) if extra else values


def _form(kernel: Kernel, like: Array) -> tuple[Form, tuple[Array, ...]]:
    """The function of squared distances and its parameters, in the samples' type; an error for other kernels."""
    if kernel.radial is None:
        raise ValueError(f"`kernel` must be a function of the distance, but is {kernel.name}; choose another")
    form, parameters = kernel.radial
    return form, tuple(jnp.asarray(value).astype(like.dtype) for value in parameters)


def kernel_height(kernel: Kernel, ring: Ring, x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, ""]:
    """About the mean of a kernel, from a few pairs on each device: see ``kernel_means.kernel_height``."""

    def body(parameters: tuple, zero: Array, x: Array, y: Array) -> tuple:
        height = zero + jnp.mean(form.value(Pairs(x[:MOST], y[:MOST]).squared, *parameters))
        return ring.total(height) / ring.size, None, None

    x, y = (_padded(samples, ring) for samples in centred(*jax.lax.stop_gradient((x, y))))
    form, parameters = _form(kernel, y)
    return ring.on_each(body, 2)(jax.lax.stop_gradient(parameters), jnp.zeros((), y.dtype), x, y)[0]


def kernel_mean(
    kernel: Kernel,
    ring: Ring,
    x: Float[Array, "n d"],
    y: Float[Array, "m d"],
    x_weights: Float[Array, " n"],
    y_weights: Float[Array, " m"],
    height: Float[Array, ""],
) -> Float[Array, ""]:
    """``Σ_ij a_i b_j (k(x_i, y_j) - height)``."""
    x, y = centred(x, y)
    form, parameters = _form(kernel, y)
    a, b = x_weights.astype(y.dtype), y_weights.astype(y.dtype)
    return _mean(form, ring, parameters, height, *(_padded(values, ring) for values in (x, y, a, b)))


def kernel_mean_within(
    kernel: Kernel, ring: Ring, x: Float[Array, "n d"], weights: Float[Array, " n"], height: Float[Array, ""]
) -> Float[Array, ""]:
    """``Σ_ij w_i w_j (k(x_i, x_j) - height)``, on half of the pairs."""
    x, _ = centred(x, x)
    form, parameters = _form(kernel, x)
    return _mean_within(form, ring, parameters, height, _padded(x, ring), _padded(weights.astype(x.dtype), ring))


def kernel_means(
    kernel: Kernel, ring: Ring, points: Float[Array, "p d"], y: Float[Array, "m d"], weights: Float[Array, " m"]
) -> Float[Array, " p"]:
    """``Σ_j w_j k(p_i, y_j)`` at each of the points, differentiable in these."""
    count = len(points)
    points, y = centred(points, y)
    form, parameters = _form(kernel, y)
    y, weights = _padded(y, ring), _padded(weights.astype(y.dtype), ring)
    return _means(form, ring, parameters, _padded(points, ring), y, weights)[:count]


# Compiled once for a form and a mesh.
_means, _mean, _mean_within = (
    jax.jit(rule, static_argnums=(0, 1)) for rule in (_means_rule, _mean_rule, _mean_within_rule)
)
