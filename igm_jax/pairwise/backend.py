"""Who sums over pairs: XLA a tile at a time, or one fused GPU kernel; on one device, or around a ring of them.

The choice is made here and nowhere else.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array

from igm_jax import loops
from igm_jax.kernels.forms import Form
from igm_jax.pairwise import budget, tiles
from igm_jax.pairwise.reductions import row_means
from igm_jax.pairwise.ring import around, met, ring_of
from igm_jax.pairwise.summer import Summer, Sums
from igm_jax.pairwise.tiles import TILES

# With fewer pairs than this tiles are as fast (on an H100).
LEAST_PAIRS = 1 << 16

# Triton counts the numbers of an array in 32 bits.
MOST_NUMBERS = (1 << 31) - 1

NAMES = ("auto", "xla", "fused", "interpret")

# A context that jit looks at: what was compiled for one choice is not used for another. Tiles, until all forms of the kernels
# have passed their test on a GPU.
_choice = jax.make_user_context("xla")


def using(name: str) -> AbstractContextManager[None]:
    """Choose who sums over pairs, within a ``with`` block.

    Args:
        name: ``"xla"``: tiles, the default; ``"auto"``: the fused kernels on a CUDA GPU where they pay, else tiles;
            ``"fused"``: the kernels wherever they support the samples, which takes a GPU; ``"interpret"``: the same,
            interpreted on any device, slowly.

    Returns:
        The context manager.

    Raises:
        ValueError: for other names.

    Example:
        >>> from igm_jax import energy_distance
        >>> from igm_jax.pairwise.backend import using
        >>> with using("interpret"):
        ...     float(energy_distance([[0.0]], [[1.0]]))
        2.0
    """
    if name not in NAMES:
        raise ValueError(f"the backend must be one of {', '.join(NAMES)}, but is {name!r}")
    return _choice(name)


def over(mesh: Mesh, axis: str = "data") -> AbstractContextManager[None]:
    """Spread samples over the devices of a mesh, within a ``with`` block: no device ever holds one in full.

    Sums of kernels over all pairs, and so ``mmd2_biased``, ``mmd2_unbiased``, ``mmd_witness``, ``energy_distance`` and the
    objectives made of them, are then taken around the ring of devices, with all their derivatives. Samples are passed as
    global arrays, best sharded along ``axis``, also where a process holds only a part; call the functions under ``jax.jit``.
    Everything else computes on the global arrays as it does elsewhere, so every objective sees the whole batch on any mesh:
    value and velocity are those of one device up to rounding. (A gradient of a witness in its samples, not in its points,
    keeps all blocks that come by; so does one of a kernel that is no function of the distance.)

    Args:
        mesh: the devices, with axes of type Auto.
        axis: the axis of the mesh along which samples are spread; where their number is no multiple of its length, samples
            without weight are added.

    Returns:
        The context manager.

    Raises:
        TypeError: if ``mesh`` is not a mesh.
        ValueError: for an axis that the mesh does not have, or axes of another type.

    Example:
        >>> import jax
        >>> from igm_jax import energy_distance
        >>> from igm_jax.pairwise.backend import over
        >>> mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
        >>> with over(mesh):
        ...     round(float(energy_distance([[0.0], [2.0]], [[3.0]])), 5)
        3.0

    Source: the ring is that of Liu et al., Ring Attention with Blockwise Transformers, arXiv 2310.01889.
    """
    return loops.ring(ring_of(mesh, axis))


def summer_of(x: Array, y: Array) -> Summer:
    """Who sums over the pairs of x and y."""
    way = chosen(x, y)
    local = TILES if way == "xla" else _fused(way)
    return local if loops.ring.value is None else around(loops.ring.value, local)


def on_tables(x: Array, y: Array) -> bool:
    """Whether sums over all pairs of two samples come from tables: where they are few, and no other way was chosen."""
    return budget.in_tables(x, y) and _choice.value in ("auto", "xla")


def first(samples: Array, count: int) -> Array:
    """The first few samples; around a ring by index, as a compiler then fetches just these from other devices."""
    return samples[:count] if loops.ring.value is None else samples[jnp.arange(min(len(samples), count))]


def means_of(tile: Callable[[Array, Array], Array], points: Array, y: Array, weights: Array) -> Array:
    """``Σ_j w_j tile(points, y)_ij`` of any function of two blocks, some rows at a time; around a ring, block by block."""

    def rows(points: Array, y: Array, weights: Array) -> Array:
        return row_means(lambda some: tile(some, y), points, weights)

    return rows(points, y, weights) if loops.ring.value is None else met(loops.ring.value, rows, points, y, weights)


def chosen(x: Array, y: Array) -> str:
    """Who sums over the pairs of two blocks: a name of ``using``, and "auto" where the device decides between two programs."""
    name = _choice.value
    if name == "xla" or not _fused_kernels().supports(x):
        return "xla"
    return name if name != "auto" or (jax.default_backend() == "gpu" and worthwhile(x, y)) else "xla"


def worthwhile(x: Array, y: Array) -> bool:
    """Whether samples suit the kernels: in single precision, as GPUs are slow in double, neither few nor too large."""
    (n, d), m = x.shape, len(y)
    # Features may be padded to twice their number, or to sixteen.
    fits = max(n, m) * max(2 * d, _fused_kernels().FEWEST_FEATURES) <= MOST_NUMBERS
    return x.dtype == jnp.float32 and n * m >= LEAST_PAIRS and fits


def _fused_kernels() -> Any:
    """The module of the fused kernels, imported where they are chosen: Pallas takes as long to import as all the rest."""
    return import_module("igm_jax.pairwise.fused")


@cache
def _fused(way: str) -> Summer:
    """The fused kernels, which take a second pass for the columns, and visit all pairs of a sample with itself, not half.

    Tiles sum over pairs of different samples."""

    def between(
        form: Form,
        parameters: tuple,
        x: Array,
        y: Array,
        a: Array,
        b: Array,
        slopes: bool = False,
        columns: bool = False,
    ) -> tuple[Sums, Sums | None]:
        at, pair = partial(_sums, form, slopes, way, parameters), (tiles.side(x, a), tiles.side(y, b))
        return at(*pair), at(*pair[::-1]) if columns else None

    def within(
        form: Form,
        parameters: tuple,
        x: Array,
        a: Array,
        slopes: bool = False,
        each: bool = True,
        distinct: bool = False,
    ) -> Sums:
        if distinct:  # a kernel's blocks do not look who is who, and what is taken off their sums takes digits along
            return TILES.within(form, parameters, x, a, slopes=slopes, each=each, distinct=True)
        return between(form, parameters, x, x, a, a, slopes)[0]

    return TILES._replace(between=between, within=within)


def _tiles(form: Form, slopes: bool, parameters: tuple[Array, ...], x: tiles.Side, y: tiles.Side) -> Sums:
    return tiles.between(form, parameters, x, y, slopes=slopes)[0]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _sums(form: Form, slopes: bool, way: str, parameters: tuple[Array, ...], x: tiles.Side, y: tiles.Side) -> Sums:
    kernel = partial(_fused_kernels().between, form, slopes=slopes, interpret=way == "interpret")
    if way == "auto":
        # The default device is a GPU, but these arrays may live on another.
        return loops.on_platform(parameters, x, y, cuda=kernel, default=partial(_tiles, form, slopes))
    return kernel(parameters, x, y)


@_sums.defjvp
def _sums_jvp(form: Form, slopes: bool, way: str, primals: tuple, tangents: tuple) -> tuple[Sums, Sums]:
    """First derivatives of sums are pulls, and come from a kernel; a kernel itself has no derivative, so tiles give the next."""
    del way
    return jax.jvp(partial(_tiles, form, slopes), primals, tangents)
