"""Data with random access as a source: each epoch in another order, with a position that is one number."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from igm_jax import checks
from igm_jax.batches import Samples
from igm_jax.records import Recorded, recorded
from igm_jax.sources import Shard, SourceError, source

ROUNDS = 6


@dataclasses.dataclass(eq=False, repr=False)
class Shuffled(Recorded):
    """What ``shuffled`` makes: a source (``igm_jax.sources.Source``) of rows that are read by their numbers.

    Attributes:
        read: from row numbers to rows.
        number: how many rows there are.
        batch_size: rows in a batch.
        seed: of the orders.
        shuffle: whether there are any.
    """

    read: Callable[[np.ndarray], Any]
    number: int
    batch_size: int
    seed: int
    shuffle: bool

    def __post_init__(self) -> None:
        self._count = 0
        self._spec: Samples | None = None

    @property
    def spec(self) -> Samples:
        """Shapes and types of a batch, or of this process's share of one."""
        if self._spec is None:
            processes = jax.process_count()
            first = self._batch(0, (jax.process_index(), processes))
            self._spec = jax.tree.map(lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype), first)
        return self._spec

    def start(self, shard: Shard, state: bytes | None) -> Iterator[Samples]:
        """Begin to read: from the first batch on, or after those that a state has seen, whatever their number."""
        self._count = 0 if state is None else self._told(json.loads(state))
        return self._batches(shard)

    def state(self) -> bytes:
        """Where the stream stands, as JSON: how many batches it gave, and of what."""
        return json.dumps({"way": "shuffled", "count": self._count, **self._whole()}).encode()

    def _whole(self) -> dict[str, Any]:
        return {"number": self.number, "batch": self.batch_size, "seed": self.seed, "shuffle": self.shuffle}

    def _told(self, told: dict[str, Any]) -> int:
        if {name: told.get(name) for name in self._whole()} != self._whole() or told.get("way") != "shuffled":
            raise SourceError(
                f"this run was begun with another stream ({told}) than this one ({self._whole()}); pass the same data, batch size"
                " and seed"
            )
        return told["count"]

    def _batches(self, shard: Shard) -> Iterator[Samples]:
        while True:
            batch = self._batch(self._count, shard)
            self._count += 1
            yield batch

    def _batch(self, count: int, shard: Shard) -> Samples:
        process, processes = shard
        if self.batch_size % processes:
            raise SourceError(
                f"a batch of {self.batch_size} cannot be shared by {processes} processes; let them divide it"
            )
        share = self.batch_size // processes
        first = count * self.batch_size + process * share
        rows = self.read(order(np.arange(first, first + share), self.number, self.seed, self.shuffle))
        return next(source([rows]).start((0, 1), None))  # which checks them and makes arrays of them


def order(positions: np.ndarray, number: int, seed: int, shuffle: bool = True) -> np.ndarray:
    """Which row stands at each position of an endless stream: each of ``number`` rows once in every epoch.

    A Feistel network permutes the numbers of some bits, at least as many as there are rows; what falls beyond the rows is
    permuted again. So a position is found at once, and no list of all rows is held.

    Args:
        positions: (m,) positions, from 0.
        number: how many rows there are.
        seed: of the orders, which differ from epoch to epoch.
        shuffle: False for the rows in their own order.

    Returns:
        (m,) row numbers.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data.random_access import order
        >>> sorted(order(np.arange(5, 10), 5, seed=0).tolist())
        [0, 1, 2, 3, 4]
    """
    epochs, places = np.divmod(positions.astype(np.uint64), np.uint64(number))
    if not shuffle:
        return places.astype(np.int64)
    half = np.uint64(max(1, ((number - 1).bit_length() + 1) // 2))
    keys = _mixed(epochs ^ _mixed(np.array([seed], np.uint64)))
    walking = np.ones(len(places), bool)
    while walking.any():
        places[walking] = _permuted(places[walking], half, keys[walking])
        walking = places >= np.uint64(number)
    return places.astype(np.int64)


def _permuted(places: np.ndarray, half: np.uint64, keys: np.ndarray) -> np.ndarray:
    """Numbers of 2 · ``half`` bits, each set of one key permuted."""
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = places >> half, places & mask
    for turn in range(ROUNDS):
        left, right = right, left ^ (_mixed(right ^ keys ^ np.uint64(turn << 58)) & mask)
    return (left << half) | right


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of a number depends on every other."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@recorded
def shuffled(
    read: Callable[[np.ndarray], Samples | np.ndarray],
    number: int,
    batch_size: int,
    *,
    seed: int = 0,
    shuffle: bool = True,
) -> Shuffled:
    """A source of data with random access, such as a file of rows: every row once in each epoch, in another order each time.

    Its position is one number, so that a run that was interrupted goes on at once, wherever it stood; nothing that was seen is
    read again, and no list of all rows is held. Each of several processes reads its share of every batch.

    Args:
        read: ``(m,) row numbers -> (m, d) floats``, or a ``Batch`` of so many.
        number: how many rows there are.
        batch_size: rows in a batch, of all processes together; batches go on across the end of an epoch.
        seed: of the orders.
        shuffle: False for the rows in their own order, again and again.

    Returns:
        The source, a target for ``training``.

    Raises:
        TypeError, ValueError: for what is no function, no seed, or numbers that are not positive.

    Example:
        >>> import numpy as np
        >>> from igm_jax.data import shuffled
        >>> rows = np.arange(10, dtype=np.float32)[:, None]
        >>> stream = shuffled(lambda numbers: rows[numbers], 10, 5)
        >>> batches = stream.start((0, 1), None)
        >>> sorted(np.concatenate([next(batches).values, next(batches).values]).ravel().tolist())
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]

    Source: the permutation is a Feistel network with cycle walking, J. Black and P. Rogaway, Ciphers with arbitrary finite
    domains, CT-RSA 2002.
    """
    if not callable(read):
        raise TypeError(f"`read` must be a function from row numbers to rows, but is {type(read).__name__}")
    number, batch_size = checks.count("number", number), checks.count("batch_size", batch_size)
    return Shuffled(read, number, batch_size, checks.seed("seed", seed), bool(shuffle))
