"""Data that come from the host, a batch at a time: for what does not fit on the device, or is not drawn there.

A target is drawn within the compiled step. A source is read beside it: any iterator of arrays or batches, grain's data sets,
torch's loaders. ``igm_jax.training.train`` reads ahead, checks every batch, and keeps the source's position with the state.
"""

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from igm_jax import digits
from igm_jax.batches import Batch, Samples, checked
from igm_jax.records import Recorded, recorded

Shard = tuple[int, int]
"""Which process of how many reads: each is given its share of every batch."""


@runtime_checkable
class Source(Protocol):
    """Data that come from the host; ``source`` makes one, and an object of your own with these three is one, too.

    Attributes:
        spec: shapes and types of a batch, ``jax.ShapeDtypeStruct`` in the place of arrays; of several processes, of the share of
            each. All batches have them.
    """

    @property
    def spec(self) -> Samples: ...

    def start(self, shard: Shard, state: bytes | None) -> Iterator[Samples]:
        """Begin to read: from the first batch on, or after those that a state has seen."""
        ...

    def state(self) -> bytes | None:
        """Where the stream that was started last stands, after the batches it gave; None if it cannot be gone on with."""
        ...


class SourceError(RuntimeError):
    """A source ended, raised, or gave a batch of another shape or type; the text says which batch."""


@dataclasses.dataclass(eq=False, repr=False)
class Stream(Recorded):
    """What ``source`` makes: a source of any iterable.

    Attributes:
        batches: the function or iterable.
        transform: from what it gives to samples.
    """

    batches: Any
    transform: Callable[[Any], Samples] | None

    def __post_init__(self) -> None:
        self._iterator: Any = None
        self._origin: Any = None  # the state of an iterator that has one, before anything was read
        self._read_before = False
        self._ahead: list[Any] = []  # of an iterator that cannot begin again: what was read to know its shapes
        self._count = 0
        self._spec: Samples | None = None

    @property
    def resumes(self) -> str:
        """How a stream is gone on with: "state" by its own, "skip" by reading what was seen again, "" not at all."""
        iterator = self._iterator if self._iterator is not None else self._opened(_here())
        if all(hasattr(iterator, name) for name in ("get_state", "set_state")):
            return "state"
        return "skip" if callable(self.batches) or isinstance(self.batches, Sequence) else ""

    @property
    def spec(self) -> Samples:
        if self._spec is None:
            first = self._made(self._first(), 1)
            self._spec = jax.tree.map(lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype), first)
        return self._spec

    def _first(self) -> Any:
        if self._begins_again():
            return _next(self._opened(_here()), 1)
        self._begin()
        self._ahead = [_next(self._iterator, 1)]
        return self._ahead[0]

    def _begin(self) -> None:
        """Take hold of an iterator that cannot begin again, and of the state that it begins in, if it has one."""
        self._iterator = iter(self.batches)
        if self.resumes == "state":
            self._origin = self._iterator.get_state()

    def _begins_again(self) -> bool:
        return callable(self.batches) or not isinstance(self.batches, Iterator)

    def _opened(self, shard: Shard) -> Iterator:
        if not callable(self.batches):
            return iter(self.batches)
        return iter(self.batches(shard) if _asks(self.batches) else self.batches())

    def start(self, shard: Shard, state: bytes | None) -> Iterator[Samples]:
        """Begin to read: from the first batch on, or after those that a state has seen."""
        if self._begins_again():
            self._iterator, self._ahead = self._opened(shard), []
        elif self._iterator is None:
            self._begin()
        elif self._read_before:
            self._from_the_origin()
        self._count, self._read_before, way = 0, True, self.resumes
        if state is not None:
            self._go_to(json.loads(state), way)
        return self._read()

    def _from_the_origin(self) -> None:
        if self._origin is None:
            raise SourceError(
                "this source was read before, and its iterator cannot begin again; pass a function that makes a new one, or make"
                " a new source"
            )
        self._iterator.set_state(self._origin)
        self._ahead = []

    def _go_to(self, told: dict[str, Any], way: str) -> None:
        if told["way"] != way:
            raise SourceError(
                f"this run was begun with a source that is gone on with by {told['way']!r}, but now by {way!r}; pass the same"
                " kind of source"
            )
        self._ahead = []
        if way == "state":
            known = told["state"]
            self._iterator.set_state(bytes.fromhex(known["bytes"]) if "bytes" in known else known["value"])
        else:
            for number in range(told["count"]):
                _next(self._iterator, number + 1)
        self._count = told["count"]

    def _read(self) -> Iterator[Samples]:
        while True:
            number = self._count + 1
            raw = self._ahead.pop() if self._ahead else _next(self._iterator, number)
            self._count = number
            yield self._made(raw, number)

    def _made(self, raw: Any, number: int) -> Samples:
        """A batch as NumPy has it, of floats, checked."""
        batch = raw if self.transform is None else self.transform(raw)
        if isinstance(batch, list | tuple | dict) and not isinstance(batch, Batch):
            raise TypeError(
                f"batch {number} of the source is a {type(batch).__name__} of {len(batch)}; say which part is what:"
                " `source(batches, lambda parts: Batch(parts[0], condition=parts[1]))`"
            )
        batch = jax.tree.map(partial(_plain, number), batch if isinstance(batch, Batch) else Batch(batch))
        values = batch.values
        if not jnp.issubdtype(values.dtype, jnp.floating):
            raise TypeError(
                f"batch {number} of the source holds {values.dtype}, but must hold floats; scale it in `transform`, e.g."
                " `lambda raw: raw.astype('float32') / 127.5 - 1` for bytes"
            )
        return jax.tree.map(partial(_as_jax_has_it, number), checked(f"batch {number}", batch))

    def state(self) -> bytes | None:
        """Where the stream stands, as JSON; None for one that cannot be gone on with."""
        way = self.resumes
        if not way:
            return None
        told: dict[str, Any] = {"way": way, "count": self._count}
        if way == "state":
            known = self._iterator.get_state()
            told["state"] = {"bytes": known.hex()} if isinstance(known, bytes) else {"value": known}
        try:
            return json.dumps(told).encode()
        except TypeError as error:
            raise SourceError(
                f"the state of the source must be bytes, or numbers, texts, lists and dicts that JSON takes, but is not: {error}"
            ) from error


