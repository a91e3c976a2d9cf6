"""Flax NNX modules behind two pure functions with plain nested-dict parameters.

The only file that touches NNX's functional API (``split``, ``merge``, ``eval_shape``, ``to_pure_dict``), which still moves.
Plain dicts rather than ``nnx.State``, and ``jax.jit`` rather than ``nnx.jit``: the dispatch of a step is several times
cheaper, and every optimiser, checkpoint and tree function takes them as they are.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array

from igm_jax.base import Key, Network, Params
from igm_jax.records import recorded


@recorded
def network(build: Callable[[nnx.Rngs], nnx.Module] | nnx.Module) -> Network:
    """A flax NNX module as a pair of pure functions, ``init(key) -> params`` and ``apply(params, x) -> out``.

    Both work under ``jit``, ``grad`` and ``vmap``, also over keys (``jax.vmap(net.init)(keys)`` makes an ensemble).

    Args:
        build: makes the module from its random streams, e.g. ``lambda rngs: nnx.Linear(2, 1, rngs=rngs)``. It is called
            once here without computing anything, and once in every ``init``. Or a module that is there, such as a trained one:
            then ``init`` gives its parameters as they are now, whatever the key.

    Returns:
        The network. Its parameters are nested dicts with strings as keys, also for the items of an ``nnx.List``.

    Raises:
        TypeError: if ``build`` does not give a callable NNX module, or a layer keeps state besides its parameters (running
            averages, the random streams of dropout), named by its path and class: a pure function has no place for it.
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
    # Taken now: a module may be trained on afterwards.
    present = _with_text_keys(nnx.to_pure_dict(nnx.state(build))) if isinstance(build, nnx.Module) else None

    def init(key: Key) -> Params:
        if present is not None:
            return jax.tree.map(jnp.array, present)
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


def parameter_count(params: Params) -> int:
    """How many numbers a tree of parameters holds.

    Args:
        params: parameters, or only their shapes, as of ``jax.eval_shape(net.init, key)``.

    Returns:
        The number; of several seeds side by side, of all of them.

    Example:
        >>> import jax
        >>> from igm_jax.networks import mlp, parameter_count
        >>> parameter_count(jax.eval_shape(mlp(2, 3, width=16, depth=1).init, jax.random.key(0)))
        99
    """
    return sum(math.prod(jnp.shape(leaf)) for leaf in jax.tree.leaves(params))


def _blueprint(build: Any) -> tuple[Any, dict]:
    """The module's static part and its tree of abstract parameters, found without computing anything."""
    advice = "pass a function of random streams that returns one, e.g. `lambda rngs: nnx.Linear(2, 1, rngs=rngs)`"
    if not callable(build):
        raise TypeError(f"`network` needs a flax NNX module or its builder, but got {type(build).__name__}; {advice}")

    def built() -> nnx.Module:
        module = build if isinstance(build, nnx.Module) else build(nnx.Rngs(0))
        if not isinstance(module, nnx.Module) or not callable(module):
            kind = type(module).__name__
            raise TypeError(f"`build` must return a callable flax NNX module, but returned {kind}; {advice}")
        return module

    module = built() if isinstance(build, nnx.Module) else nnx.eval_shape(built)
    graph, parameters, rest = nnx.split(module, nnx.Param, ...)
    if jax.tree.leaves(rest):
        path, kind, state = _keeper(module, rest)
        where = f"its layer {path!r} ({kind})" if path else f"it ({kind})"
        raise TypeError(
            f"a network must be a pure function of its parameters, but {where} also keeps state: {state}; use layers without"
            " running averages or dropout: nnx.LayerNorm or nnx.GroupNorm in the place of nnx.BatchNorm, no nnx.Dropout"
        )
    return graph, nnx.to_pure_dict(parameters)


def _keeper(module: nnx.Module, rest: Any) -> tuple[str, str, str]:
    """The layer that keeps the first state besides parameters: its path, its class, and the state's name."""
    names = [str(name) for name in min(nnx.to_flat_state(rest), key=lambda entry: tuple(map(str, entry[0])))[0]]
    layer, path = module, []
    for name in names[:-1]:
        inner = layer[int(name)] if isinstance(layer, nnx.List | list | tuple) else getattr(layer, name, None)
        # Random streams belong to the layer that draws from them.
        if inner is None or isinstance(inner, nnx.Rngs | nnx.RngStream):
            break
        layer, path = inner, [*path, name]
    return ".".join(path), type(layer).__name__, ".".join(names[len(path) :])


def _with_text_keys(tree: Any) -> Any:
    # NNX names the items of a list by integers, which checkpoints cannot store as the keys of a dict.
    return {str(name): _with_text_keys(part) for name, part in tree.items()} if isinstance(tree, dict) else tree


def _with_keys_of(template: Any, tree: Any) -> Any:
    if not isinstance(template, dict):
        return tree
    return {name: _with_keys_of(part, tree[str(name)]) for name, part in template.items()}
