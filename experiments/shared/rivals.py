"""Ways to learn p(x | c) under one budget: scores of draws, pairs matched by any objective, and densities with a formula."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.configs import OBJECTIVES
from experiments.configs.choices import Space
from igm_jax import checks
from igm_jax.base import ConditionalGenerator, Key, Network, Objective, Target
from igm_jax.distributions import normal
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import mlp, noisy_mlp, noisy_mlp_noise_size
from igm_jax.objectives import crps_scoring, energy_scoring, joint, per_condition
from igm_jax.training import advance, training
from igm_jax.training.average import averaged

SCORES: dict[str, Callable[[], Objective]] = {
    "fair": energy_scoring,
    "almost-fair": lambda: energy_scoring(alpha=0.95),
    "v": lambda: energy_scoring(alpha=0.0),
    "crps": crps_scoring,
}
"""Energy scores of k draws under each condition and its datum, by what a draw's distance from itself counts; and the CRPS."""

JOINT = ("mmd", "energy", "sinkhorn", "drifting", "gan")
"""Objectives of the command line that compare pairs (sample, condition)."""

DENSITIES = ("gaussian", "quantiles", "mixture", "mean")
"""Networks that give the parameters of a law, fitted by its own loss; the last is sure of its one answer."""

METHODS = (*SCORES, *JOINT, *DENSITIES)

LEVELS = 49
COMPONENTS = 5


class Effort(NamedTuple):
    """What every method is given alike.

    Attributes:
        steps: updates.
        batch_size: conditions in each.
        draws: samples under each condition, for scores.
        width: units of three hidden layers.
        noise: features of noise in each of a generator's layers.
        rate: of Adam, which falls to zero along a cosine.
        average: decay of the moving average of the parameters.
    """

    steps: int = 2000
    batch_size: int = 256
    draws: int = 2
    width: int = 100
    noise: int = 10
    rate: float = 2e-3
    average: float = 0.99

    def optimizer(self) -> optax.GradientTransformation:
        return optax.adam(optax.cosine_decay_schedule(self.rate, self.steps), b1=0.9, b2=0.99)


class Method(NamedTuple):
    """A way to learn, as pure functions: ``init(key)``, ``step(key, state)`` and ``sample(state, key, c, k) -> (b, k, d)``."""

    init: Callable[[Key], Any]
    step: Callable[[Key, Any], Any]
    sample: Callable[[Any, Key, Array, int], Array]


class Shape(NamedTuple):
    """What a method must know of the data: features of a sample and of a condition, and the median distance of pairs."""

    dim: int
    condition_dim: int
    scale: float


def method(name: str, shape: Shape, target: Target, effort: Effort) -> Method:
    """The method of a name, for data of a shape.

    Raises:
        ValueError: for a name that is none.
    """
    checks.choice("method", name, METHODS)
    if name in DENSITIES:
        return density(name, shape, target, effort)
    generator = implicit(shape, effort)
    if name in SCORES:
        return by_score(generator, SCORES[name](), target, effort)
    kind = OBJECTIVES[name]()
    objective = joint(kind.build(Space(shape.dim + shape.condition_dim, shape.scale)))
    return _trained_by(generator, objective, target, effort, 1, kind.inner_steps if name == "gan" else 0)


def implicit(shape: Shape, effort: Effort) -> ConditionalGenerator:
    """The generator that all share which have no density: noise in every layer of a perceptron."""
    network = noisy_mlp(effort.noise, shape.condition_dim, shape.dim, width=effort.width, depth=3)
    return conditional_pushforward(network, normal(noisy_mlp_noise_size(effort.noise, 3)))


def by_score(generator: ConditionalGenerator, score: Objective, target: Target, effort: Effort) -> Method:
    """A generator that learns by a score of its draws under each condition."""
    return _trained_by(generator, per_condition(score), target, effort, effort.draws, 0)


def _trained_by(
    generator: ConditionalGenerator, objective: Objective, target: Target, effort: Effort, draws: int, inner_steps: int
) -> Method:
    options: dict[str, Any] = {"draws": draws, "inner_steps": inner_steps, "average": effort.average}
    run = training(generator, objective, effort.optimizer(), target, effort.batch_size, **options)

    def sample(state: Any, key: Key, c: Array, k: int) -> Array:
        return generator.sample(state.average, key, c, k)

    def step(key: Key, state: Any) -> Any:
        del key  # a run has its own
        return advance(run, state)[0]

    return Method(run.init, step, sample)


# --- densities with a formula ---


class Formula(NamedTuple):
    """A law whose parameters a network gives: how many, minus its log likelihood (or a pinball loss), and how to draw."""

    outputs: int
    loss: Callable[[Array, Array], Array]
    draw: Callable[[Key, Array, int], Array]


def formula(name: str, dim: int) -> Formula:
    """The law of a name, for samples of so many features."""
    return {"gaussian": _gaussian, "quantiles": _quantiles, "mixture": _mixture, "mean": _mean}[name](dim)


def _spread(raw: Array) -> Array:
    return jax.nn.softplus(raw) + 1e-3


