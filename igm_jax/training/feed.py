"""Data from the host on their way to the device: read ahead while the device computes, with the place where the stream stood."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from igm_jax.batches import Samples
from igm_jax.sources import Source, SourceError
from igm_jax.training.parts import whole_spec
from igm_jax.training.step import Run, parts_of

# So many bytes of batches may lie ready for one visit of the host; as many are read ahead meanwhile.
READY = 2**26


class Portion(NamedTuple):
    """The batches of some steps, (steps, updates, ...), on the device.

    Attributes:
        data: the batches, with room for as many steps as a portion may have.
        steps: how many there are.
        position: where the stream stands after them.
        error: why there are fewer than were asked for.
    """

    data: Any
    steps: int
    position: bytes | None
    error: SourceError | None = None


class Feed:
    """The batches of a run, some steps at a time; a context manager, at whose end nothing waits for the source.

    Args:
        source: the source.
        run: the run that it feeds.
        most: steps of a portion, at most; it has the shape of so many, whatever it holds.
        lengths: how many steps each portion is for.
        position: where the stream goes on, from a checkpoint; None for its beginning.

    Attributes:
        resumes: whether the source can say where it stands.
        most: steps of a portion.
    """

    def __init__(self, source: Source, run: Run, most: int, lengths: Iterator[int], position: bytes | None) -> None:
        parts = parts_of(run)
        assert parts is not None  # a run put together by hand has no source
        self._source, self._parts, self._lengths = source, parts, lengths
        self.most, self._given = most, 0
        try:
            self._stream = source.start((jax.process_index(), jax.process_count()), position)
            self.resumes = source.state() is not None
        except Exception as error:
            raise _failed(error, "when it was started") from error
        self._ready: queue.Queue[Portion] = queue.Queue(1)
        self._ended = threading.Event()
        # It may hang in the source for ever, and must then not keep the process.
        self._reader = threading.Thread(target=self._read_ahead, name="source", daemon=True)

    def __enter__(self) -> "Feed":
        self._reader.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._ended.set()
        self._reader.join(timeout=1)

    @property
    def shapes(self) -> tuple[Any]:
        """The shapes of a portion, as what a chunk takes besides its state and length."""
        lead, of_all = (self.most, self._parts.inner_steps + 1), whole_spec(self._source)
        return (jax.tree.map(lambda part: jax.ShapeDtypeStruct((*lead, *part.shape), part.dtype), of_all),)

    def take(self, stopped: Callable[[], Any] = lambda: None) -> Portion | None:
        """The next portion; the one after it is read meanwhile.

        Args:
            stopped: asked while the source is waited for; if it says something, nobody waits any longer.

        Returns:
            The portion, or None if it was stopped.

        Raises:
            SourceError: if the source ended, raised, or gave something else than its first batch, and no step is left.
        """
        while True:
            try:
                portion = self._ready.get(timeout=0.1)
            except queue.Empty:
                if stopped():
                    return None
                continue
            if portion.error is not None and not portion.steps:
                raise portion.error
            return portion

    def _read_ahead(self) -> None:
        """What the reader does: portions, until there are no more, or one could not be filled."""
        for length in self._lengths:
            portion = self._portion(length)
            if not self._hand_over(portion):
                return
            if portion.error is not None:
                self._hand_over(portion._replace(steps=0))
                return

    def _hand_over(self, portion: Portion) -> bool:
        while not self._ended.is_set():
            try:
                self._ready.put(portion, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def _portion(self, length: int) -> Portion:
        """As many steps as the source gives, up to ``length``."""
        spec, updates = self._source.spec, self._parts.inner_steps + 1
        # Of one shape however many steps there are: one program, whose roundings do not depend on where it is cut.
        room = jax.tree.map(lambda part: np.zeros((self.most, updates, *part.shape), part.dtype), spec)
        places, shapes = jax.tree.flatten(room)
        step, failed, position = 0, None, None
        try:
            while step < length and not self._ended.is_set():
                for update in range(updates):
                    self._given += 1
                    for place, part in zip(places, self._checked(next(self._stream), spec, shapes), strict=True):
                        place[step, update] = part
                step, position = step + 1, self._source.state()
        except StopIteration:
            failed = SourceError(
                f"it ended at batch {self._given} of this session; let it begin again, or ask for fewer steps"
            )
        except Exception as error:
            failed = _failed(error, f"at batch {self._given} of this session")
        return Portion(jax.tree.map(self._placed, room), step, position, failed)

    def _checked(self, batch: Samples, spec: Samples, expected: Any) -> list[Any]:
        """The arrays of a batch, if they are like those of the first."""
        parts, made = jax.tree.flatten(jax.tree.map(np.asarray, batch))
        told = [f"{np.dtype(part.dtype)}{list(part.shape)}" for part in parts]
        wanted = [f"{np.dtype(part.dtype)}{list(part.shape)}" for part in jax.tree.leaves(spec)]
        if made != expected or told != wanted:
            raise SourceError(
                f"batch {self._given} of this session is {', '.join(told)}, but the source said {', '.join(wanted)}; give all"
                " batches one shape and type, e.g. drop a last one that is smaller"
            )
        return parts

    def _placed(self, array: np.ndarray) -> Any:
        """On the device; over a mesh, each process's share of every batch."""
        mesh = self._parts.mesh
        if mesh is None:
            return jax.device_put(array)
        return jax.make_array_from_process_local_data(
            NamedSharding(mesh, PartitionSpec(None, None, mesh.axis_names[0])), array
        )


def _failed(error: Exception, when: str) -> SourceError:
    if isinstance(error, SourceError):
        return error
    return SourceError(
        f"the source of the data failed {when} ({type(error).__name__}: {error}); repair it, and start the same run again"
    )


def steps_ready(source: Source, run: Run, chunk: int) -> int:
    """For how many steps batches may lie ready: a chunk's, unless they take too much room."""
    parts = parts_of(run)
    updates = 1 if parts is None else parts.inner_steps + 1
    leaves = jax.tree.leaves(source.spec)
    each = updates * sum(int(np.prod(part.shape)) * np.dtype(part.dtype).itemsize for part in leaves)
    return max(1, min(chunk, READY // max(each, 1)))
