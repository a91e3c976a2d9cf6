"""Flax NNX modules behind two pure functions with plain nested-dict parameters.

The only file that touches NNX's functional API (``split``, ``merge``, ``eval_shape``, ``to_pure_dict``), which still moves.
Plain dicts rather than ``nnx.State``, and ``jax.jit`` rather than ``nnx.jit``: the dispatch of a step is several times
cheaper, and every optimiser, checkpoint and tree function takes them as they are.
"""

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx
from jaxtyping import Array

from igm_jax.base import Key, Network, Params
from igm_jax.records import recorded


@recorded
def network(build: Callable[[nnx.Rngs], nnx.Module]) -> Network:
    """A flax NNX module as a pair of pure functions, ``init(key) -> params`` and ``apply(params, x) -> out``.

    Both work under ``jit``, ``grad`` and ``vmap``, also over keys (``jax.vmap(net.init)(keys)`` makes an ensemble).

    Args:
        build: makes the module from its random streams, e.g. ``lambda rngs: nnx.Linear(2, 1, rngs=rngs)``. It is called
            once here without computing anything, and once in every ``init``.

    Returns:
        The network. Its parameters are nested dicts with strings as keys, also for the items of an ``nnx.List``.

    Raises:
        TypeError: if ``build`` does not give a callable NNX module, or the module keeps state besides its parameters
            (running averages, the random streams of dropout), for which a pure function has no place.
        ValueError: from ``apply``, if the parameters belong to another network.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from flax import nnx
        >>> from igm_jax.networks import network
        >>> linear = network(lambda rngs: nnx.Linear(2, 1, rngs=rngs))
        >>> params = linear.init(jax.random.key(0))
        >>> sorted(params), linear.apply(params, jnp.ones((5, 2))).shape
        (['bias', 'kernel'], (5, 1))
    """
    graph, template = _blueprint(build)
    expected = jax.tree.structure(_with_text_keys(template))

    def init(key: Key) -> Params:
        _, state = nnx.split(build(nnx.Rngs(key)))
        return _with_text_keys(nnx.to_pure_dict(state))

    def apply(params: Params, x: Array) -> Array:
        if jax.tree.structure(params) != expected:
            raise ValueError(
                f"`params` must be parameters of this network, a tree {expected},"
                f" but are a tree {jax.tree.structure(params)}; make them with its own `init`"
            )
        return nnx.merge(graph, _with_keys_of(template, params))(x)

    return Network(init, apply)


def _blueprint(build: Any) -> tuple[Any, dict]:
    """The module's static part and its tree of abstract parameters, found without computing anything."""
    advice = "pass a function of random streams that returns one, e.g. `lambda rngs: nnx.Linear(2, 1, rngs=rngs)`"
    if not callable(build) or isinstance(build, nnx.Module):
        raise TypeError(f"`network` needs a builder of a flax NNX module, but got {type(build).__name__}; {advice}")

    def built() -> nnx.Module:
        module = build(nnx.Rngs(0))
        if not isinstance(module, nnx.Module) or not callable(module):
            kind = type(module).__name__
            raise TypeError(f"`build` must return a callable flax NNX module, but returned {kind}; {advice}")
        return module

    module = nnx.eval_shape(built)
    graph, parameters, rest = nnx.split(module, nnx.Param, ...)
    if jax.tree.leaves(rest):
        raise TypeError(
            f"a network must be a pure function of its parameters, but {type(module).__name__} also keeps state:"
            f" {nnx.to_pure_dict(rest)}; use layers without running averages or dropout (nnx.LayerNorm, not nnx.BatchNorm)"
        )
    return graph, nnx.to_pure_dict(parameters)


def _with_text_keys(tree: Any) -> Any:
    # NNX names the items of a list by integers, which checkpoints cannot store as the keys of a dict.
    return {str(name): _with_text_keys(part) for name, part in tree.items()} if isinstance(tree, dict) else tree


def _with_keys_of(template: Any, tree: Any) -> Any:
    if not isinstance(template, dict):
        return tree
    return {name: _with_keys_of(part, tree[str(name)]) for name, part in template.items()}
