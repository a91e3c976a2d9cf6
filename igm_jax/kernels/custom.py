"""Kernels of one's own: from a function of the squared distance, with all that the kernels of the package have."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks
from igm_jax.checks import ArrayLike
from igm_jax.kernels.forms import NoRatio, Radial, Tile
from igm_jax.kernels.kernel import Kernel, radial_kernel
from igm_jax.kernels.points import name_of
from igm_jax.records import recorded

# A squared distance next to zero, far below that of any two samples: a smooth function's slope is there what it is at zero.
NEARBY = 1e-30


@dataclass(frozen=True)
class OfSquared(NoRatio):
    """A function of squared distances, whose slope JAX finds; two are one form where they are one function."""

    function: Callable[..., Array]

    def value(self, squared: Tile, *parameters: Array) -> Tile:
        return _value(self, squared, *parameters)

    def both(self, squared: Tile, *parameters: Array) -> tuple[Tile, Tile]:
        value, slope = jax.jvp(lambda s: self.plain(s, *parameters), (squared,), (jnp.ones_like(squared),))
        # Where a function of the root has an infinite slope, coincident samples exert no force.
        return value, jnp.where((squared > 0) | jnp.isfinite(slope), slope, 0)

    def plain(self, squared: Tile, *parameters: Array) -> Tile:
        """The function itself, whose slope at zero may be infinite."""
        found = jnp.asarray(self.function(squared, *parameters))
        if found.shape != squared.shape:
            raise ValueError(
                "`function` must give one number for each squared distance, element by element, but"
                f" {name_of(self.function)} gave shape {found.shape} for distances of shape {squared.shape}"
            )
        return found.astype(squared.dtype)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _value(form: OfSquared, squared: Tile, *parameters: Array) -> Tile:
    """The function's value; its derivative has the finite slopes of ``both``, where 0 · ∞ would be no number."""
    return form.plain(squared, *parameters)


@_value.defjvp
def _derivative(form: OfSquared, primals: tuple, tangents: tuple) -> tuple[Tile, Tile]:
    (squared, *parameters), (move, *moves) = primals, tangents
    value, slope = form.both(squared, *parameters)
    if parameters:
        return value, slope * move + jax.jvp(lambda *p: form.plain(squared, *p), tuple(parameters), tuple(moves))[1]
    return value, slope * move


def has_corner(radial: Radial) -> bool:
    """Whether a kernel made of functions of one's own has no slope at distance zero; parameters that are traced count as 1."""
    if not _of_ones_own(radial.form):
        return False
    with jax.ensure_compile_time_eval():
        places = jnp.array([0.0, NEARBY])
        known = [jnp.asarray(value if checks.is_concrete(value) else 1.0) for value in radial.parameters]
        at, nearby = radial.form.both(places, *(value.astype(places.dtype) for value in known))[1].tolist()
    return not abs(nearby - at) <= 0.01 * abs(at)


def _of_ones_own(form: object) -> bool:
    """Whether a form, or one that it is made of, is a function of one's own."""
    parts = (getattr(form, field.name) for field in fields(form)) if is_dataclass(form) else ()
    return isinstance(form, OfSquared) or any(_of_ones_own(part) for part in parts if not isinstance(part, type))


@recorded
def of_squared_distance(function: Callable[..., Array], *parameters: ArrayLike) -> Kernel:
    """A kernel of one's own, from a function of the squared distance.

    ``k = φ(‖x - y‖², θ)``

    It is summed as the package's kernels are: half of the pairs of a sample with itself, value, gradient and weights from one
    pass, memory linear in the samples, on a ring of devices, too. Whether it is positive definite is up to the function: it
    is where φ is completely monotone, such as ``exp(-s)``, ``1/(1 + s)`` and their mixtures.

    Args:
        function: ``(s, *parameters) -> φ``, element by element on arrays s ≥ 0 of any shape. It may not close over traced
            numbers: those are its parameters. One function makes one program; a new ``lambda`` is compiled anew.
        parameters: θ, numbers that may be traced and differentiated.

    Returns:
        The kernel.

    Raises:
        TypeError: if ``function`` cannot be called, or cannot be told from others, as a module that holds arrays.
        ValueError: while running, if it does not act element by element.

    Example:
        >>> import jax.numpy as jnp
        >>> from igm_jax.kernels import gaussian, of_squared_distance
        >>> mine = of_squared_distance(lambda s, width: jnp.exp(-s / (2 * width**2)), 1.5)
        >>> bool(jnp.allclose(mine([[0.0]], [[1.0]]), gaussian(1.5)([[0.0]], [[1.0]])))
        True

    Source: Schoenberg, Metric Spaces and Completely Monotone Functions, Annals of Mathematics 39 (1938), Theorem 3.
    """
    if not callable(function):
        raise TypeError(
            f"`function` must be a function of squared distances, e.g. `lambda s: jnp.exp(-s)`, but is {function!r}"
        )
    try:
        hash(function)
    except TypeError as error:
        raise TypeError(
            f"`function` must be hashable, since one function makes one program, but {name_of(function)} is not: pass a plain"
            " function, and the numbers that it holds as `parameters`"
        ) from error
    return radial_kernel(f"of_squared_distance({name_of(function)})", OfSquared(function), *parameters)
