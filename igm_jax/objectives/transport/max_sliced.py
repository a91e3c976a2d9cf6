"""Max-sliced Wasserstein distance: along the one direction that tells the samples apart best, learned on the sphere."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks, loops
from igm_jax.base import Info, Key, Objective
from igm_jax.checks import Rows, Scalar, Weights
from igm_jax.kernels.pairs import centred
from igm_jax.lifts import of_arrays
from igm_jax.objectives.transport.sliced import projection_input, sliced_witness
from igm_jax.objectives.transport.sliced_directions import random_directions
from igm_jax.pairwise.line.divergences import Transport, along_directions, mean_over_directions
from igm_jax.records import recorded

__all__ = ["max_sliced", "max_sliced_direction", "max_sliced_wasserstein"]


def _checked_rate(p: float, rate: float) -> None:
    checks.choice("p", p, (1, 2))
    checks.positive("rate", rate)
    if checks.is_concrete(rate) and rate > 1:
        raise ValueError(f"`rate` must lie in (0, 1], where 1 is a step of the power method, but is {rate}")


def _ascended(
    directions: Float[Array, "k d"], x: Array, y: Array, a: Array | None, b: Array | None, p: float, rate: float
) -> tuple[Float[Array, "k d"], Float[Array, " k"]]:
    """Each direction after one step of ascent of ``log W_p^p / p`` on the sphere, and the heights before it.

    W_p^p is homogeneous of degree p in the direction, so ``∇ W_p^p / (p W_p^p)`` has the component 1 along it: the step
    has no units, and its end is never shorter than where it began.
    """

    def total(directions: Array) -> tuple[Array, Array]:
        heights = along_directions(Transport(p), directions, x, y, a, b)
        return jnp.sum(heights), heights

    slopes, heights = jax.grad(total, has_aux=True)(directions)
    apart = (heights > 0)[:, None]
    goals = jnp.where(apart, slopes / jnp.where(apart, p * heights[:, None], 1), directions)
    moved = directions + rate * (goals - directions)
    return moved / jnp.linalg.norm(moved, axis=1, keepdims=True), heights


@partial(jax.jit, static_argnames=("p", "rate", "steps"))
def _best(
    directions: Array, x: Array, y: Array, a: Array | None, b: Array | None, p: float, rate: float, steps: int
) -> Float[Array, " d"]:
    def step(_: Array, directions: Array) -> Array:
        return _ascended(directions, x, y, a, b, p, rate)[0]

    directions = loops.fori_loop(0, steps, step, directions)
    return directions[jnp.argmax(along_directions(Transport(p), directions, x, y, a, b))]


def max_sliced_direction(
    key: Key,
    x: Rows,
    y: Rows,
    *,
    p: float = 2,
    starts: int = 8,
    steps: int = 50,
    rate: float = 0.5,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Float[Array, " d"]:
    """The direction along which two samples are farthest apart, as far as ascent from random starts finds it.

    ``θ* = argmax_θ W_p^p(θ·x, θ·y)``, by ``θ ← normalised (θ + η (∇W_p^p / (p W_p^p) - θ))``

    With η = 1 and p = 2 a step is the power method for the second moments of the differences that the current coupling
    makes; smaller steps let the coupling follow.

    Args:
        key: random key of the starts.
        x: (n, d) generated samples.
        y: (m, d) data.
        p: exponent, 1 or 2.
        starts: how many ascents, the best of which is taken: there may be local maxima.
        steps: steps of each.
        rate: η in (0, 1].
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        (d,) unit vector; no gradient flows through it. Its sign is arbitrary.

    Raises:
        ValueError: for counts below one, an exponent other than 1 or 2, a rate outside (0, 1], or bad samples or weights.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import max_sliced_direction
        >>> theta = max_sliced_direction(jax.random.key(0), [[0.0, 0.0]], [[0.0, 3.0]])
        >>> abs(theta).round(3).tolist()
        [0.0, 1.0]

    Source: Deshpande et al., Max-Sliced Wasserstein Distance and its use for GANs, arXiv 1904.05877.
    """
    _checked_rate(p, rate)
    directions, x, y, a, b = projection_input(key, x, y, checks.count("starts", starts), x_weights, y_weights)
    inputs = jax.lax.stop_gradient((directions, x, y, a, b))
    return _best(*inputs, p=p, rate=float(rate), steps=checks.count("steps", steps, least=0))


def max_sliced_wasserstein(
    key: Key,
    x: Rows,
    y: Rows,
    *,
    p: float = 2,
    starts: int = 8,
    steps: int = 50,
    rate: float = 0.5,
    x_weights: Weights = None,
    y_weights: Weights = None,
) -> Scalar:
    """The max-sliced Wasserstein distance of two weighted samples, to the power p, over the directions that ascent finds.

    ``max_θ W_p^p(θ·x, θ·y)``, θ on the unit sphere; between the sliced distance and W_p^p. For a translation it is the squared
    length of the shift (p = 2), in any dimension.

    Its gradient holds the direction, which is exact at a maximum.

    Args:
        key: random key of the starts.
        x: (n, d) generated samples.
        y: (m, d) data; n and m may differ.
        p: exponent, 1 or 2.
        starts: as in ``max_sliced_direction``; so are the next two.
        steps: steps of each ascent.
        rate: η in (0, 1].
        x_weights: (n,) non-negative weights, normalised here; uniform if None.
        y_weights: (m,) likewise.

    Returns:
        Scalar, in the units of the samples to the power p.

    Raises:
        ValueError: as ``max_sliced_direction`` does.

    Example:
        >>> import jax
        >>> from igm_jax.objectives import max_sliced_wasserstein
        >>> round(float(max_sliced_wasserstein(jax.random.key(0), [[0.0, 0.0]], [[0.0, 3.0]])), 3)
        9.0

    Source: Deshpande et al., arXiv 1904.05877, Definition 2.
    """
    weights = {"x_weights": x_weights, "y_weights": y_weights}
    best = max_sliced_direction(key, x, y, p=p, starts=starts, steps=steps, rate=rate, **weights)
    _, x, y, a, b = projection_input(key, x, y, 1, x_weights, y_weights)
    return mean_over_directions(Transport(p), best[None], x, y, a, b)


class MaxSlicedState(NamedTuple):
    """The direction that an ascent has reached."""

    direction: Float[Array, " d"]


@recorded
def max_sliced(p: float = 2, *, rate: float = 0.5) -> Objective:
    """Max-sliced Wasserstein distance as an objective; each inner step turns the direction towards the largest distance.

    ``loss = W_p^p(θ·x, θ·y)``,  ``θ ← normalised (θ + η (∇W_p^p / (p W_p^p) - θ))``

    The paper projects features of a discriminator and picks the direction by a classifier; this is the distance itself,
    between the samples.

    Args:
        p: exponent, 1 or 2.
        rate: η in (0, 1], how far one update turns.

    Returns:
        The objective; its state holds the direction, and ``update`` reports ``distance``, W_p^p before the turn.

    Raises:
        ValueError: for an exponent other than 1 or 2, or a rate outside (0, 1].

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.objectives import max_sliced
        >>> objective = max_sliced()
        >>> x, y = jnp.zeros((4, 3)), jnp.ones((4, 3))
        >>> state, info = objective.update(jax.random.key(1), objective.init(jax.random.key(0), x), x, y)
        >>> state.direction.shape, list(info)
        ((3,), ['distance'])

    Source: Deshpande et al., Max-Sliced Wasserstein Distance and its use for GANs, arXiv 1904.05877.
    """
    _checked_rate(p, rate)

    def init(key: Key, x: Array) -> MaxSlicedState:
        x = checks.samples("x", x)
        return MaxSlicedState(random_directions(key, x.shape[1], 1, x.dtype)[0])

    def update(key: Key, state: MaxSlicedState, x: Array, y: Array) -> tuple[MaxSlicedState, Info]:
        del key
        x, y = centred(*checks.pair(x, y))
        directions, heights = _ascended(state.direction[None], x, y, None, None, p, rate)
        return MaxSlicedState(directions[0]), {"distance": heights[0]}

    def loss(key: Key, state: MaxSlicedState, x: Array, y: Array) -> Array:
        del key
        return mean_over_directions(Transport(p), state.direction[None], *centred(*checks.pair(x, y)))

    def witness(state: MaxSlicedState, points: Array, x: Array, y: Array) -> Array:
        return sliced_witness(points, x, y, state.direction[None], p)

    return of_arrays(init, update, loss, witness)
