"""Modules of flax linen and Equinox as they are, behind two pure functions with plain nested-dict parameters."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
from jaxtyping import Array

from igm_jax.base import Key, Network, Params
from igm_jax.extras import unusable
from igm_jax.records import recorded

if TYPE_CHECKING:
    import equinox
    from flax import linen


@recorded
def from_linen(module: "linen.Module", example: Any, **options: Any) -> Network:
    """A flax linen module as a pair of pure functions, ``init(key) -> params`` and ``apply(params, x) -> out``.

    ``apply(params, x) = module.apply({"params": params}, x, **options)``

    Args:
        module: the module, e.g. ``nn.Dense(1)``.
        example: samples (n, d) from which it learns its shapes, or their ``jax.ShapeDtypeStruct``; not their values.
        options: keyword arguments of each of its calls, such as ``train=False``.

    Returns:
        The network; its parameters are those of linen's collection "params".

    Raises:
        TypeError: if ``module`` is no linen module, or a layer keeps state or draws at random, named by its path and class:
            for these a pure function of parameters has no place.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from flax import linen as nn
        >>> from igm_jax.networks import from_linen
        >>> net = from_linen(nn.Sequential([nn.Dense(8), nn.tanh, nn.Dense(2)]), jnp.zeros((1, 3)))
        >>> params = net.init(jax.random.key(0))
        >>> sorted(params), net.apply(params, jnp.ones((5, 3))).shape
        (['layers_0', 'layers_2'], (5, 2))
    """
    from flax import linen

    if not isinstance(module, linen.Module):
        raise TypeError(f"`module` must be a flax linen module, e.g. `nn.Dense(1)`, but is {type(module).__name__}")
    shape = jax.eval_shape(jax.numpy.asarray, example)
    _check_linen(module, shape, options)

    def init(key: Key) -> Params:
        # Without parameters, linen has no collection of them.
        zeros = jax.numpy.zeros(shape.shape, shape.dtype)
        return module.init({"params": key}, zeros, **options).get("params", {})

    def apply(params: Params, x: Array) -> Array:
        out: Any = module.apply({"params": params}, x, **options)
        return out

    return Network(init, apply)


def _check_linen(module: "linen.Module", example: Any, options: dict[str, Any]) -> None:
    """An error that names the layer, if one keeps state or draws at random."""
    from flax import errors, linen

    classes: dict[tuple[str, ...], str] = {}
    drawing: list[tuple[str, ...]] = []  # the layers that the error leaves, the innermost first

    def note(call: Callable, args: tuple, kwargs: dict, context: Any) -> Any:
        classes[context.module.path] = type(context.module).__name__
        try:
            return call(*args, **kwargs)
        except errors.InvalidRngError:
            drawing.append(context.module.path)
            raise

    def run(x: Array) -> Any:
        variables = module.init({"params": jax.random.key(0)}, x, **options)
        return variables, module.apply(variables, x, mutable=list(variables), **options)

    with linen.intercept_methods(note):
        try:
            variables = jax.eval_shape(run, example)[0]
        except errors.InvalidRngError as error:
            raise _refused(".".join(drawing[0]), classes[drawing[0]], "draws at random") from error
    for collection in variables.keys() - {"params"}:
        path, _ = jax.tree_util.tree_flatten_with_path(variables[collection])[0][0]
        names = tuple(entry.key for entry in path)
        while names not in classes:
            names = names[:-1]
        raise _refused(".".join(names), classes[names], f'keeps state, the collection "{collection}"')


@recorded
def from_equinox(build: "Callable[[Key], equinox.Module] | equinox.Module") -> Network:
    """An Equinox module as a pair of pure functions, ``init(key) -> params`` and ``apply(params, x) -> out``.

    ``apply(params, x)_i = module(x_i)``: as everywhere in Equinox, the module sees one sample, without a batch.

    Args:
        build: makes the module from a random key, e.g. ``lambda key: eqx.nn.MLP(2, 2, 64, 2, key=key)``. Or a module that is
            there, such as a trained one: then ``init`` gives its parameters, whatever the key.

    Returns:
        The network; its parameters are the module's arrays of floating point, as nested dicts.

    Raises:
        ImportError: if equinox is not installed, or fails.
        TypeError: if that is no module, or a layer keeps state or draws at random, named by its path and class.

    Example:
        >>> import equinox as eqx, jax, jax.numpy as jnp
        >>> from igm_jax.networks import from_equinox
        >>> net = from_equinox(lambda key: eqx.nn.MLP(3, 2, 8, 1, key=key))
        >>> net.apply(net.init(jax.random.key(0)), jnp.ones((5, 3))).shape
        (5, 2)

    Source: Kidger and Garcia, Equinox: neural networks in JAX via callable PyTrees and filtered transformations, arXiv
    2111.00254.
    """
    try:
        import equinox
    except Exception as error:
        raise unusable("`from_equinox`", "equinox", error, "equinox") from error

    make: Any = (lambda key: build) if isinstance(build, equinox.Module) else build
    made = build if isinstance(build, equinox.Module) else equinox.filter_eval_shape(make, jax.random.key(0))
    _check_equinox(made)
    leaves, structure = jax.tree_util.tree_flatten_with_path(made)
    names = [_names(path) for path, _ in leaves]

    def init(key: Key) -> Params:
        params: Params = {}
        for path, leaf in zip(names, jax.tree.leaves(make(key)), strict=True):
            if equinox.is_array(leaf):
                inner = params
                for name in path[:-1]:
                    inner = inner.setdefault(name, {})
                inner[path[-1]] = leaf
        return params

    def apply(params: Params, x: Array) -> Array:
        filled = [_at(params, path) if _is_array(leaf) else leaf for path, (_, leaf) in zip(names, leaves, strict=True)]
        return jax.vmap(jax.tree.unflatten(structure, filled))(x)

    return Network(init, apply)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | jax.ShapeDtypeStruct)


def _names(path: tuple) -> list[str]:
    """The entries of a leaf's path as text: fields by their names, items of a list by their numbers."""
    return [str(getattr(entry, "name", getattr(entry, "key", getattr(entry, "idx", entry)))) for entry in path]


