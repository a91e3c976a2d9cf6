"""Who sums over pairs: XLA a tile at a time, or one fused GPU kernel. The choice is made here and nowhere else."""

from contextlib import AbstractContextManager
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax.kernels.forms import Form
from igm_jax.pairwise import fused, tiles
from igm_jax.pairwise.tiles import Moments, Side

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


def chosen(x: Side, y: Side) -> str:
    """Who sums over the pairs of x and y: a name of ``using``, and "auto" where the device decides between two programs."""
    name = _choice.value
    if not fused.supports(x):
        return "xla"
    return name if name != "auto" or (jax.default_backend() == "gpu" and worthwhile(x, y)) else "xla"


def worthwhile(x: Side, y: Side) -> bool:
    """Whether samples suit the kernels: in single precision, as GPUs are slow in double, neither few nor too large."""
    (n, d), m = x.points.shape, len(y.points)
    # Features may be padded to twice their number, or to sixteen.
    fits = max(n, m) * max(2 * d, fused.FEWEST_FEATURES) <= MOST_NUMBERS
    return x.points.dtype == jnp.float32 and n * m >= LEAST_PAIRS and fits


def between(
    form: Form, parameters: tuple[Array, ...], x: Side, y: Side, *, slopes: bool, columns: bool = False
) -> tuple[Moments, Moments | None]:
    """``tiled.between``, by whoever is chosen; the kernels take a second pass for the columns."""
    way = chosen(x, y)
    if way == "xla":
        return tiles.between(form, parameters, x, y, slopes=slopes, columns=columns)
    at_x = _moments(form, slopes, way, parameters, x, y)
    return at_x, _moments(form, slopes, way, parameters, y, x) if columns else None


def within(form: Form, parameters: tuple[Array, ...], x: Side, *, slopes: bool, each: bool = True) -> Moments:
    """``tiled.within``, by whoever is chosen; the kernels visit all pairs, not half of them."""
    way = chosen(x, x)
    if way == "xla":
        return tiles.within(form, parameters, x, slopes=slopes, each=each)
    return _moments(form, slopes, way, parameters, x, x)


def _tiles(form: Form, slopes: bool, parameters: tuple[Array, ...], x: Side, y: Side) -> Moments:
    return tiles.between(form, parameters, x, y, slopes=slopes)[0]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _moments(form: Form, slopes: bool, way: str, parameters: tuple[Array, ...], x: Side, y: Side) -> Moments:
    kernel = partial(_kernel, form, slopes, way == "interpret")
    if way == "auto":
        # The default device is a GPU, but these arrays may live on another.
        return jax.lax.platform_dependent(parameters, x, y, cuda=kernel, default=partial(_tiles, form, slopes))
    return kernel(parameters, x, y)


def _kernel(form: Form, slopes: bool, interpret: bool, parameters: tuple[Array, ...], x: Side, y: Side) -> Moments:
    return fused.between(form, parameters, x, y, slopes=slopes, interpret=interpret)


@_moments.defjvp
def _moments_jvp(form: Form, slopes: bool, way: str, primals: tuple, tangents: tuple) -> tuple[Moments, Moments]:
    """First derivatives of sums are pulls, and come from a kernel; a kernel itself has no derivative, so tiles give the next."""
    del way
    return jax.jvp(partial(_tiles, form, slopes), primals, tangents)
