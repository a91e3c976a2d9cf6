"""Recipes: what a recorded value was made of, written so fully that another process makes it again, without running code.

A description (``igm_jax.descriptions``) tells two values apart, and forgets what it does not need for that. A recipe keeps all:
the constructor's name, every argument, arrays in full. It names what the package itself has, and only that is called when it
is read: recorded constructors, and of functions those that networks take. Somebody's own code is never looked up by its name.
"""

import importlib
import inspect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.lib import format as npy

from igm_jax.descriptions import Made

MAX_BYTES = 64 << 20
"""Arrays of more than so many bytes are not copied into a recipe."""

_ELEMENTWISE = ("abs", "cos", "exp", "maximum", "minimum", "sin", "sinh", "sqrt", "square", "tanh")
_WRONG = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_NAME = re.compile(r"igm_jax(\.[a-z][a-z0-9_]*)*:[A-Za-z][A-Za-z0-9_]*")


class RecipeError(ValueError):
    """A recipe cannot be followed: it is damaged, of another version, or asks for what is not in the package."""


class Recipe(NamedTuple):
    """How a value is made.

    Attributes:
        value: the recipe as JSON has it; None where something is missing.
        arrays: the arrays in it, by the names that it calls them by.
        missing: the places whose making cannot be written down, each with the reason.
    """

    value: Any
    arrays: dict[str, np.ndarray]
    missing: dict[str, str]


def recipe_of(value: Any, name: str) -> Recipe:
    """How a value is made.

    Args:
        value: what a recorded constructor of the package returned.
        name: what errors call it.

    Returns:
        The recipe.

    Example:
        >>> from igm_jax.distributions import normal
        >>> from igm_jax.recipes import recipe_of
        >>> recipe_of(normal(2), "base").value
        {'made': 'igm_jax.distributions:normal', 'arguments': {'dim': 2}}
        >>> recipe_of(lambda key, n: key, "base").missing
        {'base': 'is a function of your own, of which only a name is known'}
    """
    writer = _Writer({}, {})
    written = writer.write(value, name)
    return Recipe(None if writer.missing else written, writer.arrays, writer.missing)


