"""Generators: a network that pushes a base distribution forward, under conditions or without, and free particles."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from igm_jax import checks, functions
from igm_jax.base import Base, ConditionalGenerator, Generator, Key, Network, Params
from igm_jax.records import recorded


@recorded
def pushforward(network: Network, base: Base) -> Generator:
    """The generator that draws from a base distribution and maps every draw through a network.

    ``x = network(z),  z ~ base``

    Args:
        network: maps (n, d_base) to samples (n, d).
        base: ``(key, n) -> z`` of shape (n, d_base), e.g. a distribution of ``igm_jax.distributions``.

    Returns:
        The generator: ``init(key)`` makes the network's parameters, ``sample(params, key, n)`` gives (n, d).

    Raises:
        TypeError: if ``network`` is not a ``Network`` or ``base`` cannot be called.
        ValueError: from ``sample``, if what comes out is not of shape (n, d).

    Example:
        >>> import jax
        >>> from igm_jax import generators, networks
        >>> generator = generators.pushforward(networks.mlp(4, 2, width=16), lambda key, n: jax.random.normal(key, (n, 4)))
        >>> params = generator.init(jax.random.key(0))
        >>> generator.sample(params, jax.random.key(1), 10).shape
        (10, 2)
    """
    if not isinstance(network, Network):
        raise functions.not_a_network("network", "igm_jax.networks.mlp(2, 2)", network)
    if not callable(base):
        raise TypeError(f"`base` must be a function `(key, n) -> z` of shape (n, d_base), but is {type(base).__name__}")

    def sample(params: Params, key: Key, n: int) -> Array:
        return _rows("`network`", network.apply(params, _rows("`base`", base(key, n), n)), n)

    return Generator(network.init, sample)


@recorded
def conditional_pushforward(
    network: Network, base: Base, encode: Callable[[Any], Array] | None = None
) -> ConditionalGenerator:
    """The generator that draws from a base distribution and maps every draw, with its condition, through a network.

    ``x = network([z, e(c)]),  z ~ base``

    Args:
        network: maps (n, d_base + d_code) to samples (n, d).
        base: ``(key, n) -> z`` of shape (n, d_base), e.g. ``igm_jax.distributions.normal(4)``.
        encode: ``c -> (b, d_code)``, e.g. ``igm_jax.networks.one_hot(10)``; None for vectors (b, d_code) as they are.

    Returns:
        The generator: ``init(key)`` makes the network's parameters, ``sample(params, key, c, k)`` gives (b, k, d), k draws for
        each of the b conditions.

    Raises:
        TypeError: if ``network`` is not a ``Network``, or ``base`` or ``encode`` cannot be called.
        ValueError: from ``sample``, for codes that are not (b, d_code), or what comes out of another shape.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax import distributions, generators, networks
        >>> net = networks.mlp(4 + 3, 2, width=16)
        >>> generator = generators.conditional_pushforward(net, distributions.normal(4), networks.one_hot(3))
        >>> params = generator.init(jax.random.key(0))
        >>> generator.sample(params, jax.random.key(1), jnp.array([0, 2]), 5).shape
        (2, 5, 2)
    """
    if not isinstance(network, Network):
        raise functions.not_a_network("network", "igm_jax.networks.mlp(4 + 3, 2)", network)
    if not callable(base):
        raise TypeError(f"`base` must be a function `(key, n) -> z` of shape (n, d_base), but is {type(base).__name__}")
    if encode is not None and not callable(encode):
        raise TypeError(
            f"`encode` must be a function of conditions, e.g. `one_hot(10)`, but is {type(encode).__name__}"
        )

    def sample(params: Params, key: Key, c: Any, k: int) -> Array:
        code = jnp.asarray(c if encode is None else encode(c))
        if code.ndim != 2:
            raise ValueError(
                f"conditions must become rows (b, d_code), but have shape {code.shape}; pass `encode=one_hot(classes)` for"
                " labels, or a function of your own"
            )
        b = len(code)
        z = _rows("`base`", base(key, b * k), b * k)
        given = jnp.concatenate([z, jnp.repeat(code, k, axis=0).astype(z.dtype)], axis=1)
        return _rows("`network`", network.apply(params, given), b * k).reshape(b, k, -1)

    return ConditionalGenerator(network.init, sample)


def _rows(name: str, value: Array, n: int) -> Array:
    if value.ndim != 2 or len(value) != n:
        raise ValueError(f"{name} must give samples of shape ({n}, d), one a row, but gave shape {value.shape}")
    return value


@recorded
def both_ways(there: Network, back: Network) -> ConditionalGenerator:
    """The generator of ``cycle_consistent``: two maps, each of its own side's samples and of what the other made.

    ``x = [G(a), F(b), F(G(a)), G(F(b))]`` under the condition (a, b)

    Args:
        there: G, from sources (n, d) to targets (n, d).
        back: F, the other way.

    Returns:
        The generator: its parameters are ``{"there": ..., "back": ...}``; ``sample(params, key, (a, b), 1)`` gives (n, 1, 4 d)
        and draws nothing.

    Raises:
        TypeError: for what is no ``Network``; ValueError from ``sample``, for more than one draw.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.generators import both_ways
        >>> from igm_jax.networks import mlp
        >>> generator = both_ways(mlp(2, 2, width=8), mlp(2, 2, width=8))
        >>> params = generator.init(jax.random.key(0))
        >>> generator.sample(params, jax.random.key(1), (jnp.zeros((3, 2)), jnp.ones((3, 2))), 1).shape
        (3, 1, 8)

    Source: Zhu et al., arXiv 1703.10593.
    """
    for name, network in (("there", there), ("back", back)):
        if not isinstance(network, Network):
            raise functions.not_a_network(name, "igm_jax.networks.mlp(2, 2)", network)

    def init(key: Key) -> Params:
        key_there, key_back = jax.random.split(key)
        return {"there": there.init(key_there), "back": back.init(key_back)}

    def sample(params: Params, key: Key, c: Any, k: int) -> Array:
        del key
        if k != 1:
            raise ValueError(
                f"two maps give one sample under each condition, but {k} were asked for; leave `draws` at 1"
            )
        if not isinstance(c, tuple | list) or len(c) != 2 or jnp.ndim(c[0]) != 2 or jnp.shape(c[0]) != jnp.shape(c[1]):
            told = [jnp.shape(leaf) for leaf in jax.tree.leaves(c)]
            raise ValueError(
                "the condition of two maps must be a pair of as many sources and targets, arrays (n, d) each, but has"
                f" {told}; draw both with one sampler"
            )
        a, b = c
        ahead, behind = there.apply(params["there"], a), back.apply(params["back"], b)
        again = back.apply(params["back"], ahead), there.apply(params["there"], behind)
        return jnp.concatenate([ahead, behind, *again], axis=1)[:, None]

    return ConditionalGenerator(init, sample)


@recorded
def particles(x: Any) -> Generator:
    """The identity generator: its parameters are the samples themselves, so training it is a particle flow.

    With ``optax.sgd(step * len(x))`` one update moves every particle by ``step`` times the objective's velocity.

    Args:
        x: (n, d) the starting points.

    Returns:
        The generator: ``init`` gives a copy of the points, ``sample(points, key, n)`` the points; it draws nothing, so
        the key is not used and n must be the number of points.

    Raises:
        ValueError: for points that are not (n, d) finite numbers; from ``sample``, for another n.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.generators import particles
        >>> flow = particles(jnp.array([[0.0], [1.0]]))
        >>> points = flow.init(jax.random.key(0))
        >>> flow.sample(points, jax.random.key(1), 2).tolist()
        [[0.0], [1.0]]
    """
    start = checks.samples("x", x)

    def init(key: Key) -> Params:
        del key
        return jnp.array(start, copy=True)  # a copy, because a training step may donate its buffers

    def sample(params: Params, key: Key, n: int) -> Array:
        del key
        if n != len(params):
            raise ValueError(
                f"these particles are {len(params)} fixed points and cannot give {n} samples: nothing is drawn, every point"
                f" is moved in every step; ask for {len(params)} (the batch size), or start from {n} points"
            )
        return params

    return Generator(init, sample)
