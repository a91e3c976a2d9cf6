"""Checks of functions and networks that a user hands in, and of what they give."""

from typing import Any

import jax

from igm_jax import checks


def is_function(name: str, value: Any) -> Any:
    """``value`` if it can be called, else an error."""
    if not callable(value):
        raise TypeError(f"`{name}` must be a function of points (n, d), but is {type(value).__name__}")
    return value


def one_row(out: jax.Array, points: jax.Array) -> jax.Array:
    """The features of points, if they are one row (k,) a sample, else an error."""
    if out.ndim != 2 or len(out) != len(points):
        raise ValueError(
            f"features must be one row a sample, shape ({len(points)}, k), but are {out.shape} for samples {points.shape};"
            " use `mlp(d, k)`, without `squeeze`, or reshape them, e.g. `out.reshape(len(out), -1)`"
        )
    return out


def field(name: str, function: Any, points: jax.Array) -> jax.Array:
    """The vectors of a field at points, or an error.

    Args:
        name: the function's name, for the error's text.
        function: ``(n, d) -> (n, d)``, such as a score.
        points: (n, d) where to evaluate.

    Returns:
        (n, d) vectors in the type of ``points``.

    Raises:
        TypeError: for something that is not a function.
        ValueError: for vectors of another shape, NaN or infinity.
    """
    _, vectors = checks.numbers(f"{name}(points)", is_function(name, function)(points))
    if vectors.shape != points.shape:
        raise ValueError(
            f"`{name}` must give one vector a point, shape {points.shape}, but gave {vectors.shape};"
            " of a log density for one point, take `jax.vmap(jax.grad(log_density))`"
        )
    checks.finite(f"{name}(points)", vectors)
    return vectors.astype(points.dtype)


def not_a_network(name: str, example: str, value: Any) -> TypeError:
    """The error for a value that is no ``Network``, with the line that makes one of a module of flax or Equinox."""
    lines = {
        "flax.nnx": "network(module)",
        "flax.linen": "from_linen(module, example)",
        "equinox": "from_equinox(module)",
    }
    kinds = [kind.__module__ for kind in type(value).__mro__]
    found = [line for start, line in lines.items() if any(kind.startswith(start) for kind in kinds)]
    advice = f"; wrap it as `igm_jax.networks.{found[0]}`" if found else ""
    return TypeError(f"`{name}` must be a Network, e.g. `{example}`, but is {type(value).__name__}{advice}")
