"""What a PyTorch checkpoint's pickles say, without unpickling: a small machine that knows no class and calls nothing.

A pickle is a program for a stack machine, and Python's own runs whatever it names. This one has only the instructions that
build numbers, texts, lists and dictionaries; of the names in a checkpoint it knows the storages of numbers, two ways to look at
one, and the ordered dictionary, and makes records of them. All else is refused.
"""

import dataclasses
import io
import pickletools
import warnings
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from igm_jax.evaluation.judges.safetensors import MOST_DIMENSIONS

DTYPES: dict[str, Any] = {
    "DoubleStorage": np.float64, "FloatStorage": np.float32, "HalfStorage": np.float16, "BFloat16Storage": jnp.bfloat16,
    "LongStorage": np.int64, "IntStorage": np.int32, "ShortStorage": np.int16, "CharStorage": np.int8,
    "ByteStorage": np.uint8, "BoolStorage": np.bool_, "ComplexDoubleStorage": np.complex128,
    "ComplexFloatStorage": np.complex64,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Name:
    """A class or a function that a pickle names; nothing of it is imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclasses.dataclass(frozen=True)
class Storage:
    """A row of numbers elsewhere in the file: their type, their key, and how many they are."""

    kind: str
    key: str
    count: int


@dataclasses.dataclass(frozen=True)
class View:
    """A tensor: where it begins in its storage, its shape, and its strides in numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


ORDERED, TENSOR = Name("collections", "OrderedDict"), Name("torch._utils", "_rebuild_tensor_v2")
PARAMETER = Name("torch._utils", "_rebuild_parameter")
_KNOWN = {ORDERED, TENSOR, PARAMETER, *(Name("torch", kind) for kind in DTYPES)}

# What is longer was made to fill the memory: each instruction can take a hundred bytes, and each tensor takes some thirty.
MOST_INSTRUCTIONS = 10_000_000

# Some ways of the library that reads the instructions to say that bytes are none.
_DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError, AssertionError, AttributeError, EOFError)

_LITERALS = frozenset(
    ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "NONE", "NEWTRUE", "NEWFALSE")
)  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


def read_pickle(stream: io.BytesIO, *, tensors: bool = False) -> Any:
    """The value of the next pickle in a stream, made of numbers, texts, None, tuples, lists and dictionaries.

    Args:
        stream: positioned at the pickle, and afterwards behind it.
        tensors: whether storages and tensors may occur, too; they become ``Storage`` and ``View``.

    Returns:
        The value.

    Raises:
        ValueError: for a pickle that is damaged, or that names anything else.

    Example:
        >>> import io, os, pickle
        >>> from igm_jax.evaluation.judges.torch_pickles import read_pickle
        >>> read_pickle(io.BytesIO(pickle.dumps({"a": (1, [2.5, None])})))
        {'a': (1, [2.5, None])}
        >>> read_pickle(io.BytesIO(pickle.dumps(print)))
        Traceback (most recent call last):
        igm_jax.evaluation.judges.torch_pickles.RefusedError: it names 'builtins.print', and nothing of that name is used here
    """
    machine = _Machine(tensors)
    try:
        with warnings.catch_warnings():  # of odd texts, as damage makes them
            warnings.simplefilter("ignore")
            for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
                if count >= MOST_INSTRUCTIONS:
                    raise RefusedError(f"a pickle in it has more than {MOST_INSTRUCTIONS} instructions")
                machine.step(opcode.name, argument)
        (value,) = machine.stack
    except RefusedError:
        raise
    except _DAMAGE as error:
        raise ValueError(f"a pickle in it is damaged ({type(error).__name__}: {str(error)[:200]})") from error
    return value


class RefusedError(ValueError):
    """A pickle wants what is not allowed here; the text says what."""


