"""What a constructor was called with, kept by what it made: for pickling, for equality, and for a run's identity.

An objective is a few functions, and a function cannot say what it was made of. So every constructor of the package is
``recorded``: what it returns remembers its name and its arguments, those again what they were made with. From this one record
a value is rebuilt in another process, compared with another, printed, and described in a run's config.
"""

import dataclasses
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np

from igm_jax.descriptions import Made, exactly, importable
from igm_jax.extras import unusable

P = ParamSpec("P")
R = TypeVar("R")
Function = TypeVar("Function", bound=Callable[..., Any])


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
        # What is of this process alone, such as its devices, stays here.
        incidental = getattr(self.made.constructor, "incidental", ())
        sent = {name: _packed(value) for name, value in self.made.arguments.items() if name not in incidental}
        return _again, (self.made.constructor, sent)

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
        if self.made is not None:
            return str(self.made)
        return (
            super().__repr__() if isinstance(self, tuple) else f"{type(self).__name__}({getattr(self, 'name', '')!r})"
        )


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
        made = Made(wrapper, {name: _kept(argument) for name, argument in bound.arguments.items()})
        if isinstance(value, Recorded):
            # A copy: what a constructor hands through has a record of its own.
            value = type(value)(*value) if isinstance(value, tuple) else dataclasses.replace(value)  # pyrefly: ignore
            object.__setattr__(value, "made", made)
        elif isinstance(value, types.FunctionType) and not hasattr(value, "made"):
            value.made = made  # pyrefly: ignore
        return value

    wrapper.records = True  # pyrefly: ignore
    return wrapper


def told(later: Sequence[str] = (), incidental: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Mark which arguments of a recorded constructor say nothing of what it makes.

    Args:
        later: that came after runs had been begun without them: at their defaults they are not written down, so that these runs
            go on.
        incidental: that decide how something is computed, not what.

    Returns:
        A decorator, which goes under ``recorded``.
    """

    def mark(constructor: Function) -> Function:
        setattr(constructor, "later", tuple(later))  # noqa: B010  no function is known to have it
        setattr(constructor, "incidental", tuple(incidental))  # noqa: B010
        return constructor

    return mark


def _kept(argument: Any) -> Any:
    """An argument as it is now: its lists, dicts and NumPy arrays may be changed afterwards."""
    if type(argument) in (list, tuple):
        return type(argument)(_kept(part) for part in argument)
    if type(argument) is dict:
        return {name: _kept(part) for name, part in argument.items()}
    return argument.copy() if isinstance(argument, np.ndarray) else argument


def _digest(value: Recorded) -> str | None:
    """A digest of all that decides what a value does, within one version of Python; None if that cannot be known."""
    if value.made is None:
        return None
    known = value.__dict__.get("_known")
    if known is None:
        try:
            text = exactly(value)
        except jax.errors.ConcretizationTypeError:
            return None
        known = hashlib.sha256(text.encode()).hexdigest()
        object.__setattr__(value, "_known", known)
    return known


# --- pickling ---


class _Foreign:
    """A function of another package, or of somebody's script, which pickle alone cannot send."""

    def __init__(self, value: Any):
        self.value = value

    def __reduce__(self) -> tuple:
        try:
            import cloudpickle
        except Exception as error:
            what = f"{self.value!r}, a function within a function, to be pickled"
            raise TypeError(str(unusable(what, "cloudpickle", error))) from error
        return cloudpickle.loads, (cloudpickle.dumps(self.value),)


class _Remade:
    """A function that a recorded constructor made, which is called again."""

    def __init__(self, made: Made):
        self.made = made

    def __reduce__(self) -> tuple:
        return _again, (self.made.constructor, {name: _packed(value) for name, value in self.made.arguments.items()})


def _packed(value: Any) -> Any:
    """The value with its local functions wrapped, so that pickle can send it."""
    if isinstance(value, Recorded):
        return value
    if isinstance(made := getattr(value, "made", None), Made):
        return _Remade(made)
    if isinstance(value, tuple):
        parts = [_packed(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, list):
        return [_packed(part) for part in value]
    if isinstance(value, dict):
        return {name: _packed(part) for name, part in value.items()}
    return _Foreign(value) if callable(value) and not isinstance(value, type) and not importable(value) else value


def _again(constructor: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    return Made(constructor, arguments).again()
