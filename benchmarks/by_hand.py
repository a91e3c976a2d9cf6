"""Plain JAX as a user writes it first: the formula of the textbook over dense tables of pairs, for autodiff.

Each function gives a loss ``(x, y) -> scalar``; what is a field regresses samples on where it would take them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

Loss = Callable[[Array, Array], Array]


def squares(x: Array, y: Array) -> Array:
    """``‖x - y‖²`` of all pairs."""
    return jnp.maximum(jnp.sum(x**2, 1)[:, None] + jnp.sum(y**2, 1)[None, :] - 2 * x @ y.T, 0)


def roots(squared: Array) -> Array:
    """``√``, with derivative 0 at 0."""
    return jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1)), 0)


def mmd(sigmas: Sequence[float]) -> Loss:
    """The squared MMD of a sum of Gaussian kernels."""

    def mean(x: Array, y: Array) -> Any:
        squared = squares(x, y)
        return sum(jnp.mean(jnp.exp(-squared / (2 * sigma**2))) for sigma in sigmas)

    return lambda x, y: mean(x, x) + mean(y, y) - 2 * mean(x, y)


def energy() -> Loss:
    """The energy distance."""

    def mean(x: Array, y: Array) -> Array:
        return jnp.mean(roots(squares(x, y)))

    return lambda x, y: 2 * mean(x, y) - mean(x, x) - mean(y, y)


def potentials(costs: Array, epsilon: float, tolerance: float) -> tuple[Any, Any, Any, Any]:
    """Alternating updates in the log domain at one ε, until the marginal error is below the tolerance."""
    n, m = costs.shape

    def soft(scores: Any, axis: int, count: int) -> Any:
        return -epsilon * (jax.nn.logsumexp(scores / epsilon, axis=axis) - jnp.log(float(count)))

    def advance(state: Any) -> Any:
        _, g, _, iterations = state
        f = soft(g[None, :] - costs, 1, m)
        new = soft(f[:, None] - costs, 0, n)
        # With the exact f the plan's columns carry exp((g - new)/ε)/m.
        return f, new, jnp.mean(jnp.abs(jnp.expm1((g - new) / epsilon))), iterations + 1

    def unfinished(state: Any) -> Any:
        return (state[2] > tolerance) & (state[3] < 2000)

    start = (jnp.zeros(n), jnp.zeros(m), jnp.array(jnp.inf), jnp.array(0))
    return jax.lax.while_loop(unfinished, advance, start)


def sinkhorn(epsilon: float, tolerance: float) -> Loss:
    """The Sinkhorn divergence, its gradient by the envelope theorem: only the costs move."""

    def transport(x: Array, y: Array) -> Array:
        costs = squares(x, y)
        fixed = jax.lax.stop_gradient(costs)
        f, g, _, _ = potentials(fixed, epsilon, tolerance)
        plan = jnp.exp((f[:, None] + g[None, :] - fixed) / epsilon) / costs.size
        moving = jnp.sum(plan * costs)
        return jax.lax.stop_gradient(jnp.mean(f) + jnp.mean(g) - moving) + moving

    return lambda x, y: transport(x, y) - transport(x, x) / 2 - transport(y, y) / 2


def sliced(directions: Array) -> Loss:
    """The sliced Wasserstein distance over some directions (k, d)."""
    return lambda x, y: jnp.mean(jnp.square(jnp.sort(directions @ x.T, axis=1) - jnp.sort(directions @ y.T, axis=1)))


def drifting_field(temperatures: Sequence[float]) -> Callable[[Array, Array], Array]:
    """The field of the released drifting code."""

    def field(x: Array, y: Array) -> Array:
        n, d = x.shape
        targets = jnp.concatenate([x, y])
        distances = roots(squares(x, targets)).at[jnp.arange(n), jnp.arange(n)].set(0)
        scale = jnp.mean(distances)
        distances = distances / scale + 100 * jnp.eye(n, len(targets))
        total = jnp.zeros_like(x)
        for temperature in temperatures:
            scores = -distances / temperature
            product = jax.nn.softmax(scores, axis=1) * jax.nn.softmax(scores, axis=0)
            affinity = jnp.sqrt(jnp.maximum(product, 1e-6))
            on_x, on_y = affinity[:, :n], affinity[:, n:]
            x_mass, y_mass = jnp.sum(on_x, 1, keepdims=True), jnp.sum(on_y, 1, keepdims=True)
            raw = (on_y @ y * x_mass - on_x @ x * y_mass) * jnp.sqrt(float(d)) / scale
            total += raw / jnp.sqrt(jnp.maximum(jnp.mean(raw**2), 1e-8))
        return total * scale / jnp.sqrt(float(d))

    return field


def drifting(temperatures: Sequence[float]) -> Loss:
    """Drifting."""
    return _regression(drifting_field(temperatures))


def score_difference(sigma: float) -> Loss:
    """The difference of the scores of two Gaussian kernel density estimates, a sample left out of its own."""

    def centroid(scores: Array, points: Array) -> Array:
        return jax.nn.softmax(scores, axis=1) @ points

    def field(x: Array, y: Array) -> Array:
        own = -squares(x, x) / (2 * sigma**2) - jnp.where(jnp.eye(len(x), dtype=bool), jnp.inf, 0)
        return (centroid(-squares(x, y) / (2 * sigma**2), y) - centroid(own, x)) / sigma**2

    return _regression(field)


def _regression(field: Callable[[Array, Array], Array]) -> Loss:
    def loss(x: Array, y: Array) -> Array:
        fixed = jax.lax.stop_gradient(x)
        return 0.5 * jnp.mean(jnp.sum(jnp.square(x - fixed - jax.lax.stop_gradient(field(fixed, y))), axis=1))

    return loss