def _gaussian(dim: int) -> Formula:
    """Independent normal features."""

    def loss(out: Array, y: Array) -> Array:
        mean, spread = out[:, :dim], _spread(out[:, dim:])
        return jnp.mean(jnp.sum(0.5 * jnp.square((y - mean) / spread) + jnp.log(spread), axis=1))

    def draw(key: Key, out: Array, k: int) -> Array:
        noise = jax.random.normal(key, (len(out), k, dim))
        return out[:, None, :dim] + _spread(out[:, None, dim:]) * noise

    return Formula(2 * dim, loss, draw)


def _quantiles(dim: int) -> Formula:
    """Quantiles of each feature by the pinball loss; draws are interpolated between them, and end at the outermost."""
    levels = jnp.asarray((np.arange(LEVELS) + 0.5) / LEVELS)

    def at(out: Array) -> Array:
        return out.reshape(len(out), dim, LEVELS)

    def loss(out: Array, y: Array) -> Array:
        gap = y[:, :, None] - at(out)
        return jnp.mean(jnp.maximum(levels[None, None] * gap, (levels - 1)[None, None] * gap))

    def draw(key: Key, out: Array, k: int) -> Array:
        places = jnp.sort(at(out), axis=2)
        u = jax.random.uniform(key, (len(out), dim, k))
        drawn = jax.vmap(jax.vmap(lambda u, q: jnp.interp(u, levels, q)))(u, places)
        return jnp.swapaxes(drawn, 1, 2)

    return Formula(dim * LEVELS, loss, draw)


def _mixture(dim: int) -> Formula:
    """A mixture density network: five normal laws with independent features."""

    def parts(out: Array) -> tuple[Array, Array, Array]:
        logits, rest = out[:, :COMPONENTS], out[:, COMPONENTS:].reshape(len(out), COMPONENTS, 2, dim)
        return jax.nn.log_softmax(logits), rest[:, :, 0], _spread(rest[:, :, 1])

    def loss(out: Array, y: Array) -> Array:
        shares, mean, spread = parts(out)
        z = (y[:, None] - mean) / spread
        log_density = -0.5 * jnp.sum(jnp.square(z), axis=2) - jnp.sum(jnp.log(spread), axis=2)
        return -jnp.mean(jax.nn.logsumexp(shares + log_density, axis=1)) + 0.5 * dim * math.log(2 * math.pi)

    def draw(key: Key, out: Array, k: int) -> Array:
        key_part, key_noise = jax.random.split(key)
        shares, mean, spread = parts(out)
        which = jax.random.categorical(key_part, shares[:, None], shape=(len(out), k))[..., None]
        mean, spread = (jnp.take_along_axis(one, which, axis=1) for one in (mean, spread))
        return mean + spread * jax.random.normal(key_noise, (len(out), k, dim))

    return Formula(COMPONENTS * (1 + 2 * dim), loss, draw)


def _mean(dim: int) -> Formula:
    """No law: one answer, by least squares."""

    def draw(key: Key, out: Array, k: int) -> Array:
        del key
        return jnp.broadcast_to(out[:, None], (len(out), k, dim))

    return Formula(dim, lambda out, y: jnp.mean(jnp.sum(jnp.square(out - y), axis=1)), draw)


class _Fit(NamedTuple):
    """What a fit remembers."""

    step: Array
    params: Any
    optimizer_state: Any
    average: Any


def density(name: str, shape: Shape, target: Target, effort: Effort) -> Method:
    """A perceptron from conditions to the parameters of a law, fitted by its own loss with the same optimiser and average."""
    of = formula(name, shape.dim)
    network: Network = mlp(shape.condition_dim, of.outputs, width=effort.width, depth=3, activation="relu")
    optimizer = effort.optimizer()

    def init(key: Key) -> _Fit:
        params = network.init(key)
        return _Fit(jnp.int32(0), params, optimizer.init(params), jax.tree.map(jnp.copy, params))

    def step(key: Key, state: _Fit) -> _Fit:
        batch: Any = target(key, effort.batch_size)
        slope = jax.grad(lambda params: of.loss(network.apply(params, batch.condition), batch.values))(state.params)
        with jax.numpy_dtype_promotion("standard"):
            updates, optimizer_state = optimizer.update(slope, state.optimizer_state, state.params)
        params = optax.apply_updates(state.params, updates)
        average = averaged(state.average, params, state.step, effort.average)
        return _Fit(state.step + 1, params, optimizer_state, average)

    def sample(state: _Fit, key: Key, c: Array, k: int) -> Array:
        return of.draw(key, network.apply(state.average, c), k)

    return Method(init, step, sample)


def trained(method: Method, keys: Key, steps: int) -> Any:
    """The states after all steps, of all seeds side by side: their leaves have a leading axis of as many as there are keys."""

    def one(key: Key) -> Any:
        key_init, key_steps = jax.random.split(key)

        def step(state: Any, number: Array) -> tuple[Any, None]:
            return method.step(jax.random.fold_in(key_steps, number), state), None

        return jax.lax.scan(step, method.init(key_init), jnp.arange(steps))[0]

    return jax.jit(jax.vmap(one))(keys)
