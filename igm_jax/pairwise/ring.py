"""Sums over all pairs of two samples that are spread over devices: rows stay where they are, columns travel around a ring.

Each device holds a block of x and a block of y. In a step it reduces the tile of its rows against the columns that it hosts,
then hands these on to its neighbour, with what they have gathered so far; after a full turn all are home, and every pair has
met once. So values and all gradients take one trip, no device ever sees all of y, and memory is linear in (n + m)/devices.
Of a sample against itself half of a turn is enough: a guest that has met half of the hosts has nothing new to tell the others.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import Array

from igm_jax import checks
from igm_jax.kernels.forms import Form
from igm_jax.pairwise.budget import padded
from igm_jax.pairwise.reductions import block_sum
from igm_jax.pairwise.summer import Summer, Sums

MAKE_MESH = 'make one with `jax.make_mesh((jax.device_count(),), ("data",), axis_types=(jax.sharding.AxisType.Auto,))`'


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

    def on_each(self, body: Callable[..., Any], parameters: tuple, *samples: tuple[Array, ...]) -> Any:
        """The body run on each device, with its block of every sample; the blocks of what it gives in one piece again.

        Where devices would get unequal numbers of samples, some at the origin without weight are added.
        """
        here, everywhere = PartitionSpec(self.axis), PartitionSpec()
        # Sums begin at zeros that are the same on every device, and become different: nothing that the check would like.
        spread = jax.shard_map(
            body, mesh=self.mesh, in_specs=(everywhere, *[here] * len(samples)), out_specs=here, check_vma=False
        )
        return spread(parameters, *padded(samples, self.size))

    def turn(self, visit: Callable[[Any], tuple], guest: Any, visits: int) -> tuple[Any, Any, Any]:
        """On one device: so many guests in turn, each handed on after its visit.

        Args:
            visit: of a guest; gives what is gathered at home and at the guest.
            guest: the first.
            visits: how many.

        Returns:
            The total at home, the guest that comes next, and what it has gathered elsewhere.
        """

        def step(carry: tuple, _: None) -> tuple[tuple, None]:
            at_home, guest, at_guest = carry
            more_here, more_there = visit(guest)
            # The columns can leave while their tile is being reduced; what they gathered goes after them.
            return (_added(at_home, more_here), *self.handed_on((guest, _added(at_guest, more_there)))), None

        at_home, at_guest = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(visit, guest))
        return jax.lax.scan(step, (at_home, guest, at_guest), None, length=visits)[0]


def ring_of(mesh: Mesh, axis: str) -> Ring:
    """The ring along an axis of a mesh, or an error."""
    if not isinstance(mesh, Mesh):
        raise TypeError(f"`mesh` must be a `jax.sharding.Mesh` of devices, but is {mesh!r}; {MAKE_MESH}")
    checks.choice("axis", axis, mesh.axis_names)
    kinds = dict(zip(mesh.axis_names, mesh.axis_types, strict=True))
    if any(kind != AxisType.Auto for kind in kinds.values()):
        raise ValueError(f"`mesh` must have axes of type Auto, but has {kinds}; {MAKE_MESH}")
    return Ring(mesh, axis)


@cache
def around(ring: Ring, local: Summer) -> Summer:
    """The summer of samples spread over a ring, whose devices sum over the pairs of two blocks as ``local`` does."""
    between, within = partial(_between, ring, local), partial(_within, ring, local)
    return Summer(between, within, partial(_total, ring), partial(_means, ring, local))


def met(ring: Ring, rows: Callable[..., Array], points: Array, y: Array, b: Array) -> Array:
    """Sums over y at each point by any function of two blocks, each of which it can take for a sample of its own.

    ``Σ_guests rows(points, guest, b of the guest)``

    Args:
        ring: the devices.
        rows: ``(points, y, b) -> (points,)``, a sum over y weighted by b.
        points: (p, d), of which each device has some.
        y: (m, d), which travel.
        b: (m,) their weights.

    Returns:
        (p,) sums; a gradient of them keeps all blocks that come by.
    """

    def body(parameters: tuple, home: tuple, guest: tuple) -> Array:
        del parameters
        return ring.turn(lambda guest: (rows(*home, *guest), None), guest, ring.size)[0]

    home, guest = (_repeated(samples, ring.size) for samples in (points, y))
    return ring.on_each(body, (), (home,), (guest, padded(b, ring.size)))[: len(points)]


def _repeated(samples: Array, multiple: int) -> Array:
    """A multiple of so many rows: what is added is a copy, since a function of any kind need not be finite at the origin."""
    more = -len(samples) % multiple
    return samples[jnp.arange(len(samples) + more) % len(samples)] if more else samples


def _added(some: Any, more: Any) -> Any:
    return jax.tree.map(jnp.add, some, more)


def _first(tree: Any, count: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[:count], tree)


def _between(
    ring: Ring, local: Summer, form: Form, parameters: tuple, x: Array, y: Array, a: Array, b: Array,
    slopes: bool = False, columns: bool = False,
) -> tuple[Sums, Sums | None]:  # fmt: skip
    def body(parameters: tuple, home: tuple, guest: tuple) -> tuple[Sums, Sums | None]:
        (x, a), sums = home, partial(local.between, form, parameters, slopes=slopes, columns=columns)
        at_x, _, at_y = ring.turn(lambda guest: sums(x, guest[0], a, guest[1]), guest, ring.size)
        return at_x, at_y

    at_x, at_y = ring.on_each(body, parameters, (x, a), (y, b))
    return _first(at_x, len(x)), _first(at_y, len(y))


def _within(
    ring: Ring, local: Summer, form: Form, parameters: tuple, x: Array, a: Array, slopes: bool = False,
    each: bool = True, distinct: bool = False,
) -> Sums:  # fmt: skip
    half, even = (ring.size - 1) // 2, ring.size % 2 == 0

    def body(parameters: tuple, home: tuple) -> Sums:
        count, home = len(home[0]), padded(home, 2 if even else 1)  # halves of a block are of one size
        between = partial(local.between, form, parameters, slopes=slopes, columns=each)
        sums = local.within(form, parameters, *home, slopes=slopes, each=each, distinct=distinct)
        if ring.size > 1:
            visit = lambda guest: between(home[0], guest[0], home[1], guest[1])  # noqa: E731
            met, guest, gathered = ring.turn(visit, ring.handed_on(home), half)
            back = ring.handed_on(gathered, -half - 1) if each else met
            sums = _added(sums, _added(met, back))
            if even:
                sums = _added(sums, _opposite(ring, between, home, guest))
        return _first(sums, count)

    return _first(ring.on_each(body, parameters, (x, a)), len(x))


def _opposite(ring: Ring, between: Callable[..., tuple[Sums, Sums | None]], home: tuple, guest: tuple) -> Sums:
    """On one device: the sums over the block across an even ring, which has this one as its guest at the same time.

    Each of the two takes half of the pairs: one the first half of its rows with all of its guest's, the other the second half of
    its guest's rows with all of its own, so that both do the same in one program. What belongs to the guest is sent there.
    """
    count = len(home[0]) // 2
    first = jax.lax.axis_index(ring.axis) < ring.size // 2
    chosen = partial(jax.tree.map, partial(jnp.where, first))
    rows, columns = chosen(_first(home, count), jax.tree.map(lambda leaf: leaf[count:], guest)), chosen(guest, home)
    at_rows, at_columns = between(rows[0], columns[0], rows[1], columns[1])
    at_head, at_tail = (jax.tree.map(partial(_with_zeros, before, count - before), at_rows) for before in (0, count))
    if at_columns is None:  # a total is enough: every pair counts in it twice
        at_head, at_tail = _added(at_head, at_head), _added(at_tail, at_tail)
        at_columns = jax.tree.map(jnp.zeros_like, at_head)
    own, sent = chosen(at_head, at_columns), chosen(at_columns, at_tail)
    return _added(own, ring.handed_on(sent, ring.size // 2))


def _with_zeros(before: int, after: int, leaf: Array) -> Array:
    return jnp.pad(leaf, [(before, after)] + [(0, 0)] * (leaf.ndim - 1))


def _total(ring: Ring, terms: Array) -> Array:
    # Each device adds up its own: a sum over all as one list would be cut into blocks across their borders.
    return jnp.sum(block_sum(padded(terms, ring.size).reshape(ring.size, -1)))


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _means(ring: Ring, local: Summer, form: Form, parameters: tuple, points: Array, y: Array, b: Array) -> Array:
    def body(parameters: tuple, home: tuple, guest: tuple) -> Array:
        return ring.turn(lambda guest: (local.means(form, parameters, *home, *guest), None), guest, ring.size)[0]

    return ring.on_each(body, parameters, (points,), (y, b))[: len(points)]


@_means.defjvp
def _means_jvp(ring: Ring, local: Summer, form: Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    """By JAX in the samples; in each parameter as a number to be multiplied with: a reverse pass would keep all guests."""
    (parameters, *samples), (along_parameters, *along_samples) = primals, tangents
    means = partial(_means.fun, ring, local, form)
    value, tangent = jax.jvp(partial(means, parameters), samples, along_samples)
    for k, along in enumerate(along_parameters):
        one = lambda value, k=k: means((*parameters[:k], value, *parameters[k + 1 :]), *samples)  # noqa: E731
        tangent = tangent + along * jax.jvp(one, (parameters[k],), (jnp.ones_like(parameters[k]),))[1]
    return value, tangent