class _Machine:
    """The stack, the marks on it and the memory of one pickle."""

    def __init__(self, tensors: bool) -> None:
        self.tensors = tensors
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self.stack.append(_CONSTANTS.get(name, argument))
        elif name in _INSTRUCTIONS:
            _INSTRUCTIONS[name](self, argument)
        else:
            raise RefusedError(f"a pickle in it has the instruction {name}, which builds no tensor")

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def last(self, n: int) -> list[Any]:
        if len(self.stack) < n:
            raise ValueError("its stack is empty")
        return [self.stack.pop() for _ in range(n)][::-1]

    def update(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict) or len(items) % 2:
            raise ValueError("no dictionary to fill")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):
                raise RefusedError(f"a dictionary in it has a key of the type {type(key).__name__}, not a text")
            self.stack[-1][key] = value

    def extend(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("no list to fill")
        self.stack[-1].extend(items)

    def name(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise RefusedError("it names something by what is no text")
        known = Name(module, name)
        if not self.tensors or known not in _KNOWN:
            raise RefusedError(f"it names {str(known)!r:.200}, and nothing of that name is used here")
        self.stack.append(known)

    def storage(self) -> None:
        (place,) = self.last(1)
        if not (self.tensors and isinstance(place, tuple) and len(place) in (5, 6) and place[0] == "storage"):
            raise RefusedError("it refers to something outside of it that is no storage of numbers")
        kind, key, count = place[1], place[2], place[4]
        named = isinstance(kind, Name) and kind.module == "torch"
        if not (named and isinstance(key, str) and type(count) is int and count >= 0):
            raise RefusedError("it refers to a storage without a type, a key or a size")
        if place[5:] not in ((), (None,)):
            raise RefusedError("it refers to a part of a storage, as PyTorch 0.3 did; save it with a newer one")
        self.stack.append(Storage(kind.name, key, count))

    def reduce(self) -> None:
        function, arguments = self.last(2)
        if not isinstance(arguments, tuple):
            raise ValueError("arguments are no tuple")
        if function == ORDERED and arguments == ():
            self.stack.append({})
        elif function == TENSOR:
            self.stack.append(_view(*arguments))
        elif function == PARAMETER and len(arguments) == 3 and isinstance(arguments[0], View):
            self.stack.append(arguments[0])
        else:
            # What else is there may be short in the file and without end as a text.
            told = repr(str(function))[:200] if isinstance(function, Name | str) else f"a {type(function).__name__}"
            raise RefusedError(f"it calls {told} in a way that makes no tensor")

    def build(self) -> None:
        # An ordered dictionary of parameters carries the versions of the layers as an attribute; arrays need it not.
        owner, _ = self.last(2)
        if not isinstance(owner, dict):
            raise RefusedError("it sets attributes of something that is no dictionary")
        self.stack.append(owner)


def _view(*arguments: Any) -> View:
    """A tensor as its pickle describes it; whether it fits its storage is for the reader of the file to see."""
    if not 6 <= len(arguments) <= 7 or not isinstance(arguments[0], Storage):
        raise RefusedError("it describes a tensor without a storage")
    storage, offset, shape, strides = arguments[:4]
    if len(arguments) == 7 and arguments[6]:
        raise RefusedError("it describes a conjugated or negated tensor; save `tensor.resolve_conj().resolve_neg()`")
    if not (
        isinstance(shape, tuple) and isinstance(strides, tuple) and max(len(shape), len(strides)) <= MOST_DIMENSIONS
    ):
        raise RefusedError(f"it describes a tensor whose shape and strides are not up to {MOST_DIMENSIONS} numbers")
    sizes = (offset, *shape, *strides)
    if len(shape) != len(strides) or not all(type(size) is int and size >= 0 for size in sizes):
        told = ", ".join(str(size) if isinstance(size, int | float) else type(size).__name__ for size in sizes)
        raise RefusedError(
            f"it describes a tensor of {len(shape)} dimensions and {len(strides)} strides, whose offset, shape and strides are"
            f" not all whole numbers from 0 on: {told:.200}"
        )
    return View(storage, offset, shape, strides)


def _mark(machine: _Machine, _: Any) -> None:
    machine.marks.append(len(machine.stack))


def _put(machine: _Machine, index: Any) -> None:
    machine.memory[len(machine.memory) if index is None else index] = machine.stack[-1]


def _fresh(kind: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(kind())


def _tuple(n: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(tuple(machine.last(n)))


_INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda machine, _: None),
    "MARK": _mark,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, index: machine.stack.append(machine.memory[index])),
    "EMPTY_DICT": _fresh(dict),
    "EMPTY_LIST": _fresh(list),
    "EMPTY_TUPLE": _tuple(0),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "SETITEM": lambda machine, _: machine.update(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.since_mark()),
    "APPEND": lambda machine, _: machine.extend(machine.last(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "GLOBAL": lambda machine, text: machine.name(*text.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*machine.last(2)),
    "BINPERSID": lambda machine, _: machine.storage(),
    "REDUCE": lambda machine, _: machine.reduce(),
    "BUILD": lambda machine, _: machine.build(),
}
