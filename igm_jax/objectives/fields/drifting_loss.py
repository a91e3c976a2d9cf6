"""The loss of the released drifting code: many independent problems that share one scale."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, digits
from igm_jax.checks import ArrayLike
from igm_jax.objectives.fields.drifting_forces import multiplicities, released_forces
from igm_jax.objectives.fields.drifting_presets import FLOORS, checked_temperatures
from igm_jax.pairwise.temperatures import temperatures_of

__all__ = ["drifting_loss"]


def drifting_loss(
    x: ArrayLike,
    y: ArrayLike,
    temperatures: ArrayLike | None = None,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    negatives: ArrayLike | None = None,
    negative_weights: ArrayLike | None = None,
) -> Float[Array, " b"]:
    """The loss of the released drifting code, for a batch of independent problems that share one scale.

    ``loss_b = mean over samples and features of ((x - sg(x))/u - F)²``, F the sum of normalised forces in coordinates of
    unit u. Its value is constant up to the interplay of temperatures; its gradient is what trains.

    Weights say how strongly each pulls, and count in the mean distance; every sample has the same part in the loss, also one
    of weight 0. The scale is the weighted mean distance over all problems, and so is the size by which forces are divided.

    Args:
        x: (b, n, d) generated samples.
        y: (b, m, d) data.
        temperatures: τ > 0 in mean distances; None for (0.02, 0.05, 0.2).
        x_weights: (b, n) multiplicities, not normalised: how strongly each sample repels; one each if None.
        y_weights: (b, m) multiplicities: how strongly each datum attracts; one each if None.
        negatives: (b, k, d) samples that repel besides x, and do not move; none if None.
        negative_weights: (b, k) multiplicities: how strongly each of them repels; one each if None.

    Returns:
        (b,) losses.

    Raises:
        ValueError: for other shapes, non-finite numbers, bad weights, weights of negatives that are not there, or temperatures
            that are not positive.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import drifting_loss
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 1, 8, 3))
        >>> drifting_loss(x, y).shape
        (1,)

    Source: the released code of arXiv 2602.04770.
    """
    temperatures = checked_temperatures(temperatures, "released")
    if negatives is None and negative_weights is not None:
        raise ValueError("`negative_weights` are of no use without `negatives`; pass both, or neither")
    x, y = _problems("x", x, "y", y)
    others, weights = (y,), (_weights("x_weights", x_weights, x), _weights("y_weights", y_weights, y))
    if negatives is not None:
        negatives = _problems("negatives", negatives, "y", y)[0].astype(x.dtype)
        others, weights = (y, negatives), (*weights, _weights("negative_weights", negative_weights, negatives))
    fixed, known = jax.lax.stop_gradient(x), temperatures_of(temperatures, x.dtype)
    force, unit, _ = jax.lax.stop_gradient(released_forces(fixed, others, known, weights, FLOORS["released"]))
    return jnp.mean(jnp.square((x - fixed) / unit - force), axis=(1, 2))


def _problems(name: str, some: ArrayLike, other_name: str, others: ArrayLike) -> tuple[Array, Array]:
    """Both as arrays (b, _, d) of as many problems and features, or an error."""
    x, y = digits.as_given(name, some), digits.as_given(other_name, others)
    if x.ndim != 3 or y.ndim != 3 or len(x) != len(y) or x.shape[2] != y.shape[2]:
        raise ValueError(
            f"expected {name} (b, n, d) and {other_name} (b, m, d), but got shapes {x.shape} and {y.shape}"
        )
    flat = checks.pair(*(one.reshape(-1, one.shape[2]) for one in (x, y)), names=(name, other_name))
    return flat[0].reshape(x.shape), flat[1].reshape(y.shape)


def _weights(name: str, value: ArrayLike | None, like: Float[Array, "b n d"]) -> Float[Array, "b n"]:
    """Multiplicities (b, n) of samples (b, n, d), or an error."""
    if value is None:
        return jnp.ones(like.shape[:2], like.dtype)
    given = jnp.asarray(value)
    if given.shape != like.shape[:2]:
        raise ValueError(f"`{name}` must have shape {like.shape[:2]}, one for each sample, but has {given.shape}")
    flat = multiplicities(name, given.reshape(-1), like.reshape(-1, like.shape[2]))
    return flat.reshape(like.shape[:2])
