"""What something was made of: a constructor and its arguments, those again what they were made with, as JSON has it."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import inspect
import json
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.checks import is_concrete

# Arrays of at most so many numbers are written out, larger ones by their digest.
WRITTEN_OUT = 16

# Modules whose functions stood elsewhere when runs were begun that go on: their old names.
MOVED = {"igm_jax.lifts": "igm_jax.base"}


class Made(NamedTuple):
    """A constructor and all its arguments, by name, those left out with their defaults."""

    constructor: Callable[..., Any]
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        return self.constructor.__name__

    @property
    def telling(self) -> dict[str, Any]:
        """The arguments that tell this from others: see ``igm_jax.records.told``."""
        later, incidental = (getattr(self.constructor, name, ()) for name in ("later", "incidental"))
        parameters = inspect.signature(self.constructor).parameters
        return {
            name: value
            for name, value in self.arguments.items()
            if name not in incidental and not (name in later and _is(value, parameters[name].default))
        }

    def again(self) -> Any:
        """The same, made once more."""
        bound = inspect.signature(self.constructor).bind_partial()
        bound.arguments.update(self.arguments)
        return self.constructor(*bound.args, **bound.kwargs)

    def __str__(self) -> str:
        parameters = inspect.signature(self.constructor).parameters.values()
        shown: list[str] = []
        for p in parameters:
            value = self.arguments[p.name]
            if p.kind is p.VAR_POSITIONAL:
                shown += [_shown(one, "") for one in value]
            elif p.kind is p.VAR_KEYWORD:
                shown += [_shown(one, f"{name}=") for name, one in value.items()]
            elif repr(value) != repr(p.default):
                shown.append(_shown(value, "" if p.default is p.empty else f"{p.name}="))
        return f"{self.name}({', '.join(shown)})"


def _is(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, bool | int | float | str) and value == default)


def _shown(value: Any, prefix: str) -> str:
    made = getattr(value, "made", None)
    text = str(made) if isinstance(made, Made) else repr(value)
    return prefix + (text if len(text) <= 80 else f"<{type(value).__name__}>")


class Description(NamedTuple):
    """What something was made of, as JSON has it.

    Attributes:
        value: dicts, lists and scalars. What was made by a constructor is an object that names its ``kind``; a function
            within a function tells what it ``holds``.
        unverified: the places in it that hold code of which nothing but the name is known; two of them may differ.
    """

    value: Any
    unverified: list[str]


def described(value: Any) -> Description:
    """What a value was made of: the same for what was made alike, in any process and on any day.

    Args:
        value: what a recorded constructor returned, or anything that it may be called with.

    Returns:
        The description.

    Example:
        >>> from igm_jax import kernels, objectives
        >>> from igm_jax.descriptions import described
        >>> described({"objective": objectives.mmd(kernels.gaussian(0.5)), "score": lambda x: -x}).unverified
        ['score']
    """
    unverified: list[str] = []
    return Description(_described(value, "", unverified, False, ()), unverified)


def exactly(value: Any) -> str:
    """A text of all that decides what a value does, within one process and one version of Python.

    Args:
        value: as for ``described``.

    Returns:
        The text.

    Raises:
        jax.errors.ConcretizationTypeError: where that is being traced.
    """
    return json.dumps(_described(value, "", [], True, ()), default=repr, sort_keys=True)


def _described(value: Any, place: str, unverified: list[str], exact: bool, inside: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if id(value) in inside:
        return "itself"

    def part(inner: Any, name: object) -> Any:
        return _described(inner, f"{place}.{name}".lstrip("."), unverified, exact, (*inside, id(value)))

    def parts(inner: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        return {str(name): part(one, name) for name, one in inner}

    made = getattr(value, "made", None)
    if isinstance(made, Made):
        # Exactly by its code, as constructors of several modules may have one name.
        kind = part(inspect.unwrap(made.constructor), "kind") if exact else made.name
        return {"kind": kind, **parts((made.arguments if exact else made.telling).items())}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _array(value, exact)
    if isinstance(value, functools.partial):
        holds = parts([*enumerate(value.args), *value.keywords.items()])
        return {"function": part(value.func, "function"), "holds": holds}
    if _is_bound(value):
        return {"function": value.__qualname__, "holds": parts([("self", value.__self__)])}
    if isinstance(value, types.FunctionType):
        if value.__globals__.get("__name__", "").startswith("jaxtyping."):  # a check of types around it
            return part(inspect.unwrap(value), "")
        return _function(value, place, unverified, exact, parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {"kind": part(type(value), "kind") if exact else type(value).__name__, **parts(named)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"kind": type(value).__name__, **parts((name, getattr(value, name)) for name in value._fields)}
    if isinstance(value, Mapping):
        return parts(value.items())
    if isinstance(value, list | tuple):
        return [part(one, i) for i, one in enumerate(value)]
    if type(value).__name__ == "PjitFunction":
        return part(inspect.unwrap(value), "")
    return _object(value, place, unverified, exact)


def _is_bound(value: Any) -> bool:
    """Whether it is a method of some value, and not a function of a module."""
    methods = types.MethodType | types.BuiltinMethodType
    return isinstance(value, methods) and not isinstance(value.__self__, types.ModuleType)


def _object(value: Any, place: str, unverified: list[str], exact: bool) -> Any:
    """What has no parts to look into: a word for it, or of an object of somebody's class its class."""
    if isinstance(value, complex | bytes | slice | np.dtype | types.BuiltinFunctionType):
        return {"kind": type(value).__name__, "value": repr(value)}
    if isinstance(value, set | frozenset):
        return {"kind": type(value).__name__, "value": sorted(map(repr, value))}
    if isinstance(value, type):
        return _class(value, place, unverified, exact)
    unverified.append(place)
    described = {"object": f"{type(value).__module__}.{type(value).__qualname__}"}
    return described | ({"id": id(value)} if exact else {})


