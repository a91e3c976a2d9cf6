"""What a constructor was called with, kept by what it made: for pickling, for equality, and for a run's identity.

An objective is a few functions, and a function cannot say what it was made of. So every constructor of the package is
``recorded``: what it returns remembers its name and its arguments, those again what they were made with. From this one record
a value is rebuilt in another process, compared with another, printed, and described in a run's config.
"""

import dataclasses
import functools
import hashlib
import importlib.metadata
import inspect
import json
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax.checks import is_concrete

P = ParamSpec("P")
R = TypeVar("R")

# Arrays of at most so many numbers are written out, larger ones by their digest.
WRITTEN_OUT = 16


class Made(NamedTuple):
    """A constructor and all its arguments, by name, those left out with their defaults."""

    constructor: Callable[..., Any]
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        return self.constructor.__name__

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


def _shown(value: Any, prefix: str) -> str:
    text = repr(value)
    return prefix + (text if len(text) <= 80 else f"<{type(value).__name__}>")


class Recorded:
    """What ``recorded`` constructors return: equal to what was made alike, rebuilt when it is unpickled, printed as it was made.

    Attributes:
        made: its constructor and arguments; None for what was put together by hand, which is equal to itself alone.
    """

    made: Made | None = None

    def __reduce__(self) -> tuple:
        if self.made is None:
            raise TypeError(
                f"a {type(self).__name__} that was put together by hand cannot be pickled; make it in a function decorated"
                " with `igm_jax.records.recorded`, which is then called again where it is unpickled"
            )
        return _again, (self.made.constructor, {name: _packed(value) for name, value in self.made.arguments.items()})

    def __copy__(self) -> "Recorded":
        return self

    def __deepcopy__(self, memo: dict) -> "Recorded":
        return self

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, Recorded) or type(self) is not type(other):
            return self is other
        mine = _digest(self)
        return mine is not None and mine == _digest(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        mine = _digest(self)
        return object.__hash__(self) if mine is None else hash(mine)

    def __repr__(self) -> str:
        return super().__repr__() if self.made is None else str(self.made)


def recorded(constructor: Callable[P, R]) -> Callable[P, R]:
    """A constructor whose results remember it and its arguments.

    Args:
        constructor: a function of a module, whose results are ``Recorded`` or functions.

    Returns:
        The same function; its results have an attribute ``made``.

    Example:
        >>> import pickle
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import mmd
        >>> mmd(gaussian(1.0)), mmd(gaussian(1.0)) == mmd(gaussian(1.0)), mmd(gaussian(1.0)) == mmd(gaussian(2.0))
        (mmd(gaussian(1.0)), True, False)
        >>> pickle.loads(pickle.dumps(mmd(gaussian(1.0)))) == mmd(gaussian(1.0))
        True
    """
    signature = inspect.signature(constructor)

    @functools.wraps(constructor)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        value = constructor(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        made = Made(wrapper, dict(bound.arguments))
        if isinstance(value, Recorded):
            # A copy: what a constructor hands through has a record of its own.
            value = type(value)(*value) if isinstance(value, tuple) else dataclasses.replace(value)  # pyrefly: ignore
            object.__setattr__(value, "made", made)
        elif isinstance(value, types.FunctionType) and not hasattr(value, "made"):
            value.made = made  # pyrefly: ignore
        return value

    wrapper.records = True  # pyrefly: ignore
    return wrapper


# --- pickling ---


class _Foreign:
    """A function of another package, or of somebody's script, which pickle alone cannot send."""

    def __init__(self, value: Any):
        self.value = value

    def __reduce__(self) -> tuple:
        try:
            import cloudpickle
        except ModuleNotFoundError as error:
            raise TypeError(
                f"{self.value!r} is a function within a function, which takes the package cloudpickle to be pickled:"
                " `pip install cloudpickle`"
            ) from error
        return cloudpickle.loads, (cloudpickle.dumps(self.value),)


def _packed(value: Any) -> Any:
    """The value with its local functions wrapped, so that pickle can send it."""
    if isinstance(value, Recorded):
        return value
    if isinstance(value, tuple):
        parts = [_packed(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, list):
        return [_packed(part) for part in value]
    if isinstance(value, dict):
        return {name: _packed(part) for name, part in value.items()}
    return _Foreign(value) if callable(value) and not isinstance(value, type) and not _importable(value) else value


def _again(constructor: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    return Made(constructor, arguments).again()


def _importable(function: Any) -> bool:
    """Whether a name leads to the function, so that another process finds it, too."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "<locals>")
    if module is None or "<" in name:
        return False
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is function


# --- description ---


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
        >>> from igm_jax.kernels import gaussian
        >>> from igm_jax.objectives import mmd
        >>> from igm_jax.records import described
        >>> described({"objective": mmd(gaussian(0.5)), "score": lambda x: -x}).unverified
        ['score']
    """
    unverified: list[str] = []
    return Description(_described(value, "", unverified, False, ()), unverified)


def _digest(value: Recorded) -> str | None:
    """A digest of all that decides what a value does, within one version of Python; None if that cannot be known."""
    if value.made is None:
        return None
    known = value.__dict__.get("_known")
    if known is None:
        try:
            text = json.dumps(_described(value, "", [], True, ()), default=repr)
        except jax.errors.ConcretizationTypeError:
            return None
        known = hashlib.sha256(text.encode()).hexdigest()
        object.__setattr__(value, "_known", known)
    return known


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
        return {"kind": kind, **parts(made.arguments.items())}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _array(value, exact)
    if isinstance(value, functools.partial):
        return {
            "function": part(value.func, "function"),
            "holds": parts([*enumerate(value.args), *value.keywords.items()]),
        }
    if isinstance(value, types.MethodType):
        return {"function": value.__qualname__, "holds": parts([("self", value.__self__)])}
    if isinstance(value, types.FunctionType):
        if value.__globals__.get("__name__", "").startswith("jaxtyping."):  # a check of types around it
            return part(inspect.unwrap(value), "")
        return _function(value, place, unverified, exact, parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {"kind": type(value).__name__, **parts(named)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"kind": type(value).__name__, **parts((name, getattr(value, name)) for name in value._fields)}
    if isinstance(value, Mapping):
        return parts(value.items())
    if isinstance(value, list | tuple):
        return [part(one, i) for i, one in enumerate(value)]
    if hasattr(value, "__wrapped__"):  # such as what jax.jit returns
        return part(value.__wrapped__, "")
    if isinstance(value, type | np.dtype | types.BuiltinFunctionType):
        return getattr(value, "__qualname__", str(value))
    return _object(value, place, unverified, exact)


def _object(value: Any, place: str, unverified: list[str], exact: bool) -> dict[str, Any]:
    unverified.append(place)
    described = {"object": f"{type(value).__module__}.{type(value).__qualname__}"}
    return described | ({"id": id(value)} if exact else {})


def _array(value: Any, exact: bool) -> Any:
    if not is_concrete(value):
        raise jax.errors.ConcretizationTypeError(value)
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return {"key": np.asarray(jax.random.key_data(value)).tolist(), "impl": str(jax.random.key_impl(value))}
    known = np.asarray(value)
    if known.size <= WRITTEN_OUT and not exact:
        return known.tolist()
    digest = hashlib.sha256(np.ascontiguousarray(known).tobytes()).hexdigest()
    return {"array": f"{known.dtype}{list(known.shape)}", "sha256": digest}


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
    name = f"{value.__module__}.{value.__qualname__}"
    if version is not None and _importable(value):
        return name
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    held = [(free, cell.cell_contents) for free, cell in cells if _filled(cell)]
    holds = parts([*held, *enumerate(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).items()])
    described = {"function": name, "package": f"{package} {version}", "holds": holds}
    return described | ({"code": _code(value.__code__)} if exact else {})


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