def _at(params: Params, path: list[str]) -> Array:
    for name in path:
        if not isinstance(params, dict) or name not in params:
            raise ValueError(
                f"`params` must be parameters of this network, but have no {'.'.join(path)!r}; make them with its own `init`"
            )
        params = params[name]
    return params


def _check_equinox(module: Any) -> None:
    """An error that names the layer, if one keeps state, draws at random, or holds arrays that are no parameters."""
    import equinox as eqx

    if not isinstance(module, eqx.Module) or not callable(module):
        raise TypeError(
            f"`build` must give a callable Equinox module, e.g. `lambda key: eqx.nn.MLP(2, 2, 64, 2, key=key)`, but gave"
            f" {type(module).__name__}"
        )
    keepers = (eqx.nn.StatefulLayer, eqx.nn.StateIndex)

    def stops(part: Any) -> bool:
        # A sequence counts as a layer with state, whatever its layers are.
        return isinstance(part, (*keepers, eqx.nn.Dropout)) and not isinstance(part, eqx.nn.Sequential)

    parts = jax.tree_util.tree_flatten_with_path(module, is_leaf=stops)[0]
    for path, part in parts:
        name = ".".join(_names(path))
        if isinstance(part, eqx.nn.Dropout) and part.p and not part.inference:
            advice = "give `eqx.nn.inference_mode(module)`, which switches it off"
            raise _refused(name, type(part).__name__, "draws at random", advice)
        if isinstance(part, keepers):
            raise _refused(name, type(part).__name__, "keeps state")
        if _is_array(part) and not jax.numpy.issubdtype(part.dtype, jax.numpy.inexact):
            kind = f"array of {part.dtype}"
            raise _refused(
                name, kind, "is no parameter", "make it a static field, `eqx.field(static=True)`, of plain numbers"
            )


def _refused(
    path: str,
    kind: str,
    what: str,
    advice: str = "use layers that depend on their parameters and input alone: LayerNorm or GroupNorm in the place of BatchNorm,"
    " no Dropout",
) -> TypeError:
    where = f"its layer {path!r}" if path else "it"
    return TypeError(f"a network must be a pure function of its parameters, but {where} ({kind}) {what}; {advice}")