def _class(value: type, place: str, unverified: list[str], exact: bool) -> Any:
    """A class by its name; somebody's own, which may have changed, is equal to itself alone."""
    name = f"{value.__module__}.{value.__qualname__}"
    if value.__module__ == "builtins" or _version(value.__module__.split(".")[0]) is not None:
        return name
    unverified.append(place)
    return {"class": name, **({"id": id(value)} if exact else {})}


def _array(value: Any, exact: bool) -> Any:
    if not is_concrete(value):
        raise jax.errors.ConcretizationTypeError(value)
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return {"key": np.asarray(jax.random.key_data(value)).tolist(), "impl": str(jax.random.key_impl(value))}
    known = np.asarray(value)
    plain = known.dtype.kind in "biuf" and not exact
    if plain and known.ndim == 0:
        return known.item()
    kind = f"{known.dtype}{list(known.shape)}"
    if plain and known.size <= WRITTEN_OUT:
        return {"array": kind, "values": known.tolist()}
    bits = repr(known.tolist()).encode() if known.dtype.hasobject else np.ascontiguousarray(known).tobytes()
    return {"array": kind, "sha256": hashlib.sha256(bits).hexdigest()}


def _function(
    value: types.FunctionType,
    place: str,
    unverified: list[str],
    exact: bool,
    parts: Callable[[Iterable[tuple[Any, Any]]], dict[str, Any]],
) -> Any:
    """A function by its name and by what it holds; its code where that is asked for."""
    package = value.__module__.split(".")[0] if value.__module__ else ""
    version = _version(package)
    if version is None and package != "igm_jax":
        unverified.append(place)  # somebody's own code, which may have changed
    name = f"{MOVED.get(value.__module__, value.__module__)}.{value.__qualname__}"
    if version is not None and importable(value):
        return name
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    held = [(free, cell.cell_contents) for free, cell in cells if _filled(cell)]
    holds = parts([*held, *enumerate(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).items()])
    described = {"function": name, "package": f"{package} {version}", "holds": holds}
    if exact:
        read = {name: value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__}
        numbers = {n: one for n, one in read.items() if isinstance(one, bool | int | float | str | tuple | np.ndarray)}
        described |= {"code": _code(value.__code__), "reads": parts(numbers.items())}
    return described


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _code(code: types.CodeType) -> str:
    constants = [_code(one) if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts]
    return hashlib.sha256(repr((code.co_code, constants, code.co_names)).encode()).hexdigest()


@functools.cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def importable(function: Any) -> bool:
    """Whether a name leads to the function, so that another process finds it, too.

    Args:
        function: anything that can be called.

    Returns:
        True if pickle can send it by that name.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "<locals>")
    if module is None or "<" in name:
        return False
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is function