def _asks(make: Callable[..., Any]) -> bool:
    """Whether a function must be told which process reads: its first argument has no default."""
    try:
        parameters = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _here() -> Shard:
    return jax.process_index(), jax.process_count()


def _as_jax_has_it(number: int, part: np.ndarray) -> np.ndarray:
    """An array in the type that JAX keeps it in, which is of 32 bits unless it is told otherwise."""
    kind = jax.dtypes.canonicalize_dtype(part.dtype)
    if kind == part.dtype:
        return part
    if (
        part.dtype.kind in "iu"
        and part.size
        and not (np.iinfo(kind).min <= part.min() and part.max() <= np.iinfo(kind).max)
    ):
        raise ValueError(
            f"batch {number} of the source holds integers up to {part.max()}, beyond {kind}; number them anew"
        )
    with np.errstate(over="ignore"):
        narrow = part.astype(kind)
    if part.dtype.kind == "f":
        if not np.isfinite(narrow[np.isfinite(part)]).all():
            raise ValueError(
                f"batch {number} of the source holds numbers beyond {kind}, such as {np.max(np.abs(part))}; rescale it"
            )
        if part.ndim == 2:
            digits.check_kept([f"batch {number}"], [part], [narrow])
    return narrow


def _plain(number: int, part: Any) -> np.ndarray:
    if np.ma.is_masked(part):
        raise ValueError(
            f"batch {number} of the source is a masked array; say what is missing by `Batch(values, observed=~mask)`"
        )
    return np.asarray(part)


def _next(iterator: Iterator, number: int) -> Any:
    try:
        return next(iterator)
    except StopIteration:
        raise SourceError(
            f"the source ended before batch {number}; let it begin again, e.g. in an endless loop over its epochs"
        ) from None


@recorded
def source(
    batches: Callable[..., Iterable[Any]] | Iterable[Any], transform: Callable[[Any], Samples] | None = None
) -> Stream:
    """A source of anything that gives batches one after the other; endless, or as long as the run.

    How a run that was interrupted goes on depends on what it is:

    * a function ``make()``, or ``make((process, processes))`` where its first argument has no default, each of whose calls gives
      the same batches in the same order, or a list: what was seen is read again and skipped;
    * what has ``get_state`` and ``set_state``, such as the iterator of a ``grain`` data set: it goes to its place. A state is
      bytes, or what JSON takes;
    * anything else, such as torch's ``DataLoader`` or a generator: it cannot, and ``train`` says so at the start.

    Args:
        batches: the function or iterable. Each batch is an array (m, d) of floats, a ``Batch``, or what ``transform`` makes one
            of.
        transform: from what comes to an array or ``Batch``; None for nothing.

    Returns:
        The source, a target for ``training``. All batches have the shapes and types of the first.

    Raises:
        TypeError: for what is neither a function nor iterable; while running, for batches that are not floats.
        SourceError: while running, if it ends.

    Example:
        >>> import numpy as np
        >>> from igm_jax.sources import source
        >>> def batches():
        ...     draws = np.random.default_rng(0)
        ...     while True:
        ...         yield draws.normal(size=(4, 2)).astype(np.float32)
        >>> data = source(batches)
        >>> data.spec.values.shape, next(data.start((0, 1), None)).values.shape
        ((4, 2), (4, 2))
    """
    if not callable(batches) and not isinstance(batches, Iterable):
        raise TypeError(
            "`batches` must be a function that gives an iterator of batches, or iterable, but is"
            f" {type(batches).__name__}; of an array `igm_jax.distributions.dataset(array)` makes a target"
        )
    return Stream(batches, transform)
