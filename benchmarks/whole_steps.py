"""Whole training steps, by igm_jax and by hand: network, objective, optimiser, moving average, some seeds side by side."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from benchmarks import by_hand
from igm_jax import kernels, objectives
from igm_jax.base import Generator, Network, Objective
from igm_jax.distributions import dataset, grid, normal
from igm_jax.generators import pushforward
from igm_jax.networks import conv_critic, conv_generator, mlp, mlp_critic
from igm_jax.training import advance, training

RATE, DECAY = 1e-3, 0.99
CHUNK = 5
"""Steps of one call, as a loop on the device."""
PLANE, IMAGES = "25 Gaussians", "28 x 28 images"
DIRECTIONS, TEMPERATURES, PENALTY, CRITIC_STEPS = 128, (0.02, 0.05, 0.2), 10.0, 5


class Setting(NamedTuple):
    """A problem to train on: data, networks, and the lengths that objectives need."""

    target: Callable[..., Any]
    generator: Generator
    critic: Network
    d: int
    sigma: float


def setting(problem: str) -> Setting:
    """The data and the networks of a problem; the images are noise, as no step looks at what they show."""
    if problem == PLANE:
        return Setting(grid(), pushforward(mlp(2, 2), normal(2)), mlp_critic(2), 2, 1.0)
    shape, d = (28, 28, 1), 784
    images = jax.random.uniform(jax.random.key(7), (4096, d))
    return Setting(
        dataset(images),
        pushforward(conv_generator(16, shape, width=32), normal(16)),
        conv_critic(shape, width=32),
        d,
        8.0,
    )


NAMES = ("mmd", "energy", "sinkhorn", "sliced", "drifting", "score_difference", "gan", "wgan_gp")
"""The objectives that are stepped."""


def adam() -> optax.GradientTransformation:
    """The optimiser of everything."""
    return optax.adam(RATE, b1=0.5, b2=0.99)


def ours(name: str, at: Setting, n: int, seeds: int) -> Callable[[], Any]:
    """Some steps of ``training`` with an objective of igm_jax, compiled; each call goes on where the last one ended."""
    made: dict[str, Callable[[], Objective]] = {
        "mmd": lambda: objectives.mmd(kernels.gaussian(at.sigma)),
        "energy": objectives.energy,
        "sinkhorn": lambda: objectives.sinkhorn(_epsilon(at), tolerance=1e-2),
        "sliced": lambda: objectives.sliced(DIRECTIONS),
        "drifting": lambda: objectives.drifting(TEMPERATURES, preset="released"),
        "score_difference": lambda: objectives.score_difference(at.sigma),
        "gan": lambda: objectives.gan(at.critic, adam(), r1=0.1),
        "wgan_gp": lambda: objectives.wgan_gp(at.critic, adam(), penalty=PENALTY),
    }
    inner = CRITIC_STEPS if name == "wgan_gp" else 1
    run = training(at.generator, made[name](), adam(), at.target, n, average=DECAY, inner_steps=inner)
    return _repeated(run.init, lambda state: advance(run, state)[0], seeds)


def plain(name: str, at: Setting, n: int, seeds: int) -> Callable[[], Any]:
    """The same steps as one writes them by hand."""
    if name in ("gan", "wgan_gp"):
        return _repeated(*_with_critic(name, at, n), seeds)
    losses: dict[str, Callable[[], by_hand.Loss]] = {
        "mmd": lambda: by_hand.mmd([at.sigma]),
        "energy": by_hand.energy,
        "sinkhorn": lambda: by_hand.sinkhorn(_epsilon(at), 1e-2),
        "drifting": lambda: by_hand.drifting(TEMPERATURES),
        "score_difference": lambda: by_hand.score_difference(at.sigma),
    }

    def init(key: Any) -> tuple:
        params = at.generator.init(key)
        return params, adam().init(params), params, key, jnp.int32(0)

    def step(state: tuple) -> tuple:
        params, optimizer, average, key, number = state
        key, key_x, key_y, key_d = jax.random.split(key, 4)
        y = at.target(key_y, n)
        loss = by_hand.sliced(_directions(key_d, at.d)) if name == "sliced" else losses[name]()
        slope = jax.grad(lambda p: loss(at.generator.sample(p, key_x, n), y))(params)
        return *_moved(params, optimizer, average, slope), key, number + 1

    return _repeated(init, step, seeds)


def _directions(key: Any, d: int) -> Any:
    drawn = jax.random.normal(key, (DIRECTIONS, d))
    return drawn / jnp.linalg.norm(drawn, axis=1, keepdims=True)


def _epsilon(at: Setting) -> float:
    return 0.05 * (2 * at.sigma) ** 2


def _moved(params: Any, optimizer: Any, average: Any, slope: Any) -> tuple:
    updates, optimizer = adam().update(slope, optimizer, params)
    params = optax.apply_updates(params, updates)
    return params, optimizer, jax.tree.map(lambda old, new: DECAY * old + (1 - DECAY) * new, average, params)


def _with_critic(name: str, at: Setting, n: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A GAN with an R1 penalty, or a WGAN with a gradient penalty and five updates of its critic."""

    def critic_loss(c: Any, x: Any, y: Any, key: Any) -> Any:
        of = lambda points: at.critic.apply(c, points)  # noqa: E731
        if name == "gan":
            slopes = jax.grad(lambda points: jnp.sum(of(points)))(y)
            penalty = 0.05 * jnp.mean(jnp.sum(slopes**2, axis=1))
            return jnp.mean(jax.nn.softplus(-of(y))) + jnp.mean(jax.nn.softplus(of(x))) + penalty
        between = (share := jax.random.uniform(key, (n, 1))) * x + (1 - share) * y
        slopes = jax.grad(lambda points: jnp.sum(of(points)))(between)
        lengths = jnp.sqrt(jnp.sum(slopes**2, axis=1) + 1e-12)
        return jnp.mean(of(x)) - jnp.mean(of(y)) + PENALTY * jnp.mean((lengths - 1) ** 2)

    def generator_loss(params: Any, c: Any, key: Any) -> Any:
        out = at.critic.apply(c, at.generator.sample(params, key, n))
        return jnp.mean(jax.nn.softplus(-out)) if name == "gan" else -jnp.mean(out)

    def init(key: Any) -> tuple:
        key_p, key_c = jax.random.split(key)
        params, critic = at.generator.init(key_p), at.critic.init(key_c)
        return params, adam().init(params), params, key, critic, adam().init(critic)

    def step(state: tuple) -> tuple:
        params, optimizer, average, key, critic, of_critic = state
        key, key_x, *keys = jax.random.split(key, 2 + (CRITIC_STEPS if name == "wgan_gp" else 1))

        def update(carry: tuple, key: Any) -> tuple[tuple, None]:
            critic, of_critic = carry
            key_x, key_y, key_between = jax.random.split(key, 3)
            x, y = at.generator.sample(params, key_x, n), at.target(key_y, n)
            slope = jax.grad(critic_loss)(critic, x, y, key_between)
            updates, of_critic = adam().update(slope, of_critic, critic)
            return (optax.apply_updates(critic, updates), of_critic), None

        (critic, of_critic), _ = jax.lax.scan(update, (critic, of_critic), jnp.stack(keys))
        slope = jax.grad(generator_loss)(params, critic, key_x)
        return *_moved(params, optimizer, average, slope), key, critic, of_critic

    return init, step


def _repeated(init: Callable[..., Any], step: Callable[[Any], Any], seeds: int) -> Callable[[], Any]:
    """``CHUNK`` steps a call, of seeds side by side; the state stays on the device."""
    if seeds == 1:
        state, one = jax.jit(init)(jax.random.key(0)), step
    else:
        state, one = jax.jit(jax.vmap(init))(jax.random.split(jax.random.key(0), seeds)), jax.vmap(step)
    chunk = jax.jit(lambda state: jax.lax.scan(lambda state, _: (one(state), None), state, None, length=CHUNK)[0])
    kept = [jax.block_until_ready(state)]

    def call() -> Any:
        kept[0] = jax.block_until_ready(chunk(kept[0]))
        return kept[0]

    return call