def rebuilt(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """What a recipe makes.

    Args:
        value: a recipe's ``value``, as it was or from a file.
        arrays: its arrays.

    Returns:
        The same as what the recipe was written of.

    Raises:
        RecipeError: for a recipe that is damaged, or that asks for anything but what the package has.

    Example:
        >>> from igm_jax.distributions import normal
        >>> from igm_jax.recipes import rebuilt, recipe_of
        >>> recipe = recipe_of(normal(2), "base")
        >>> rebuilt(recipe.value, recipe.arrays) == normal(2)
        True
    """
    try:
        return _built(value, arrays)
    except RecipeError:
        raise
    except RecursionError as error:
        raise RecipeError("it is nested too deeply") from error
    except _WRONG as error:
        raise RecipeError(f"it holds what its constructors do not take ({type(error).__name__}: {error})") from error


class _Writer(NamedTuple):
    arrays: dict[str, np.ndarray]
    missing: dict[str, str]

    def write(self, value: Any, place: str) -> Any:
        """The value as JSON has it; what cannot be written is noted in ``missing``."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float) and not isinstance(value, np.generic):
            return value if math.isfinite(value) else {"float": repr(value)}
        if isinstance(made := getattr(value, "made", None), Made):
            return self._made(made, place)
        if isinstance(value, np.ndarray | np.generic | jax.Array):
            return self._array(value, place)
        if type(value) is tuple:
            return {"tuple": [self.write(part, f"{place}[{i}]") for i, part in enumerate(value)]}
        if type(value) is list:
            return [self.write(part, f"{place}[{i}]") for i, part in enumerate(value)]
        if type(value) is dict and all(isinstance(key, str) for key in value):
            return {"dict": {key: self.write(part, f"{place}.{key}") for key, part in value.items()}}
        if name := next((name for name, function in _functions().items() if function is value), None):
            return {"function": name}
        return self._miss(place, _reason(value))

    def _made(self, made: Made, place: str) -> Any:
        if (name := _public_name(made.constructor)) is None:
            ours = f"`{made.constructor.__module__}.{made.name}`"
            return self._miss(place, f"was made by {ours}, which is not a constructor that igm_jax offers")
        arguments = {name: self.write(one, f"{place}.{name}") for name, one in made.arguments.items()}
        return {"made": name, "arguments": arguments}

    def _array(self, value: Any, place: str) -> Any:
        key = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
        known = np.asarray(jax.random.key_data(value) if key else value)
        if known.dtype.hasobject:
            return self._miss(place, "is an array of Python objects")
        if npy.descr_to_dtype(npy.dtype_to_descr(known.dtype)) != known.dtype:  # they keep the bytes, not their meaning
            return self._miss(place, f"is an array of {known.dtype}, which NumPy's files do not keep")
        if sum(one.nbytes for one in self.arrays.values()) + known.nbytes > MAX_BYTES:
            return self._miss(place, f"is an array of {known.nbytes / 2**20:.0f} MiB, which is too large to be copied")
        name = str(len(self.arrays))
        self.arrays[name] = known
        if key:
            return {"key": name, "impl": str(jax.random.key_impl(value))}
        return {"array": name, "of": "jax" if isinstance(value, jax.Array) else "numpy"}

    def _miss(self, place: str, reason: str) -> None:
        self.missing[place] = reason


def _reason(value: Any) -> str:
    if inspect.isroutine(value):
        return "is a function of your own, of which only a name is known"
    if hasattr(value, "made"):
        return f"is a {type(value).__name__} that was put together by hand"
    return f"is an object of {type(value).__module__}.{type(value).__qualname__}, which holds more than can be written"


def _functions() -> dict[str, Callable[..., Any]]:
    """The functions that a recipe may name: activations."""
    named = {f"jax.nn:{name}": one for name, one in vars(jax.nn).items() if name[0] != "_" and callable(one)}
    named |= {f"jax.numpy:{name}": getattr(jnp, name) for name in _ELEMENTWISE}
    networks = importlib.import_module("igm_jax.networks")
    return named | {f"igm_jax.networks:{name}": getattr(networks, name) for name in networks.__all__}


def _public_name(constructor: Callable[..., Any]) -> str | None:
    """Where a constructor of the package is offered, as high up as possible, so that a recipe outlives a file's move."""
    parts, name = constructor.__module__.split("."), constructor.__name__
    if parts[0] != "igm_jax":
        return None
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        found = getattr(importlib.import_module(module), name, None)
        if callable(found) and inspect.unwrap(found) is inspect.unwrap(constructor):
            return f"{module}:{name}"
    return None


def _built(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_built(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"made": str(name), "arguments": dict(arguments), **rest} if not rest:
            constructor = _constructor(name)
            if unknown := sorted(arguments.keys() - inspect.signature(constructor).parameters.keys()):
                raise RecipeError(f"{name} has no argument {unknown[0]!r} in this version of igm_jax")
            return Made(constructor, {key: _built(part, arrays) for key, part in arguments.items()}).again()
        case {"tuple": list(parts), **rest} if not rest:
            return tuple(_built(part, arrays) for part in parts)
        case {"dict": dict(parts), **rest} if not rest:
            return {key: _built(part, arrays) for key, part in parts.items()}
        case {"float": "inf" | "-inf" | "nan" as number, **rest} if not rest:
            return float(number)
        case {"array": str(name), "of": "jax" | "numpy" as kind, **rest} if not rest and name in arrays:
            return jnp.asarray(arrays[name]) if kind == "jax" else arrays[name]
        case {"key": str(name), "impl": str(impl), **rest} if not rest and name in arrays:
            return jax.random.wrap_key_data(jnp.asarray(arrays[name]), impl=impl)
        case {"function": str(name), **rest} if not rest and name in _functions():
            return _functions()[name]
    raise RecipeError(f"it holds {str(value)[:100]!r}, which no recipe says")


def _constructor(name: str) -> Callable[..., Any]:
    """The recorded constructor of the package that a recipe names; nothing else is imported or called."""
    found: Any = None
    if _NAME.fullmatch(name):
        module, attribute = name.split(":")
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        except ImportError:
            found = None
    if not getattr(found, "records", False) or found.__module__.split(".")[0] != "igm_jax":
        raise RecipeError(f"it asks for {name!r}, which is no constructor of this version of igm_jax")
    return found
