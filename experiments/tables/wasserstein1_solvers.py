"""Solvers of Wasserstein-1 between two continuous distributions: critics, learned from fresh samples, and plans of samples."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jaxtyping import Array

from experiments.tables.wasserstein1_pairs import Pair
from igm_jax.base import Key, Network, Objective
from igm_jax.distributions import RayPair, ray_pair
from igm_jax.evaluation import exact_wasserstein
from igm_jax.networks import lipschitz_critic, network, squeeze
from igm_jax.networks.layers import Dense
from igm_jax.objectives import wgan, wgan_gp
from igm_jax.objectives.adversarial.base import CriticState
from igm_jax.objectives.adversarial.penalties import one_sided_penalty
from igm_jax.objectives.adversarial.wasserstein import clipped_weights
from igm_jax.pairwise import distances
from igm_jax.pairwise.reductions import soft_minimum


class Scores(NamedTuple):
    """How good a critic f is, u being the potential that is known.

    Attributes:
        cos: the mean cosine of ∇f and −∇u at points of P.
        l2: the mean of ‖∇f + ∇u‖² there.
        w1: ``E_P f − E_Q f``.
    """

    cos: Array
    l2: Array
    w1: Array


class _Plain(nnx.Module):
    def __init__(self, dim: int, width: int, spectral: bool, *, rngs: nnx.Rngs):
        sizes = ((dim, width), (width, width), (width, 1))
        self.layers = nnx.List([Dense(*size, spectral=spectral, rngs=rngs) for size in sizes])

    def __call__(self, x: Array) -> Array:
        for index, layer in enumerate(self.layers):
            x = layer(jax.nn.relu(x) if index else x)
        return x


def plain_critic(dim: int, *, spectral: bool = False) -> Network:
    """The benchmark's critic, dim-h-h-1 with rectifiers and without residual sums, h = max(2 dim, 128)."""
    return squeeze(network(lambda rngs: _Plain(dim, width(dim), spectral, rngs=rngs)))


def sorting_critic(dim: int) -> Network:
    """The same sizes with orthonormal matrices and fully sorted features."""
    return lipschitz_critic(dim, width=width(dim), depth=2, group=width(dim))


def width(dim: int) -> int:
    return max(2 * dim, 128)


def _optimizer() -> optax.GradientTransformation:
    return optax.adam(2e-4, b1=0.0, b2=0.9)


CRITICS: Mapping[str, Callable[[int], Objective]] = {
    "weight clipping": lambda dim: wgan(plain_critic(dim), clipped_weights(_optimizer(), 0.04)),
    "spectral norm": lambda dim: wgan(plain_critic(dim, spectral=True), _optimizer()),
    "gradient penalty": lambda dim: wgan_gp(plain_critic(dim), _optimizer(), penalty=10.0),
    "Lipschitz penalty": lambda dim: wgan(plain_critic(dim), _optimizer(), penalties=(one_sided_penalty(10.0),)),
    "sorting": lambda dim: wgan(sorting_critic(dim), _optimizer()),
}
"""For each solver the objective whose critic it trains."""


@partial(jax.jit, static_argnames=("solver", "steps", "batch", "points"))
def learned(pair: Pair, key: Key, *, solver: str, steps: int, batch: int, points: int) -> Scores:
    """The scores of a critic that has learned from ``steps`` batches, each drawn afresh; it is judged on other points."""
    rays, objective = ray_pair(*pair), CRITICS[solver](pair[0].shape[1])
    key_init, key_steps, key_points = jax.random.split(key, 3)
    state = objective.init(key_init, rays.source(key_init, 1))

    def step(state: CriticState, key: Key) -> tuple[CriticState, None]:
        key_x, key_y, key_update = jax.random.split(key, 3)
        return objective.update(key_update, state, rays.source(key_x, batch), rays.target(key_y, batch))[0], None

    state, _ = jax.lax.scan(step, state, jax.random.split(key_steps, steps))
    # The witness of a Wasserstein GAN is minus its critic, and looks at no samples.
    none = jnp.zeros((1, rays.source.dim))
    return judged(rays, lambda p: -objective.witness(state, p, none, none), key_points, points)


@partial(jax.jit, static_argnames=("samples", "iterations", "points"))
def entropic(
    pair: Pair, key: Key, *, epsilon: float, samples: int, iterations: int, points: int
) -> tuple[Scores, Array]:
    """The scores of the potential of entropic transport between samples, and the error of the marginals.

    The distance is the cost, and ε is in its unit; the potential is judged on other points.
    """
    rays = ray_pair(*pair)
    key_x, key_y, key_points = jax.random.split(key, 3)
    x, y = rays.source(key_x, samples), rays.target(key_y, samples)
    potential, error = sinkhorn_critic(x, y, epsilon, iterations)
    return judged(rays, potential, key_points, points), error


def sinkhorn_critic(x: Array, y: Array, epsilon: float, iterations: int) -> tuple[Callable[[Array], Array], Array]:
    """The potential of y, extended to any point by the samples x; its slope is at most one.

    ``f(p) = −ε log (1/n) Σ_i exp((g_i − ‖p − x_i‖)/ε)``, with g from Sinkhorn's iteration down a schedule of ε

    Args:
        x: (n, d) samples of Q.
        y: (m, d) samples of P.
        epsilon: ε > 0, in the unit of distance.
        iterations: updates of both potentials.

    Returns:
        The critic, high on P, and the mean relative error of y's marginal.
    """
    costs = distances(y, x)
    log_y, log_x = (jnp.full(len(side), -jnp.log(1.0 * len(side)), costs.dtype) for side in (y, x))

    def update(step: Array, both: tuple[Array, Array]) -> tuple[Array, Array]:
        level = jnp.maximum(epsilon, jnp.max(costs) * 0.9**step)
        f = soft_minimum(costs, both[1], log_x, level)
        return f, soft_minimum(costs.T, f, log_y, level)

    f, g = jax.lax.fori_loop(0, iterations, update, (jnp.zeros_like(log_y), jnp.zeros_like(log_x)))
    error = jnp.mean(jnp.abs(jnp.expm1((f - soft_minimum(costs, g, log_x, epsilon)) / epsilon)))
    return lambda points: soft_minimum(distances(points, x), g, log_x, epsilon), error


@partial(jax.jit, static_argnames="draws")
def measured(pair: Pair, key: Key, *, draws: int) -> tuple[Array, Array]:
    """The true distance by Monte Carlo, and its standard error."""
    return ray_pair(*pair).distance(key, draws)


def assigned(pair: Pair, key: Key, samples: int) -> float:
    """Discrete transport: the exact distance of ``samples`` draws of each side."""
    rays, (key_x, key_y) = ray_pair(*pair), jax.random.split(key)
    return exact_wasserstein(real=rays.target(key_y, samples), fake=rays.source(key_x, samples))


def judged(rays: RayPair, critic: Callable[[Array], Array], key: Key, points: int) -> Scores:
    """The scores of a critic, high on P, on points of P, and on the points of Q from which their mass comes."""
    x = rays.source(key, points)
    y, slope = rays.transported(x)
    found = jax.grad(lambda p: jnp.sum(critic(p)))(y)
    lengths = jnp.maximum(jnp.linalg.norm(found, axis=1), 1e-8)
    return Scores(
        jnp.mean(-jnp.sum(found * slope, axis=1) / lengths),
        jnp.mean(jnp.sum(jnp.square(found + slope), axis=1)),
        jnp.mean(critic(y) - critic(x)),
    )
